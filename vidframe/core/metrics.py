"""Figures of cameras and steps, counted where they arise and read by whoever shows them."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

# Upper bounds in seconds; one more bucket takes what is slower.
BUCKETS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


@dataclass
class StepFigures:
    """What one step of one camera has done so far."""

    calls: int = 0
    errors: int = 0
    skipped: int = 0  # not due, or what it needs was not there
    seconds: float = 0.0
    slowest: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))

    def called(self, seconds: float) -> None:
        """Counts one call that took so long."""
        self.calls += 1
        self.seconds += seconds
        if seconds > self.slowest:
            self.slowest = seconds
        self.buckets[bisect_left(BUCKETS, seconds)] += 1


@dataclass
class CameraFigures:
    """What one camera has done so far. Written by its own thread alone."""

    name: str
    state: str = "connecting"
    frames: int = 0
    dropped: int = 0
    events: int = 0
    kinds: dict[str, int] = field(default_factory=dict)  # events by kind
    seconds: float = 0.0  # from the first frame's arrival to the last one's end, wall clock
    steps: dict[str, StepFigures] = field(default_factory=dict)
    age: float = 0.0  # seconds between the newest frame and the end of its analysis; live cameras only
    frames_expected: int | None = None
    fps: float | None = None  # of the source
    error: str = ""  # why the camera ended, if it failed
    failed_steps: set[str] = field(default_factory=set)

    def step(self, name: str) -> StepFigures:
        """The figures of one step, made at the first call."""
        return self.steps.setdefault(name, StepFigures())
