"""The shop takes every example event of the contract, once; what breaks the contract is named and holds up nothing."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from flask import Flask
from sqlalchemy import func, select

from shop_app.base import contract
from shop_app.base.audit import acting_as
from shop_app.base.contract import FACTS, LARGEST_FACTS, RENAMED, EventIn, Expression, Lenient
from shop_app.base.db import Database, now
from shop_app.base.models import Alert, CameraState, IncomingEvent, InterestHour, MoodHour, ShopProfile, VisitSeen
from shop_app.base.permissions import Role
from shop_app.security.cameras import systems
from tests.shop.conftest import Person
from vidframe.core.model import kinds as framework

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "tests/contract").glob("*.json"))
SCHEMAS = ROOT / "docs/schemas"
USERS = (
    "security/alerts/incidents.py",
    "security/ingest/states.py",
    "interest/counting.py",
)  # of the facts that are read
MODELS: list[type[Lenient]] = [*FACTS.values(), Expression]
FOREIGN = ["a", "camera.stolen", "incident", "queue.long", "zoo"]  # before, between and after the kinds of the contract

Post = Callable[..., Any]


@pytest.fixture
def token(app: Flask, database: Database) -> str:
    """The token of a camera system."""
    with database.writing() as session:
        return systems.issue(session, acting_as(Role.ADMIN, "test"), "shop floor")


@pytest.fixture
def post(app: Flask, token: str) -> Post:
    """`post(event, ...)` sends events as a camera system does, and gives the results."""
    client = app.test_client()

    def send(*events: Any) -> Any:
        answer = client.post("/api/v1/events", json={"events": events}, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        return answer.json["results"]

    return send


def example(kind: str, /, **changes: Any) -> dict[str, Any]:
    """An example event, with some of its members changed; `facts` are merged."""
    event: dict[str, Any] = json.loads((EXAMPLES[0].parent / f"{kind}.json").read_text())
    return event | changes | {"facts": event["facts"] | changes.get("facts", {})}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_event_is_taken(path: Path, post: Post) -> None:
    event = json.loads(path.read_text())

    [result] = post(event)

    assert result["status"] == "taken"
    assert sorted(result["files"]) == sorted(file["role"] for file in event["files"])


def documented() -> list[Any]:
    """Kind, path and schema of every fact that the framework documents, those within others too."""
    found: list[tuple[str, tuple[str, ...], Any]] = []
    for path in sorted(SCHEMAS.glob("*.json")):
        schema = json.loads(path.read_text())
        found.append((path.stem, (), schema["properties"]))
        for name, fact in schema["properties"].items():
            for option in fact.get("anyOf", []):
                if "$ref" in option:
                    inner = schema["$defs"][option["$ref"].rpartition("/")[2]]
                    found.append((path.stem, (name,), inner["properties"]))
    return [pytest.param(*part, id=".".join((part[0], *part[1]))) for part in found]


def reader(kind: str, path: tuple[str, ...]) -> type[Lenient]:
    """The model that reads the facts of a kind, or those within one of its facts."""
    model = FACTS[kind]
    for name in path:
        [model] = [part for part in get_args(model.model_fields[name].annotation) if part is not type(None)]
    return model


def values_of(fact: dict[str, Any]) -> list[Any]:
    """What a documented fact may be at its limits."""
    if "anyOf" in fact:
        return [value for option in fact["anyOf"] if "$ref" not in option for value in values_of(option)]
    if "enum" in fact:
        return list(fact["enum"])
    match fact["type"]:
        case "null":
            return [None]
        case "boolean":
            return [True, False]
        case "string" if fact.get("format") == "date-time":
            return ["1970-01-01T00:00:00.000000Z"]
        case "string" if "pattern" in fact:
            return ["x" * 64, "Az09._:-"]
        case "string":
            return ["x" * fact["maxLength"], "x" * fact.get("minLength", 0)]
        case "array" if "prefixItems" in fact:
            return [[values_of(part)[end] for part in fact["prefixItems"]] for end in (0, -1)]
        case "array" if "$ref" in fact["items"]:  # of objects: the example has some
            return [[]]
        case "array":
            return [[], [values_of(fact["items"])[0]] * fact["maxItems"]]
        case "object":
            return [{}, {f"{n}": 1.0 for n in range(fact["maxProperties"])}]
        case _:
            return [fact["minimum"], fact.get("maximum", fact.get("exclusiveMaximum", 1) - 1)]


@pytest.mark.parametrize(("kind", "path", "facts"), documented())
def test_every_documented_fact_is_read_or_listed_as_ignored(
    kind: str, path: tuple[str, ...], facts: dict[str, Any]
) -> None:
    model = reader(kind, path)

    assert facts.keys() - model.model_fields.keys() == model.ignored.keys() & facts.keys()
    assert all(model.ignored.values())
    assert model.ignored.keys().isdisjoint(model.model_fields)


def test_what_is_ignored_or_read_is_documented() -> None:
    facts: dict[type[Lenient], set[str]] = {}
    for part in documented():
        kind, path, properties = part.values
        facts.setdefault(reader(kind, path), set()).update(properties)

    assert {model: {*model.model_fields, *model.ignored} - names for model, names in facts.items()} == {
        model: set() for model in facts
    }


@pytest.mark.parametrize("name", sorted({name for model in MODELS for name in model.model_fields}))
def test_what_is_read_is_used(name: str) -> None:
    used = "".join((ROOT / "shop_app" / path).read_text() for path in USERS)

    assert re.search(rf"\b(facts|expression)\.{name}\b", used)


@pytest.mark.parametrize(("kind", "path", "facts"), documented())
def test_every_value_that_a_fact_may_have_is_taken(
    kind: str, path: tuple[str, ...], facts: dict[str, Any], post: Post
) -> None:
    changes = [{name: value} for name, fact in facts.items() for value in values_of(fact)]
    whole = [{path[0]: example(kind)["facts"][path[0]] | change} if path else change for change in changes]

    results = post(*[example(kind, id=f"x-{n}", facts=change) for n, change in enumerate(whole)]) if whole else []

    assert [
        (change, result) for change, result in zip(whole, results, strict=True) if result["status"] != "taken"
    ] == []


def test_the_framework_and_the_shop_agree_on_kinds_and_on_the_size_of_facts(post: Post) -> None:
    kinds: Any = EventIn.model_json_schema()["properties"]["kind"]
    full = {"text": "é" * 5331}  # as ASCII JSON 31,998 bytes

    assert (kinds["pattern"], kinds["maxLength"]) == (framework.KIND, framework.MAX_KIND)
    assert framework.RENAMED == RENAMED
    assert framework.facts_as_json("queue.long", full) == full
    assert post(example("camera.state", kind="queue.long") | {"facts": full})[0]["status"] == "taken"
    assert framework.MAX_FACTS == LARGEST_FACTS


def test_old_names_of_kinds_are_taken_with_a_warning(
    post: Post, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    contract._warn_of.cache_clear()

    results = [*post(example("interest.visit", kind="interest")), *post(example("interest.mood", kind="mood"))]

    assert [result["status"] for result in results] == ["taken", "taken"]
    assert "events of kind interest, which is interest.visit now" in caplog.text
    assert "events of kind mood, which is interest.mood now" in caplog.text
    with database.reading() as session:
        assert session.scalars(select(InterestHour.passed)).all() == [1]
        assert session.scalars(select(MoodHour.people)).all() == [4]
        assert session.scalars(select(IncomingEvent.kind).order_by(IncomingEvent.id)).all() == [*RENAMED.values()]
        assert session.scalars(select(IncomingEvent.facts)).all() == [None, None]


def test_people_at_a_counter_whose_faces_cannot_be_read_change_no_mood(post: Post, database: Database) -> None:
    post(example("interest.mood"), example("interest.mood", id="y", facts={"valence": None, "probabilities": {}}))

    with database.reading() as session:
        hour = session.scalars(select(MoodHour)).one()
        assert (hour.people, hour.minutes, hour.seconds) == (8, 2, 52.0)
        assert hour.valence_seconds == pytest.approx(0.12 * 52)


@pytest.mark.parametrize(
    ("zones", "shown"),
    [
        pytest.param(["safe", "back door"], "safe, back door", id="two"),
        pytest.param(["a" * 60, "b"], "a" * 59 + "…", id="more than there is room for"),
        pytest.param([], None, id="none"),
    ],
)
def test_an_alert_names_the_zones_of_the_incident(
    zones: list[str], shown: str | None, post: Post, database: Database, admin: Person
) -> None:
    post(example("incident.opened", facts={"zones": zones}))

    with database.reading() as session:
        alert = session.scalars(select(Alert)).one()
    assert alert.zone == shown
    assert shown is None or shown in admin.client.get(f"/alerts/{alert.id}").text


def test_an_alert_names_the_zones_into_which_the_incident_moved(post: Post, database: Database) -> None:
    post(example("incident.opened", facts={"zones": ["door"]}), example("incident.updated", facts={"zones": ["safe"]}))
    post(example("incident.closed", facts={"zones": []}))

    with database.reading() as session:
        assert session.scalars(select(Alert.zone)).all() == ["safe"]


def test_events_of_plugins_of_others_are_shown_to_those_who_manage_cameras(post: Post, admin: Person) -> None:
    known = [example(path.stem, id=f"known-{n}") for n, path in enumerate(EXAMPLES)]
    foreign = {"kind": "queue.long", "reporter": "crowd", "camera": "till", "facts": {"people": 7, "note": "<b>"}}

    post(*known, *[example("camera.state", id=f"f-{n}") | foreign | {"kind": kind} for n, kind in enumerate(FOREIGN)])

    page = admin.client.get("/cameras/systems").text
    shown = re.findall(r'<td data-label="Event">([^<]*)</td>', page)
    assert shown == FOREIGN[::-1]
    assert "crowd" in page
    assert "people: 7" in page
    assert "note: &#34;&lt;b&gt;&#34;" in page


def test_an_event_that_comes_again_counts_once(post: Post, database: Database) -> None:
    event = example("interest.visit")

    statuses = [post(event, event)[i]["status"] for i in (0, 1)] + [post(event)[0]["status"]]

    assert statuses[0] == "taken" or statuses[0] == "known"
    assert statuses[1:] == ["known", "known"]
    with database.reading() as session:
        assert session.scalars(select(InterestHour.passed)).all() == [1]
        assert session.scalars(select(func.count()).select_from(IncomingEvent)).one() == 1


def test_a_bad_event_is_named_and_the_others_are_taken(post: Post) -> None:
    good, bad = example("camera.state"), example("interest.visit", facts={"looked_seconds": float("-1")})

    results = post(bad, good, "nonsense", {"id": "x"})

    assert [result["status"] for result in results] == ["refused", "taken", "refused", "refused"]
    assert "looked_seconds" in results[0]["problem"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"version": 2}, id="another version"),
        pytest.param({"id": "a" * 65}, id="a long id"),
        pytest.param({"id": "../../etc"}, id="a path for an id"),
        pytest.param({"camera": "<script>"}, id="markup for a camera"),
        pytest.param({"time": "2026-11-22T01:14:07"}, id="a time without a zone"),
        pytest.param({"time": "2100-01-01T00:00:00Z"}, id="a time in another century"),
        pytest.param({"time": "0001-01-01T00:00:00+23:59"}, id="a time before all time"),
        pytest.param({"facts": {"start": "9999-12-31T23:59:59Z"}}, id="a beginning after all time"),
        pytest.param({"facts": {"zones": float("nan")}}, id="a number that is none"),
        pytest.param({"facts": {"boxes": [[0, 0, 2, 2]]}}, id="a box outside of the picture"),
        pytest.param({"facts": {"note": "x" * 40_000}}, id="facts without end"),
        pytest.param({"facts": {"severity": "panic"}}, id="an unknown severity"),
        pytest.param({"facts": {"zones": ["x" * 61]}}, id="a long name of a zone"),
        pytest.param({"kind": "incident..opened"}, id="a kind with an empty part"),
        pytest.param(
            {"files": [{"role": "snapshot", "media_type": "image/jpeg", "bytes": 1, "sha256": "short"}]}, id="no hash"
        ),
    ],
)
def test_what_breaks_the_contract_is_refused(changes: dict[str, Any], post: Post, database: Database) -> None:
    [result] = post(example("incident.opened", **changes))

    assert result["status"] == "refused"
    with database.reading() as session:
        assert session.scalars(select(func.count()).select_from(Alert)).one() == 0


@pytest.mark.parametrize(
    "time",
    ["1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z", "2026-03-29T01:30:00+00:00", "2038-01-19T03:14:08Z", "2099-12-31T23:59:59Z"],
)  # fmt: skip
def test_events_of_a_clock_that_is_wrong_are_taken_and_every_page_stays(
    time: str, post: Post, admin: Person, database: Database
) -> None:
    with database.writing() as session:
        session.get_one(ShopProfile, 1).time_zone = "America/Los_Angeles"
    kinds = ["camera.state", "incident.opened", "incident.closed", "interest.visit", "interest.mood", "mode.changed"]
    moved = {"start": time, "end": time}
    events = [example(kind, time=time, facts=moved if "start" in example(kind)["facts"] else {}) for kind in kinds]

    assert {result["status"] for result in post(*events)} == {"taken"}

    with database.reading() as session:
        [alert] = session.scalars(select(Alert.id))
        heard = session.scalars(select(CameraState.heard_at)).all()
    assert all(at <= now() for at in heard)  # a camera whose clock runs ahead does not look alive for ever
    for page in ("/", "/alerts", f"/alerts/{alert}", "/alerts/advice", "/interest", "/interest/mood", "/cameras"):
        assert admin.client.get(page).status_code == 200, page


def test_unknown_kinds_and_facts_are_taken_and_change_no_camera(post: Post, database: Database) -> None:
    [result] = post(example("camera.state", kind="queue.long", facts={"people": 7}))

    assert result["status"] == "taken"
    with database.reading() as session:
        assert session.scalars(select(CameraState)).all() == []


def test_no_row_tells_of_a_visit(post: Post, database: Database) -> None:
    post(example("interest.visit"), example("interest.mood"))

    with database.reading() as session:
        assert session.scalars(select(IncomingEvent.facts)).all() == [None, None]
        hour = session.scalars(select(InterestHour)).one()
        assert (hour.passed, hour.stopped, hour.looked, hour.expressed, hour.pleased) == (1, 1, 1, 1, 1)
        assert session.scalars(select(MoodHour.people)).all() == [4]


def test_a_long_visit_told_in_three_parts_is_one_visit(post: Post, database: Database) -> None:
    parts = [
        example("interest.visit", id=f"aisle-1.run-{n}", facts={"final": n == 2, "looked_seconds": 0.5, "stopped_seconds": 20.0,
                "expression": None})
        for n in range(3)
    ]  # fmt: skip

    for part in parts:
        post(part)

    with database.reading() as session:
        hour = session.scalars(select(InterestHour)).one()
        assert (hour.passed, hour.stopped, hour.looked) == (1, 1, 1)
        assert hour.looked_seconds == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("said", "counted"), [({"seen_by": "body"}, "body"), ({"seen_by": "face"}, "face"), ({}, "face")], ids=str
)
def test_an_hour_keeps_bodies_and_faces_apart(
    said: dict[str, str], counted: str, post: Post, database: Database
) -> None:
    event = example("interest.visit")
    del event["facts"]["seen_by"]
    event["facts"] |= said

    post(event, example("interest.visit", id="other", facts={"seen_by": "face" if counted == "body" else "body"}))

    with database.reading() as session:
        hours = session.scalars(select(InterestHour).order_by(InterestHour.id)).all()
        assert hours[0].seen_by == counted
        assert [(hour.passed, hour.looked_seconds, hour.turned_seconds) for hour in hours] == [(1, 12.25, 14.5)] * 2


def test_a_visit_that_began_by_the_face_counts_by_the_body_from_then_on(post: Post, database: Database) -> None:
    for number, measure in enumerate(("face", "face", "body", "body")):
        facts = {"seen_by": measure, "final": number == 3, "looked_seconds": 4.0, "stopped_seconds": 9.0, "reaches": 1}
        post(example("interest.visit", id=f"part-{number}", facts=facts))

    with database.reading() as session:
        hours = {hour.seen_by: hour for hour in session.scalars(select(InterestHour))}
        assert {name: (h.passed, h.looked, h.reached, h.looked_seconds) for name, h in hours.items()} == {
            "face": (1, 1, 1, 8.0),
            "body": (1, 1, 1, 8.0),
        }
        assert session.scalars(select(VisitSeen)).all() == []


def test_whether_goods_were_taken_counts_only_where_it_is_known(post: Post, database: Database) -> None:
    for number, taken in enumerate((True, False, None, None)):
        post(
            example(
                "interest.visit",
                id=f"x-{number}",
                facts={"visit": f"visit-{number}", "taken": taken, "reaches": number},
            )
        )

    with database.reading() as session:
        hour = session.scalars(select(InterestHour)).one()
        assert (hour.passed, hour.reached, hour.judged, hour.taken) == (4, 3, 2, 1)


def test_who_reached_has_stopped_and_need_not_have_looked(post: Post, database: Database) -> None:
    post(
        example(
            "interest.visit", facts={"stopped_seconds": 1.2, "looked_seconds": 0.0, "reaches": 1, "expression": None}
        )
    )

    with database.reading() as session:
        hour = session.scalars(select(InterestHour)).one()
        assert (hour.stopped, hour.looked, hour.reached) == (1, 0, 1)


def test_an_incident_told_three_times_is_one_alert(post: Post, database: Database) -> None:
    post(example("incident.opened"), example("incident.updated"), example("incident.closed"))

    with database.reading() as session:
        alert = session.scalars(select(Alert)).one()
        assert (alert.state, alert.severity, alert.peak_area) == ("new", "alert", 0.12)
        assert alert.ended_at is not None


def told_who(page: str) -> list[str]:
    """What the cards of a page say of who it was; of the first, from which new ones are made, nothing."""
    return re.findall(r'data-part="who">([^<]*)<', page)


@pytest.mark.parametrize(
    ("opened", "later", "shown"),
    [
        pytest.param("person", "person", "Person", id="a person"),
        pytest.param("unknown", "animal", "Animal", id="an animal, as it turned out"),
        pytest.param("vehicle", "unknown", "Vehicle", id="a vehicle that went out of sight"),
        pytest.param("unknown", "unknown", "", id="unknown"),
        pytest.param(None, None, "", id="no detector"),
        pytest.param("ghost", "ghost", "", id="a class of another release"),
    ],
)
def test_an_alert_says_who_it_was_where_that_is_known(
    opened: str | None, later: str | None, shown: str, post: Post, security: Person, database: Database
) -> None:
    post(example("incident.opened", facts={"who": opened}), example("incident.updated", facts={"who": later}))

    with database.reading() as session:
        alert = session.scalars(select(Alert)).one()
    assert sorted(told_who(security.client.get("/alerts").text)) == ["", shown]
    assert (shown in security.client.get(f"/alerts/{alert.id}").text) or not shown
    [row] = csv.DictReader(security.client.get("/alerts?format=csv").text.splitlines())
    assert row["who"] == shown.lower()


def test_an_alert_says_what_the_incident_turned_out_to_be(post: Post, database: Database) -> None:
    post(example("incident.opened"), example("incident.updated", facts={"change": "tampering", "cause": "covered"}))

    with database.reading() as session:
        assert session.execute(select(Alert.change, Alert.cause)).one() == ("tampering", "covered")


def test_a_cause_of_a_later_release_costs_no_alert(post: Post, database: Database) -> None:
    [result] = post(example("incident.opened", facts={"change": "tampering", "cause": "painted over"}))

    assert result["status"] == "taken"
    with database.reading() as session:
        assert session.execute(select(Alert.change, Alert.cause)).one() == ("tampering", None)


def test_nobody_sends_events_without_a_token(app: Flask, admin: Any) -> None:
    event = example("camera.state")

    unknown = app.test_client().post(
        "/api/v1/events", json={"events": [event]}, headers={"Authorization": "Bearer guess"}
    )
    person = admin.client.post("/api/v1/events", json={"events": [event]})

    assert (unknown.status_code, person.status_code) == (401, 401)
    assert unknown.content_type == "application/problem+json"


def test_an_ended_token_is_refused(app: Flask, token: str, database: Database) -> None:
    with database.writing() as session:
        systems.end(session, acting_as(Role.ADMIN, "test"), 1 if database.is_sqlite else systems.systems(session)[0].id)

    answer = app.test_client().get("/api/v1/cameras", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"events": 3}', b"[" * 100_000, b"\xff\xfe"], ids=lambda body: repr(body[:12])
)
def test_garbage_gets_a_problem(body: bytes, app: Flask, token: str) -> None:
    answer = app.test_client().post("/api/v1/events", data=body, headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["status"] == 422
