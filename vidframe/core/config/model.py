"""What a config is once it was read and found right."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from vidframe.core.config.document import ConfigError, Mark, Problem
from vidframe.core.config.keys import MODES, ClusterConfig, Every, OnError
from vidframe.core.model.cluster import Lease
from vidframe.core.model.mounting import Mounting
from vidframe.core.plugin.registry import Plugin
from vidframe.core.sources.options import SourceKeys

__all__ = ["MODES", "CameraConfig", "Config", "ConfigError", "StepConfig"]

NOWHERE = Mark("", 1, 1)


@dataclass(frozen=True)
class StepConfig:
    """One step of a chain: a plugin, its settings, and when it runs."""

    name: str
    plugin: Plugin
    settings: Mapping[str, Any] = field(default_factory=dict)
    every: Every = field(default_factory=Every)
    when: str | None = None
    on_error: OnError = field(default_factory=OnError)
    isolate: float | None = None  # seconds that a call may take in a process of its own; None: runs in the camera's
    missing: tuple[str, ...] = field(default=(), compare=False)  # settings without default that are not given
    mark: Mark = field(default=NOWHERE, compare=False)
    secrets: tuple[str, ...] = field(default=(), compare=False, repr=False)  # among the settings: never to be shown
    entry: Any = field(default=None, compare=False, repr=False)  # as the file has it, for those who override it
    instance: Any = None  # of a chain that was written in Python; None: the plugin is made from its settings

    def make(self) -> Any:
        """The instance of the plugin for one camera, with settings that no other has."""
        return self.plugin.kind(**copy.deepcopy(self.settings)) if self.instance is None else self.instance

    def is_named(self, name: str) -> bool:
        """Whether the step or its plugin has this name."""
        return name in (self.name, self.plugin.name)


@dataclass(frozen=True)
class CameraConfig:
    """One camera and the steps of its chains."""

    name: str
    source: str
    options: SourceKeys = field(default_factory=SourceKeys)  # how the source is read
    mounting: Mounting | None = None  # how it hangs, where the file says
    nodes: tuple[str, ...] = ("*",)  # patterns of the machines that may run it, where several share the cameras
    lease: Lease | None = None  # where several machines share the cameras
    mode: StepConfig | None = None
    chains: Mapping[str, tuple[StepConfig, ...]] = field(default_factory=dict)  # "day", "night", "always"
    problem: str = ""  # why it cannot run, where its keys are wrong and the others' are not
    has_overrides: bool = field(default=False, compare=False)  # some of its steps are not as the chains have them

    def order(self, mode: str) -> tuple[StepConfig, ...]:
        """The steps that a frame meets in this mode, first to last."""
        first = (self.mode,) if self.mode else ()
        return (*first, *self.chains.get(mode, ()), *self.chains.get("always", ()))

    @property
    def steps(self) -> tuple[StepConfig, ...]:
        """Every step of every chain, once."""
        first = (self.mode,) if self.mode else ()
        return (*first, *(step for chain in self.chains.values() for step in chain))

    @property
    def needed(self) -> frozenset[str]:
        """Every name that some step reads."""
        return frozenset(need.removesuffix("?") for step in self.steps for need in step.plugin.needs)

    @property
    def derives_people(self) -> bool:
        """Whether people are made of faces, because no step adds people."""
        return not any("people" in step.plugin.adds for step in self.steps)


@dataclass(frozen=True)
class Config:
    """What one YAML file asks for."""

    path: Path
    cameras: tuple[CameraConfig, ...]
    state: Path  # folder for what plugins keep between runs, one folder a camera
    camera_plugin: str | None = None  # `cameras: {from: NAME}`: the plugin that knows the cameras
    common: CameraConfig = CameraConfig("", "")  # the chains as the file has them, of no camera
    workers: int | Literal["auto"] = 0  # processes among which the cameras are spread; 0: they run in this one
    metrics: tuple[str, int] | None = None  # host and port at which metrics are shown
    cluster: ClusterConfig = field(default_factory=ClusterConfig)
    plugins_dir: Path | None = None  # of more plugins than the file names
    warnings: tuple[Problem, ...] = ()  # what works and should be changed, such as deprecated names

    @property
    def steps(self) -> tuple[StepConfig, ...]:
        """The steps of all chains, as the file has them."""
        return self.common.steps
