"""Every key of a config, once: what it takes, its default and what it means.

The check, the JSON Schema and the tables of docs/configuration.md are made from these models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, SkipValidation
from pydantic_core import PydanticCustomError

from vidframe.core.model import fields
from vidframe.core.plugin.settings import seconds
from vidframe.core.sources.address import address_problem
from vidframe.core.sources.options import Duration, SourceKeys
from vidframe.tools import did_you_mean

MODES = ("day", "night")
ISOLATED_PATIENCE = 1.0  # seconds; what is found in a frame after that is of little use
NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$"


def _expected(what: str) -> PydanticCustomError:
    """The error of a key: its name, what is expected, and what was found."""
    return PydanticCustomError("expected", f"must be {what}")


def _sentence(text: str) -> PydanticCustomError:
    """The error of a key whose text is all that is said: what was found may be a password."""
    return PydanticCustomError("sentence", "{text}", {"text": text})


def _texts(value: Any) -> Any:
    if value == []:
        raise _expected("text, or a list of texts")
    return tuple(value) if isinstance(value, list) else (value,)


Text = Annotated[str, Field(min_length=1)]
OneOrMore = BeforeValidator(_texts, json_schema_input_type=str | list[str])


class Keys(BaseModel):
    """Keys of one part of a config. `renamed` are deprecated names of some of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
    renamed: ClassVar[Mapping[str, str]] = {}


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


class DisableAfter(Keys):
    """The long form of `on_error`."""

    disable_after: Annotated[int, Field(ge=1)]
    """failures"""


class Patience(Keys):
    """The long form of `isolate`."""

    patience: Duration
    """time for a frame"""


def _every(value: Any) -> Every:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return Every(frames=value)
    try:
        if isinstance(value, str) and (length := seconds(value)) > 0:
            return Every(seconds=length)
    except ValueError:
        pass
    raise _expected("a number of frames from 1 or a time such as 200ms")


def _on_error(value: Any) -> OnError:
    if isinstance(value, dict):
        return OnError("disable", DisableAfter.model_validate(value, strict=True).disable_after)
    if value in ("skip", "stop"):
        return OnError(value)
    raise _expected("skip, stop or {disable_after: N}")


def _isolate(value: Any) -> float:
    if isinstance(value, dict):
        return Patience.model_validate(value, strict=True).patience
    if value == "process":
        return ISOLATED_PATIENCE
    raise _expected("process or {patience: TIME}")


def _when(value: Any) -> str:
    known = (*MODES, *sorted(set(fields.NAMES) - fields.SOURCE_NAMES))
    if value in known or (isinstance(value, str) and fields.NOTE.fullmatch(value)):
        return str(value)
    found = json.dumps(value) + did_you_mean(value, known)
    raise _sentence(f"when must be one of {', '.join(known)} or notes.<name>, found {found}")


class StepKeys(Keys):
    """Options that every step takes beside its own settings."""

    every: Annotated[Every, PlainValidator(_every, json_schema_input_type=Annotated[int, Field(ge=1)] | str)] = Every()
    """`5`: each fifth frame; `200ms`: once in that time. Default: every frame"""
    when: Annotated[str, PlainValidator(_when, json_schema_input_type=str)] | None = None
    """`day`, `night`, or what must be on the frame: `motion`, `faces`, `faces.expression`, `notes.NAME` ... A step
    before it must add it"""
    on_error: Annotated[
        OnError, PlainValidator(_on_error, json_schema_input_type=Literal["skip", "stop"] | DisableAfter)
    ] = OnError()
    """what a failure costs: `skip` (default) its result; `{disable_after: 10}` the step, after that many failures;
    `stop` the camera"""
    isolate: Annotated[float, PlainValidator(_isolate, json_schema_input_type=Literal["process"] | Patience)] | None = (
        None
    )
    """`process`: the plugin runs in its own process, so that one that hangs or dies in native code costs its own
    results and not the camera; `{patience: 5s}`: how long it may take for a frame, default `1s`: see
    [operating.md](operating.md#a-plugin-in-a-process-of-its-own)"""
    name: Text | None = None
    """tells two steps of one plugin apart in `overrides`, `exclude`, events and metrics"""


def _source(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        raise _sentence(f"source must be text, found {value}; a webcam is webcam:{value}")
    if isinstance(value, str) and (problem := address_problem(value)):
        raise _sentence(problem)
    return value


class MountingKeys(Keys):
    """How a camera hangs."""

    height: Annotated[float, Field(gt=0, le=50)]
    """metres of the lens above the floor"""
    tilt: Annotated[float, Field(ge=-45, le=90)]
    """degrees that it looks down from level: 0 straight ahead, 90 straight down"""
    field_of_view: Annotated[float, Field(ge=5, le=150)]
    """horizontal, of the picture after `rotate`; degrees"""


class CameraKeys(SourceKeys, Keys):
    """Keys of a camera."""

    renamed = {"with": "overrides", "without": "exclude"}

    source: Annotated[Text, BeforeValidator(_source)]
    """address of a stream, a file, a folder of images, `webcam:0` or `-`: see [sources.md](sources.md). Relative
    paths start at the file"""
    mounting: MountingKeys | None = None
    """how it hangs, so that people are placed on the floor: `{height: 2.8, tilt: 30, field_of_view: 80}`, see
    [below](#how-a-camera-hangs)"""
    nodes: Annotated[tuple[Text, ...], OneOrMore] = ("*",)
    """names, or patterns such as `shop-7-*`, of the machines that may run it under `vidframe node`"""
    overrides: dict[str, dict[str, Any]] | None = None
    """other settings of some steps for this camera: `overrides: {abnormality: {min_area: 0.05}}`. A key is the name of
    a step, or of a plugin: then it means all steps of that plugin"""
    exclude: tuple[str, ...] | None = None
    """steps that this camera does not run, by step or plugin name"""


def bus_problem(server: str) -> str | None:
    """What is wrong with the address of a NATS server, if something is; never repeats a password."""
    parts = urlsplit(server)
    if parts.username or parts.password:
        return "bus must not contain a user or password; credentials is a key of its own"
    if parts.scheme not in ("nats", "tls", "ws", "wss") or not parts.hostname:
        return f"bus must look like nats://10.0.0.5:4222 or tls://nats.example, found {json.dumps(server)}"
    return None


def _server(value: str) -> str:
    if (problem := bus_problem(value)) is not None:
        raise _sentence(problem)
    return value


def _name(value: str) -> str:
    if not re.fullmatch(NAME, value):
        raise _expected("1 to 32 letters, digits, - and _")
    return value


class ClusterConfig(Keys):
    """Where machines meet that share the cameras."""

    bus: Annotated[tuple[Annotated[str, AfterValidator(_server)], ...], OneOrMore] = ()
    """address of the NATS server, or a list of those of one NATS cluster: `nats://`, `tls://`, `ws://` or `wss://`;
    required without `--bus`"""
    name: Annotated[str, AfterValidator(_name), Field(json_schema_extra={"pattern": NAME})] = "vidframe"
    """separates the shops that use one bus: only machines with the same name share cameras"""
    credentials: Text | None = Field(default=None, repr=False)
    """`user:password`, or a token; use `!env`. Never in the address, where a process list would show it"""
    ca: Path | None = None
    """file with the authority that signed the servers' certificates, PEM, instead of the system's; switches TLS on"""
    certificate: Path | None = None
    """file with the certificate of this machine, PEM, where the server asks for one; needs `key`"""
    key: Path | None = None
    """file with the key of the certificate, PEM"""
    lease: Duration = 3.0
    """silence after which a machine's cameras go to others"""
    replicas: Literal[1, 3, 5] = 1
    """NATS servers that hold each event and each lease: 3 or 5 where the bus is a NATS cluster of as many. Counts when
    the bus is first used"""


def _workers(value: Any) -> Any:
    if value == "auto" or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 64):
        return value
    raise _expected("auto or a number of processes from 0 to 64")


def _metrics(value: Any) -> tuple[str, int]:
    host, _, port = str(value).rpartition(":")
    if isinstance(value, bool) or not isinstance(value, int | str) or not port.isdecimal() or int(port) > 65535:
        raise _expected("a port such as 9477, or host:port")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


class FileKeys(Keys):
    """Keys of the file. Cameras, steps and the cluster are checked on their own."""

    cameras: Any = None
    """`name: {source: ...}` pairs, or `name: source`; or `{from: shop}`: the cameras that an admin added in the shop
    app, while they change"""
    plugins: tuple[Path, ...] | None = None
    """Python files with plugins for this config alone, such as `[./mine.py]`: each class with a hook, by its name in
    snake_case"""
    mode: Any = None
    """the step that decides between day and night, `{plugin: day_night, ...its settings}`; runs first on every frame"""
    day: list[Any] | None = None
    """steps by day; opened when day first comes, and kept"""
    night: list[Any] | None = None
    """steps by night; opened when night first comes, and kept"""
    always: list[Any] | None = None
    """steps for every frame, after those of the mode"""
    state: Path = Path(".vidframe")
    """folder for what plugins keep between runs, relative to the file"""
    workers: Annotated[
        int | Literal["auto"],
        PlainValidator(_workers, json_schema_input_type=Literal["auto"] | Annotated[int, Field(ge=0, le=64)]),
    ] = 0
    """number of processes among which the cameras are spread, or `auto`: one per core. `0`: all cameras in one
    process: see [operating.md](operating.md#processes)"""
    metrics: Annotated[tuple[str, int], PlainValidator(_metrics, json_schema_input_type=int | str)] | None = None
    """port of the loopback, such as `9477`, or `host:port`, at which metrics are shown: see
    [operating.md](operating.md)"""
    cluster: SkipValidation[ClusterConfig | None] = None
    """where machines meet that share the cameras: see [cluster.md](cluster.md)"""
