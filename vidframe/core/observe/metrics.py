"""Metrics of cameras, steps and processes, counted where they arise and read by whoever shows them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic, time
from typing import Any

STUCK = 30.0  # seconds after which a blocked step counts as stuck


class Durations:
    """How long something took, each time: a histogram. One thread adds, any thread reads."""

    # Upper bounds in seconds; one more bucket takes what is slower.
    BOUNDS: Sequence[float] = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)

    def __init__(self) -> None:
        self.calls = 0
        self.seconds = 0.0
        self.slowest = 0.0
        self.buckets = [0] * (len(self.BOUNDS) + 1)

    def called(self, seconds: float) -> None:
        """Counts one that took so long."""
        self.calls += 1
        self.seconds += seconds
        if seconds > self.slowest:
            self.slowest = seconds
        self.buckets[bisect_left(self.BOUNDS, seconds)] += 1

    def quantile(self, share: float) -> float:
        """The upper bound of the bucket in which this share of the calls is reached, seconds."""
        seen = 0
        for bound, count in zip((*self.BOUNDS, self.slowest), self.buckets, strict=True):
            seen += count
            if seen >= share * self.calls:
                return min(bound, self.slowest)
        return self.slowest


class StepMetrics(Durations):
    """What one step of one camera has done so far."""

    def __init__(self, plugin: str = "") -> None:
        super().__init__()
        self.plugin = plugin
        self.errors = 0
        self.failed_calls = 0  # of process_frame
        self.events = 0  # that it was given
        self.failed_events = 0
        self.drawings = 0  # that it was asked for
        self.failed_drawings = 0
        self.skipped = 0  # not due, or what it needs was not there
        self.restarts = 0  # of its process, where it has one of its own
        self.is_disabled = False
        self.own: dict[str, float] = {}  # metrics that the plugin gives, by name

    @property
    def always_failed(self) -> str:
        """On every what it failed that it was given: frame, event or drawing; empty where on none of these."""
        counts = {
            "frame": (self.calls, self.failed_calls),
            "event": (self.events, self.failed_events),
            "drawing": (self.drawings, self.failed_drawings),
        }
        return next((what for what, (given, failed) in counts.items() if 0 < given <= failed), "")

    def restarted(self) -> None:
        """Counts a start of its process."""
        self.restarts += 1


class Ages(Durations):
    """How old a frame was when the chain was done with it."""

    BOUNDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0, 30.0)


@dataclass
class CameraMetrics:
    """What one camera has done so far, also before it was last restarted. Written by its own thread alone."""

    name: str
    state: str = "connecting"  # that of the source; "ended" after a recording or a failure for good
    reason: str = ""  # of the state, in one line without secrets
    entered: dict[str, int] = field(default_factory=dict)  # how often it came into each state
    is_open: bool = False  # its steps are; they stay so while the source comes and goes
    frames: int = 0
    dropped: int = 0
    events: int = 0
    kinds: dict[str, int] = field(default_factory=dict)  # events by kind
    seconds: float = 0.0  # from the first frame's arrival to the last one's end, wall clock
    steps: dict[str, StepMetrics] = field(default_factory=dict)
    age: float = 0.0  # seconds between the newest frame and the end of its analysis; live cameras only
    ages: Ages = field(default_factory=Ages)
    newest: float | None = None  # when the newest frame was done, seconds since 1970
    frames_expected: int | None = None
    fps: float | None = None  # of the source
    error: str = ""  # why the camera ended, if it failed
    failed_steps: set[str] = field(default_factory=set)
    busy: tuple[str, float] | None = None  # the step that runs now, and since when on the monotonic clock
    trace: memoryview | None = field(default=None, repr=False, compare=False)  # shows another process what runs

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"trace": None}  # memory of this process

    def step(self, name: str, plugin: str = "") -> StepMetrics:
        """The metrics of one step, made at the first call."""
        return self.steps.setdefault(name, StepMetrics(plugin))

    def forget(self, steps: Iterable[str]) -> None:
        """Lets go of steps that the camera has no more."""
        for name in steps:
            self.steps.pop(name, None)
            self.failed_steps.discard(name)

    def reported(self, kind: str) -> None:
        """Counts an event."""
        self.events += 1
        self.kinds[kind] = self.kinds.get(kind, 0) + 1

    def enter(self, state: str, reason: str = "") -> None:
        """Notes a change of state."""
        self.state, self.reason = state, reason
        self.entered[state] = self.entered.get(state, 0) + 1

    def done(self, age: float | None) -> None:
        """Counts a frame that has gone through the chain, `age` seconds after it was taken (None: a recording)."""
        self.frames += 1
        self.newest = time()
        if age is not None:
            self.age = age
            self.ages.called(age)

    def restart(self) -> None:
        """Begins another run; what was counted stays."""
        self.state, self.reason, self.error = "connecting", "", ""
        self.is_open, self.busy = False, None
        self.failed_steps = set()
        self.steps = {name: step for name, step in self.steps.items() if not step.is_disabled}

    def has_failed(self, *, strict: bool = False) -> bool:
        """Whether something failed for good: the camera, or a step on all of its frames; where `strict`, at any time."""
        steps = tuple(self.steps.values())
        is_failing = any(step.always_failed or (strict and step.errors) for step in steps)
        return bool(self.error or self.failed_steps or is_failing)

    @property
    def stuck(self) -> str | None:
        """The step that has been blocked for long, if there is one."""
        busy = self.busy
        return busy[0] if busy is not None and monotonic() - busy[1] > STUCK else None


@dataclass
class ProcessMetrics:
    """What one process of vidframe uses."""

    name: str  # "supervisor", "worker-1"
    pid: int
    is_alive: bool = True
    restarts: int = 0
    cpu_seconds: float = 0.0
    memory: int = 0  # resident, bytes
    threads: int = 0
    descriptors: int = 0  # open files and sockets


@dataclass
class Metrics:
    """All metrics of a running instance."""

    cameras: list[CameraMetrics]
    processes: list[ProcessMetrics]
    reloads: dict[str, int] = field(default_factory=dict)  # "done" and "refused" -> how often
    problems: list[str] = field(default_factory=list)  # why it should be restarted, if it should

    @property
    def is_ready(self) -> bool:
        """Whether every camera was opened and tried once, and none failed; an unreachable camera does not count as failed."""
        return all(camera.is_open and camera.entered and not camera.error for camera in self.cameras)


def own_process(name: str) -> ProcessMetrics:
    """What this process uses."""
    import psutil

    process = psutil.Process()
    with process.oneshot():
        times = process.cpu_times()
        return ProcessMetrics(
            name,
            process.pid,
            cpu_seconds=times.user + times.system,
            memory=process.memory_info().rss,
            threads=process.num_threads(),
            descriptors=process.num_fds() if hasattr(process, "num_fds") else 0,
        )
