"""Cameras from a plugin: `cameras: {from: NAME}` polls it for them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from vidframe.core.config.reading import Config, ConfigError, load
from vidframe.core.plugin.registry import extensions

log = logging.getLogger(__name__)

# Entry points, named like the plugin: cameras(settings, state) -> (version, {camera name: its keys as in the YAML}).
# `settings` are those of the step of that plugin; `state` is the state folder. The version changes with the cameras.
Provider = Callable[[Mapping[str, Any], Path], tuple[str, Mapping[str, Any]]]

INTERVAL = 2.0  # seconds between two polls; what an admin saves is running within seconds


class CameraFeed(Protocol):
    """Brings cameras while they change."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def invalidate(self) -> None:
        """The config file has changed: the next poll brings the cameras anew."""

    def poll(self) -> Config | None:
        """The config with the newest cameras, if they changed since the last call."""


class Feed:
    """Asks the plugin of a config's `cameras: {from: NAME}`, in a thread of its own, as it may wait for a server."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._name = config.camera_plugin or ""
        self._settings = next(step.settings for step in config.steps if step.plugin.name == self._name)
        self._provider: Provider = extensions("cameras")[self._name][0].load()
        self._version: str | None = None
        self._newest: Config | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"cameras-from-{self._name}", daemon=True)

    def start(self) -> None:
        """Starts asking."""
        self._thread.start()

    def stop(self) -> None:
        """Stops asking; does not wait for an answer that is on its way."""
        self._stop.set()
        self._wake.set()

    def invalidate(self) -> None:
        """The config file has changed: the next poll brings the cameras anew."""
        self._version = None
        self._wake.set()

    def poll(self) -> Config | None:
        """The config with the newest cameras, if they changed since the last call."""
        with self._lock:
            newest, self._newest = self._newest, None
            return newest

    def _run(self) -> None:
        reported = ""
        while not self._stop.is_set():
            try:
                self._ask()
                reported = ""
            except Exception as error:
                if str(error) != reported:
                    log.error("cameras from %s: %s", self._name, error)
                reported = str(error)
            self._wake.wait(INTERVAL)
            self._wake.clear()

    def _ask(self) -> None:
        version, cameras = self._provider(self._settings, self._config.state)
        if version == self._version:
            return
        self._version = version  # also if the file has errors: they are logged once, and the cameras stay as they are
        try:
            config = self._load(cameras)
        except ConfigError as error:
            raise ValueError(f"unchanged, since the config has errors: {_reasons(error)}") from error
        with self._lock:
            self._newest = config

    def _load(self, cameras: Mapping[str, Any]) -> Config:
        """The config with those cameras; one with mistakes is there with its problem, and does not stop the others."""
        path, plugins_dir = self._config.path, self._config.plugins_dir
        try:
            return load(path, cameras=cameras, plugins_dir=plugins_dir)
        except ConfigError:
            config = load(path, cameras={}, plugins_dir=plugins_dir)  # raises where the fault is the file's
        found = list(config.cameras)
        for name, keys in cameras.items():
            try:
                found += load(path, cameras={name: keys}, plugins_dir=plugins_dir).cameras
            except ConfigError as error:
                found.append(replace(config.common, name=name, problem=_reasons(error)))
        return replace(config, cameras=tuple(found))


def _reasons(error: ConfigError) -> str:
    return "; ".join(problem.message for problem in error.problems)
