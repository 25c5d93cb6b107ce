"""What a step knows of its camera, and what it can tell through it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from numbers import Real
from pathlib import Path
from typing import Protocol, TypeVar

from vidframe.core.model.cluster import Lease
from vidframe.core.model.deprecated import deprecated
from vidframe.core.model.events import Report
from vidframe.core.model.mounting import Mounting

T = TypeVar("T")

MOST_METRICS = 100  # of one step
METRIC_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")


class Share(Protocol):
    """One object for all cameras of the process: `share(key, make)` makes it at the first call and returns it at each.

    What is shared is used by several threads at once. It is closed (`close()`, if it has one) after the
    last camera that asked for it.
    """

    def __call__(self, key: Hashable, make: Callable[[], T], /) -> T: ...


class Metric(Protocol):
    """Sets a metric of the step's own. From any thread. ValueError or TypeError for what is no metric."""

    def __call__(self, name: str, value: float, /) -> None: ...


@dataclass(frozen=True)
class Camera:
    """What a step learns about its camera when it is opened. Each step has a Camera of its own."""

    name: str
    source: str  # without credentials
    fps: float | None  # as the source states it
    is_live: bool  # False: a recording, played as fast as the chain goes
    state: Path  # folder for what this camera's plugins keep between runs; exists
    needed: frozenset[str]  # all names that steps of this camera need, so that nothing unused is computed
    report: Report  # outside of the step's turn, too, and from any thread
    share: Share
    utc: Callable[[float], datetime]  # Frame.seconds -> UTC
    # `camera.metric("queue", 3)` sets `vidframe_plugin_NAME_queue` at /metrics. Names are [a-z][a-z0-9_]*, values
    # finite numbers; a name that ends in `_total` is a counter: give the sum so far, which only grows.
    metric: Metric
    step: str = "step"  # the name of the step itself, which is its own among the steps of the camera
    lease: Lease | None = None  # None: not in a cluster
    mounting: Mounting | None = None  # None: the config does not say how it hangs

    @property
    def figure(self) -> Metric:
        """Deprecated name of `metric`."""
        deprecated("camera.figure", "camera.metric")
        return self.metric


class StepMetricValues:
    """The metrics of one step's own, by name; checked when they are set."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}

    def __call__(self, name: str, value: float, /) -> None:
        if not isinstance(name, str) or not METRIC_NAME.fullmatch(name):
            raise ValueError(
                f"metric {name!r}: a name is a lower-case letter, then at most 59 of a-z, 0-9 and _, such as queue_length"
            )
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
            raise TypeError(f"metric {name}: the value must be a finite number, found {value!r}")
        number = float(value)
        if name.endswith("_total") and number < self.values.get(name, 0.0):
            before = self.values.get(name, 0.0)
            raise ValueError(
                f"metric {name}: a _total is the sum so far and only grows, found {number:g} after {before:g}"
            )
        if name not in self.values and len(self.values) >= MOST_METRICS:
            raise ValueError(
                f"metric {name}: a step has at most {MOST_METRICS} metrics; put no number or name of a thing into the name"
            )
        self.values[name] = number
