"""A YAML file read into a Config, every mistake with its file, line and column."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from vidframe.core.config.cameras import Cameras
from vidframe.core.config.document import Document, Problem, read
from vidframe.core.config.keys import MODES, ClusterConfig, FileKeys
from vidframe.core.config.model import CameraConfig, Config, ConfigError, StepConfig
from vidframe.core.config.steps import Steps
from vidframe.core.config.validation import read_keys
from vidframe.core.config.wiring import Wiring

__all__ = ["CameraConfig", "Config", "ConfigError", "StepConfig", "load", "plugin_files"]


def load(
    path: Path,
    *,
    environ: Mapping[str, str] | None = None,
    source: str | None = None,
    cameras: Mapping[str, Any] | None = None,
    plugins_dir: Path | None = None,
) -> Config:
    """Reads and checks a config, or raises ConfigError with every mistake in it.

    `source` replaces the source of every camera (and makes up a camera where the file has none). `cameras` stands
    in for the `cameras:` of the file; steps that the chains do not have are then ignored in `overrides` and
    `exclude`. The *.py files of `plugins_dir` are plugins, besides those that the file names.
    """
    document = read(path, os.environ if environ is None else environ)
    if cameras is not None and isinstance(document.value, dict):
        document.value["cameras"] = dict(cameras)
    config = _read(document, source, plugins_dir, are_given=cameras is not None)
    document.raise_if_errors()
    return config


def plugin_files(folder: Path) -> list[Path]:
    """The Python files of a folder that are plugins."""
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))


def _read(document: Document, source: str | None, plugins_dir: Path | None, *, are_given: bool) -> Config:
    keys = read_keys(document, FileKeys, document.value, (), "the config")
    steps = Steps(document)
    _add_plugins(steps, keys.plugins or (), plugins_dir)
    common = _common(steps, keys)
    reader = Cameras(document, steps, source, are_given=are_given)
    camera_plugin = reader.plugin(keys.cameras)
    cameras = reader.read(keys.cameras, common) if camera_plugin is None else []
    _check_modes(document, keys, common.mode)
    _check_camera_plugin(document, camera_plugin, common.steps)
    _check_chains(document, common, cameras)
    return Config(
        document.path,
        tuple(cameras),
        document.folder(("state",)) / keys.state,
        camera_plugin,
        common,
        keys.workers,
        keys.metrics,
        _cluster(document, keys.cluster),
        plugins_dir,
        tuple(sorted(document.warnings)),
    )


def _add_plugins(steps: Steps, paths: Iterable[Path], plugins_dir: Path | None) -> None:
    for i, path in enumerate(paths):
        place = ("plugins", i)
        steps.add_file(steps.document.folder(place) / path, place)
    for path in plugin_files(plugins_dir) if plugins_dir else ():
        steps.add_file(path, ())


def _common(steps: Steps, keys: FileKeys) -> CameraConfig:
    """The chains as the file has them."""
    mode = steps.mode(keys.mode)
    chains = {name: steps.chain((name,), getattr(keys, name) or ()) for name in (*MODES, "always")}
    return CameraConfig("", "", mode=steps.config(mode) if mode else None, chains=chains)


def _cluster(document: Document, raw: Any) -> ClusterConfig:
    """Where machines meet, with the files where they are."""
    cluster = read_keys(document, ClusterConfig, raw, ("cluster",), "cluster")
    if cluster.certificate and not cluster.key:
        document.add_error(("cluster", "certificate"), "certificate needs its key, as key: FILE.pem")
    files = {}
    for key in ("ca", "certificate", "key"):
        if (name := getattr(cluster, key)) is not None:
            files[key] = document.folder(("cluster", key)) / name
            if not files[key].is_file():
                document.add_error(("cluster", key), f"{key} must be a file, found none at {files[key]}")
    return cluster.model_copy(update=files)


def _check_modes(document: Document, keys: FileKeys, mode: StepConfig | None) -> None:
    if mode is not None and "mode" not in mode.plugin.adds:
        document.add_error(("mode",), f"{mode.name} does not set the mode; day_night does")
    for name in MODES:
        if getattr(keys, name) and keys.mode is None:
            message = f"{name} needs `mode:`, which sets when it is {name}; steps for all day go under `always:`"
            document.add_error((name,), message, of_key=True)


def _check_camera_plugin(document: Document, name: str | None, steps: tuple[StepConfig, ...]) -> None:
    if name is not None and all(step.plugin.name != name for step in steps):
        message = f"`from: {name}` needs the step {name} in a chain, with its settings"
        document.add_error(("cameras", "from"), message)


def _check_chains(document: Document, common: CameraConfig, cameras: list[CameraConfig]) -> None:
    wiring = Wiring()
    for camera in (common, *(camera for camera in cameras if camera.has_overrides)):
        document.problems.extend(wiring.check(camera))
    for step in (step for camera in cameras for step in camera.steps):
        for name in step.missing:
            document.problems.append(Problem(step.mark, f"{step.name} needs the setting {name!r}"))
