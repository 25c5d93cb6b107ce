"""A damaged outbox is moved aside, a fresh one goes on, and whoever looks after the cameras is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import vidframe.outbox.sending as sending
from tests.cameras import wait_for
from vidframe import Attachment, Event
from vidframe.core.model.kinds import KINDS
from vidframe.outbox import Delivery, EventSender, Unavailable
from vidframe.testing import TestCamera, make_camera


class Receiver:
    """Takes events while it is there."""

    def __init__(self) -> None:
        self.is_there = False
        self.taken: list[Mapping[str, Any]] = []

    def send(self, event: Mapping[str, Any], files: Sequence[Attachment]) -> None:
        if not self.is_there:
            raise Unavailable("nobody is there")
        self.taken.append(event)

    def kinds(self) -> list[str]:
        return [event["kind"] for event in self.taken]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PAUSES", (0.02, 0.1))


def delivery(camera: TestCamera, receiver: Receiver) -> Delivery[EventSender]:
    return Delivery(camera, "sink", partial(EventSender, send=receiver.send, receiver="test"), max_mb=100)


def event(camera: TestCamera) -> Event:
    return camera.report("clip.ready", Attachment("clip", "video/mp4", b"film"), **KINDS["clip.ready"].example)


def spoil(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


SPOILT: dict[str, Callable[[Path], object]] = {
    "random": lambda path: path.write_bytes(os.urandom(20_000)),
    "zeros": lambda path: path.write_bytes(bytes(20_000)),
    "text": lambda path: path.write_text("not a database at all\n" * 100),
    "header": lambda path: spoil(path, 0, b"XXXXXXXXXXXXXXXX"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_file_that_is_no_database_at_the_start_is_moved_aside_and_told(how: str, tmp_path: Path) -> None:
    camera, receiver = make_camera("door", state=tmp_path / "door"), Receiver()
    before = delivery(camera, receiver)
    before.put(event(camera))
    before.close()
    SPOILT[how](camera.state / "sink/outbox.db")

    after = delivery(camera, receiver)
    after.put(event(camera))
    receiver.is_there = True
    wait_for(lambda: receiver.kinds() == ["outbox.damaged", "clip.ready"])
    after.close()

    (aside,) = (camera.state / "sink").glob("damaged-*")
    assert receiver.taken[0]["facts"]["moved_to"] == aside.name
    assert (aside / "outbox.db").exists()
    assert camera.metrics["outbox_events"] == 0


def test_damage_while_it_runs_costs_no_event_that_could_be_read_and_none_that_comes_later(tmp_path: Path) -> None:
    camera, receiver = make_camera("door", state=tmp_path / "door"), Receiver()
    running = delivery(camera, receiver)
    early = [event(camera) for _ in range(200)]
    for one in early:
        running.put(one)
    database = camera.state / "sink/outbox.db"
    running.sender.outbox._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    spoil(database, database.stat().st_size - 3 * 4096, b"\xff" * (2 * 4096))  # the last pages

    late = [event(camera) for _ in range(50)]
    for one in late:
        running.put(one)
    receiver.is_there = True
    wait_for(lambda: {one.id for one in late} <= {told["id"] for told in receiver.taken})
    running.close()

    assert "outbox.damaged" in receiver.kinds()
    told = {one["id"] for one in receiver.taken}
    assert len(told & {one.id for one in early}) > 100


def test_a_disk_that_is_full_or_locked_is_no_damage(tmp_path: Path) -> None:
    camera, receiver = make_camera("door", state=tmp_path / "door"), Receiver()
    running = delivery(camera, receiver)
    connection = running.sender.outbox._connection()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")
    for _ in range(5):
        running.put(
            camera.report(
                "clip.ready", Attachment("clip", "video/mp4", os.urandom(50_000)), **KINDS["clip.ready"].example
            )
        )
    receiver.is_there = True
    wait_for(lambda: len(set(receiver.kinds())) == 1 and len({one["id"] for one in receiver.taken}) == 5)
    running.close()

    assert list((camera.state / "sink").glob("damaged-*")) == []
