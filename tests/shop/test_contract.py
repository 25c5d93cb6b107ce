"""The shop takes every example event of the contract, once; what breaks the contract is named and holds up nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from shop_app.audit import acting_as
from shop_app.cameras import systems
from shop_app.db import Database, now
from shop_app.models import Alert, CameraState, IncomingEvent, InterestHour, MoodHour, ShopProfile
from shop_app.permissions import Role
from tests.shop.conftest import Person

EXAMPLES = sorted((Path(__file__).parents[1] / "contract").glob("*.json"))

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


def test_an_event_that_comes_again_counts_once(post: Post, database: Database) -> None:
    event = example("interest")

    statuses = [post(event, event)[i]["status"] for i in (0, 1)] + [post(event)[0]["status"]]

    assert statuses[0] == "taken" or statuses[0] == "known"
    assert statuses[1:] == ["known", "known"]
    with database.reading() as session:
        assert session.scalars(select(InterestHour.passed)).all() == [1]
        assert session.scalars(select(func.count()).select_from(IncomingEvent)).one() == 1


def test_a_bad_event_is_named_and_the_others_are_taken(post: Post) -> None:
    good, bad = example("camera.state"), example("interest", facts={"looked_seconds": float("-1")})

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
    kinds = ["camera.state", "incident.opened", "incident.closed", "interest", "mood", "mode.changed"]
    moved = {"start": time, "end": time}
    events = [example(kind, time=time, facts=moved if "start" in example(kind)["facts"] else {}) for kind in kinds]

    assert {result["status"] for result in post(*events)} == {"taken"}

    with database.reading() as session:
        [alert] = session.scalars(select(Alert.id))
        heard = session.scalars(select(CameraState.heard_at)).all()
    assert all(at <= now() for at in heard)  # a camera whose clock runs ahead does not look alive for ever
    for page in ("/", "/alerts", f"/alerts/{alert}", "/alerts/advice", "/interest", "/interest/mood", "/cameras"):
        assert admin.client.get(page).status_code == 200, page


def test_unknown_kinds_and_facts_are_taken_and_change_nothing(post: Post, database: Database) -> None:
    [result] = post(example("camera.state", kind="queue.long", facts={"people": 7}))

    assert result["status"] == "taken"
    with database.reading() as session:
        assert session.scalars(select(CameraState)).all() == []


def test_no_row_tells_of_a_visit(post: Post, database: Database) -> None:
    post(example("interest"), example("mood"))

    with database.reading() as session:
        assert session.scalars(select(IncomingEvent.facts)).all() == [None, None]
        hour = session.scalars(select(InterestHour)).one()
        assert (hour.passed, hour.stopped, hour.looked, hour.expressed, hour.pleased) == (1, 1, 1, 1, 1)
        assert session.scalars(select(MoodHour.people)).all() == [4]


def test_a_long_visit_told_in_three_parts_is_one_visit(post: Post, database: Database) -> None:
    parts = [
        example("interest", id=f"aisle-1.run-{n}", facts={"final": n == 2, "looked_seconds": 0.5, "stopped_seconds": 20.0,
                "expression": None})
        for n in range(3)
    ]  # fmt: skip

    for part in parts:
        post(part)

    with database.reading() as session:
        hour = session.scalars(select(InterestHour)).one()
        assert (hour.passed, hour.stopped, hour.looked) == (1, 1, 1)
        assert hour.looked_seconds == pytest.approx(1.5)


def test_an_incident_told_three_times_is_one_alert(post: Post, database: Database) -> None:
    post(example("incident.opened"), example("incident.updated"), example("incident.closed"))

    with database.reading() as session:
        alert = session.scalars(select(Alert)).one()
        assert (alert.state, alert.severity, alert.peak_area) == ("new", "alert", 0.12)
        assert alert.ended_at is not None


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
