"""The event contract of docs/events.md, as the shop checks it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

log = logging.getLogger(__name__)

RENAMED = {"interest": "interest.visit", "mood": "interest.mood"}  # the old names are taken until 0.3
BATCH = 200  # events in one request
YEARS = (1969, 2100)  # a machine without a battery begins at 1970; what lies beyond no page could show in each zone
LARGEST_FACTS = 32_000  # characters
DEEPEST_FACTS = 20  # objects and lists within each other; MariaDB takes 31
ROLES = {"snapshot": "image/jpeg", "thumbnail": "image/jpeg", "clip": "video/mp4"}
EXPRESSIONS = 16


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone, as 2026-11-22T01:14:07Z")
    if not YEARS[0] < moment.year < YEARS[1]:
        raise ValueError(f"a time lies after {YEARS[0]} and before {YEARS[1]}")
    return moment.astimezone(UTC)


def _present_name(kind: str) -> str:
    if kind not in RENAMED:
        return kind
    _warn_of(kind)
    return RENAMED[kind]


@cache
def _warn_of(kind: str) -> None:
    log.warning("a camera system sends events of kind %s, which is %s now: update it before 0.3", kind, RENAMED[kind])


Kind = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*$", max_length=40), AfterValidator(_present_name)
]
Moment = Annotated[datetime, AfterValidator(_aware)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Duration = Annotated[float, Field(ge=0, le=7 * 86400, allow_inf_nan=False)]
Valence = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
CameraName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Count = Annotated[int, Field(ge=0, lt=2**53)]
Words = Annotated[str, AfterValidator(lambda text: text[:500])]
Zone = Annotated[str, Field(min_length=1, max_length=60)]
Text60 = Annotated[str, Field(max_length=60)]


class Lenient(BaseModel):
    """Facts that are not known are ignored, as the contract says."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    ignored: ClassVar[Mapping[str, str]] = {}  # facts of the contract that the shop has no use for, and why


class FileNote(Lenient):
    """A file announced by its event."""

    role: Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,19}$")]
    media_type: Annotated[str, Field(max_length=60)]
    bytes: Annotated[int, Field(ge=1)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class EventIn(Lenient):
    """One event as it comes over the wire."""

    version: Literal[1]
    id: Id
    kind: Kind
    camera: CameraName
    time: Moment
    reporter: Text60 = "vidframe"
    facts: dict[str, Any] = Field(default_factory=dict)
    files: Annotated[list[FileNote], Field(max_length=8)] = []


class CameraStateFacts(Lenient):
    """`camera.state`."""

    state: Annotated[str, Field(max_length=20)]
    reason: Words = ""


class NoFacts(Lenient):
    """`camera.closing`."""


class ModeFacts(Lenient):
    """`mode.changed`."""

    ignored = {"previous": "what counts is the mode from now on", "reason": "the pages show the mode alone"}

    mode: Literal["day", "night"]


class ModeRequestFacts(Lenient):
    """`mode.requested`."""

    ignored = {"mode": "`mode.changed` tells what became of it"}


class IncidentFacts(Lenient):
    """`incident.opened`, `incident.updated`, `incident.closed`."""

    ignored = {
        "who_probability": "the snapshot shows it",
    }

    incident: Id
    change: Annotated[str, Field(max_length=20)] = "motion"
    cause: Annotated[str, Field(max_length=20)] | None = None
    who: Annotated[str, Field(max_length=20)] | None = None
    severity: Literal["info", "warning", "alert"] = "alert"  # no bundled plugin sends a warning
    start: Moment | None = None
    end: Moment | None = None
    peak_area: Share | None = None
    boxes: Annotated[list[Annotated[list[Share], Field(min_length=4, max_length=4)]], Field(max_length=50)] = []
    zones: Annotated[list[Zone], Field(max_length=50)] = []


class ClipFacts(Lenient):
    """`clip.ready`, `clip.failed`."""

    ignored = {
        "end": "the player knows how long the clip is",
        "seconds": "the player knows how long the clip is",
        "bytes": "the announced file has its size",
        "recovered": "a clip that a crash ended is shown like any other",
        "name": "the shop names the files that it keeps",
    }

    incidents: Annotated[list[Id], Field(max_length=500)]
    start: Moment | None = None
    reason: Words = ""


class StorageFacts(Lenient):
    """`storage.low`."""

    reason: Words = ""
    free_bytes: Count | None = None
    deleted: Count = 0


class OutboxFacts(Lenient):
    """`outbox.damaged`."""

    reason: Words = ""
    moved_to: Words = ""


class Expression(Lenient):
    """What a face showed while it looked, averaged."""

    ignored = {"probabilities": "of visits the pages show whether people were pleased"}

    valence: Valence
    seconds: Duration = 0.0


class InterestFacts(Lenient):
    """`interest.visit`."""

    ignored = {
        "end": "a visit counts to the hour in which it began",
        "passed": "who looked from afar counts as passed, so that the funnel narrows",
        "looks": "the pages count people who looked, not looks",
        "probability": "the pages count looks; how sure they are is measured by `vidframe eval interest`",
    }

    visit: Id
    zone: Zone
    product: Annotated[str, Field(max_length=160)] | None = None
    shelf: Text60 | None = None
    final: bool = True
    seen_by: Literal["body", "face"] = "face"  # before 0.2 nothing else was seen
    start: Moment
    stopped_seconds: Duration = 0.0
    looked_seconds: Duration = 0.0
    turned_seconds: Duration = 0.0
    reaches: Count = 0
    taken: bool | None = None
    expression: Expression | None = None


class MoodFacts(Lenient):
    """`interest.mood`."""

    ignored = {"end": "a minute counts to the hour in which it began"}

    zone: Zone
    start: Moment
    people: Annotated[int, Field(ge=0, le=10_000)]
    valence: Valence | None
    probabilities: Annotated[dict[Annotated[str, Field(max_length=30)], Share], Field(max_length=EXPRESSIONS)] = {}
    seconds: Duration = 0.0


_NO_PAGE = "no page shows footfall yet"


class FootfallFacts(Lenient):
    """What the `footfall` events have in common."""

    ignored = {"seen_by": _NO_PAGE, "start": _NO_PAGE, "end": _NO_PAGE}


class FootfallLinesFacts(FootfallFacts):
    """`footfall.lines`."""

    ignored = {**FootfallFacts.ignored, "lines": _NO_PAGE}


class FootfallAreasFacts(FootfallFacts):
    """`footfall.areas`."""

    ignored = {**FootfallFacts.ignored, **dict.fromkeys(("now", "most", "seconds", "areas"), _NO_PAGE)}


class FootfallQueueFacts(FootfallFacts):
    """`footfall.queue`."""

    ignored = {**FootfallFacts.ignored, **dict.fromkeys(("area", "is_long", "people", "limit"), _NO_PAGE)}


class FootfallHeatFacts(FootfallFacts):
    """`footfall.heat`."""

    ignored = {**FootfallFacts.ignored, **dict.fromkeys(("columns", "rows", "cells"), _NO_PAGE)}


class StepFacts(Lenient):
    """`step.disabled`."""

    step: Text60
    errors: Count = 0
    reason: Words = ""


FACTS: dict[str, type[Lenient]] = {
    "camera.state": CameraStateFacts,
    "camera.closing": NoFacts,
    "mode.changed": ModeFacts,
    "mode.requested": ModeRequestFacts,
    "incident.opened": IncidentFacts,
    "incident.updated": IncidentFacts,
    "incident.closed": IncidentFacts,
    "clip.ready": ClipFacts,
    "clip.failed": ClipFacts,
    "storage.low": StorageFacts,
    "outbox.damaged": OutboxFacts,
    "interest.visit": InterestFacts,
    "interest.mood": MoodFacts,
    "footfall.lines": FootfallLinesFacts,
    "footfall.areas": FootfallAreasFacts,
    "footfall.queue": FootfallQueueFacts,
    "footfall.heat": FootfallHeatFacts,
    "step.disabled": StepFacts,
}


def check_json(value: object, deepest: int = DEEPEST_FACTS) -> None:
    """ValueError for what not every database keeps: half characters, and values deep within each other."""
    if isinstance(value, str):
        value.encode()
        return
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    if inner and not deepest:
        raise ValueError(f"more than {DEEPEST_FACTS} values within each other")
    for each in inner:
        check_json(each, deepest - 1)


class BadEvent(Exception):
    """An event that does not keep the contract; the message names what is wrong with it."""


def read_event(raw: object) -> tuple[EventIn, Lenient | None]:
    """The event and, for a kind that is known, its facts."""
    try:
        event = EventIn.model_validate(raw)
        if len(json.dumps(event.facts, allow_nan=False)) > LARGEST_FACTS:
            raise BadEvent(f"facts: more than {LARGEST_FACTS} characters")
        check_json(event.facts)
        kind = FACTS.get(event.kind)
        return event, None if kind is None else kind.model_validate(event.facts)
    except ValidationError as error:
        raise BadEvent(_words(error)) from None
    except (ValueError, RecursionError) as error:
        raise BadEvent(f"facts: {error}") from None


def _words(error: ValidationError) -> str:
    problems = [
        f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors(include_input=False)[:5]
    ]
    return "; ".join(problems)[:500]
