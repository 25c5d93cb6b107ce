"""The sink against shops that are down, fail, lie and come back: nothing is lost, nothing is doubled."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pydantic import SecretStr
from vidframe_shop.cameras import NoCameras, cameras, cameras_of_shop
from vidframe_shop.plugin import Shop

import vidframe.outbox.orphans as orphans
import vidframe.outbox.sending as sending
from tests.plugins.shop.shops import TOKEN, PlainShop
from vidframe import Attachment, Camera, Event
from vidframe.core.config.reading import load
from vidframe.core.model.kinds import KINDS
from vidframe.outbox.queue import Outbox, claim
from vidframe.testing import TestCamera, conformance, make_camera, make_frame


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PAUSES", (0.05, 0.2))
    monkeypatch.setattr(orphans, "POLL_EVERY", 0.05)


@pytest.fixture
def shop() -> Iterator[PlainShop]:
    """A shop that is open."""
    shop = PlainShop()
    yield shop
    shop.stop()


@pytest.fixture
def camera(tmp_path: Path) -> TestCamera:
    """A camera with a state folder of its own."""
    return make_camera("door", state=tmp_path / "door")


def opened(shop: PlainShop | str, camera: Camera, **settings: Any) -> Shop:
    """The step, opened."""
    url = shop if isinstance(shop, str) else shop.url
    step = Shop(url=url, token=SecretStr(TOKEN), heartbeat_every=1, timeout=2, **settings)
    step.open_camera(camera)
    return step


def event(camera: Camera, *files: Attachment, kind: str = "camera.state") -> Event:
    """An event as the loop hands it to a sink."""
    return camera.report(kind, *files, **KINDS[kind].example if kind in KINDS else {})


def eventually(is_so: Callable[[], object], seconds: float = 8.0) -> None:
    """Wait until it is so."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def waiting(camera: Camera) -> tuple[int, int]:
    """Events and files in the outbox."""
    outbox = Outbox(camera.state / "shop", limit=10**9)
    found = outbox.waiting()
    outbox.close()
    return found


def test_it_keeps_the_contract_of_plugins() -> None:
    conformance(Shop, url="http://127.0.0.1:9", token=SecretStr(TOKEN))


def test_events_and_their_files_arrive(shop: PlainShop, camera: TestCamera, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(os.urandom(2_500_000))
    step = opened(shop, camera)

    sent = event(camera, Attachment("snapshot", "image/jpeg", b"jpeg" * 1000), Attachment("clip", "video/mp4", clip))
    step.handle_event(sent)
    clip.unlink()  # the recorder's retention does not wait for the shop
    eventually(lambda: sent.id in shop.events and shop.complete(sent.id, "clip") and shop.complete(sent.id, "snapshot"))
    step.close_camera()

    metrics = camera.metrics
    assert (metrics["outbox_events"], metrics["outbox_files"], metrics["events_sent_total"]) == (0, 0, 1)
    assert waiting(camera) == (0, 0)
    assert list((camera.state / "shop" / "files").iterdir()) == []


@pytest.mark.parametrize("trouble", ["500", "garbage", "wrong-json", "proxy-404", "hang-up", "lose-answer"])
def test_no_answer_of_a_troubled_shop_loses_or_doubles_anything(trouble: str, shop: PlainShop, camera: Camera) -> None:
    shop.trouble = [trouble, trouble, "", trouble, "", trouble] * 2
    step = opened(shop, camera)
    sent = [event(camera, Attachment("snapshot", "image/jpeg", b"jpeg %d" % n)) for n in range(6)]

    for one in sent:
        step.handle_event(one)
    eventually(lambda: all(one.id in shop.events and shop.complete(one.id, "snapshot") for one in sent))
    step.close_camera()

    assert list(shop.events) == [one.id for one in sent]
    assert waiting(camera) == (0, 0)


def test_a_shop_that_opens_later_gets_everything_in_order(camera: Camera) -> None:
    closed = PlainShop()
    port = closed.server_port
    closed.stop()
    step = opened(f"http://127.0.0.1:{port}", camera)
    sent = [event(camera) for _ in range(300)]
    for one in sent:
        step.handle_event(one)
    time.sleep(0.3)

    shop = PlainShop(port)
    eventually(lambda: len(shop.events) == 300)
    step.close_camera()
    shop.stop()

    assert list(shop.events) == [one.id for one in sent]
    assert set(shop.times_sent.values()) == {1}


def test_what_a_stopped_camera_left_behind_is_sent_by_another(shop: PlainShop, camera: Camera, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(os.urandom(3_000_000))
    stopped = make_camera("stopped", state=tmp_path / "stopped")
    step = opened("http://127.0.0.1:9", stopped)
    last = event(stopped, Attachment("clip", "video/mp4", clip), kind="clip.ready")
    step.handle_event(last)
    step.close_camera()
    clip.unlink()
    assert waiting(stopped) == (1, 1)

    running = opened(shop, camera)
    eventually(lambda: waiting(stopped) == (0, 0))
    running.close_camera()

    assert shop.complete(last.id, "clip")
    assert shop.times_sent[last.id] == 1


def test_a_camera_that_comes_back_gets_its_outbox_from_whoever_empties_it(
    shop: PlainShop, camera: Camera, tmp_path: Path
) -> None:
    stopped = make_camera("stopped", state=tmp_path / "stopped")
    step = opened("http://127.0.0.1:9", stopped)
    step.handle_event(event(stopped))
    step.close_camera()
    other = opened("http://127.0.0.1:9", camera)  # holds what it cannot send
    eventually(lambda: claim(stopped.state / "shop") is None)

    back = opened(shop, stopped)

    eventually(lambda: waiting(stopped) == (0, 0))
    assert claim(stopped.state / "shop") is None
    back.close_camera()
    other.close_camera()


def test_one_refused_event_holds_up_nothing_and_is_kept_with_the_reason(shop: PlainShop, camera: Camera) -> None:
    step = opened(shop, camera)
    good, bad, later = event(camera), event(camera, kind="bad"), event(camera)

    for one in (good, bad, later):
        step.handle_event(one)
    eventually(lambda: {good.id, later.id} <= set(shop.events))
    step.close_camera()

    database = sqlite3.connect(camera.state / "shop" / "outbox.db")
    assert database.execute("SELECT id, reason FROM refused").fetchall() == [(bad.id, "no such kind of thing")]
    database.close()


KILLED = """
    import sys
    from pathlib import Path
    from pydantic import SecretStr
    import vidframe.outbox.sending as sending
    from vidframe_shop.plugin import Shop
    from vidframe import Attachment, Event
    from vidframe.core.model.kinds import KINDS
    from vidframe.testing import make_camera, START
    sending.PAUSES = (0.05, 0.2)
    url, state, run = sys.argv[1:]
    camera = make_camera("door", state=Path(state))
    step = Shop(url=url, token=SecretStr("vf_canary_s3cret_token"), heartbeat_every=1)
    step.open_camera(camera)
    for n in range(100_000):
        event = Event(f"door.{run}-{n:06d}", "camera.state", "door", START, KINDS["camera.state"].example, (Attachment("snapshot", "image/jpeg", b"j" * 5000),))
        step.handle_event(event)
        print(event.id, flush=True)
"""


@pytest.mark.slow
def test_kill_9_at_any_moment_loses_no_event_that_was_kept(shop: PlainShop, camera: Camera) -> None:
    kept: list[str] = []
    for run in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", dedent(KILLED), shop.url, str(camera.state), str(run)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        kept.append(process.stdout.readline().strip())
        time.sleep(0.03 + 0.11 * run)
        process.send_signal(signal.SIGKILL)
        kept += [line.strip() for line in process.stdout if line.endswith("\n")]
        process.stdout.close()
        process.wait()

    step = opened(shop, camera)
    eventually(lambda: waiting(camera) == (0, 0), seconds=30)
    step.close_camera()

    assert len(kept) > 20
    assert [identity for identity in kept if identity not in shop.events] == []
    assert [identity for identity in kept if not shop.complete(identity, "snapshot")] == []


def test_while_the_disk_is_full_events_are_told_from_memory_and_their_files_follow_later(
    shop: PlainShop, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = opened(shop, camera)
    add, full = Outbox.add, True

    def refuse(outbox: Outbox, one: Event) -> None:
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        add(outbox, one)

    monkeypatch.setattr(Outbox, "add", refuse)
    sent = [event(camera, Attachment("snapshot", "image/jpeg", b"x")) for _ in range(5)]
    for one in sent:
        step.handle_event(one)
    eventually(lambda: len(shop.events) == 5)  # an alert does not wait for room on a disk
    assert not shop.files

    full = False
    eventually(lambda: len(shop.files) == 5)
    step.close_camera()

    assert list(shop.events) == [one.id for one in sent]


def test_a_database_that_is_really_full_keeps_events_in_memory(shop: PlainShop, camera: Camera) -> None:
    step = opened(shop, camera)
    assert step._sender is not None
    connection = step._sender.outbox._connection()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")
    sent = event(camera, Attachment("snapshot", "image/jpeg", os.urandom(300_000)))

    step.handle_event(sent)  # "database or disk is full" in the frame loop's connection; the sender writes it down
    eventually(lambda: sent.id in shop.events)
    step.close_camera()

    assert shop.times_sent[sent.id] == 1


def test_the_outbox_stays_within_its_limit_and_gives_up_clips_first(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox", limit=100_000)
    camera = make_camera("door", state=tmp_path)
    incident = event(camera, Attachment("snapshot", "image/jpeg", b"s" * 1000), kind="incident.opened")
    outbox.add(incident)
    for _ in range(5):
        outbox.add(event(camera, Attachment("clip", "video/mp4", b"c" * 40_000), kind="clip.ready"))

    lost = outbox.make_room()

    assert outbox.size() <= 100_000
    assert [words.split()[1] for words in lost] == ["clip"] * 3
    assert [file["role"] for file in outbox.batch(0.0)[0]["files"]] == ["snapshot"]
    outbox.close()


def test_the_shop_is_told_which_file_never_comes(shop: PlainShop, camera: Camera, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"x" * 3_000_000)
    outbox = Outbox(camera.state / "shop", limit=10**9)
    sent = event(camera, Attachment("clip", "video/mp4", clip))
    outbox.add(sent)
    outbox.batch(0.0)
    outbox.sent(sent.id, ["clip"])
    shop.events[sent.id] = {"files": [{"role": "clip", "bytes": 3_000_000, "sha256": ""}]}
    next((camera.state / "shop" / "files").iterdir()).unlink()
    outbox.close()

    step = opened(shop, camera)
    eventually(lambda: shop.given_up == [(sent.id, "clip")])
    step.close_camera()

    assert waiting(camera) == (0, 0)


def test_the_frame_loop_does_not_wait_for_a_shop_that_hangs(camera: Camera) -> None:
    step = opened("http://192.0.2.1", camera)  # an address that answers nobody
    began = time.perf_counter()
    for _ in range(50):
        step.handle_event(event(camera))
    took = time.perf_counter() - began
    step.close_camera()

    assert took < 5  # 50 times a sync to disk; a wait for the shop would be 50 times its timeout
    assert waiting(camera)[0] == 50


def test_a_picture_goes_along_only_when_asked(shop: PlainShop, camera: Camera) -> None:
    step, silent = opened(shop, camera, live_view_every=0.5), make_camera("till", state=camera.state.parent / "till")
    never = opened(shop, silent, live_view="never")

    def shown() -> bool:
        for index in range(0, 40, 10):
            step.process_frame(make_frame(camera=camera, index=int(time.monotonic() * 10) + index, mode="day"))
            never.process_frame(make_frame(camera=silent, index=index))
        return shop.pictures > 0

    eventually(shown)
    step.close_camera()
    never.close_camera()

    assert any(beat.get("mode") == "day" for beat in shop.beats)


def test_arming_in_the_shop_requests_the_mode_and_auto_again(shop: PlainShop, camera: TestCamera) -> None:
    step = opened(shop, camera)

    def requested() -> list[str]:
        step.process_frame(make_frame(camera=camera))
        return [event.facts["mode"] for event in camera.events if event.kind == "mode.requested"]

    def is_noted(word: str) -> bool:
        requested()
        noted = camera.state / "shop" / "mode"
        return noted.exists() and noted.read_text().strip() == word

    shop.mode = "night"
    eventually(lambda: requested() == ["night"])
    shop.mode = "auto"  # before it was noted
    eventually(lambda: requested() == ["night", "auto"])
    shop.mode = "night"
    eventually(lambda: is_noted("night"))
    shop.mode = "auto"
    eventually(lambda: requested() == ["night", "auto", "night", "auto"])
    step.close_camera()


def test_no_log_holds_the_token(camera: Camera, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    step = opened("http://127.0.0.1:9", camera)
    step.handle_event(event(camera))
    time.sleep(0.3)
    step.close_camera()

    assert TOKEN not in caplog.text
    assert TOKEN not in repr(step.token)
    with pytest.raises(ValueError, match="found 12 characters") as refused:
        opened_with_line_end()
    assert "line" not in str(refused.value)


def opened_with_line_end() -> None:
    """A token copied with its line end, which HTTP would take for a second header."""
    from vidframe_shop.client import Client

    Client("http://127.0.0.1:9", "line-of-tok\n")


def test_cameras_of_the_shop_are_kept_for_when_it_is_down(
    tmp_path: Path, shop: PlainShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    import vidframe_shop.client as client

    definition = {"name": "door", "title": "Door", "source": "rtsp://10.0.0.7/s", "credentials": "u:p", "night": "22:00-06:00",
                  "time_zone": "Europe/Berlin", "emotion": False,
                  "zones": [{"name": "tea", "kind": "shelf", "polygon": [[0, 0], [1, 0], [1, 1]], "product": None, "shelf": "tea"}]}  # fmt: skip
    with pytest.raises(NoCameras):
        cameras_of_shop("http://127.0.0.1:9", TOKEN, tmp_path)
    monkeypatch.setattr(client.Client, "cameras", lambda _self: {"version": "7", "cameras": [definition]})
    cameras_of_shop(shop.url, TOKEN, tmp_path)
    monkeypatch.undo()

    version, found = cameras({"url": "http://127.0.0.1:9", "token": SecretStr(TOKEN)}, tmp_path)

    assert version == "7"
    assert found == {
        "door": {
            "source": "rtsp://10.0.0.7/s", "credentials": "u:p", "exclude": ["emotion"],
            "overrides": {
                "interest": {"zones": [{"name": "tea", "kind": "product", "polygon": [[0, 0], [1, 0], [1, 1]], "shelf": "tea"}]},
                "day_night": {"night": "22:00-06:00", "timezone": "Europe/Berlin"},
            },
        }
    }  # fmt: skip
    assert (tmp_path / "cameras.json").stat().st_mode & 0o777 == 0o600


def test_what_the_shop_says_of_a_camera_reaches_steps_of_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import vidframe_shop.client as client

    definition = {"name": "door", "title": "Door", "source": "rtsp://10.0.0.7/s", "credentials": None, "night": "21:00-07:00",
                  "time_zone": "Europe/Berlin", "emotion": False,
                  "zones": [{"name": "tea", "kind": "product", "polygon": [[0, 0], [1, 0], [1, 1]], "product": "T", "shelf": None}]}  # fmt: skip
    monkeypatch.setattr(client.Client, "cameras", lambda _self: {"version": "7", "cameras": [definition]})
    (tmp_path / "shop.yaml").write_text(
        "cameras: {from: shop}\n"
        "mode: {plugin: day_night, name: clock, night: '22:00-06:00'}\n"
        "day: [faces, {emotion: {name: mood}}, gaze, {interest: {name: visits}}]\n"
        f"always: [shop: {{url: 'http://127.0.0.1:9', token: {TOKEN}}}]\n"
    )

    _, found = cameras({"url": "http://127.0.0.1:9", "token": TOKEN}, tmp_path)
    camera = load(tmp_path / "shop.yaml", cameras=found).cameras[0]

    assert camera.mode is not None
    assert camera.mode.name == "clock"
    assert camera.mode.settings == {"night": "21:00-07:00", "timezone": "Europe/Berlin"}
    assert [step.name for step in camera.chains["day"]] == ["faces", "gaze", "visits"]
    assert camera.chains["day"][-1].settings["zones"][0].name == "tea"
