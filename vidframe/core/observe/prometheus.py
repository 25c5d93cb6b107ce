"""Metrics in the form that Prometheus reads. docs/operating.md lists them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.exposition import choose_encoder

from vidframe.core.observe.metrics import CameraMetrics, Durations, Metrics

STATES = ("connecting", "live", "stalled", "down", "ended")


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
        yield from _of_vidframe(self._metrics)
        yield from _of_cameras(self._metrics.cameras)
        yield from _of_steps(self._metrics.cameras)
        yield from _of_plugins(self._metrics.cameras)
        yield from _of_processes(self._metrics)


def _of_vidframe(metrics: Metrics) -> Iterator[Metric]:
    from importlib.metadata import version

    yield InfoMetricFamily("vidframe", "Version of vidframe", value={"version": version("vidframe")})
    reloads = CounterMetricFamily("vidframe_config_reloads", "Reloads of the config", labels=["result"])
    for result in ("done", "refused"):
        reloads.add_metric([result], metrics.reloads.get(result, 0))
    yield reloads
    yield GaugeMetricFamily("vidframe_ready", "1 once every camera was tried", value=metrics.is_ready)
    yield GaugeMetricFamily("vidframe_problems", "Reasons to restart vidframe", value=len(metrics.problems))


def _of_cameras(cameras: list[CameraMetrics]) -> Iterator[Metric]:
    state = StateSetMetricFamily("vidframe_camera_state", "State of the camera", labels=["camera"])
    entered = _counter("camera_state_changes", "Changes of the camera's state", "state")
    arrived = _counter("camera_frames_in", "Decoded frames")
    analysed = _counter("camera_frames_analysed", "Frames that the chain processed")
    dropped = _counter("camera_frames_dropped", "Frames replaced by a newer one before the chain was free")
    events = _counter("camera_events", "Events reported by steps", "kind")
    failed = GaugeMetricFamily("vidframe_camera_failed", "1 where the camera failed permanently", labels=["camera"])
    age = HistogramMetricFamily(
        "vidframe_camera_age_seconds", "Time from capture of a frame to its result", labels=["camera"]
    )
    newest = GaugeMetricFamily(
        "vidframe_camera_newest_result_timestamp_seconds", "Time of the newest result", labels=["camera"]
    )
    for camera in cameras:
        state.add_metric([camera.name], {name: name == camera.state for name in STATES})
        for name in STATES:
            entered.add_metric([camera.name, name], camera.entered.get(name, 0))
        arrived.add_metric([camera.name], camera.frames + camera.dropped)
        analysed.add_metric([camera.name], camera.frames)
        dropped.add_metric([camera.name], camera.dropped)
        for kind, count in sorted(camera.kinds.copy().items()):
            events.add_metric([camera.name, kind], count)
        failed.add_metric([camera.name], bool(camera.error))
        age.add_metric([camera.name], *_histogram(camera.ages))
        if camera.newest is not None:
            newest.add_metric([camera.name], camera.newest)
    yield from (state, entered, arrived, analysed, dropped, events, failed, age, newest)


def _of_steps(cameras: list[CameraMetrics]) -> Iterator[Metric]:
    labels = ["camera", "step"]
    times = HistogramMetricFamily("vidframe_step_seconds", "Time of a step per frame", labels=labels)
    errors = _counter("step_errors", "Failures of a step", "step")
    skipped = _counter("step_skipped", "Frames that a step skipped: not due, or inputs missing", "step")
    restarts = _counter("step_restarts", "Restarts of the step's own process", "step")
    disabled = GaugeMetricFamily("vidframe_step_disabled", "1 where the step is disabled", labels=labels)
    stuck = GaugeMetricFamily("vidframe_step_stuck", "1 where the step is blocked", labels=labels)
    for camera in cameras:
        for name, step in camera.steps.copy().items():
            who = [camera.name, name]
            times.add_metric(who, *_histogram(step))
            errors.add_metric(who, step.errors)
            skipped.add_metric(who, step.skipped)
            restarts.add_metric(who, step.restarts)
            disabled.add_metric(who, step.is_disabled)
            stuck.add_metric(who, camera.stuck == name)
    yield from (times, errors, skipped, restarts, disabled, stuck)


def _of_plugins(cameras: list[CameraMetrics]) -> Iterator[Metric]:
    """What plugins say of themselves, each name a metric."""
    families: dict[str, Any] = {}
    for camera in cameras:
        for step_name, step in camera.steps.copy().items():
            for name, value in step.own.copy().items():
                full_name = _plain(f"vidframe_plugin_{step.plugin}_{name}")
                kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
                help_text = f"{name} of the plugin {step.plugin}"
                family = families.setdefault(full_name, kind(full_name, help_text, labels=["camera", "step"]))
                family.add_metric([camera.name, step_name], value)
    yield from families.values()


def _of_processes(metrics: Metrics) -> Iterator[Metric]:
    labels = ["process"]
    alive = GaugeMetricFamily("vidframe_process_up", "1 where the process is alive", labels=labels)
    restarts = CounterMetricFamily("vidframe_process_restarts", "Restarts of the process", labels=labels)
    cpu = CounterMetricFamily("vidframe_process_cpu_seconds", "Processor time", labels=labels)
    memory = GaugeMetricFamily("vidframe_process_memory_bytes", "Resident memory", labels=labels)
    threads = GaugeMetricFamily("vidframe_process_threads", "Threads", labels=labels)
    files = GaugeMetricFamily("vidframe_process_open_files", "Open files and sockets", labels=labels)
    for process in metrics.processes:
        alive.add_metric([process.name], process.is_alive)
        restarts.add_metric([process.name], process.restarts)
        cpu.add_metric([process.name], process.cpu_seconds)
        memory.add_metric([process.name], process.memory)
        threads.add_metric([process.name], process.threads)
        files.add_metric([process.name], process.descriptors)
    yield from (alive, restarts, cpu, memory, threads, files)


def _counter(name: str, help_text: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"vidframe_{name}", help_text, labels=["camera", *labels])


def _histogram(durations: Durations) -> tuple[list[tuple[str, float]], float]:
    bounds = [*(repr(float(bound)) for bound in durations.BOUNDS), "+Inf"]
    buckets, count = [], 0
    for bound, calls in zip(bounds, tuple(durations.buckets), strict=True):
        count += calls
        buckets.append((bound, float(count)))
    return buckets, durations.seconds


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9_]", "_", name.lower())
