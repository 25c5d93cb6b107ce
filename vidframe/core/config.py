"""A YAML file read into a Config, every mistake with its file, line and column."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import ValidationError

from vidframe.core import registry
from vidframe.core.document import Document, Mark, Place, Problem, read
from vidframe.core.frame import Lease
from vidframe.core.registry import SOURCE_ADDS, STEP_OPTIONS, Plugin, PluginError
from vidframe.core.settings import seconds

TOP_KEYS = ("cameras", "mode", "day", "night", "always", "state", "workers", "metrics", "cluster")
CAMERA_KEYS = ("source", "credentials", "pace", "fps", "timeout", "frozen_after", "nodes", "with", "without")
CLUSTER_KEYS = ("bus", "name", "credentials", "ca", "certificate", "key", "lease", "replicas")
MODES = ("day", "night")
NOWHERE = Mark("", 1, 1)
CLUSTER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
CAMERA_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


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
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)  # as the file has them
    place: Place = field(default=(), compare=False)
    lacks: tuple[str, ...] = field(default=(), compare=False)  # settings without default that nobody gave yet
    mark: Mark = field(default=NOWHERE, compare=False)

    def make(self) -> Any:
        """A new instance of the plugin."""
        return self.plugin.kind(**self.settings)


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
    steps: tuple[StepConfig, ...] = ()  # of all chains, as the file has them
    workers: int | Literal["auto"] = 0  # processes among which the cameras are spread; 0: they run in this one
    metrics: tuple[str, int] | None = None  # host and port at which figures are shown
    cluster: ClusterConfig = ClusterConfig()


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
    if document.value is None and document.problems:
        raise ConfigError(document.problems)
    if cameras is not None and isinstance(document.value, dict):
        document.value["cameras"] = dict(cameras)
    config = _Reader(document, source, are_given=cameras is not None).config()
    if document.problems:
        raise ConfigError(document.problems)
    return config


class _Reader:
    """Reads one document; each method reads one kind of thing and complains about what is wrong with it."""

    def __init__(self, document: Document, source: str | None, *, are_given: bool) -> None:
        self.document = document
        self.source = source
        self.are_given = are_given  # the cameras come from a plugin, which does not know the chains
        self.plugins: dict[str, Plugin | None] = {}

    def config(self) -> Config:
        path = self.document.path
        top = self.mapping((), self.document.value, TOP_KEYS, "the config")
        state = self.text(("state",), top.get("state", ".vidframe")) or ".vidframe"
        camera_plugin, cameras = self.cameras(top.get("cameras"))
        mode = self.mode(top.get("mode"))
        chains = {name: self.chain((name,), top.get(name)) for name in (*MODES, "always")}
        self.check_modes(top, mode)
        self.check_chains(CameraConfig("", "", mode=mode, chains=chains))
        resolved = [self.resolved(camera, mode, chains, top.get("cameras")) for camera in cameras]
        steps = (*([mode] if mode else []), *(step for chain in chains.values() for step in chain))
        metrics = self.listening(("metrics",), top["metrics"]) if "metrics" in top else None
        cluster = self.cluster(top.get("cluster"))
        workers = self.workers(("workers",), top.get("workers", 0))
        return Config(path, tuple(resolved), path.parent / state, camera_plugin, steps, workers, metrics, cluster)

    # --- plain values ---

    def mapping(self, place: Place, value: Any, known: Iterable[str], what: str) -> dict[str, Any]:
        if value is None:
            value = {}
        if not isinstance(value, dict):
            self.document.complain(place, f"{what} must be `key: value` pairs, found {self.shown(place, value)}")
            return {}
        for key in value:
            if key not in known:
                message = f"unknown key {key!r} in {what}{_did_you_mean(key, known)}"
                self.document.complain((*place, key), message, of_key=True)
        return {key: entry for key, entry in value.items() if key in known}

    def text(self, place: Place, value: Any) -> str | None:
        if isinstance(value, str) and value:
            return value
        if not (value is None and place in self.document.secrets):  # a missing variable was named already
            self.document.complain(place, f"{place[-1]} must be text, found {self.shown(place, value)}")
        return None

    def shown(self, place: Place, value: Any) -> str:
        if any(secret == place[: len(secret)] for secret in self.document.secrets):
            return "the value of that environment variable"
        if isinstance(value, dict | list):
            return "a mapping" if isinstance(value, dict) else "a list"
        return "nothing" if value is None else json.dumps(value)

    # --- cameras ---

    def cameras(self, value: Any) -> tuple[str | None, list[CameraConfig]]:
        place: Place = ("cameras",)
        if isinstance(value, dict) and set(value) == {"from"}:
            return self.text((*place, "from"), value["from"]), []
        if value is None and self.source is not None:
            return None, [CameraConfig("camera", self.source)]
        if value == {} and self.are_given:
            return None, []
        if not isinstance(value, dict) or not value:
            found = self.shown(place, value)
            self.document.complain(place, f"cameras must be `name: {{source: ...}}` pairs, found {found}")
            return None, []
        cameras = [self.camera((*place, name), name, entry) for name, entry in value.items()]
        return None, [camera for camera in cameras if camera is not None]

    def camera(self, place: Place, name: str, value: Any) -> CameraConfig | None:
        if not CAMERA_NAME.fullmatch(name):
            message = f"camera name {name!r} must be 1 to 32 letters, digits, - and _"
            self.document.complain(place, message, of_key=True)
        if isinstance(value, str):
            value, source_place = {"source": value}, place
        else:
            source_place = (*place, "source")
        entry = self.mapping(place, value, CAMERA_KEYS, f"camera {name!r}")
        if "source" not in entry and self.source is None:
            self.document.complain(place, f"camera {name!r} has no source", of_key=True)
            return CameraConfig(name, "")
        source = self.source or self.text(source_place, entry.get("source")) or ""
        if self.source is None:
            source = self.source_path(source_place, source)
        credentials = entry.get("credentials")
        return CameraConfig(
            name,
            source,
            self.text((*place, "credentials"), credentials) if "credentials" in entry else None,
            self.choice((*place, "pace"), entry.get("pace", "fast"), ("fast", "real")),
            self.positive((*place, "fps"), entry.get("fps")),
            self.duration((*place, "timeout"), entry.get("timeout", 5)),
            self.duration((*place, "frozen_after"), entry.get("frozen_after", 60)),
            self.texts((*place, "nodes"), entry.get("nodes", "*")),
        )

    def source_path(self, place: Place, source: str) -> str:
        """Relative paths of files start at the config, so that it can be run from anywhere."""
        if "://" in source or source == "-" or source.startswith(("/", "webcam:", "-:")) or not source:
            return source
        return str(self.document.folder(place) / source)

    def choice(self, place: Place, value: Any, known: tuple[str | int, ...]) -> Any:
        if value not in known or isinstance(value, bool):
            words = " or ".join(str(word) for word in known)
            self.document.complain(place, f"{place[-1]} must be {words}, found {self.shown(place, value)}")
        return value

    def duration(self, place: Place, value: Any) -> float:
        try:
            length = seconds(value)
        except ValueError:
            length = 0.0
        if length <= 0:
            shown = self.shown(place, value)
            self.document.complain(place, f"{place[-1]} must be a time above 0 such as 500ms, 5s or 2m, found {shown}")
        return length

    def workers(self, place: Place, value: Any) -> int | Literal["auto"]:
        if value == "auto":
            return "auto"
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 64:
            return value
        found = self.shown(place, value)
        self.document.complain(place, f"workers must be auto or a number of processes from 0 to 64, found {found}")
        return 0

    def listening(self, place: Place, value: Any) -> tuple[str, int] | None:
        """A port of the loopback, or `host:port`."""
        host, _, port = str(value).rpartition(":")
        host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
        if isinstance(value, int | str) and not isinstance(value, bool) and port.isdecimal() and int(port) < 65536:
            return host, int(port)
        found = self.shown(place, value)
        self.document.complain(place, f"{place[-1]} must be a port such as 9477, or host:port, found {found}")
        return None

    def positive(self, place: Place, value: Any) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            self.document.complain(place, f"{place[-1]} must be a number above 0, found {self.shown(place, value)}")
            return None
        return float(value)

    # --- cluster ---

    def cluster(self, value: Any) -> ClusterConfig:
        place: Place = ("cluster",)
        entry = self.mapping(place, value, CLUSTER_KEYS, "cluster")
        name = entry.get("name", "vidframe")
        if not isinstance(name, str) or not CLUSTER_NAME.fullmatch(name):
            message = f"name must be 1 to 32 letters, digits, - and _, found {self.shown((*place, 'name'), name)}"
            self.document.complain((*place, "name"), message)
        bus = self.texts((*place, "bus"), entry["bus"]) if "bus" in entry else ()
        for server in bus:
            if (problem := bus_problem(server)) is not None:
                self.document.complain((*place, "bus"), problem)
        if "certificate" in entry and "key" not in entry:
            self.document.complain((*place, "certificate"), "certificate needs its key, as key: FILE.pem")
        replicas = self.choice((*place, "replicas"), entry.get("replicas", 1), (1, 3, 5))
        return ClusterConfig(
            bus,
            name,
            self.text((*place, "credentials"), entry["credentials"]) if "credentials" in entry else None,
            ca=self.file((*place, "ca"), entry.get("ca")),
            certificate=self.file((*place, "certificate"), entry.get("certificate")),
            key=self.file((*place, "key"), entry.get("key")),
            lease=self.duration((*place, "lease"), entry.get("lease", 3)),
            replicas=replicas,
        )

    def file(self, place: Place, value: Any) -> Path | None:
        """A file that must be there where one is named, relative to the config."""
        name = self.text(place, value) if value is not None else None
        path = self.document.folder(place) / name if name else None
        if path is not None and not path.is_file():
            self.document.complain(place, f"{place[-1]} must be a file, found none at {path}")
        return path

    def texts(self, place: Place, value: Any) -> tuple[str, ...]:
        """One text, or a list of them."""
        values = value if isinstance(value, list) and value else [value]
        return tuple(text for each in values if (text := self.text(place, each)) is not None)

    # --- steps ---

    def mode(self, value: Any) -> StepConfig | None:
        if value is None:
            return None
        if isinstance(value, str):
            return self.step(("mode",), ("mode",), value, {})
        if not isinstance(value, dict) or "plugin" not in value:
            self.document.complain(("mode",), "mode must be {plugin: NAME, ...}, such as {plugin: day_night}")
            return None
        settings = {key: entry for key, entry in value.items() if key != "plugin"}
        name = self.text(("mode", "plugin"), value["plugin"])
        return self.step(("mode", "plugin"), ("mode",), name, settings) if name else None

    def chain(self, place: Place, value: Any) -> tuple[StepConfig, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            self.document.complain(place, f"{place[-1]} must be a list of steps, found {self.shown(place, value)}")
            return ()
        steps: list[StepConfig] = []
        for i, entry in enumerate(value):
            step = self.entry((*place, i), entry)
            if step is not None:
                steps.append(self.renamed(step, steps, (*place, i)))
        return tuple(steps)

    def entry(self, place: Place, value: Any) -> StepConfig | None:
        if isinstance(value, str):
            return self.step(place, place, value, {})
        if not isinstance(value, dict) or len(value) != 1:
            found = "several keys" if isinstance(value, dict) and value else self.shown(place, value)
            self.document.complain(
                place, f"a step is one plugin name, or one name with settings ({{faces: {{...}}}}); found {found}"
            )
            return None
        (name, settings), *_ = value.items()
        if settings is not None and not isinstance(settings, dict):
            inner = (*place, name)
            found = self.shown(inner, settings)
            self.document.complain(inner, f"the settings of {name} must be `key: value` pairs, found {found}")
            settings = None
        return self.step(place, (*place, name), name, settings or {})

    def renamed(self, step: StepConfig, before: list[StepConfig], place: Place) -> StepConfig:
        taken = {other.name for other in before}
        if step.name not in taken:
            return step
        if step.name != step.plugin.name:
            self.document.complain(place, f"two steps are named {step.name!r}")
        number = next(n for n in range(2, len(taken) + 3) if f"{step.plugin.name}-{n}" not in taken)
        return replace(step, name=f"{step.plugin.name}-{number}")

    def step(self, at: Place, place: Place, name: str, raw: Mapping[str, Any]) -> StepConfig | None:
        """`at` is where the plugin is named, `place` where its settings stand."""
        plugin = self.plugin(at, name)
        if plugin is None:
            return None
        options, own = _parted(raw)
        own_name = options.get("name")
        step = StepConfig(
            own_name if isinstance(own_name, str) else name,
            plugin,
            self.settings(plugin, own, lambda key: (*place, key), at),
            lacks=_lacking(plugin, own),
            raw=own,
            place=place,
            mark=self.document.mark(at),
        )
        return self.with_options(step, options, lambda key: (*place, key))

    def with_options(
        self, step: StepConfig, options: Mapping[str, Any], place_of: Callable[[str], Place]
    ) -> StepConfig:
        if "name" in options:
            self.text(place_of("name"), options["name"])
        if "every" in options:
            step = replace(step, every=self.every(place_of("every"), options["every"]))
        if "when" in options:
            step = replace(step, when=self.when(place_of("when"), options["when"]))
        if "on_error" in options:
            step = replace(step, on_error=self.on_error(place_of("on_error"), options["on_error"]))
        if "isolate" in options:
            self.document.complain(place_of("isolate"), "isolate is not offered yet", of_key=True)
        return step

    def plugin(self, place: Place, name: str) -> Plugin | None:
        if name not in self.plugins:
            try:
                self.plugins[name] = registry.load(name)
            except PluginError as error:
                self.plugins[name] = None
                known = registry.installed()
                message = str(error)
                if name not in known:
                    message += f"{_did_you_mean(name, known)} (installed: {', '.join(known) or 'none'})"
                self.document.complain(place, message, of_key=place not in self.document.values)
        return self.plugins[name]

    def settings(
        self, plugin: Plugin, raw: Mapping[str, Any], place_of: Callable[[str], Place], at: Place
    ) -> dict[str, Any]:
        try:
            model = plugin.settings.model_validate_json(json.dumps(raw), strict=True)
        except (ValueError, TypeError) as error:
            details = error.errors() if isinstance(error, ValidationError) else []
            for detail in details:
                if detail["type"] != "missing" or len(detail["loc"]) > 1:  # a camera may give it in its `with`
                    self.setting_problem(plugin, detail, place_of, at)
            return {}
        values = {key: getattr(model, key) for key in model.model_fields_set}
        for key, value in values.items():
            if isinstance(value, Path):
                values[key] = self.document.folder(place_of(key)) / value
        try:
            plugin.kind(**values)
        except Exception as error:
            self.document.complain(at, f"{plugin.name}: {error or type(error).__name__}")
        return values

    def setting_problem(self, plugin: Plugin, detail: Any, place_of: Callable[[str], Place], at: Place) -> None:
        loc = detail["loc"]
        place = (*place_of(loc[0]), *loc[1:]) if loc else at
        known = list(plugin.settings.model_fields)
        if detail["type"] == "extra_forbidden":
            key = str(loc[-1])
            hint = _did_you_mean(key, known) if len(loc) == 1 else ""
            has = f"; its settings are {', '.join(known) or 'none'}" if len(loc) == 1 and not hint else ""
            self.document.complain(place, f"{plugin.name} has no setting {key!r}{hint}{has}", of_key=True)
        else:
            path = ".".join(str(part) for part in loc if isinstance(part, str) or len(loc) > 1)
            message = _plain(detail)
            self.document.complain(
                place, f"{plugin.name}: {path} {message}, found {self.shown(place, detail['input'])}"
            )

    # --- step options ---

    def every(self, place: Place, value: Any) -> Every:
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return Every(frames=value)
        try:
            if isinstance(value, str):
                return Every(seconds=seconds(value))
        except ValueError:
            pass
        found = self.shown(place, value)
        self.document.complain(place, f"every must be a number of frames from 1 or a time such as 200ms, found {found}")
        return Every()

    def when(self, place: Place, value: Any) -> str | None:
        known = (*MODES, *sorted(registry.NAMES - SOURCE_ADDS))
        if isinstance(value, str) and (value in known or value.startswith("notes.")):
            return value
        found = self.shown(place, value)
        self.document.complain(place, f"when must be one of {', '.join(known)} or notes.<name>, found {found}")
        return None

    def on_error(self, place: Place, value: Any) -> OnError:
        if value == "skip" or value == "stop":
            return OnError(value)
        if isinstance(value, dict) and set(value) == {"disable_after"}:
            after = value["disable_after"]
            if isinstance(after, int) and not isinstance(after, bool) and after >= 1:
                return OnError("disable", after)
        found = self.shown(place, value)
        self.document.complain(place, f"on_error must be skip, stop or {{disable_after: N}}, found {found}")
        return OnError()

    # --- cameras meet chains ---

    def resolved(
        self,
        camera: CameraConfig,
        mode: StepConfig | None,
        chains: Mapping[str, tuple[StepConfig, ...]],
        raw: Any,
    ) -> CameraConfig:
        entry = raw.get(camera.name) if isinstance(raw, dict) else None
        entry = entry if isinstance(entry, dict) else {}
        names = {step.name for chain in chains.values() for step in chain} | ({mode.name} if mode else set())
        place: Place = ("cameras", camera.name)
        without = self.without((*place, "without"), entry.get("without"), names)
        changes = self.changes((*place, "with"), entry.get("with"), names)

        def changed(step: StepConfig) -> StepConfig:
            own = changes.get(step.name)
            return self.overridden(step, own, (*place, "with", step.name)) if own else step

        camera = replace(
            camera,
            mode=changed(mode) if mode else None,
            chains={name: tuple(changed(s) for s in chain if s.name not in without) for name, chain in chains.items()},
        )
        for step in camera.steps:
            for name in step.lacks:
                self.complain_at(step, f"{step.name} needs the setting {name!r}")
        if changes or without:
            self.check_chains(camera)
        return camera

    def without(self, place: Place, value: Any, names: set[str]) -> set[str]:
        if value is None:
            return set()
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            self.document.complain(place, f"without must be a list of steps, found {self.shown(place, value)}")
            return set()
        for i, name in enumerate(value):
            if name not in names and not self.are_given:
                self.document.complain((*place, i), f"no step named {name!r}{_did_you_mean(name, names)}")
        return set(value)

    def changes(self, place: Place, value: Any, names: set[str]) -> dict[str, dict[str, Any]]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.document.complain(place, f"with must be `step: {{...}}` pairs, found {self.shown(place, value)}")
            return {}
        changes = {}
        for name, settings in value.items():
            if name not in names and self.are_given:
                continue
            if name not in names:
                hint = _did_you_mean(name, names)
                self.document.complain((*place, name), f"no step named {name!r}{hint}", of_key=True)
            elif not isinstance(settings, dict):
                found = self.shown((*place, name), settings)
                self.document.complain((*place, name), f"the settings of {name} must be pairs, found {found}")
            else:
                changes[name] = settings
        return changes

    def overridden(self, step: StepConfig, raw: Mapping[str, Any], place: Place) -> StepConfig:
        options, own = _parted(raw)

        def place_of(key: str) -> Place:
            return (*(place if key in own else step.place), key)

        merged = {**step.raw, **own}
        settings = self.settings(step.plugin, merged, place_of, place)
        step = replace(step, settings=settings, raw=merged, lacks=_lacking(step.plugin, merged))
        return self.with_options(step, options, lambda key: (*place, key))

    def check_modes(self, top: Mapping[str, Any], mode: StepConfig | None) -> None:
        if mode is not None and "mode" not in mode.plugin.adds:
            self.document.complain(("mode",), f"{mode.name} does not decide a mode; day_night does")
        for name in MODES:
            if top.get(name) and top.get("mode") is None:
                message = f"{name} needs `mode:`, which decides when it is {name}; steps for all day go under `always:`"
                self.document.complain((name,), message, of_key=True)

    def check_chains(self, camera: CameraConfig) -> None:
        for mode in MODES:
            self.check_order(camera.order(mode), f"camera {camera.name!r}: " if camera.name else "")

    def check_order(self, steps: tuple[StepConfig, ...], whose: str) -> None:
        added: dict[str, StepConfig] = {}
        for i, step in enumerate(steps):
            for need in step.plugin.needs:
                if not need.endswith("?") and need not in SOURCE_ADDS and need not in added:
                    self.unmet(step, need, steps[i + 1 :], whose)
            for name in step.plugin.adds:
                if name in added:
                    other = added[name]
                    self.complain_at(
                        step,
                        f"{whose}{step.name} adds {name}, which {other.name} already adds (line {other.mark.line})",
                    )
                added[name] = step

    def unmet(self, step: StepConfig, need: str, later: tuple[StepConfig, ...], whose: str) -> None:
        message = f"{whose}{step.name} needs {need}, which no step before it adds"
        adder = next((other for other in later if need in other.plugin.adds), None)
        if adder is not None:
            message += f"; {adder.name} adds it, but only afterwards (line {adder.mark.line}): move it up"
        else:
            could = [name for name, adds in self.adds_of_installed.items() if need in adds]
            message += f"; {_either(could)} could" if could else "; no installed plugin adds it"
        self.complain_at(step, message)

    @cached_property
    def adds_of_installed(self) -> dict[str, tuple[str, ...]]:
        from vidframe.core.probe import probe  # starts a process, so only when there is something to explain

        return {plugin.name: plugin.adds for plugin in probe()}

    def complain_at(self, step: StepConfig, message: str) -> None:
        problem = Problem(step.mark, message)
        if problem not in self.document.problems:
            self.document.problems.append(problem)


def bus_problem(server: str) -> str | None:
    """What is wrong with the address of a NATS server, if something is; never repeats a password."""
    parts = urlsplit(server)
    if parts.username or parts.password:
        return "bus must not hold a user or password; credentials is a key of its own"
    if parts.scheme not in ("nats", "tls", "ws", "wss") or not parts.hostname:
        return f"bus must look like nats://10.0.0.5:4222 or tls://nats.example, found {json.dumps(server)}"
    return None


def _parted(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options that the framework reads, and the plugin's own settings."""
    options = {key: value for key, value in raw.items() if key in STEP_OPTIONS}
    return options, {key: value for key, value in raw.items() if key not in STEP_OPTIONS}


def _lacking(plugin: Plugin, raw: Mapping[str, Any]) -> tuple[str, ...]:
    fields = plugin.settings.model_fields
    return tuple(name for name, setting in fields.items() if setting.is_required() and name not in raw)


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def _either(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _plain(detail: Any) -> str:
    """Pydantic's message in the words of somebody who writes YAML."""
    kind, context = detail["type"], detail.get("ctx", {})
    words = {
        "int_type": "must be a whole number",
        "int_from_float": "must be a whole number",
        "float_type": "must be a number",
        "bool_type": "must be true or false",
        "string_type": "must be text",
        "list_type": "must be a list",
        "tuple_type": "must be a list",
        "missing": "is missing",
    }
    if kind in words:
        return words[kind]
    if kind == "literal_error":
        return f"must be {context['expected']}"
    if kind == "value_error":
        return f"cannot be used: {context['error']}"
    message = str(detail["msg"])
    for pydantic_says, we_say in (("Input should be", "must be"), ("Value should", "must"), ("Input should", "must")):
        message = message.replace(pydantic_says, we_say)
    return message
