"""One camera's watch: waits until the exposure has settled, takes the reference, then looks at each picture."""

from collections import deque
from dataclasses import replace

import cv2
import numpy as np

from vidframe import Frame
from vidframe_abnormality.alignment import is_turned
from vidframe_abnormality.change import MIN_PART, UPKEEP, Look, Reference, masked, shrink
from vidframe_abnormality.glance import Glance
from vidframe_abnormality.incidents import Change, Seen
from vidframe_abnormality.light import Gray, halved
from vidframe_abnormality.models import Follower
from vidframe_abnormality.overlay import Overlay
from vidframe_abnormality.plugin import Abnormality, ignored
from vidframe_abnormality.still import Stillness, left_or_gone
from vidframe_abnormality.tampering import Tampering

STEADY = 0.02  # change of the mean brightness within SETTLED_FOR below which the exposure has settled
SETTLED_FOR = 1.0  # seconds
CALM_AFTER = 5.0  # seconds without anything that stirs, after which the reference is kept up less often:
CALM_UPKEEP = 2.0  # seconds between two updates
CHECK_EVERY = 1.0  # seconds between two looks at whether the scene is still there, while little changes
CHECK_CALM_EVERY = 5.0  # and while nothing does
WIDTH = 320  # pixels to which a picture is shrunk before it is compared
CLOSELY_EVERY = 0.25  # seconds between two close looks in an incident, at least
STILL_THERE = 0.5  # of what differed
MUCH = 0.2  # share of the picture
EVERYWHERE = (0.0, 0.0, 1.0, 1.0)


class Watch:
    """Turns pictures into what the incidents need to know."""

    def __init__(self, settings: Abnormality) -> None:
        self._settings = settings
        self.forget()

    def forget(self) -> None:
        """Starts anew, as at the switch to night."""
        self._reference: Reference | Follower | None = None
        self._glance = Glance(MIN_PART * self._settings.min_area)
        self._last: Seen | None = None  # what the last close look found, if it was motion
        self.measured = 0.0  # share of the picture that changed at the last look, also where it is too little to count
        self._brightness: deque[tuple[float, float]] = deque()

    @property
    def is_calm(self) -> bool:
        """Whether nothing stirred at the last look."""
        return self._glance.is_calm

    def look(self, frame: Frame, *, goes_on: bool = False) -> Seen:
        """Looks at one frame; a glance is enough where nothing stirs since a look that found nothing.

        While an incident `goes_on`, glances between close looks are enough as long as what was seen is still there.
        """
        seconds = frame.seconds
        if self._glance.is_calm and not self._glance.stirs(frame.scaled_gray(WIDTH // 2), seconds):
            return Seen(seconds)
        last = self._last
        if goes_on and last is not None and seconds - last.seconds < CLOSELY_EVERY and self._is_still_there(frame):
            return replace(last, seconds=seconds)
        seen = self._look_closely(frame, seconds)
        self._last = seen if seen.area and seen.change == "motion" else None
        return seen

    def _look_closely(self, frame: Frame, seconds: float) -> Seen:
        if not self._glance.is_due(seconds):
            self._stirred_at = seconds
        self._glance.forget()
        picture = shrink(frame.scaled_gray(WIDTH))
        if self._reference is None or self._shape != picture.shape:
            self._begin(picture, seconds)
        reference = self._reference
        assert reference is not None
        if reference.is_learning:
            self._learn(reference, picture, seconds)
            return Seen(seconds)
        look = reference.look(picture, seconds)
        self.measured = look.measured
        if isinstance(reference, Follower):
            return _as_seen(look, seconds, "motion")
        self._find_overlay(reference, picture, look, seconds)
        seen = self._lost(reference, picture, look, seconds) or self._as_incident(reference, picture, look, seconds)
        if look.is_calm and not seen.area and not self._tampering.suspects:
            self._glance.rest(
                frame.scaled_gray(WIDTH // 2), reference.limits, until=reference.kept_at + self._upkeep(seconds)
            )
        return seen

    def _is_still_there(self, frame: Frame) -> bool:
        """Whether at least half as much differs as at the last look."""
        reference = self._reference
        return isinstance(reference, Reference) and (
            reference.differing(frame.scaled_gray(WIDTH // 2)) >= STILL_THERE * self.measured
        )

    def _upkeep(self, seconds: float) -> float:
        """Seconds between two updates of the reference."""
        return CALM_UPKEEP if seconds - self._stirred_at > CALM_AFTER else UPKEEP

    def _begin(self, picture: Gray, seconds: float) -> None:
        settings = self._settings
        self._shape = picture.shape
        self._began = self._checked_at = seconds
        self._brightness.clear()
        self._stillness = Stillness(settings.stays)
        self._tampering = Tampering()
        self._overlay = Overlay()
        self._lost_since: float | None = None
        where = ignored(settings, *picture.shape[:2])
        if settings.method == "reference":
            self._reference = Reference(settings.threshold, settings.min_area, where)
        else:
            self._reference = Follower(settings.method, settings.threshold, settings.min_area, where)

    def _learn(self, reference: Reference | Follower, picture: Gray, seconds: float) -> None:
        reference.learn(picture, seconds)
        elapsed = seconds - self._began
        is_settled = self._has_settled(picture, seconds)
        if elapsed >= self._settings.settle_limit or (elapsed >= self._settings.warm_up and is_settled):
            reference.start()

    def _has_settled(self, picture: Gray, seconds: float) -> bool:
        self._brightness.append((seconds, cv2.mean(picture)[0]))
        while seconds - self._brightness[0][0] > SETTLED_FOR:
            self._brightness.popleft()
        values = np.array([value for _, value in self._brightness])
        return len(values) > 1 and bool(np.ptp(values) <= max(1.0, STEADY * values.mean()))

    def _find_overlay(self, reference: Reference, picture: Gray, look: Look, seconds: float) -> None:
        """Lets the time in the picture count for nothing; it is looked for while nobody is there."""
        if look.parts:
            self._overlay.forget()
        elif (text := self._overlay.look(picture, seconds)) is not None:
            reference.ignore(text)

    def _lost(self, reference: Reference, picture: Gray, look: Look, seconds: float) -> Seen | None:
        """Tampering, while it lasts; when the new picture has stood long enough, it is the reference."""
        if not self._settings.tampering:
            return None
        differs = not look.is_calm
        is_due = seconds - self._checked_at >= (CHECK_EVERY if differs else CHECK_CALM_EVERY)
        is_strange = look.area >= MUCH or look.lit
        if self._lost_since is None and not self._tampering.suspects and not is_strange and not is_due:
            return None
        self._checked_at = seconds
        cause = self._tampering.look(picture, reference.scene, reference.noise, seconds, differs=differs)
        if cause is None:
            self._lost_since = None
            return None
        self._lost_since = seconds if self._lost_since is None else self._lost_since
        if seconds - self._lost_since >= self._settings.stays:
            reference.absorb_all(picture)
            self._lost_since = None
            self._tampering = Tampering()
        return Seen(seconds, max(look.area, 0.5), (EVERYWHERE,), "tampering", cause, at_once=True)

    def _as_incident(self, reference: Reference, picture: Gray, look: Look, seconds: float) -> Seen:
        if look.labels is None or not look.parts:
            self._stillness.forget()
            if look.lit and self._settings.light == "report":
                return Seen(seconds, look.lit, (EVERYWHERE,), "light", at_once=True)
            return _as_seen(look, seconds, "motion")
        self._stillness.look(picture, seconds, reference.noise)
        change: Change = "motion"
        boxes = []
        still = self._stillness.still(look.labels, look.parts, seconds)
        if still and self._settings.tampering and is_turned(halved(picture), halved(reference.shown)):
            reference.absorb_all(picture)
            return Seen(seconds, max(look.area, 0.5), (EVERYWHERE,), "tampering", "moved", at_once=True)
        for part in still:
            change = left_or_gone(picture, reference.shown, look.labels, part)
            boxes.append(part.box)
            reference.absorb(picture, masked(look.labels, [part]))
        if boxes:
            return Seen(seconds, look.area, tuple(boxes), change)
        return _as_seen(look, seconds, change)


def _as_seen(look: Look, seconds: float, change: Change) -> Seen:
    return Seen(seconds, look.area, tuple(part.box for part in look.parts), change)
