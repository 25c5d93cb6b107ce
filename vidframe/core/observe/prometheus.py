"""Metrics in the form that Prometheus reads. docs/operating.md lists them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily as Counter
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.core import HistogramMetricFamily as Histogram
from prometheus_client.core import InfoMetricFamily as Info
from prometheus_client.core import Metric
from prometheus_client.core import StateSetMetricFamily as StateSet
from prometheus_client.exposition import choose_encoder

from vidframe.core.observe.metrics import CameraMetrics, Durations, Metrics, StepMetrics

STATES = ("connecting", "live", "stalled", "down", "ended")

Who = tuple[str, ...]  # values of labels


def _state(camera: CameraMetrics) -> dict[str, bool]:
    return {state: state == camera.state for state in STATES}


def _entered(camera: CameraMetrics) -> dict[str, int]:
    return {state: camera.entered.get(state, 0) for state in STATES}


def _stuck(camera: CameraMetrics) -> dict[str, bool]:
    return {step: step == camera.stuck for step in camera.steps.copy()}


class _Row(NamedTuple):
    """One metric, and where its value stands in a camera, a step or a process: an attribute, or a function of it.

    A value is a number, Durations or, of a StateSet, a truth for each state; with a `label` a number for each of its
    values.
    """

    kind: type[Metric]
    name: str
    help: str
    value: str | Callable[[Any], Any]
    label: str = ""


_OF_CAMERA = (
    _Row(StateSet, "camera_state", "State of the camera", _state),
    _Row(Counter, "camera_state_changes", "Changes of the camera's state", _entered, "state"),
    _Row(Counter, "camera_frames_in", "Decoded frames", lambda camera: camera.frames + camera.dropped),
    _Row(Counter, "camera_frames_analysed", "Frames that the chain processed", "frames"),
    _Row(Counter, "camera_frames_dropped", "Frames replaced by a newer one before the chain was free", "dropped"),
    _Row(Counter, "camera_events", "Events reported by steps", "kinds", "kind"),
    _Row(Gauge, "camera_failed", "1 where the camera failed permanently", lambda camera: bool(camera.error)),
    _Row(Histogram, "camera_age_seconds", "Time from capture of a frame to its result", "ages"),
    _Row(Gauge, "camera_newest_result_timestamp_seconds", "Time of the newest result", "newest"),
    _Row(Gauge, "step_stuck", "1 where the step is blocked", _stuck, "step"),
)

_OF_STEP = (
    _Row(Histogram, "step_seconds", "Time of a step per frame", lambda step: step),
    _Row(Counter, "step_errors", "Failures of a step", "errors"),
    _Row(Counter, "step_skipped", "Frames that a step skipped: not due, or inputs missing", "skipped"),
    _Row(Counter, "step_restarts", "Restarts of the step's own process", "restarts"),
    _Row(Gauge, "step_disabled", "1 where the step is disabled", "is_disabled"),
)

_OF_PROCESS = (
    _Row(Gauge, "process_up", "1 where the process is alive", "is_alive"),
    _Row(Counter, "process_restarts", "Restarts of the process", "restarts"),
    _Row(Counter, "process_cpu_seconds", "Processor time", "cpu_seconds"),
    _Row(Gauge, "process_memory_bytes", "Resident memory", "memory"),
    _Row(Gauge, "process_threads", "Threads", "threads"),
    _Row(Gauge, "process_open_files", "Open files and sockets", "descriptors"),
)


def exposition(metrics: Metrics, accept: str) -> tuple[bytes, str]:
    """The metrics as text, and its media type: OpenMetrics where `accept` (an HTTP header) asks for it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Now(metrics))
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


class _Now:
    """A collector, as prometheus_client calls it, of metrics that are there."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        cameras = self._metrics.cameras
        steps: dict[Who, StepMetrics] = {
            (camera.name, name): step for camera in cameras for name, step in camera.steps.copy().items()
        }
        yield from _of_vidframe(self._metrics)
        yield from _families(_OF_CAMERA, ["camera"], {(camera.name,): camera for camera in cameras})
        yield from _families(_OF_STEP, ["camera", "step"], steps)
        yield from _of_plugins(steps)
        yield from _families(_OF_PROCESS, ["process"], {(each.name,): each for each in self._metrics.processes})


def _of_vidframe(metrics: Metrics) -> Iterator[Metric]:
    from importlib.metadata import version

    yield Info("vidframe", "Version of vidframe", value={"version": version("vidframe")})
    reloads = Counter("vidframe_config_reloads", "Reloads of the config", labels=["result"])
    for result in ("done", "refused"):
        reloads.add_metric([result], metrics.reloads.get(result, 0))
    yield reloads
    yield Gauge("vidframe_ready", "1 once every camera was tried", value=metrics.is_ready)
    yield Gauge("vidframe_problems", "Reasons to restart vidframe", value=len(metrics.problems))


def _families(rows: Iterable[_Row], labels: list[str], things: Mapping[Who, Any]) -> Iterator[Metric]:
    """A metric for each row, of things by the values of their labels."""
    for row in rows:
        own = [row.label] if row.label else []
        family: Any = row.kind(f"vidframe_{row.name}", row.help, labels=[*labels, *own])  # type: ignore[call-arg]
        for who, thing in things.items():
            value = getattr(thing, row.value) if isinstance(row.value, str) else row.value(thing)
            if own:
                for label, part in sorted(value.copy().items()):
                    family.add_metric([*who, label], part)
            elif isinstance(value, Durations):
                family.add_metric(who, *_histogram(value))
            elif value is not None:
                family.add_metric(who, value)
        yield family


def _of_plugins(steps: Mapping[Who, StepMetrics]) -> Iterator[Metric]:
    """What plugins say of themselves, each name a metric."""
    families: dict[str, Any] = {}
    for who, step in steps.items():
        for name, value in step.own.copy().items():
            full_name = _plain(f"vidframe_plugin_{step.plugin}_{name}")
            kind = Counter if name.endswith("_total") else Gauge
            help_text = f"{name} of the plugin {step.plugin}"
            family = families.setdefault(full_name, kind(full_name, help_text, labels=["camera", "step"]))
            family.add_metric(who, value)
    yield from families.values()


def _histogram(durations: Durations) -> tuple[list[tuple[str, float]], float]:
    bounds = [*(repr(float(bound)) for bound in durations.BOUNDS), "+Inf"]
    buckets, count = [], 0
    for bound, calls in zip(bounds, tuple(durations.buckets), strict=True):
        count += calls
        buckets.append((bound, float(count)))
    return buckets, durations.seconds


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9_]", "_", name.lower())
