"""The whole way of a day: visitors on film, the day chain, the outbox, the shop app on its port, and what sales sees of it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select
from vidframe_lab.scene import film
from vidframe_lab.scene.people import Moment, Person

from shop_app.base.audit import acting_as
from shop_app.base.db import Database
from shop_app.base.models import IncomingEvent, Product
from shop_app.base.permissions import Role
from shop_app.base.settings import Settings
from shop_app.interest.counting import PLEASED_VALENCE
from shop_app.interest.sums import LEAST
from shop_app.security.cameras import systems
from tests.cameras import wait_for
from tests.shop.conftest import Person as Account
from tests.shop.test_interest import sell
from tests.shop.test_kill import Server

PATIENCE = 120  # seconds for what takes a few on a machine at rest
VISITORS, EVERY, STAY = 12, 3.5, 4.4  # seconds
SECONDS = VISITORS * EVERY + STAY
PLACES = ((0.1, -3.7), (-0.4, -4.4))  # metres
LEFT = (1.6, -2.0)  # metres: where they are out of the counter, since who vanishes in it may be who comes next
COUNTER = {"name": "counter", "kind": "service", "polygon": [[0.35, 0.0], [0.65, 0.0], [0.65, 1.0], [0.35, 1.0]]}
CONFIG = """\
cameras:
  aisle-1: {{source: {folder}/day.mp4}}
always:
  - faces
  - emotion
  - gaze
  - interest: {interest}
  - shop: {{url: "{url}", token: !env SHOP_TOKEN}}
state: {folder}/state
"""


def visitors() -> list[Person]:
    """One after the other at two places: each looks at the coffee for two and a half seconds, smiling, and walks off."""
    customers = film.customers()
    looks = [(0.0, "camera", 0.0), (0.8, "coffee", 1.0), (3.3, "camera", 0.0)]
    found = []
    for number in range(VISITORS):
        person, (x, z), begin = customers[number % 2], PLACES[number % 2], 0.5 + number * EVERY
        story = (
            *(Moment(begin + seconds, x, z, look, smile) for seconds, look, smile in looks),
            Moment(begin + STAY, LEFT[number % 2], z, "camera"),
        )
        found.append(Person(f"visitor {number}", person.head, person.clothes, story))
    return found


def watched(folder: Path, url: str, token: str) -> list[dict[str, Any]]:
    """The events of the day, as `vidframe run` reports them while it sends them to the shop."""
    interest = film.interest_settings() | {"lost_after": 1}
    interest["zones"].append(COUNTER)
    (folder / "day.yaml").write_text(CONFIG.format(folder=folder, url=url, interest=json.dumps(interest)))
    command = [sys.executable, "-m", "vidframe", "run", str(folder / "day.yaml"), "--no-progress"]
    events = folder / "events.jsonl"
    subprocess.run([*command, "--events", str(events)], env=os.environ | {"SHOP_TOKEN": token}, check=True)
    return [json.loads(line) for line in events.read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.sqlite  # test_interest.py and test_contract.py ask both databases for the same
@pytest.mark.timeout(900)
def test_sales_sees_what_the_visitors_of_a_day_did(
    settings: Settings, database: Database, sign_in: Callable[..., Account], make_product: Callable[..., Product],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(film, "DAY_SECONDS", SECONDS)
    film.write_film(tmp_path, film.Film(("day",), visitors()), "day")
    person, cashier = sign_in(Role.SALES), sign_in(Role.BILLING)
    product = make_product(sku="DRI-012", name="Coffee")
    with database.writing() as session:
        token = systems.issue(session, acting_as(Role.ADMIN, "test"), "shop floor")
    server = Server(settings)
    url = "http://{}:{}".format(*server.address)
    try:
        events = watched(tmp_path, url, token)
        wait_for(lambda: {event["id"] for event in events} <= set(taken(database)), PATIENCE)
        looks = [event["facts"] for event in events if event["facts"].get("zone") == "coffee"]
        with database.writing() as session:
            for number in range(3):
                sell(session, product, cashier.id, datetime.fromisoformat(looks[0]["start"]), number + 1)
        coffee, honey = (row(url, "/interest", person, name) for name in ("Coffee", "honey"))
        counter = row(url, "/interest/mood", person, "counter")
    finally:
        server.kill()

    assert [coffee[step] for step in ("passed", "stopped", "looked", "bought")] == ["12", "12", "12", "3"]
    assert float(coffee["seconds_looked"]) == pytest.approx(2.5, abs=0.5)
    pleased = sum(facts["expression"]["valence"] >= PLEASED_VALENCE for facts in looks if facts["expression"])
    assert pleased >= LEAST
    assert (coffee["expressed"], coffee["pleased"]) == (str(sum(bool(f["expression"]) for f in looks)), str(pleased))
    assert {honey[step] for step in ("passed", "stopped", "looked")} == {""}  # fewer than ten came by
    moods = [event["facts"] for event in events if event["kind"] == "interest.mood"]
    assert counter["people"] == str(sum(mood["people"] for mood in moods)) == "12"
    seconds = sum(mood["seconds"] for mood in moods)
    assert float(counter["valence"]) == pytest.approx(
        sum(m["valence"] * m["seconds"] for m in moods) / seconds, abs=0.01
    )
    kept = taken(database)
    assert len(kept) == len(events)
    sums = [facts for kind, facts in kept.values() if kind in ("interest.visit", "interest.mood")]
    assert sums
    assert not any(sums)


def row(url: str, page: str, person: Account, name: str) -> dict[str, str]:
    """The row of something in the CSV of a page, as this person gets it."""
    answer = requests.get(f"{url}{page}?format=csv", cookies={"login": person.token}, timeout=PATIENCE)
    assert answer.status_code == 200
    return next(row for row in csv.DictReader(answer.text.removeprefix("\ufeff").splitlines()) if name in row.values())


def taken(database: Database) -> dict[str, tuple[str, Any]]:
    """Kind and facts of each event that the shop has, by its id."""
    with database.reading() as session:
        rows = session.execute(select(IncomingEvent.event_id, IncomingEvent.kind, IncomingEvent.facts)).all()
    return {event_id: (kind, facts) for event_id, kind, facts in rows}
