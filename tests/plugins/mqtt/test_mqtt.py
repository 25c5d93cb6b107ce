"""What an MQTT broker is told, with a real one: nothing is lost while it is away, and commands need their right."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import vidframe_mqtt.status as status
from pydantic import SecretStr
from vidframe_mqtt.home_assistant import discovery
from vidframe_mqtt.plugin import Mqtt

import vidframe.outbox.sending as sending
from tests.cameras import wait_for
from tests.plugins.mqtt.brokers import PASSWORD, USER, Listener, Mosquitto
from vidframe import Attachment, Box, Event, Person
from vidframe.core.model.kinds import KINDS
from vidframe.testing import TestCamera, conformance, make_camera, make_frame

OPENED = KINDS["incident.opened"].example


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PAUSES", (0.05, 0.2))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that runs."""
    broker = Mosquitto(tmp_path / "broker")
    yield broker
    broker.stop()


@pytest.fixture
def listener(broker: Mosquitto) -> Iterator[Listener]:
    """Somebody who hears all that the broker is told."""
    listener = Listener(broker.port)
    yield listener
    listener.close()


@pytest.fixture
def camera(tmp_path: Path) -> TestCamera:
    """A camera with a state folder of its own."""
    return make_camera("door", state=tmp_path / "door")


def opened(port: int, camera: TestCamera, **settings: Any) -> Mqtt:
    """The step, opened."""
    step = Mqtt(host="127.0.0.1", port=port, username=USER, password=SecretStr(PASSWORD), off_after=0.2, **settings)
    step.open_camera(camera)
    return step


def event(camera: TestCamera, kind: str = "incident.opened", *files: Attachment, **facts: Any) -> Event:
    """An event as the chain hands it to a sink."""
    return camera.report(kind, *files, **KINDS[kind].example | facts)


def events(listener: Listener) -> list[dict[str, Any]]:
    """The events that were heard, in order."""
    return [json.loads(payload) for topic, payload in listener.heard if topic.startswith("vidframe/door/events/")]


def requested(camera: TestCamera) -> list[str]:
    """The modes that were asked for."""
    return [event.facts["mode"] for event in camera.events if event.kind == "mode.requested"]


def test_it_keeps_the_contract() -> None:
    conformance(Mqtt, host="127.0.0.1", port=9)


def test_an_event_arrives_with_its_picture_first(broker: Mosquitto, listener: Listener, camera: TestCamera) -> None:
    step = opened(broker.port, camera)

    told = event(camera, "incident.opened", Attachment("snapshot", "image/jpeg", b"a jpeg"))
    step.handle_event(told)
    wait_for(lambda: events(listener))
    step.close_camera()

    topics = [topic for topic, _ in listener.heard]
    assert topics.index("vidframe/door/snapshot") < topics.index("vidframe/door/events/incident/opened")
    assert listener.now["vidframe/door/snapshot"] == b"a jpeg"
    assert events(listener)[0] | {"files": []} == told.as_json() | {"files": []}


def test_a_broker_that_is_away_and_forgets_everything_costs_no_event_and_no_state(
    broker: Mosquitto, listener: Listener, camera: TestCamera
) -> None:
    step = opened(broker.port, camera)
    first = event(camera, "camera.state", state="live")
    step.handle_event(first)
    wait_for(lambda: events(listener))

    broker.stop()
    missed = [event(camera, "clip.ready") for _ in range(50)]
    for one in missed:
        step.handle_event(one)
    step.process_frame(make_frame(camera=camera, mode="night"))
    time.sleep(0.3)
    listener.now.clear()
    broker.start()

    wait_for(lambda: len({told["id"] for told in events(listener)}) == 51, 20)
    wait_for(lambda: listener.now.get("vidframe/door/armed") == b"ON")
    assert list(dict.fromkeys(told["id"] for told in events(listener))) == [one.id for one in (first, *missed)]
    assert listener.now["vidframe/door/state"] == b"live"
    assert "homeassistant/device/vidframe_door/config" in listener.now
    step.close_camera()


def test_what_could_not_be_sent_is_sent_by_the_next_start(camera: TestCamera, tmp_path: Path) -> None:
    step = opened(9, camera)
    told = event(camera)
    step.handle_event(told)
    step.close_camera()
    assert step.has_pending(camera.state)

    broker = Mosquitto(tmp_path / "late")
    listener = Listener(broker.port)
    again = opened(broker.port, camera)
    wait_for(lambda: [one["id"] for one in events(listener)] == [told.id])
    again.close_camera()
    assert not again.has_pending(camera.state)
    listener.close()
    broker.stop()


def test_motion_person_and_mode_are_told_when_they_change(
    broker: Mosquitto, listener: Listener, camera: TestCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "METRICS_EVERY", 0.1)
    step = opened(broker.port, camera)
    person = Person(Box(10, 10, 20, 40), 0.9)

    def now(name: str) -> str:
        return listener.now.get(f"vidframe/door/{name}", b"").decode()

    step.process_frame(make_frame(camera=camera, mode="day"))
    wait_for(lambda: (now("motion"), now("person"), now("mode"), now("armed")) == ("OFF", "OFF", "day", "OFF"))
    step.process_frame(make_frame(camera=camera, mode="night", motion=0.2, people=[person]))
    wait_for(lambda: (now("motion"), now("person"), now("mode"), now("armed")) == ("ON", "ON", "night", "ON"))
    time.sleep(0.25)
    step.process_frame(make_frame(camera=camera, mode="night", motion=0.0))
    wait_for(lambda: (now("motion"), now("person")) == ("OFF", "OFF"))
    step.handle_event(event(camera, who="person"))
    time.sleep(0.25)  # longer than off_after: it holds while the incident is open
    step.process_frame(make_frame(camera=camera, mode="night"))
    wait_for(lambda: (now("motion"), now("person")) == ("ON", "ON"))
    step.handle_event(event(camera, "camera.state", state="stalled"))
    wait_for(lambda: (now("motion"), now("person"), now("state")) == ("OFF", "OFF", "stalled"))
    step.handle_event(event(camera, "incident.closed"))
    step.process_frame(make_frame(camera=camera, mode="night"))

    assert now("online") == "online"
    assert float(now("fps")) > 0
    step.close_camera()
    wait_for(lambda: now("online") == "offline")


def test_a_camera_that_dies_is_told_as_offline_by_the_broker(
    broker: Mosquitto, listener: Listener, camera: TestCamera
) -> None:
    step = opened(broker.port, camera)
    wait_for(lambda: listener.now.get("vidframe/door/online") == b"online")

    assert step._broker is not None
    step._broker._client.socket().close()  # type: ignore[union-attr]

    wait_for(lambda: b"offline" in [p for t, p in listener.heard if t == "vidframe/door/online"])
    wait_for(lambda: listener.now["vidframe/door/online"] == b"online")  # and it comes back by itself
    step.close_camera()


def test_commands_arm_disarm_and_snooze(broker: Mosquitto, listener: Listener, camera: TestCamera) -> None:
    step = opened(broker.port, camera, commands=True)
    wait_for(lambda: "vidframe/door/online" in listener.now)
    time.sleep(0.1)

    listener.say("vidframe/door/armed/set", "ON")
    wait_for(lambda: requested(camera) == ["night"])
    listener.say("vidframe/door/armed/set", "OFF")
    listener.say("vidframe/door/requested/set", "auto")
    wait_for(lambda: requested(camera) == ["night", "day", "auto"])
    wait_for(lambda: listener.now["vidframe/door/requested"] == b"auto")

    listener.say("vidframe/door/snooze/set", "5")
    wait_for(lambda: listener.now["vidframe/door/snooze"] == b"5")
    quiet, loud = event(camera), event(camera, "clip.ready")
    step.handle_event(quiet)
    step.handle_event(loud)
    step.process_frame(make_frame(camera=camera, mode="night"))
    wait_for(lambda: [told["id"] for told in events(listener)] == [loud.id])
    assert listener.now["vidframe/door/motion"] == b"OFF"
    listener.say("vidframe/door/snooze/set", "0")
    wait_for(lambda: listener.now["vidframe/door/snooze"] == b"0")
    step.process_frame(make_frame(camera=camera, mode="night"))
    wait_for(lambda: listener.now["vidframe/door/motion"] == b"ON")
    step.close_camera()


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("armed", "on"),
        ("armed", ""),
        ("requested", "evening"),
        ("snooze", "-5"),
        ("snooze", "1e400"),
        ("snooze", "nan"),
    ],
)
def test_what_is_no_command_changes_nothing_and_ends_nothing(
    topic: str, payload: str, broker: Mosquitto, listener: Listener, camera: TestCamera
) -> None:
    step = opened(broker.port, camera, commands=True)
    wait_for(lambda: "vidframe/door/online" in listener.now)
    time.sleep(0.1)

    listener.say(f"vidframe/door/{topic}/set", payload)
    listener.say("vidframe/door/requested/set", "night")
    wait_for(lambda: requested(camera) == ["night"])

    assert listener.now["vidframe/door/snooze"] == b"0"
    step.close_camera()


def test_a_retained_command_is_none(broker: Mosquitto, listener: Listener, camera: TestCamera) -> None:
    listener.say("vidframe/door/armed/set", "OFF", retain=True)
    step = opened(broker.port, camera, commands=True)
    wait_for(lambda: "vidframe/door/online" in listener.now)

    listener.say("vidframe/door/armed/set", "ON")
    wait_for(lambda: requested(camera) == ["night"])
    step.close_camera()


def test_without_the_setting_no_command_is_heard(broker: Mosquitto, listener: Listener, camera: TestCamera) -> None:
    step = opened(broker.port, camera)
    wait_for(lambda: "vidframe/door/online" in listener.now)

    listener.say("vidframe/door/armed/set", "OFF")
    step.handle_event(event(camera, "clip.ready"))
    wait_for(lambda: events(listener))

    assert requested(camera) == []
    step.close_camera()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"commands": True}, "commands need username and password"),
        ({"commands": True, "username": "u"}, "commands need username and password"),
        ({"ca": Path("ca.pem")}, "ca needs tls"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Mqtt(host="broker", **settings)


def test_a_wrong_password_is_logged_without_it_and_loses_nothing(
    broker: Mosquitto, camera: TestCamera, caplog: pytest.LogCaptureFixture
) -> None:
    step = Mqtt(host="127.0.0.1", port=broker.port, username=USER, password=SecretStr("vf_wrong_s3cret"))
    step.open_camera(camera)
    step.handle_event(event(camera))
    wait_for(lambda: "refused the connection: Not authorized" in caplog.text)
    step.close_camera()

    assert "s3cret" not in caplog.text
    assert step.has_pending(camera.state)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho, after a failed handshake
def test_tls_is_checked_against_the_given_certificates(tmp_path: Path, camera: TestCamera) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", key, "-out", certificate, "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    broker = Mosquitto(tmp_path / "tls", (certificate, key))

    trusting = opened(broker.port, camera, tls=True, ca=certificate)
    trusting.handle_event(event(camera))
    wait_for(lambda: camera.metrics.get("events_sent_total") == 1)
    trusting.close_camera()
    strict = opened(broker.port, make_camera("till", state=tmp_path / "till"), tls=True)
    strict.handle_event(event(camera))
    time.sleep(0.5)
    strict.close_camera()
    found = [problem for step in (trusting, strict) for _, problem in step.check_machine()]
    broker.stop()

    assert strict.has_pending(tmp_path / "till")
    assert found[0] == ""
    assert "certificate verify failed" in found[1]


def test_home_assistant_is_told_of_a_device_with_all_that_it_asks_for() -> None:
    topic, payload = discovery("door", "shop/door", "homeassistant", commands=True)
    device = json.loads(payload)

    assert topic == "homeassistant/device/shop_door/config"
    assert device["device"]["identifiers"]
    assert device["origin"]["name"] == "vidframe"
    assert {key: part["platform"] for key, part in device["components"].items()} == {
        "motion": "binary_sensor", "person": "binary_sensor", "state": "sensor", "fps": "sensor", "people": "sensor",
        "mode": "sensor", "snapshot": "image", "armed": "switch", "requested": "select", "snooze": "number",
    }  # fmt: skip
    assert len({part["unique_id"] for part in device["components"].values()}) == len(device["components"])
    for key, part in device["components"].items():
        assert (part.get("state_topic") or part["image_topic"]) == f"shop/door/{key}"
        assert ("command_topic" in part) == (part["platform"] in ("switch", "select", "number"))
    read_only = json.loads(discovery("door", "shop/door", "homeassistant", commands=False)[1])
    assert not [part for part in read_only["components"].values() if "command_topic" in part]
    assert read_only["components"]["armed"]["platform"] == "binary_sensor"
