"""The kinds of events: what is checked, what becomes plain JSON, and how an event reads."""

from __future__ import annotations

import ast
import json
import math
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from vidframe.core.model import kinds
from vidframe.core.model.kinds import KINDS, MAX_FACTS, check_facts, facts_as_json, plain, words

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def example(kind: str, **changes: Any) -> dict[str, Any]:
    return KINDS[kind].example | changes


def schema(kind: str) -> Any:
    path = Path(__file__).parents[2] / f"docs/schemas/{kind}.json"
    return json.loads(path.read_text())


def test_the_definitions_stand_below_everything_else() -> None:
    tree = ast.parse(Path(kinds.__file__).read_text())
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]

    assert [module for module in modules if (module or "").startswith("vidframe")] == ["vidframe.tools"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_example_fills_every_fact_and_fits_definition_and_schema(kind: str) -> None:
    facts = example(kind)

    assert facts.keys() == KINDS[kind].model_fields.keys()
    assert facts_as_json(kind, facts) == facts
    jsonschema.Draft202012Validator(schema(kind)).validate(facts)
    # What can be empty is filled, so that a receiver is tried with it; an open incident alone has no end.
    assert [name for name, fact in facts.items() if fact in (None, [], {}, "")] == (
        ["end"] if kind in ("incident.opened", "incident.updated") else []
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_fact_is_required_and_described(kind: str) -> None:
    for name in example(kind):
        facts = {key: fact for key, fact in example(kind).items() if key != name}
        with pytest.raises(ValueError, match=rf"event {kind}: the fact {name} is missing"):
            check_facts(kind, facts)
        assert schema(kind)["properties"][name]["description"]


@pytest.mark.parametrize(
    ("kind", "changes", "error", "message"),
    [
        pytest.param("step.disabled", {"errors": "3"}, TypeError, "errors should be a valid integer, found str '3'", id="text"),
        pytest.param("step.disabled", {"errors": True}, TypeError, "errors .* found bool", id="a yes for a number"),
        pytest.param("step.disabled", {"errors": -1}, ValueError, "errors should be greater than or equal to 0", id="range"),
        pytest.param("mode.changed", {"mode": "dusk"}, ValueError, "mode should be 'day' or 'night', found str 'dusk'", id="choice"),
        pytest.param("clip.ready", {"start": "2026-11-22T01:14:02"}, ValueError, "start should have timezone info", id="no zone"),
        pytest.param("clip.ready", {"start": 12}, TypeError, "start .* found int 12", id="a number for a time"),
        pytest.param("clip.ready", {"lenght": 3}, ValueError, "unknown fact lenght; known: incidents, ", id="unknown"),
        pytest.param("clip.ready", {"second": 3}, ValueError, "unknown fact second; did you mean 'seconds'", id="nearly"),
        pytest.param("incident.opened", {"severity": "warning"}, ValueError, "severity should be 'info' or 'alert'", id="unsent"),
        pytest.param("incident.opened", {"boxes": [[0, 0, 1, 2]]}, ValueError, r"boxes\.0\.3 should be less", id="deep"),
        pytest.param("incident.opened", {"boxes": [[0, 0, 1, 1]] * 51}, ValueError, "boxes .*at most 50", id="too many"),
        pytest.param("incident.closed", {"end": None}, TypeError, "end should be a valid datetime", id="no end"),
    ],
)  # fmt: skip
def test_wrong_facts_are_refused_by_name(
    kind: str, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=rf"event {kind}: {message}"):
        facts_as_json(kind, example(kind, **changes))


@pytest.mark.parametrize("kind", ["queue.long", "dark", "brightness-alarm.dark", "a" * 40, "x.1.2"])
def test_kinds_of_outsiders_take_any_plain_facts(kind: str) -> None:
    assert facts_as_json(kind, {"people": 7, "where": ["till", None]}) == {"people": 7, "where": ["till", None]}


@pytest.mark.parametrize("kind", ["", "My Event!", "Queue", "queue.", ".queue", "queue..long", "1st", "a" * 41, "a\n"])
def test_what_no_receiver_takes_for_a_kind_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match=r"is no name of a kind of events: write it as in queue\.long"):
        facts_as_json(kind, {})


class Colour(str, Enum):  # noqa: UP042 - str() of a StrEnum says nothing new
    """A text that is not only a text."""

    RED = "red"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(np.float32(0.5), 0.5, id="float of NumPy"),
        pytest.param(np.int64(3), 3, id="int of NumPy"),
        pytest.param(np.bool_(True), True, id="bool of NumPy"),
        pytest.param((1, (2, "three")), [1, [2, "three"]], id="tuples"),
        pytest.param({"a": {"b": np.uint8(1)}}, {"a": {"b": 1}}, id="deep"),
        pytest.param(Colour.RED, "red", id="enum"),
        pytest.param(NOON, "2026-11-22T12:00:00.000000Z", id="time"),
        pytest.param(
            datetime(2026, 11, 22, 13, 0, 0, 5, timezone(timedelta(hours=1))), "2026-11-22T12:00:00.000005Z", id="zone"
        ),
    ],
)
def test_what_has_a_json_form_gets_it(value: object, expected: object) -> None:
    made = plain({"fact": value})["fact"]

    assert made == expected
    assert type(made) is type(expected)
    assert json.loads(json.dumps(made)) == expected


def endless() -> list[Any]:
    inner: list[Any] = []
    inner.append(inner)
    return inner


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        pytest.param(Path("/tmp"), TypeError, "size must be plain JSON, found PosixPath .*; use str", id="path"),
        pytest.param(np.zeros(2), TypeError, r"size must be plain JSON, found ndarray .*; use \.tolist", id="array"),
        pytest.param({1}, TypeError, r"size must be plain JSON, found set \{1\}; use sorted", id="set"),
        pytest.param(b"x", TypeError, "size must be plain JSON, found bytes", id="bytes"),
        pytest.param({"a": {2: 3}}, TypeError, "size.a must have texts as keys, found int 2", id="key"),
        pytest.param(math.nan, ValueError, "size must be a finite number, found nan", id="nan"),
        pytest.param([1, np.float32("inf")], ValueError, r"size\.1 must be a finite number, found inf", id="inf"),
        pytest.param(10**4000, ValueError, r"size must be less than 2\*\*63", id="number without end"),
        pytest.param(NOON.replace(tzinfo=None), ValueError, "size must have a time zone", id="naive time"),
        pytest.param("\ud800", ValueError, "size must be Unicode text", id="half a character"),
        pytest.param(endless(), ValueError, "size.* is nested deeper than 20 levels", id="circle"),
    ],
)
def test_what_has_no_json_form_is_refused_by_name(value: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^event queue.long: {message}"):
        facts_as_json("queue.long", {"size": value})


def test_facts_that_are_too_large_are_refused_with_size_and_limit() -> None:
    rest = len(json.dumps({"text": ""}))

    facts_as_json("queue.long", {"text": "x" * (MAX_FACTS - rest)})
    with pytest.raises(ValueError, match=r"event queue.long: the facts are 32,001 bytes of JSON, at most 32,000"):
        facts_as_json("queue.long", {"text": "x" * (MAX_FACTS - rest + 1)})


def test_a_clip_of_the_most_incidents_with_the_longest_ids_is_not_too_large() -> None:
    facts_as_json("clip.ready", example("clip.ready", incidents=["x" * 64] * kinds.MAX_INCIDENTS))


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        pytest.param("camera.state", {"state": "live", "reason": ""}, "camera live", id="live"),
        pytest.param("camera.state", {}, "camera stalled: no frame for 5 s", id="stalled"),
        pytest.param("mode.changed", {"mode": "day", "reason": "picture"}, "switched to day (brightness)", id="day"),
        pytest.param("mode.changed", {"reason": "sun"}, "switched to night (sun)", id="night"),
        pytest.param("incident.opened", {"change": "motion"}, "alert: motion", id="opened"),
        pytest.param("incident.updated", {"change": "motion"}, "ongoing: motion", id="updated"),
        pytest.param("incident.closed", {"change": "motion"}, "ended after 18 s: motion", id="closed"),
        pytest.param("clip.ready", {}, "clip of 33 s saved", id="clip"),
        pytest.param("clip.failed", {}, "no clip: no space left on device", id="no clip"),
        pytest.param("storage.low", {}, "storage low: less than 1 GB free", id="storage"),
        pytest.param(
            "interest.visit", {"expression": None}, "tea shelf (TEA-250): stopped 32 s, looked 12.2 s", id="a look"
        ),
        pytest.param(
            "interest.visit", {"product": None, "stopped_seconds": 0, "looked_seconds": 0, "expression": None},
            "tea shelf: passed by", id="no look",
        ),
        pytest.param("interest.mood", {"people": 1, "valence": None}, "counter 1: 1 person", id="no mood"),
        pytest.param("step.disabled", {}, "step emotion disabled: OSError: model file not found", id="step"),
    ],
)  # fmt: skip
def test_the_words_of_an_event(kind: str, changes: dict[str, Any], said: str) -> None:
    assert words(kind, example(kind, **changes)) == said


def test_what_is_not_known_is_named() -> None:
    assert words("queue.long", {"zone": "till", "people": 5}) == "queue.long till"
    assert words("interest.visit", {"zone": "tea"}) == "interest.visit tea"  # of another release


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_for_its_example(kind: str) -> None:
    assert 0 < len(words(kind, example(kind))) < 80
