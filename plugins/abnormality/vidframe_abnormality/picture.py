"""Night by the picture: how bright it is, and whether it has colour."""

from dataclasses import dataclass, field

import numpy as np

from vidframe import Frame

NO_COLOUR = 1.0  # mean |Cb - 128| + |Cr - 128| below which a picture is infrared or monochrome; measured: 0.0 to 0.6
COLOUR = 3.0  # and above which it has colour; measured: 3.5 (a grey road) to 33
_EVERY = 16  # pixels between two samples


def brightness(frame: Frame) -> float:
    """Mean luma, 0 to 255."""
    return float(frame.gray[::_EVERY, ::_EVERY].mean())


def colour(frame: Frame) -> float | None:
    """Mean distance from grey, |Cb - 128| + |Cr - 128|; None where the picture came without colour planes."""
    planes = frame.chroma()
    if planes is None:
        return None
    return float(sum(np.abs(plane[::_EVERY, ::_EVERY].astype(np.int16) - 128).mean() for plane in planes))


@dataclass
class Debounced:
    """An answer that changes only when the other has held for `confirm_for` seconds, and at most once in `min_interval`."""

    confirm_for: float
    min_interval: float
    value: bool | None = None
    _differs_since: float | None = field(default=None, init=False)
    _changed_at: float = field(default=float("-inf"), init=False)

    def update(self, value: bool | None, seconds: float) -> bool | None:
        """The answer after `value` (None: unknown)."""
        if value is None or value == self.value:
            self._differs_since = None
        elif self.value is None:
            self.value = value
        else:
            self._differs_since = seconds if self._differs_since is None else self._differs_since
            if seconds - self._differs_since >= self.confirm_for and seconds - self._changed_at >= self.min_interval:
                self.value, self._changed_at, self._differs_since = value, seconds, None
        return self.value


@dataclass
class Darkness:
    """Whether the picture is dark: below one threshold; bright above the other; between them nothing is said."""

    dark_below: float
    bright_above: float
    _has_colour: bool = field(default=False, init=False)  # the camera has shown colour, so that grey means infrared

    def is_dark(self, frame: Frame) -> bool | None:
        """None between the thresholds."""
        chroma = colour(frame)
        self._has_colour |= chroma is not None and chroma > COLOUR
        luma = brightness(frame)
        if luma < self.dark_below:
            return True
        if self._has_colour and chroma is not None and chroma < NO_COLOUR:
            return True  # the camera's own infrared lamp makes the night bright
        return False if luma > self.bright_above else None


def is_infrared(frame: Frame) -> bool | None:
    """Whether the picture has no colour; None where that cannot be said."""
    chroma = colour(frame)
    if chroma is None:
        return None
    return True if chroma < NO_COLOUR else False if chroma > COLOUR else None
