"""The whole way of an event: a live camera that an admin added in the shop, the frame loop, and the shop app on its port."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import requests
from flask import Flask
from sqlalchemy import select

from shop_app.base.audit import acting_as
from shop_app.base.db import Database
from shop_app.base.models import Alert, AlertChange, CameraState, EventFile, IncomingEvent, ShopProfile
from shop_app.base.permissions import Role
from shop_app.base.settings import Settings
from shop_app.security import arming
from shop_app.security.cameras import service, systems
from shop_app.web.area import shop_of
from shop_app.web.vault import Vault
from tests.cameras import RtspCamera, wait_for
from tests.clips import Pixels, write_clip
from tests.shop.conftest import Person
from tests.shop.test_books import actor_of
from tests.shop.test_kill import Server

pytestmark = pytest.mark.both

PATIENCE = 120  # seconds for what takes a few on a machine at rest
CONFIG = """\
cameras: {{from: shop}}
mode: {{plugin: day_night, name: opening, night: "{config_night}", confirm_for: 1s, min_interval: 1s}}
night:
  - abnormality
  - recorder: {{before: 2s, after: 2s, folder: {folder}/clips}}
always:
  - shop: {{url: "{url}", token: !env SHOP_TOKEN, heartbeat_every: 1s}}
state: {folder}/state
"""


def store_room() -> Iterator[Pixels]:
    """A dark room in which somebody crosses the picture every twenty seconds."""
    room = np.random.default_rng(0).integers(20, 40, (240, 320, 3), dtype=np.uint8)
    for index in range(200):
        picture = room.copy()
        if 120 <= index < 160:
            x = (index - 120) * 6
            picture[60:180, x : x + 60] = 200
        yield picture


def lit_room() -> Iterator[Pixels]:
    """The room by day, with nobody in it."""
    noise = np.random.default_rng(0)
    for _ in range(50):
        yield noise.integers(120, 140, (240, 320, 3), dtype=np.uint8)


class Loop:
    """`vidframe run` in a process of its own."""

    def __init__(self, folder: Path, url: str, token: str, *, config_night: str = "00:00-24:00") -> None:
        self.events_file = folder / "events.jsonl"
        (folder / "shop.yaml").write_text(CONFIG.format(folder=folder, url=url, config_night=config_night))
        self._log = (folder / "loop.log").open("w")
        command = [sys.executable, "-m", "vidframe", "run", str(folder / "shop.yaml"), "--no-progress", "--verbose"]
        self.process = subprocess.Popen(
            [*command, "--events", str(self.events_file)], env=os.environ | {"SHOP_TOKEN": token}, stdout=self._log,
            stderr=self._log,
        )  # fmt: skip

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """What was reported so far."""
        if not self.events_file.exists():
            return []
        lines = self.events_file.read_text().splitlines()
        return [event for event in map(json.loads, filter(None, lines)) if not kinds or event["kind"] in kinds]

    def sent(self) -> set[str]:
        """Ids of what the shop has to hear: all but what its own step reported for it."""
        return {event["id"] for event in self.events() if event["reporter"] != "shop"}

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Waits while the loop runs."""
        wait_for(lambda: condition() or self.process.poll() is not None, PATIENCE)
        assert self.process.poll() is None, "the loop has ended; see loop.log"

    def stop(self) -> None:
        """As Ctrl+C."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=PATIENCE)
        self._log.close()


class Guard(threading.Thread):
    """A guard's open page: notes when each message of the live stream came."""

    def __init__(self, url: str, person: Person) -> None:
        super().__init__(daemon=True)
        self.answer = requests.get(
            f"{url}/alerts/stream", cookies={"login": person.token}, stream=True, timeout=PATIENCE
        )
        self.heard: list[tuple[float, dict[str, Any]]] = []
        self.start()

    def run(self) -> None:
        """Read until the server goes."""
        try:
            for line in self.answer.iter_lines(chunk_size=1):
                if line.startswith(b"data: "):
                    self.heard.append((time.time(), json.loads(line[6:])))
        except requests.RequestException:
            return


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_event_of_the_night_reaches_the_guard_at_once_and_nothing_is_lost_while_the_shop_is_down(
    app: Flask, settings: Settings, database: Database, sign_in: Callable[..., Person], tmp_path: Path
) -> None:
    person = sign_in(Role.SECURITY)
    with database.writing() as session:
        token = systems.issue(session, acting_as(Role.ADMIN, "test"), "shop floor")
    with RtspCamera(write_clip(tmp_path / "room.h264", store_room())) as camera:
        camera.switch_on()
        server = Server(settings)
        url = "http://{}:{}".format(*server.address)
        loop = Loop(tmp_path, url, token)
        try:
            add_camera(app, database, "Store room", camera.url)
            loop.wait_for(lambda: state_of(database) == "live")

            guard = Guard(url, person)
            loop.wait_for(lambda: news(guard))
            first, opened = news(guard)[0], loop.events("incident.opened")[0]
            assert first[1]["alert"]["camera"] == opened["camera"] == "store-room"
            print(f"from the picture to the guard's page {first[0] - at(opened):.2f} s")
            loop.wait_for(lambda: complete(database, "clip") >= 1)

            server.kill()
            reported = len(loop.events("incident.closed"))
            loop.wait_for(lambda: len(loop.events("incident.closed")) > reported)
            server.start()
            loop.wait_for(lambda: complete(database, "clip") >= 2)
            loop.wait_for(lambda: arrived(database) >= loop.sent())

            arm(database, person)
            loop.wait_for(lambda: mode_file(tmp_path) == "night")
            add_camera(app, database, "Door", camera.url)
            loop.wait_for(lambda: loop.events("incident.opened")[-1]["camera"] == "door")
            stop_camera(database, "store-room")  # the other camera sends what it leaves behind
            loop.wait_for(lambda: loop.events("camera.closing"))
            loop.wait_for(lambda: arrived(database) >= loop.sent())
        finally:
            loop.stop()
            server.kill()

    with database.reading() as session:
        assert_nothing_lost_nothing_doubled(session, loop, settings.media / "events")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_shop_armed_by_hand_turns_its_cameras_to_night_and_hears_it_from_them(
    app: Flask, settings: Settings, database: Database, sign_in: Callable[..., Person], tmp_path: Path
) -> None:
    security = sign_in(Role.SECURITY)
    with database.writing() as session:
        token = systems.issue(session, acting_as(Role.ADMIN, "test"), "shop floor")
    with RtspCamera(write_clip(tmp_path / "room.h264", lit_room())) as camera:
        camera.switch_on()
        server = Server(settings)
        url = "http://{}:{}".format(*server.address)
        loop = Loop(tmp_path, url, token)
        try:
            add_camera(app, database, "Store room", camera.url, night=by_day_now())
            loop.wait_for(lambda: mode_told(database) == "day")
            ask_to_arm(url, security, hours=1)
            loop.wait_for(lambda: mode_told(database) == "night")
            ask_to_arm(url, security, hours=0)
            loop.wait_for(lambda: mode_told(database) == "day")
        finally:
            loop.stop()
            server.kill()

    assert [event["facts"]["mode"] for event in loop.events("mode.changed")][-2:] == ["night", "day"]
    assert arrived(database) >= {event["id"] for event in loop.events("mode.changed")}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_hours_of_the_shop_turn_its_cameras_to_night_and_a_camera_that_fails_says_why(
    app: Flask, settings: Settings, database: Database, sign_in: Callable[..., Person], tmp_path: Path
) -> None:
    security = sign_in(Role.SECURITY)
    begin, end = by_day_now()
    with database.writing() as session:
        token = systems.issue(session, acting_as(Role.ADMIN, "test"), "shop floor")
        set_hours(session, begin, end)
    with RtspCamera(write_clip(tmp_path / "room.h264", lit_room())) as camera:
        camera.switch_on()
        server = Server(settings)
        url = "http://{}:{}".format(*server.address)
        loop = Loop(tmp_path, url, token, config_night=f"{begin}-{end}")
        try:
            add_camera(app, database, "Store room", camera.url, night=("", ""))
            add_camera(app, database, "Demo", "gone.mp4", night=("", ""), kind="sample")
            loop.wait_for(lambda: mode_told(database) == "day")
            with database.writing() as session:
                set_hours(session, "00:00", "24:00")
            loop.wait_for(lambda: mode_told(database) == "night")
            loop.wait_for(lambda: "Demo offline" in coverage_told(url, security))
            said = coverage_told(url, security)
            printed = (tmp_path / "loop.log").read_text()
        finally:
            loop.stop()
            server.kill()

    assert "1 of 2 cameras watching; Demo offline since" in said
    assert "gone.mp4 does not exist" in said
    assert f"camera demo failed: {tmp_path}/gone.mp4 does not exist" in printed


def set_hours(session: Any, begin: str, end: str) -> None:
    """The shop's hours of night."""
    profile = session.get_one(ShopProfile, 1)
    profile.night_from, profile.night_to = begin, end


def coverage_told(url: str, person: Person) -> str:
    """What the page of alerts says of the cameras."""
    return requests.get(f"{url}/alerts/coverage", cookies={"login": person.token}, timeout=PATIENCE).text


def by_day_now() -> tuple[str, str]:
    """An hour of night twelve hours from now, by the shop's clock."""
    begin = datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(hours=12)
    return f"{begin:%H:%M}", f"{begin + timedelta(hours=1):%H:%M}"


def ask_to_arm(url: str, person: Person, *, hours: int) -> None:
    """As the guard's page does it; 0 hours give the shop back to its schedule."""
    with requests.Session() as browser:
        browser.cookies.set("login", person.token)
        page = browser.get(f"{url}/alerts", timeout=PATIENCE).text
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found
        fields = {"csrf_token": found.group(1), "armed": "yes", "hours": hours}
        assert browser.post(f"{url}/alerts/arm", fields, timeout=PATIENCE).status_code == 200


def mode_told(database: Database) -> str:
    """The mode that the camera last said it is in."""
    with database.reading() as session:
        found = session.get(CameraState, "store-room")
        return found.mode or "" if found else ""


def add_camera(
    app: Flask,
    database: Database,
    title: str,
    url: str,
    night: tuple[str, str] = ("00:00", "23:59"),
    kind: str = "network",
) -> None:
    wish = service.Wish(title, kind, url, None, night_from=night[0], night_to=night[1])
    with app.test_request_context(), database.writing() as session:
        actor = acting_as(Role.ADMIN, "test")
        camera = service.create(session, actor, wish, Vault(shop_of(app).settings.vault_key()))
        service.set_enabled(session, actor, camera.name, enabled=True)


def stop_camera(database: Database, name: str) -> None:
    with database.writing() as session:
        service.set_enabled(session, acting_as(Role.ADMIN, "test"), name, enabled=False)


def arm(database: Database, person: Person) -> None:
    with database.writing() as session:
        arming.arm(session, actor_of(person), armed=True, hours=1)


def at(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()


def news(guard: Guard) -> list[tuple[float, dict[str, Any]]]:
    return [(when, message) for when, message in guard.heard if message.get("what") == "new"]


def state_of(database: Database) -> str:
    with database.reading() as session:
        found = session.get(CameraState, "store-room")
        return found.state if found else ""


def complete(database: Database, role: str) -> int:
    with database.reading() as session:
        query = select(EventFile.id).where(EventFile.role == role, EventFile.complete_at.is_not(None))
        return len(session.scalars(query).all())


def arrived(database: Database) -> set[str]:
    with database.reading() as session:
        return set(session.scalars(select(IncomingEvent.event_id)))


def mode_file(folder: Path) -> str:
    found = [path.read_text().strip() for path in (folder / "state").rglob("mode") if path.parent.name != "shop"]
    return found[0] if found else ""


def assert_nothing_lost_nothing_doubled(session: Any, loop: Loop, media: Path) -> None:
    ids = list(session.scalars(select(IncomingEvent.event_id)))
    assert len(ids) == len(set(ids))
    incidents = {event["facts"]["incident"] for event in loop.events("incident.opened")}
    assert set(session.scalars(select(Alert.incident))) <= incidents  # what began at the very end waits in its outbox
    assert session.scalars(select(AlertChange.alert_id).where(AlertChange.what == "new")).all() == sorted(
        session.scalars(select(Alert.id))
    )
    for file in session.scalars(select(EventFile).where(EventFile.role == "clip", EventFile.complete_at.is_not(None))):
        assert hashlib.sha256((media / file.file_name).read_bytes()).hexdigest() == file.sha256
