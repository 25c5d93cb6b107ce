"""A YAML file read into a Config, every mistake with its file, line and column."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidframe.core.config.cameras import CAMERA_KEYS, Cameras, address_problem
from vidframe.core.config.document import Document, Problem, read
from vidframe.core.config.machines import CLUSTER_KEYS, bus_problem, read_cluster, read_metrics, read_workers
from vidframe.core.config.model import (
    MODES,
    CameraConfig,
    ClusterConfig,
    Config,
    ConfigError,
    Every,
    OnError,
    StepConfig,
)
from vidframe.core.config.steps import Steps
from vidframe.core.config.values import Values
from vidframe.core.config.wiring import Wiring

__all__ = [
    "CAMERA_KEYS",
    "CLUSTER_KEYS",
    "MODES",
    "TOP_KEYS",
    "CameraConfig",
    "ClusterConfig",
    "Config",
    "ConfigError",
    "Every",
    "OnError",
    "StepConfig",
    "address_problem",
    "bus_problem",
    "load",
]

TOP_KEYS = ("cameras", "mode", "day", "night", "always", "state", "workers", "metrics", "cluster")


def load(
    path: Path,
    *,
    environ: Mapping[str, str] | None = None,
    source: str | None = None,
    cameras: Mapping[str, Any] | None = None,
) -> Config:
    """Reads and checks a config, or raises ConfigError with every mistake in it.

    `source` replaces the source of every camera (and makes up a camera where the file has none). `cameras` stands
    in for the `cameras:` of the file; steps that the chains do not have are then ignored in `with` and `without`.
    """
    document = read(path, os.environ if environ is None else environ)
    if cameras is not None and isinstance(document.value, dict):
        document.value["cameras"] = dict(cameras)
    config = _understood(document, source, are_given=cameras is not None)
    if document.problems:
        raise ConfigError(document.problems)
    return config


def _understood(document: Document, source: str | None, *, are_given: bool) -> Config:
    values = Values(document)
    steps = Steps(values)
    reader = Cameras(values, steps, source, are_given=are_given)
    top = values.mapping((), document.value, TOP_KEYS, "the config")
    state = values.text(("state",), top.get("state", ".vidframe")) or ".vidframe"
    feeder = reader.feeder(top.get("cameras"))
    cameras = reader.listed(top.get("cameras")) if feeder is None else []
    mode = steps.mode(top.get("mode"))
    chains = {name: steps.chain((name,), top.get(name)) for name in (*MODES, "always")}
    _check_modes(document, top, mode)
    entries: Mapping[str, Any] = top.get("cameras") or {}
    resolved = [reader.resolved(camera, mode, chains, entries.get(camera.name)) for camera in cameras]
    common = CameraConfig("", "", mode=mode, chains=chains)
    _check_feeder(document, feeder, common.steps)
    _check_chains(document, common, resolved)
    return Config(
        document.path,
        tuple(resolved),
        document.path.parent / state,
        feeder,
        common,
        read_workers(values, top.get("workers", 0)),
        read_metrics(values, top["metrics"]) if "metrics" in top else None,
        read_cluster(values, top.get("cluster")),
    )


def _check_modes(document: Document, top: Mapping[str, Any], mode: StepConfig | None) -> None:
    if mode is not None and "mode" not in mode.plugin.adds:
        document.complain(("mode",), f"{mode.name} does not decide a mode; day_night does")
    for name in MODES:
        if top.get(name) and top.get("mode") is None:
            message = f"{name} needs `mode:`, which decides when it is {name}; steps for all day go under `always:`"
            document.complain((name,), message, of_key=True)


def _check_feeder(document: Document, feeder: str | None, steps: tuple[StepConfig, ...]) -> None:
    if feeder is not None and all(step.plugin.name != feeder for step in steps):
        message = f"`from: {feeder}` needs the step {feeder} in a chain, with its settings"
        document.complain(("cameras", "from"), message)


def _check_chains(document: Document, chains: CameraConfig, cameras: list[CameraConfig]) -> None:
    wiring = Wiring()
    for camera in (chains, *(camera for camera in cameras if camera.differs)):
        for problem in wiring.check(camera):
            document.add(problem)
    for step in (step for camera in cameras for step in camera.steps):
        for name in step.lacks:
            document.add(Problem(step.mark, f"{step.name} needs the setting {name!r}"))
