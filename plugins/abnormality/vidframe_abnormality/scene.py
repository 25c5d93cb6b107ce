"""One scene at one frame size: what differs from how it should look, and what that means for the incidents."""

from vidframe_abnormality.alignment import is_turned
from vidframe_abnormality.blobs import mask_of
from vidframe_abnormality.change import ChangeDetector, Foreground
from vidframe_abnormality.incidents import Box, Cause, Change, Seen
from vidframe_abnormality.light import Gray, halved
from vidframe_abnormality.models import Model
from vidframe_abnormality.noise import NoiseModel
from vidframe_abnormality.overlay import Overlay
from vidframe_abnormality.reference import ReferenceFrame
from vidframe_abnormality.settings import Settings
from vidframe_abnormality.still import Stillness, left_or_gone
from vidframe_abnormality.tampering import Tampering
from vidframe_abnormality.warm_up import Exposure, WarmUp
from vidframe_abnormality.zones import ignore_mask

CHECK_EVERY = 1.0  # seconds between two looks at whether the scene is still there, while little changes
CHECK_CALM_EVERY = 5.0  # and while nothing does
MUCH = 0.2  # share of the frame
EVERYWHERE: Box = (0.0, 0.0, 1.0, 1.0)


class ReferenceScene:
    """A scene that is compared with the frame taken at the switch to night. Frames are grey, shrunk and smoothed."""

    def __init__(self, settings: Settings, first_frame: Gray, seconds: float) -> None:
        noise = NoiseModel(
            first_frame, settings.threshold, ignore_mask(settings.masks, settings.zones, first_frame.shape)
        )
        self.shape = first_frame.shape
        self.foreground: Foreground | None = None  # what the last comparison found; None during the warm-up
        self.is_calm = False  # whether the last look found nothing at all
        self._settings = settings
        self._exposure = Exposure(first_frame, seconds, settings.warm_up, settings.settle_limit)
        self._stage: WarmUp | ChangeDetector = WarmUp(first_frame, seconds, noise, settings.min_area)
        self._overlay = Overlay()
        self._stillness = Stillness(settings.stationary_after)
        self._tampering = Tampering()
        self._checked_at = seconds  # for tampering
        self._lost_since: float | None = None  # seconds since when tampering is reported

    @property
    def reference(self) -> ReferenceFrame | None:
        """What frames are compared with; None during the warm-up."""
        return None if isinstance(self._stage, WarmUp) else self._stage.reference

    def look(self, frame: Gray, seconds: float) -> Seen:
        """Looks at one frame; nothing is seen during the warm-up."""
        if isinstance(self._stage, WarmUp):
            self._stage.add(frame, seconds)
            if self._exposure.has_settled(frame, seconds):
                self._stage = self._stage.finish()
            return Seen(seconds)
        detector = self._stage
        self.foreground = foreground = detector.compare(frame, seconds)
        self._find_overlay(detector.reference, frame, foreground, seconds)
        seen = self._tampered(detector, frame, foreground, seconds)
        seen = seen or self._changed(detector, frame, foreground, seconds)
        self.is_calm = foreground.is_calm and not seen.area and not self._tampering.suspects
        return seen

    def _find_overlay(self, reference: ReferenceFrame, frame: Gray, foreground: Foreground, seconds: float) -> None:
        """Lets the time in the picture count for nothing; it is looked for while nobody is there."""
        if foreground.blobs:
            self._overlay.forget()
        elif (text := self._overlay.look(frame, seconds)) is not None:
            reference.ignore(*text)

    def _tampered(self, detector: ChangeDetector, frame: Gray, foreground: Foreground, seconds: float) -> Seen | None:
        """Tampering, while it lasts; when the new scene has stood long enough, it is the reference."""
        if not self._settings.tampering:
            return None
        differs = not foreground.is_calm
        is_due = seconds - self._checked_at >= (CHECK_EVERY if differs else CHECK_CALM_EVERY)
        is_strange = foreground.area >= MUCH or foreground.lit
        if self._lost_since is None and not self._tampering.suspects and not is_strange and not is_due:
            return None
        self._checked_at = seconds
        reference = detector.reference
        cause = self._tampering.look(frame, reference.as_taken, reference.noise.sigma, seconds, differs=differs)
        if cause is None:
            self._lost_since = None
            return None
        self._lost_since = seconds if self._lost_since is None else self._lost_since
        if seconds - self._lost_since >= self._settings.stationary_after:
            detector.absorb_all(frame)
            self._lost_since = None
            self._tampering = Tampering()
        return _tampering(foreground, seconds, cause)

    def _changed(self, detector: ChangeDetector, frame: Gray, foreground: Foreground, seconds: float) -> Seen:
        """What moves; what has stood still for long enough is `left` or `gone`, and part of the reference from now on."""
        if foreground.labels is None or not foreground.blobs:
            self._stillness.forget()
            if foreground.lit and self._settings.report_lights:
                return Seen(seconds, foreground.lit, (EVERYWHERE,), "light", at_once=True)
            return _motion(foreground, seconds)
        reference = detector.reference
        self._stillness.look(frame, seconds, reference.noise.sigma)
        still = self._stillness.still(foreground.labels, foreground.blobs, seconds)
        if not still:
            return _motion(foreground, seconds)
        if self._settings.tampering and is_turned(halved(frame), halved(reference.expected)):
            detector.absorb_all(frame)
            return _tampering(foreground, seconds, "moved")
        change: Change = "motion"
        for blob in still:
            mask = mask_of(foreground.labels, [blob])
            change = left_or_gone(frame, reference.expected, mask)
            detector.absorb(frame, mask)
        return Seen(seconds, foreground.area, tuple(blob.box for blob in still), change)


class ModelScene:
    """A scene that a model follows: whatever is not as the model expects is motion."""

    reference = None
    is_calm = False

    def __init__(self, settings: Settings, first_frame: Gray, seconds: float) -> None:
        assert settings.method != "reference"
        ignored = ignore_mask(settings.masks, settings.zones, first_frame.shape)
        self.shape = first_frame.shape
        self.foreground: Foreground | None = None
        self._exposure = Exposure(first_frame, seconds, settings.warm_up, settings.settle_limit)
        self._model = Model(settings.method, settings.threshold, settings.min_area, ignored)
        self._is_learning = True
        self._model.learn(first_frame, seconds)

    def look(self, frame: Gray, seconds: float) -> Seen:
        """Looks at one frame; nothing is seen during the warm-up."""
        if self._is_learning:
            self._model.learn(frame, seconds)
            self._is_learning = not self._exposure.has_settled(frame, seconds)
            return Seen(seconds)
        self.foreground = self._model.compare(frame, seconds)
        return _motion(self.foreground, seconds)


def new_scene(settings: Settings, first_frame: Gray, seconds: float) -> ReferenceScene | ModelScene:
    """A scene that begins to warm up with this frame."""
    kind = ReferenceScene if settings.method == "reference" else ModelScene
    return kind(settings, first_frame, seconds)


def _motion(foreground: Foreground, seconds: float) -> Seen:
    return Seen(seconds, foreground.area, tuple(blob.box for blob in foreground.blobs), "motion")


def _tampering(foreground: Foreground, seconds: float, cause: Cause) -> Seen:
    return Seen(seconds, max(foreground.area, 0.5), (EVERYWHERE,), "tampering", cause, at_once=True)
