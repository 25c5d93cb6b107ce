"""Webhooks to receivers that fail in many ways: nothing is lost, one event holds up no other, no secret is told."""

from __future__ import annotations

import json
import logging
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from vidframe_webhook.plugin import Webhook
from vidframe_webhook.template import filled

import vidframe.outbox.queue as queue
import vidframe.outbox.sending as sending
from tests.cameras import wait_for
from tests.plugins.webhook.receivers import SECRET, Receiver
from vidframe import Attachment, Event
from vidframe.core.config.reading import ConfigError, load
from vidframe.core.model.kinds import KINDS
from vidframe.testing import TestCamera, conformance, make_camera


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PAUSES", (0.05, 0.2))
    monkeypatch.setattr(queue, "FIRST_RETRY", 0.1)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that takes everything."""
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def camera(tmp_path: Path) -> TestCamera:
    """A camera with a state folder of its own."""
    return make_camera("door", state=tmp_path / "door")


def opened(url: str, camera: TestCamera, **settings: Any) -> Webhook:
    """The step, opened."""
    step = Webhook(url=SecretStr(url), secret=SecretStr(SECRET), **({"timeout": 1.0} | settings))
    step.open_camera(camera)
    return step


def event(camera: TestCamera, *files: Attachment, kind: str = "incident.opened", **facts: Any) -> Event:
    """An event as the chain hands it to a sink."""
    return camera.report(kind, *files, **(KINDS[kind].example if kind in KINDS else {}) | facts)


def test_it_keeps_the_contract() -> None:
    conformance(Webhook, url="http://127.0.0.1:9/", secret=SECRET)


def test_an_event_arrives_signed_in_the_standard_form(receiver: Receiver, camera: TestCamera) -> None:
    step = opened(receiver.url, camera, pictures=True)

    told = event(camera, Attachment("snapshot", "image/jpeg", b"a jpeg"))
    step.handle_event(told)
    step.handle_event(event(camera, kind="clip.ready"))  # not asked for
    wait_for(lambda: receiver.taken)
    step.close_camera()

    assert receiver.ids == [told.id]
    [body] = receiver.taken
    assert (body["type"], body["text"], body["data"]["facts"]["change"]) == (
        "incident.opened", "alert: tampering", "tampering",
    )  # fmt: skip
    assert b64decode(body["picture"]) == b"a jpeg"
    assert body["timestamp"] == body["data"]["time"]
    assert (camera.metrics["outbox_events"], camera.metrics["events_sent_total"]) == (0, 1)


TROUBLES = [
    "500", "503", "429", "404", "redirect", "hang_up", "garbage", "silence", "drip", "endless", "lose_answer",
]  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES)
def test_no_answer_of_a_troubled_receiver_loses_or_doubles_anything(
    trouble: str, receiver: Receiver, camera: TestCamera
) -> None:
    receiver.trouble = [trouble, "", trouble]
    step = opened(receiver.url, camera)
    sent = [event(camera) for _ in range(4)]

    for one in sent:
        step.handle_event(one)
    wait_for(lambda: len(receiver.ids) == 4)
    step.close_camera()

    assert sorted(receiver.ids) == sorted(one.id for one in sent)
    assert receiver.requests < 1000  # no redirect was followed
    assert not step.has_pending(camera.state)


def test_a_receiver_that_starts_later_gets_everything_in_order(camera: TestCamera) -> None:
    closed = Receiver()
    port = closed.server_port
    closed.stop()
    step = opened(closed.url, camera)
    sent = [event(camera) for _ in range(60)]
    for one in sent:
        step.handle_event(one)
    time.sleep(0.3)

    receiver = Receiver(port)
    wait_for(lambda: len(receiver.ids) == 60)
    step.close_camera()
    receiver.stop()

    assert receiver.ids == [one.id for one in sent]


@pytest.mark.parametrize("status", [500, 422])
def test_one_event_that_is_never_taken_holds_up_no_other(status: int, receiver: Receiver, camera: TestCamera) -> None:
    receiver.poison = lambda body: status if body["data"]["facts"]["incident"] == "bad" else 0
    step = opened(receiver.url, camera)
    sent = [event(camera, incident=name) for name in ("a", "bad", "b", "c")]

    for one in sent:
        step.handle_event(one)
    wait_for(lambda: len(receiver.ids) == 3)
    step.close_camera()

    assert receiver.ids == [sent[0].id, sent[2].id, sent[3].id]
    assert step.has_pending(camera.state) == (status == 500)
    assert camera.metrics["events_refused_total"] == (status == 422)


def test_two_webhooks_of_a_camera_have_queues_of_their_own(receiver: Receiver, tmp_path: Path) -> None:
    away = opened("http://127.0.0.1:9/", make_camera("door", state=tmp_path / "door", step="away"))
    here = opened(receiver.url, make_camera("door", state=tmp_path / "door", step="here"))
    told = event(make_camera("door"))

    away.handle_event(told)
    here.handle_event(told)
    wait_for(lambda: receiver.ids == [told.id])
    here.close_camera()
    away.close_camera()

    assert sorted(path.parent.name for path in (tmp_path / "door").glob("*/outbox.db")) == ["away", "here"]


def test_a_template_says_what_is_posted(receiver: Receiver, camera: TestCamera) -> None:
    templates = {
        "incident": {
            "text": "{camera}: {words}",
            "who": "{facts.who}",
            "zone": "{facts.zones.0}",
            "n": 3,
            "all": ["{id}"],
        },
        "incident.closed": "{words}",
    }
    step = opened(receiver.url, camera, templates=templates)

    told = event(camera)
    step.handle_event(told)
    step.handle_event(event(camera, kind="incident.closed"))
    wait_for(lambda: len(receiver.taken) == 2)
    step.close_camera()

    assert receiver.taken == [
        {"text": "door: alert: tampering", "who": "person", "zone": "safe", "n": 3, "all": [told.id]},
        "ended after 18 s: tampering",
    ]


def test_what_an_event_says_cannot_change_the_form_of_a_body() -> None:
    evil = {"camera": '", "admin": true, "{id}', "id": "x", "facts": {"zone": {"a": 1}}}

    body = json.loads(json.dumps(filled({"text": "at {camera} {facts.zone} {facts.none} {no place}"}, evil)))

    assert body == {"text": 'at ", "admin": true, "{id} {"a": 1}  {no place}'}


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("url: 'ftp://x'", "url must be like https://example.com/hook"),
        ("url: 'https://u:p@x/'", "url must be like https://example.com/hook"),
        ("url: 'https://x:99999/'", "Port out of range"),
        ("secret: short", "secret must be whsec_"),
        ("events: []", "events must have 1 or more entries"),
        ("templates: {incident: {text: '{camra}'}}", "no place is named {camra}; did you mean 'camera'"),
        ("templates: {incident.closed: ['{facts.severty}']}", "no fact 'severty'; did you mean 'severity'"),
    ],
)
def test_a_wrong_setting_is_named_at_check(settings: str, problem: str, tmp_path: Path) -> None:
    given = {"url": "'https://x/'", "secret": SECRET} | dict([settings.split(": ", 1)])
    path = tmp_path / "a.yaml"
    path.write_text(
        "cameras: {door: a.mp4}\nalways:\n  - webhook: {" + ", ".join(f"{k}: {v}" for k, v in given.items()) + "}\n"
    )

    with pytest.raises(ConfigError, match=r"a\.yaml:3") as refused:
        load(path)

    assert problem in str(refused.value)
    assert SECRET not in str(refused.value)


def test_no_log_holds_the_secret_or_the_path(camera: TestCamera, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    step = opened("http://127.0.0.1:9/hooks/vf_canary_path", camera)
    step.handle_event(event(camera))
    wait_for(lambda: "webhook 127.0.0.1 unreachable" in caplog.text)
    [(what, problem)] = step.check_machine()
    step.close_camera()

    assert what == "webhook 127.0.0.1"
    assert "Connection refused" in problem
    for secret in (SECRET, "vf_canary_path"):
        assert secret not in caplog.text + problem + repr(step)
