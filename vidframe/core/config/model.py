"""What a config is once it was read and found right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from vidframe.core.config.document import Mark, Place, Problem
from vidframe.core.model.cluster import Lease
from vidframe.core.plugin.registry import Plugin

MODES = ("day", "night")
NOWHERE = Mark("", 1, 1)


class ConfigError(Exception):
    """A config that cannot be used; `problems` has every mistake, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems), key=lambda problem: problem.mark)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True)
class Every:
    """How often a step is due: each `frames`-th frame, or once in `seconds`."""

    frames: int = 1
    seconds: float = 0.0


@dataclass(frozen=True)
class OnError:
    """What a step's failure costs: its result, the step after so many failures, or the camera."""

    action: Literal["skip", "disable", "stop"] = "skip"
    after: int = 0  # failures, for "disable"


@dataclass(frozen=True)
class StepConfig:
    """One step of a chain: a plugin, its settings, and when it runs."""

    name: str
    plugin: Plugin
    settings: Mapping[str, Any] = field(default_factory=dict)
    every: Every = Every()
    when: str | None = None
    on_error: OnError = OnError()
    isolate: float | None = None  # seconds that a call may take in a process of its own; None: runs in the camera's
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)  # as the file has them
    place: Place = field(default=(), compare=False)
    lacks: tuple[str, ...] = field(default=(), compare=False)  # settings without default that nobody gave yet
    mark: Mark = field(default=NOWHERE, compare=False)
    instance: Any = None  # of a chain that was written in Python; None: the plugin is made from its settings

    def make(self) -> Any:
        """The instance of the plugin for one camera."""
        return self.plugin.kind(**self.settings) if self.instance is None else self.instance


@dataclass(frozen=True)
class CameraConfig:
    """One camera and the steps of its chains."""

    name: str
    source: str
    credentials: str | None = field(default=None, repr=False)  # "user:password"
    pace: Literal["fast", "real"] = "fast"
    fps: float | None = None
    timeout: float = 5.0  # seconds without a picture after which a live camera is connected again
    frozen_after: float = 60.0  # seconds of one and the same picture after which it counts as stalled
    nodes: tuple[str, ...] = ("*",)  # patterns of the machines that may run it, where several share the cameras
    lease: Lease | None = None  # where several machines share the cameras
    mode: StepConfig | None = None
    chains: Mapping[str, tuple[StepConfig, ...]] = field(default_factory=dict)  # "day", "night", "always"
    differs: bool = field(default=False, compare=False)  # some of its steps are not as the chains have them

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


@dataclass(frozen=True)
class ClusterConfig:
    """Where machines meet that share the cameras."""

    bus: tuple[str, ...] = ()  # addresses of NATS servers of one cluster
    name: str = "vidframe"  # parts the shops that use one bus
    credentials: str | None = field(default=None, repr=False)  # "user:password", or a token
    ca: Path | None = None  # of the servers' certificates, PEM
    certificate: Path | None = None  # of this machine, PEM
    key: Path | None = None  # of the certificate
    lease: float = 3.0  # seconds without a sign of life after which a machine's cameras go to others
    replicas: int = 1  # servers that hold each event


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
    cluster: ClusterConfig = ClusterConfig()

    @property
    def steps(self) -> tuple[StepConfig, ...]:
        """The steps of all chains, as the file has them."""
        return self.common.steps
