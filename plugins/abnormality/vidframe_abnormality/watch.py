"""How closely each frame of a camera is looked at: a glance, where that is enough, or a comparison with the scene."""

from dataclasses import replace

from vidframe import Frame
from vidframe_abnormality.change import MIN_BLOB, UPDATE_EVERY
from vidframe_abnormality.glance import Glance
from vidframe_abnormality.incidents import Seen
from vidframe_abnormality.light import smoothed
from vidframe_abnormality.scene import ModelScene, ReferenceScene, new_scene
from vidframe_abnormality.settings import Settings

WIDTH = 320  # pixels to which a frame is shrunk before it is compared
CALM_AFTER = 5.0  # seconds without anything that stirs, after which the reference is updated less often:
CALM_UPDATE_EVERY = 2.0  # seconds between two updates
CLOSELY_EVERY = 0.25  # seconds between two close looks in an incident, at least
STILL_THERE = 0.5  # of what differed


class Watch:
    """Turns the frames of one night into what the incidents need to know."""

    def __init__(self, settings: Settings) -> None:
        self.measured = 0.0  # share of the frame that changed at the last look, also where it is too little to count
        self._settings = settings
        self._scene: ReferenceScene | ModelScene | None = None  # None before the first frame
        self._glance = Glance(MIN_BLOB * settings.min_area)
        self._last: Seen | None = None  # what the last close look found, if it was motion
        self._stirred_at = float("-inf")  # seconds

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
        shrunk = smoothed(frame.scaled_gray(WIDTH))
        if self._scene is None or self._scene.shape != shrunk.shape:
            self._scene = new_scene(self._settings, shrunk, seconds)
            return Seen(seconds)
        seen = self._scene.look(shrunk, seconds)
        if self._scene.foreground is not None:
            self.measured = self._scene.foreground.measured
        if self._scene.is_calm and (reference := self._scene.reference) is not None:
            until = reference.updated_at + self._update_every(seconds)
            self._glance.rest(frame.scaled_gray(WIDTH // 2), reference.thresholds, until)
        return seen

    def _is_still_there(self, frame: Frame) -> bool:
        """Whether at least half as much differs as at the last look."""
        reference = None if self._scene is None else self._scene.reference
        if reference is None:
            return False
        return reference.changed_share(smoothed(frame.scaled_gray(WIDTH // 2))) >= STILL_THERE * self.measured

    def _update_every(self, seconds: float) -> float:
        """Seconds between two updates of the reference frame."""
        return CALM_UPDATE_EVERY if seconds - self._stirred_at > CALM_AFTER else UPDATE_EVERY
