"""The kinds of events: the facts of each, what is checked of them, and how an event reads in a few words.

`docs/make_events.py` makes docs/events.md, docs/schemas/ and the examples of tests/contract/ from the definitions here.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from vidframe.tools import did_you_mean, iso_time

KIND = r"^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*$"
MAX_KIND = 40  # characters
MAX_FACTS = 32_000  # bytes of all facts of an event as ASCII JSON
MAX_REASON = 500  # characters
MAX_BOXES = 50
MAX_PLACES = 50  # lines or areas of one step
MAX_CELLS = 144  # of the grid of `footfall.heat`
MAX_INCIDENTS = 400  # of one clip; with the longest ids they still fit into MAX_FACTS
MAX_DEPTH = 20  # of lists and mappings in each other
MAX_INT = 2**63  # what databases and other languages hold

RENAMED = {"interest": "interest.visit", "mood": "interest.mood"}
"""Old names of kinds, taken for one more minor version, and the new ones."""

Moment = AwareDatetime  # on the wire UTC, ISO 8601 with microseconds and Z
Share = Annotated[float, Field(ge=0, le=1)]
Duration = Annotated[float, Field(ge=0, le=604_800)]
Seconds = Annotated[float, Field(ge=0, le=10_000_000)]  # of several people together
Valence = Annotated[float, Field(ge=-1, le=1)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
Count = Annotated[int, Field(ge=0, lt=2**53)]
Reason = Annotated[str, Field(max_length=MAX_REASON)]
Zone = Annotated[str, Field(min_length=1, max_length=60)]
Probabilities = Annotated[dict[Annotated[str, Field(max_length=30)], Share], Field(max_length=16)]
Mode = Literal["day", "night"]

_CONFIG = ConfigDict(frozen=True, extra="forbid", defer_build=True)  # what each fact means is read by the docs alone


class Facts(BaseModel):
    """The facts of one kind of event."""

    model_config = _CONFIG

    kind: ClassVar[str]
    reporter: ClassVar[str]  # the step that reports it
    roles: ClassVar[tuple[str, ...]] = ()  # of the files that may come with it
    example: ClassVar[dict[str, Any]]  # plain JSON, with every fact filled

    def words(self) -> str:
        """One short line for people."""
        raise NotImplementedError


class CameraState(Facts):
    """The connection of a camera changed."""

    kind = "camera.state"
    reporter = "vidframe"
    example: ClassVar = {"state": "stalled", "reason": "no frame for 5 s"}

    state: Literal["connecting", "live", "stalled", "down"]
    """`stalled`: connected, but no new frame comes. `down`: not connected, or ended by a failure; a live camera is retried."""
    reason: Reason
    """Why, without credentials. Empty where there is nothing to explain."""

    def words(self) -> str:
        return f"camera {self.state}: {self.reason}" if self.reason else f"camera {self.state}"


class CameraClosing(Facts):
    """The run of a camera ends: its recording is over, it left the config, or vidframe was asked to stop.

    The last chance of a step to report what it still holds: when `close_camera` is called, steps after it in the
    chain are closed already.
    """

    kind = "camera.closing"
    reporter = "vidframe"
    example: ClassVar = {}

    def words(self) -> str:
        return "camera closing"


class ModeChanged(Facts):
    """The mode of a camera changed, and with it the steps that run."""

    kind = "mode.changed"
    reporter = "day_night"
    example: ClassVar = {"mode": "night", "reason": "schedule", "previous": "day"}

    mode: Mode
    """The mode from now on."""
    reason: Literal["schedule", "sun", "picture", "hand"]
    """What decided: the schedule, the height of the sun, the brightness of the picture, or a person."""
    previous: Mode | None
    """The mode before; null when the camera starts."""

    def words(self) -> str:
        by = {"picture": "brightness", "hand": "manual"}.get(self.reason, self.reason)
        return f"switched to {self.mode} ({by})"


class ModeRequested(Facts):
    """A person asks for a mode; the step that decides the mode keeps to it until `auto` is asked for."""

    kind = "mode.requested"
    reporter = "shop"
    example: ClassVar = {"mode": "night"}

    mode: Literal["day", "night", "auto"]
    """The mode that is wanted; `auto` ends what was asked for before."""

    def words(self) -> str:
        return f"mode requested: {self.mode}"


class Incident(Facts):
    """What the three events of an incident have in common."""

    reporter = "abnormality"

    incident: Id
    """Its id, the same in all its events."""
    change: Literal["motion", "left", "gone", "tampering", "light"]
    """`left`: something stays that was not there. `gone`: something that was there is gone. `tampering`: something
    was done to the camera, see `cause`. `light`: a light was switched."""
    cause: Literal["covered", "blinded", "blurred", "moved"] | None
    """What was done to the camera; null where `change` is not `tampering`."""
    severity: Literal["info", "alert"]
    """`info` for `light` and for what is surely an `animal`, `alert` for the others."""
    start: Moment
    """Time of the first changed frame."""
    peak_area: Share
    """Largest changed share of the frame."""
    boxes: Annotated[list[tuple[Share, Share, Share, Share]], Field(max_length=MAX_BOXES)]
    """Where the change was last seen: `[x, y, width, height]` as shares of the frame's width and height."""
    zones: Annotated[list[Zone], Field(max_length=MAX_BOXES)]
    """Names of the zones of the step in which the boxes stand."""
    who: Literal["person", "animal", "vehicle", "thing", "unknown"] | None
    """What a detector makes of it until now. `thing`: what is `left` or `gone`, and none of the first three. `unknown`:
    nothing was recognised. Null where no detector is installed or was asked."""
    who_probability: Share | None
    """How sure that is; of `thing` and `unknown`, that it is none of the others. Null where `who` is."""


_INCIDENT: dict[str, Any] = {
    "incident": "store-room.20261122T011407-3f9a1c",
    "change": "tampering",
    "cause": "covered",
    "severity": "alert",
    "start": "2026-11-22T01:14:07.120000Z",
    "end": None,
    "peak_area": 0.12,
    "boxes": [[0.41, 0.2, 0.12, 0.55]],
    "zones": ["safe", "back door"],
    "who": "person",
    "who_probability": 0.93,
}


class IncidentOpened(Incident):
    """An incident begins. Each is opened once, updated while it lasts, and closed once."""

    kind = "incident.opened"
    roles = ("snapshot",)
    example: ClassVar = _INCIDENT | {"peak_area": 0.031}

    end: None
    """Null until it is closed."""

    def words(self) -> str:
        return f"{self.severity}: {self.change}"


class IncidentUpdated(Incident):
    """An incident continues: its change became a graver one, or some time has passed."""

    kind = "incident.updated"
    roles = ("snapshot",)
    example: ClassVar = _INCIDENT | {"boxes": [[0.2, 0.2, 0.3, 0.6], [0.7, 0.5, 0.1, 0.2]]}

    end: None
    """Null until it is closed."""

    def words(self) -> str:
        return f"ongoing: {self.change}"


class IncidentClosed(Incident):
    """An incident is over. After a crash the next start closes it."""

    kind = "incident.closed"
    example: ClassVar = _INCIDENT | {"end": "2026-11-22T01:14:25.000000Z"}

    end: Moment
    """Time of the last changed frame; after a crash, of the last event about the incident."""

    def words(self) -> str:
        return f"ended after {(self.end - self.start).total_seconds():.0f} s: {self.change}"


class Clip(Facts):
    """What the two events of a clip have in common."""

    reporter = "recorder"

    incidents: Annotated[list[Id], Field(max_length=MAX_INCIDENTS)]
    """Ids of the incidents in the clip; the id of the event where it is of another kind."""
    start: Moment
    """Time of the first frame."""
    seconds: Duration
    """Length."""
    bytes: Count
    """Size of the file."""
    recovered: bool
    """Whether it was closed by the next start after a crash."""


_CLIP: dict[str, Any] = {
    "incidents": ["store-room.20261122T011407-3f9a1c"],
    "start": "2026-11-22T01:14:02.120000Z",
    "end": "2026-11-22T01:14:35.000000Z",
    "seconds": 32.88,
}


class ClipReady(Clip):
    """A clip is complete."""

    kind = "clip.ready"
    roles = ("clip", "thumbnail")
    example: ClassVar = _CLIP | {"bytes": 3_145_728, "recovered": True, "name": "20261122T011402Z-5f2c1a.mp4"}

    end: Moment
    """Time of the last frame."""
    name: Annotated[str, Field(min_length=1, max_length=100)]
    """Of the file."""

    def words(self) -> str:
        return f"clip of {self.seconds:.0f} s saved"


class ClipFailed(Clip):
    """A clip could not be written."""

    kind = "clip.failed"
    example: ClassVar = _CLIP | {"bytes": 0, "recovered": True, "reason": "no space left on device"}

    end: Moment | None
    """Time of the last frame; null where it is not known."""
    reason: Reason
    """Why."""

    def words(self) -> str:
        return f"no clip: {self.reason}"


class StorageLow(Facts):
    """Old clips were deleted early, or a clip ended early, because the disk is nearly full."""

    kind = "storage.low"
    reporter = "recorder"
    example: ClassVar = {"reason": "less than 1 GB free", "free_bytes": 812_000_000, "deleted": 3}

    reason: Reason
    """Why."""
    free_bytes: Count
    """Bytes that are free on the disk."""
    deleted: Count
    """Number of old clips that were deleted."""

    def words(self) -> str:
        return f"storage low: {self.reason}"


class Expression(BaseModel):
    """What a face showed while it looked, averaged over time."""

    model_config = _CONFIG

    valence: Valence
    """-1 (negative) to 1 (positive)."""
    probabilities: Probabilities
    """Of each class of expressions."""
    seconds: Duration
    """For how long an expression was known."""


class InterestVisit(Facts):
    """One person at one zone: reported at the end of a visit, and every minute of a long one.

    No picture, no identity. The shop adds it to sums per hour and keeps its id alone.
    """

    kind = "interest.visit"
    reporter = "interest"
    example: ClassVar = {
        "visit": "9f2c4e1ab0d37c55",
        "zone": "tea shelf",
        "product": "TEA-250",
        "shelf": "A3",
        "final": True,
        "seen_by": "body",
        "start": "2026-11-22T01:13:20.000000Z",
        "end": "2026-11-22T01:14:07.000000Z",
        "passed": True,
        "stopped_seconds": 31.5,
        "looked_seconds": 12.25,
        "looks": 3,
        "turned_seconds": 14.5,
        "reaches": 2,
        "taken": True,
        "probability": 0.81,
        "expression": {"valence": 0.42, "probabilities": {"happy": 0.55, "neutral": 0.45}, "seconds": 9.5},
    }

    visit: Id
    """Random id of this visit, of this run only."""
    zone: Zone
    """Name of the zone."""
    product: Annotated[str, Field(max_length=160)] | None
    """SKU or name of the product of the zone; null where it has none."""
    shelf: Annotated[str, Field(max_length=60)] | None
    """The shelf of the zone; null where it has none."""
    final: bool
    """Whether the visit is over. If not, the numbers are those since the last event about it."""
    seen_by: Literal["body", "face"]
    """`body` if a body was seen at any time until now; `face`: passing and stopping are known by the face alone."""
    start: Moment
    """Beginning of what is counted here."""
    end: Moment
    """End of what is counted here."""
    passed: bool
    """Whether the person came by the zone; false: looked at it from afar alone."""
    stopped_seconds: Duration
    """How long the person stood there."""
    looked_seconds: Duration
    """How long the head was turned to the zone."""
    looks: Count
    """Number of separate looks."""
    turned_seconds: Duration
    """How long the body was turned to the zone while the direction of the head was not known; never a look."""
    reaches: Count
    """How often a hand went to the goods of the zone while the person stood there."""
    taken: bool | None
    """Whether goods of the zone were gone, new or moved when the person had left it. In the last event alone, and null
    where it could not be judged."""
    probability: Share
    """Mean probability that the looks were at this zone; 0 without looks."""
    expression: Expression | None
    """Averaged while looking; null where none was known."""

    def words(self) -> str:
        parts = []
        if self.stopped_seconds:
            parts.append(f"stopped {self.stopped_seconds:.0f} s")
        if self.looked_seconds:
            parts.append(f"looked {self.looked_seconds:.1f} s")
        if self.expression and self.expression.probabilities:
            parts.append(max(self.expression.probabilities, key=self.expression.probabilities.__getitem__))
        where = f"{self.zone} ({self.product})" if self.product else self.zone
        return f"{where}: {', '.join(parts) or 'passed by'}"


class InterestMood(Facts):
    """Expressions at a `service` zone: every minute in which somebody stood there.

    The shop adds it to sums per hour and keeps its id alone.
    """

    kind = "interest.mood"
    reporter = "interest"
    example: ClassVar = {
        "zone": "counter 1",
        "start": "2026-11-22T01:13:00.000000Z",
        "end": "2026-11-22T01:14:00.000000Z",
        "people": 4,
        "valence": 0.12,
        "probabilities": {"happy": 0.3, "neutral": 0.6, "angry": 0.1},
        "seconds": 52.0,
    }

    zone: Zone
    """Name of the zone."""
    start: Moment
    """When the first of them was seen."""
    end: Moment
    """When the last of them was seen."""
    people: Annotated[int, Field(ge=0, le=10_000)]
    """Number of people who came since the last event about the zone; who stays is not counted again."""
    valence: Valence | None
    """Mean of all expressions, -1 (negative) to 1 (positive); null where none was known."""
    probabilities: Probabilities
    """Mean of each class of expressions; empty where none was known."""
    seconds: Duration
    """Of all people together."""

    def words(self) -> str:
        mood = "" if self.valence is None else f", valence {self.valence:+.2f}"
        return f"{self.zone}: {self.people} {'person' if self.people == 1 else 'people'}{mood}"


class Footfall(Facts):
    """What the events of the `footfall` step have in common."""

    reporter = "footfall"

    seen_by: Literal["body", "face"]
    """What the people were counted by. Never add counts by bodies to counts by faces: faces are only those turned to
    the camera."""
    start: Moment
    """Beginning of what is counted here."""
    end: Moment
    """End of what is counted here."""


class LineCount(BaseModel):
    """Crossings of one line."""

    model_config = _CONFIG

    name: Zone
    """Of the line."""
    entries: Count
    """People who crossed it to the side that is inside."""
    exits: Count
    """People who crossed it the other way."""


class FootfallLines(Footfall):
    """People who crossed lines: every minute in which somebody did.

    Who crosses twice counts twice. No picture, no identity.
    """

    kind = "footfall.lines"
    example: ClassVar = {
        "seen_by": "body",
        "start": "2026-11-22T01:13:00.000000Z",
        "end": "2026-11-22T01:14:00.000000Z",
        "lines": [{"name": "door", "entries": 7, "exits": 4}, {"name": "stairs", "entries": 0, "exits": 2}],
    }

    lines: Annotated[list[LineCount], Field(max_length=MAX_PLACES)]
    """Every line of the step."""

    def words(self) -> str:
        return "; ".join(f"{line.name}: {line.entries} in, {line.exits} out" for line in self.lines)


class AreaCount(BaseModel):
    """People in one area."""

    model_config = _CONFIG

    name: Zone
    """Of the area."""
    kind: Literal["area", "queue"]
    """`area`: whoever is in it counts. `queue`: who stands in it counts, who walks through does not."""
    now: Count
    """People in it at the end."""
    most: Count
    """Most people that were in it together for a second."""
    seconds: Seconds
    """Of all people in it together. Divided by the time from `start` to `end` it is their mean number."""
    stays: Count
    """Stays that ended, of `min_stay` and longer. In a queue: people who waited and left it."""
    mean_stay: Duration | None
    """Mean length of these stays in seconds, in a queue from the moment on at which each stood; null without stays."""
    longest_stay: Duration | None
    """Length of the longest of them in seconds; null without stays."""


class FootfallAreas(Footfall):
    """People in view of the camera and in its areas: every minute in which somebody was there.

    No picture, no identity.
    """

    kind = "footfall.areas"
    example: ClassVar = {
        "seen_by": "body",
        "start": "2026-11-22T01:13:00.000000Z",
        "end": "2026-11-22T01:14:00.000000Z",
        "now": 5,
        "most": 7,
        "seconds": 281.5,
        "areas": [
            {"name": "till", "kind": "queue", "now": 3, "most": 4, "seconds": 170.2, "stays": 2, "mean_stay": 48.5, "longest_stay": 61.0},
            {"name": "tables", "kind": "area", "now": 1, "most": 2, "seconds": 62.0, "stays": 0, "mean_stay": None, "longest_stay": None},
        ],
    }  # fmt: skip

    now: Count
    """People in view of the camera at the end."""
    most: Count
    """Most people that were in view together for a second."""
    seconds: Seconds
    """Of all people in view together."""
    areas: Annotated[list[AreaCount], Field(max_length=MAX_PLACES)]
    """Every area of the step."""

    def words(self) -> str:
        people = f"{self.now} {'person' if self.now == 1 else 'people'}"
        return "; ".join([people, *(f"{area.name}: {area.now}" for area in self.areas)])


class FootfallQueue(Footfall):
    """A queue reached its `limit` for ten seconds, or was below it for ten seconds again."""

    kind = "footfall.queue"
    example: ClassVar = {
        "seen_by": "body",
        "start": "2026-11-22T01:13:57.000000Z",
        "end": "2026-11-22T01:14:07.000000Z",
        "area": "till",
        "is_long": True,
        "people": 4,
        "limit": 4,
    }

    area: Zone
    """Name of the queue."""
    is_long: bool
    """True: it became long. False: it is over, also because the camera closes or the mode changes."""
    people: Count
    """Number of people who wait."""
    limit: Annotated[int, Field(ge=1, lt=2**53)]
    """The limit that was set."""

    def words(self) -> str:
        waiting = f"{self.people} {'person waits' if self.people == 1 else 'people wait'}"
        return f"{self.area}: long queue, {waiting}" if self.is_long else f"{self.area}: queue below {self.limit} again"


class FootfallHeat(Footfall):
    """Where people stood: every minute in which somebody stood still.

    No picture, no identity.
    """

    kind = "footfall.heat"
    example: ClassVar = {
        "seen_by": "body",
        "start": "2026-11-22T01:13:00.000000Z",
        "end": "2026-11-22T01:14:00.000000Z",
        "columns": 16,
        "rows": 9,
        "cells": [[3, 5, 41.2], [4, 5, 6.0], [11, 7, 55.5]],
    }

    columns: Annotated[int, Field(ge=1, le=64)]
    """Columns of the grid, which covers the frame."""
    rows: Annotated[int, Field(ge=1, le=64)]
    """Rows of the grid."""
    cells: Annotated[list[tuple[Count, Count, Seconds]], Field(max_length=MAX_CELLS)]
    """`[column, row, seconds]` of each cell in which people stood, from 0 at the upper left: by their feet, or by the
    middle of the face where no body is seen."""

    def words(self) -> str:
        return f"people stood still for {sum(seconds for _, _, seconds in self.cells):.0f} s"


class OutboxDamaged(Facts):
    """The file in which undelivered events wait was damaged. It was moved aside, and a new one goes on."""

    kind = "outbox.damaged"
    reporter = "shop"
    example: ClassVar = {
        "reason": "file is not a database; 3 events could be read",
        "moved_to": "damaged-20261122T011407Z",
    }

    reason: Reason
    """What is wrong with it, and how many of its events were saved."""
    moved_to: Annotated[str, Field(min_length=1, max_length=100)]
    """Name of the folder, beside the new file, in which it and the files of its events are."""

    def words(self) -> str:
        return f"outbox damaged: {self.reason}"


class StepDisabled(Facts):
    """A step failed too often and was disabled."""

    kind = "step.disabled"
    reporter = "vidframe"
    example: ClassVar = {"step": "emotion", "errors": 10, "reason": "OSError: model file not found"}

    step: Annotated[str, Field(min_length=1, max_length=60)]
    """Name of the step."""
    errors: Count
    """Number of errors until then."""
    reason: Reason
    """The last error."""

    def words(self) -> str:
        return f"step {self.step} disabled: {self.reason}"


KINDS: dict[str, type[Facts]] = {
    definition.kind: definition
    for definition in (
        CameraState, CameraClosing, ModeChanged, ModeRequested, IncidentOpened, IncidentUpdated, IncidentClosed, ClipReady, ClipFailed,
        StorageLow, InterestVisit, InterestMood, FootfallLines, FootfallAreas, FootfallQueue, FootfallHeat, OutboxDamaged,
        StepDisabled,
    )
}  # fmt: skip

_kind = re.compile(KIND)


def is_among(kind: str, names: Iterable[str]) -> bool:
    """Whether a kind is named; `incident` names all kinds that begin with `incident.`."""
    return any(kind == name or kind.startswith(name + ".") for name in names)


def facts_of(name: str) -> frozenset[str] | None:
    """Names of the facts that events of a name as in `is_among` have; None where none of vidframe's kinds is named."""
    found = [set(kind.model_fields) for key, kind in KINDS.items() if is_among(key, [name])]
    return frozenset().union(*found) if found else None


def facts_as_json(kind: str, facts: Mapping[str, object]) -> dict[str, Any]:
    """The facts of an event as plain JSON, checked.

    TypeError or ValueError where the kind is not a name of a kind, where a fact cannot be JSON, where the facts are too
    large, or where they are not those of a kind that is defined here. The message names kind and fact.
    """
    made = {}
    for name, fact in facts.items():
        try:
            made[name] = plain(fact, name)
        except (TypeError, ValueError) as error:
            raise type(error)(f"event {kind}: {error}") from None
    check_facts(kind, made)
    return made


def check_facts(kind: str, facts: Mapping[str, Any]) -> None:
    """Check the kind, and the facts, which are plain JSON already; raises as `facts_as_json` does."""
    if not _kind.fullmatch(kind) or len(kind) > MAX_KIND:
        raise ValueError(
            f"{kind!r} is no name of a kind of events: write it as in queue.long, from a-z 0-9 _ - and dots, "
            f"beginning with a letter, at most {MAX_KIND} characters"
        )
    try:
        text = json.dumps(facts, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise type(error)(f"event {kind}: the facts are not plain JSON: {error}") from None
    if len(text) > MAX_FACTS:
        raise ValueError(
            f"event {kind}: the facts are {len(text):,} bytes of JSON, at most {MAX_FACTS:,} are taken; "
            "attach what is large as a file"
        )
    definition = KINDS.get(kind)
    if definition is None:
        return
    try:
        definition.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise _as_told(kind, definition, error) from None


def plain(value: object, name: str = "the value", *, _depth: int = 0) -> Any:
    """A value as plain JSON: NumPy scalars become numbers, tuples lists, datetimes ISO 8601 in UTC.

    TypeError for what cannot be JSON, ValueError for what has no JSON form (NaN, a time without zone); both begin with
    `name`.
    """
    if isinstance(value, np.bool_ | np.number):
        value = value.item()
    match value:
        case None | bool():
            return value
        case str():
            return _text(value, name)
        case int():
            if abs(value) >= MAX_INT:
                raise ValueError(f"{name} must be less than 2**63, found a number of {value.bit_length()} bits")
            return int(value)
        case float():
            if not math.isfinite(value):
                raise ValueError(f"{name} must be a finite number, found {value}")
            return float(value)
        case datetime():
            return _moment(value, name)
    if _depth == MAX_DEPTH:
        raise ValueError(f"{name} is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{name} must have texts as keys, found {_shown(key)}")
        return {_text(key, name): plain(part, f"{name}.{key}", _depth=_depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part, f"{name}.{i}", _depth=_depth + 1) for i, part in enumerate(value)]
    raise TypeError(f"{name} must be plain JSON, found {_shown(value)}{_way_out(value)}")


def words(kind: str, facts: Mapping[str, Any]) -> str:
    """What an event says, in one short line. An unknown kind is named with those of its facts that have names."""
    definition = KINDS.get(kind)
    if definition is not None:
        try:
            return definition.model_validate(facts).words()
        except ValidationError:  # of another release
            pass
    named = [str(facts[key]) for key in ("zone", "product", "change", "severity", "step", "reason") if facts.get(key)]
    return " ".join([kind, *named])


def _text(value: str, name: str) -> str:
    text = str.__str__(value)  # of an enum that is a text
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} must be Unicode text, found {_shown(text)}") from None
    return text


def _moment(value: datetime, name: str) -> str:
    if value.tzinfo is None:
        raise ValueError(f"{name} must have a time zone, found {value!r}; use datetime.now(UTC) or frame.time")
    return iso_time(value)


def _shown(value: object) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:60] + '...'}"


def _way_out(value: object) -> str:
    if isinstance(value, np.ndarray):
        return "; use .tolist()"
    if isinstance(value, set | frozenset):
        return "; use sorted(...)"
    return "; use str(...)" if hasattr(value, "__fspath__") else ""


def _as_told(kind: str, definition: type[Facts], error: ValidationError) -> Exception:
    """The first problem as an error that names kind and fact: TypeError for a wrong type, else ValueError."""
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return ValueError(f"event {kind}: the fact {name} is missing")
    if first["type"] == "extra_forbidden":
        known = ", ".join(definition.model_fields) or "it has none"
        return ValueError(
            f"event {kind}: unknown fact {name}{did_you_mean(name, definition.model_fields) or f'; known: {known}'}"
        )
    problem = re.sub(r"^Input should", "should", first["msg"])
    wrong = TypeError if first["type"].endswith("_type") else ValueError
    return wrong(f"event {kind}: {name} {problem}, found {_shown(first['input'])}")
