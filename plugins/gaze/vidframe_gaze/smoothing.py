"""Steadies a noisy angle without lagging behind a turn."""

from __future__ import annotations

import math


class OneEuro:
    """A low-pass filter whose cut-off frequency rises with the speed of what it follows.

    Casiez, Roussel, Vogel: 1 Euro Filter, CHI 2012. Values in degrees, times in seconds.
    """

    def __init__(self, still: float, beta: float = 0.015, speed_cutoff: float = 1.0) -> None:
        """`still`: time constant, in seconds, for a value that hardly moves; 0 leaves all values as they are.

        `beta`: hertz more for each degree a second; `speed_cutoff`: hertz, of the filter on the speed.
        """
        self.still = still
        self.beta = beta
        self.speed_cutoff = speed_cutoff
        self._value: float | None = None
        self._speed = 0.0
        self._seconds = 0.0

    def __call__(self, value: float, seconds: float) -> float:
        """The steadied value; times must not run backwards (a value of the past is ignored)."""
        if self._value is None or self.still == 0:
            self._value, self._seconds = value, seconds
            return value
        passed = seconds - self._seconds
        if passed <= 0:
            return self._value
        self._speed += _share(self.speed_cutoff, passed) * ((value - self._value) / passed - self._speed)
        cutoff = 1 / (2 * math.pi * self.still) + self.beta * abs(self._speed)
        self._value += _share(cutoff, passed) * (value - self._value)
        self._seconds = seconds
        return self._value


def _share(cutoff: float, passed: float) -> float:
    """How much of the way to the newest value a filter of first order goes in `passed` seconds."""
    return 1 - math.exp(-2 * math.pi * cutoff * passed)
