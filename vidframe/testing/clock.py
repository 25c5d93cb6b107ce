"""A clock that goes when the test says so."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from unittest.mock import patch

from vidframe.testing.frames import START

_FAKED = ("monotonic", "perf_counter", "time", "sleep")


class FakeClock:
    """Stands in for `time.monotonic`, `time.perf_counter`, `time.time` and `time.sleep` inside a `with`.

    `modules` are those of the plugin: names that they imported (`from time import monotonic`) are replaced, too.
    Sleeping moves the clock on and takes no time.
    """

    def __init__(self, *modules: ModuleType, start: datetime = START) -> None:
        self.seconds = 0.0  # since the clock began
        self._start = start
        self._modules = modules
        self._patches: list[Any] = []

    @property
    def now(self) -> datetime:
        """UTC."""
        return datetime.fromtimestamp(self._time(), UTC)

    def advance(self, seconds: float) -> None:
        """Moves the clock on. ValueError for a time below 0."""
        if seconds < 0:
            raise ValueError(f"a clock cannot be moved back, found {seconds} s")
        self.seconds += seconds

    def __enter__(self) -> FakeClock:
        fakes = {"monotonic": self._elapsed, "perf_counter": self._elapsed, "time": self._time, "sleep": self.advance}
        real = {name: getattr(time, name) for name in _FAKED}
        for module in (time, *self._modules):
            for attribute, value in list(vars(module).items()):
                name = next((name for name in _FAKED if value is real[name]), None)
                if name is not None:
                    self._patches.append(patch.object(module, attribute, fakes[name]))
        for each in self._patches:
            each.start()
        return self

    def __exit__(self, *error: object) -> None:
        while self._patches:
            self._patches.pop().stop()

    def _elapsed(self) -> float:
        return self.seconds

    def _time(self) -> float:
        return self._start.timestamp() + self.seconds
