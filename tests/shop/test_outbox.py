"""The outbox: what is told reaches who it concerns, by the ways they chose, once, whatever happens to a channel."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import func, select, update

from shop_app.base import network
from shop_app.base.db import Database, now
from shop_app.base.models import Account, Alert, Complaint, Delivery, Notification, ShopProfile
from shop_app.base.permissions import Permission, Role
from shop_app.base.settings import Settings
from shop_app.notify import channels
from shop_app.notify.channels.channel import Channel, GiveUp, Letter, TryAgain
from shop_app.notify.kinds import ALERT, COMPLAINT, ESCALATED, NOTE
from shop_app.notify.outbox import notify
from shop_app.ops import background
from tests.shop.conftest import Person
from tests.shop.mailbox import Mailbox, mailbox
from tests.shop.night import CameraSystem
from tests.shop.test_mail import deliver

pytestmark = pytest.mark.both

DOCS = Path(__file__).parents[2] / "docs" / "shop-notifications.md"


@pytest.fixture
def posting(settings: Settings) -> Settings:
    """A shop whose mail server is away."""
    away = SecretStr("smtp://127.0.0.1:9")
    return settings.model_copy(
        update={"smtp_url": away, "mail_from": "shop@example.com", "public_url": "https://shop.example"}
    )


def at(settings: Settings, box: Mailbox) -> Settings:
    return settings.model_copy(update={"smtp_url": SecretStr(box.url)})


def make_due(database: Database, **values: Any) -> None:
    """As if the pause were over."""
    with database.writing() as session:
        waiting = update(Delivery).where(Delivery.due_at.is_not(None))
        session.execute(waiting.values(due_at=now(), **values).execution_options(synchronize_session=False))


def escalate(database: Database, app: Flask, settings: Settings) -> None:
    with database.writing() as session:
        session.execute(update(Alert).values(received_at=now() - timedelta(seconds=61)))
    background.escalate(database, settings)


def test_a_mail_server_that_is_away_delays_a_mail_and_loses_none(
    app: Flask, database: Database, posting: Settings, admin: Person
) -> None:
    CameraSystem.of(app).incident()
    escalate(database, app, posting)
    for _ in range(3):
        make_due(database)
        deliver(database, posting)
    waiting = admin.client.get("/notifications/delivery?state=waiting").text

    with mailbox() as box:
        for _ in range(3):
            make_due(database)
            deliver(database, at(posting, box))
        letter, is_empty = box.next(), box.is_empty

    assert "ConnectionRefusedError" in waiting
    assert (letter["To"], is_empty) == (admin.email, True)
    assert "Everything was delivered" in admin.client.get("/notifications/delivery").text


def test_what_is_never_taken_is_given_up_with_its_reason_and_can_be_tried_again(
    app: Flask, database: Database, posting: Settings, admin: Person
) -> None:
    CameraSystem.of(app).incident()
    escalate(database, app, posting)
    deliver(database, posting)
    make_due(database, at=now() - timedelta(days=2, minutes=1))
    deliver(database, posting)
    page = admin.client.get("/notifications/delivery").text
    with database.reading() as session:
        lost = session.scalars(select(Delivery).where(Delivery.given_up_at.is_not(None))).one()

    admin.client.post(f"/notifications/delivery/{lost.id}/retry")
    with mailbox() as box:
        deliver(database, at(posting, box))
        letter = box.next()

    assert "ConnectionRefusedError" in page
    assert lost.tries == 1
    assert letter["To"] == admin.email


@pytest.fixture
def pigeons(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """A channel of the test's own, and what it carried: to whom, and what."""
    carried: list[tuple[str, str]] = []

    class Pigeon(Channel):
        name, label = "pigeon", "Pigeon"

        def send(self, settings: Settings, letter: Letter) -> None:
            if letter.text.title.startswith("heavy"):
                raise GiveUp("Too heavy for a pigeon")
            if letter.text.title.startswith("rain") and not carried:
                carried.append(("", "rain"))
                raise TryAgain("It rains")
            carried.append((letter.to.name, letter.text.title))

    monkeypatch.setitem(channels.CHANNELS, "pigeon", Pigeon())
    return carried


def choose(person: Person, *wanted: str) -> None:
    assert person.client.post("/notifications/channels", data={"wanted": list(wanted)}).status_code == 303


def tell(database: Database, to: Any, title: str) -> None:
    with database.writing() as session:
        notify(session, NOTE, to=to, title=title)


def test_a_channel_is_one_class_and_people_choose_it(
    database: Database, settings: Settings, sales: Person, billing: Person, pigeons: list[tuple[str, str]]
) -> None:
    choose(sales, "note pigeon")

    for title in ("hello", "heavy", "rain"):
        tell(database, "staff", title)
    for _ in range(2):
        deliver(database, settings)
        make_due(database)

    assert [one for one in pigeons if one[0]] == [(sales.name, "hello"), (sales.name, "rain")]
    with database.reading() as session:
        given_up = session.scalars(select(Delivery).where(Delivery.channel == "pigeon")).one()
        assert (given_up.reason, given_up.account_id) == ("Too heavy for a pigeon", sales.id)


def test_an_error_of_a_channel_stops_no_other_message(
    database: Database, settings: Settings, sales: Person, billing: Person, pigeons: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for person in (sales, billing):
        choose(person, "note pigeon")
    sent = channels.CHANNELS["pigeon"].send

    def fails_once(settings: Settings, letter: Letter) -> None:
        if letter.to.id == sales.id:
            raise KeyError("secret-of-the-channel")
        sent(settings, letter)

    monkeypatch.setattr(channels.CHANNELS["pigeon"], "send", fails_once)
    tell(database, "staff", "hello")
    deliver(database, settings)

    assert pigeons == [(billing.name, "hello")]
    with database.reading() as session:
        left = session.scalars(select(Delivery).where(Delivery.channel == "pigeon")).one()
        assert (left.account_id, left.reason) == (sales.id, "KeyError")  # and nothing that it said


def test_who_turned_a_kind_off_is_not_told_and_who_wants_it_elsewhere_is(
    app: Flask, database: Database, settings: Settings, admin: Person, security: Person, pigeons: list[tuple[str, str]]
) -> None:
    choose(security, "alert pigeon", "alert.escalated bell")
    choose(admin, "alert.escalated bell")
    CameraSystem.of(app).incident()
    deliver(database, settings)

    assert [name for name, _title in pigeons] == [security.name]


def test_fifty_alerts_of_one_camera_are_one_message_on_each_channel(
    app: Flask, database: Database, posting: Settings, admin: Person, security: Person, pigeons: list[tuple[str, str]]
) -> None:
    choose(security, "alert pigeon", "alert.escalated bell", "alert.escalated mail")
    cameras = CameraSystem.of(app)
    for _ in range(50):
        cameras.incident("yard")
    cameras.incident("door")
    escalate(database, app, posting)

    with mailbox() as box:
        deliver(database, at(posting, box))
        subjects = sorted(box.next()["Subject"] for _ in range(4))
        is_empty = box.is_empty

    assert sorted(name for name, _title in pigeons) == [security.name] * 2
    assert [subject.split(":")[1].split(",")[0].strip() for subject in subjects] == ["door", "door", "yard", "yard"]
    assert is_empty
    inbox = security.client.get("/notifications").text
    assert "49 more" in inbox
    with database.reading() as session:
        for kind in (ALERT, ESCALATED):
            told = select(func.count(Notification.id)).where(Notification.kind == kind.name)
            assert session.scalars(told).one() == 2


def test_a_cashier_who_may_answer_complaints_is_told_of_one_and_not_any_more_when_they_may_not(
    database: Database, billing: Person, sales: Person, customer: Person
) -> None:
    with database.writing() as session:
        session.get_one(Account, billing.id).extra_permissions = [Permission.COMPLAINTS_ANSWER.value]
    customer.client.post("/complaints/new", data={"subject": "Jar was open", "body": "It was."})

    told = ["Jar was open" in person.client.get("/notifications").text for person in (billing, sales)]
    with database.writing() as session:
        session.get_one(Account, billing.id).extra_permissions = []
    after = billing.client.get("/notifications").text

    assert told == [True, False]
    assert "Jar was open" not in after


def test_what_is_rolled_back_was_never_told(database: Database, sales: Person) -> None:
    with pytest.raises(RuntimeError), database.writing() as session:
        notify(session, NOTE, to=sales.id, title="Never")
        raise RuntimeError

    with database.reading() as session:
        assert session.scalars(select(func.count(Notification.id))).one() == 0


def test_what_somebody_claimed_is_not_sent_any_more(
    app: Flask, database: Database, settings: Settings, security: Person, pigeons: list[tuple[str, str]]
) -> None:
    choose(security, "alert pigeon", "alert.escalated bell")
    CameraSystem.of(app).incident()
    with database.reading() as session:
        alert = session.scalars(select(Alert.id)).one()
    security.client.post(f"/alerts/{alert}/take")

    deliver(database, settings)

    assert pigeons == []


def test_a_parameter_that_an_older_release_stored_in_another_form_leaves_a_page_that_opens(
    database: Database, admin: Person, customer: Person
) -> None:
    customer.client.post("/complaints/new", data={"subject": "Jar was open", "body": "It was."})
    with database.writing() as session:
        session.scalars(select(Complaint)).one()
        session.execute(update(Notification).values(parameters={"words": "of another release"}))
        session.add(
            Notification(kind="from.the.future", parameters={}, audience="staff", created_at=now())
        )  # fmt: skip

    page = admin.client.get("/notifications")

    assert page.status_code == 200
    assert str(COMPLAINT.label) in page.text


# --- the webhook ---


class Receiver:
    """A program of somebody else's: takes what comes, and checks who it is from."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook?shop=1"
        self.status = 200
        self.taken: list[tuple[str, dict[str, str], bytes]] = []

    def is_signed(self, secret: str, number: int = 0) -> bool:
        """As the page of the docs has it."""
        _path, headers, body = self.taken[number]
        code = DOCS.read_text().partition("```python\n")[2].partition("```")[0]
        names: dict[str, Any] = {}
        exec(code, names)
        return bool(names["is_from_the_shop"](secret, headers, body))


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """It stands on this machine, where a webhook does not go outside of tests."""
    monkeypatch.setattr(network, "is_other_machine", lambda _ip: True)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.taken.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(found.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Private networks are named for webhooks."""
    return settings.model_copy(update={"webhook_networks": ["127.0.0.0/8"]})


def set_webhook(admin: Person, url: str, *wanted: str) -> str:
    """Save it; the secret, which is shown once."""
    admin.client.post("/notifications/delivery/webhook", data={"url": url, "secret": "", "wanted": list(wanted)})
    page = admin.client.get("/notifications/delivery").text
    return page.partition("whsec_")[2].partition("<")[0] and "whsec_" + page.partition("whsec_")[2].partition("<")[0]


def test_a_webhook_is_signed_and_tried_until_it_is_taken(
    app: Flask, database: Database, settings: Settings, admin: Person, receiver: Receiver
) -> None:
    secret = set_webhook(admin, receiver.url, "alert webhook")
    receiver.status = 503
    CameraSystem.of(app).incident("door", zones=["entry"])
    deliver(database, settings)
    receiver.status = 200
    for _ in range(2):
        make_due(database)
        deliver(database, settings)

    assert [path for path, *_rest in receiver.taken] == ["/hook?shop=1"] * 2
    ids = [headers["webhook-id"] for _path, headers, _body in receiver.taken]
    assert ids[0] == ids[1]  # by which a receiver knows the second for the first
    assert secret
    assert receiver.is_signed(secret, 0)
    assert receiver.is_signed(secret, 1)
    assert not receiver.is_signed(secret[:-4] + "AAAA", 1)
    told = json.loads(receiver.taken[1][2])
    assert (told["type"], told["data"]["place"], told["data"]["zone"]) == ("alert", "door", "entry")
    assert secret not in admin.client.get("/notifications/delivery").text  # shown once


@pytest.mark.parametrize(
    "url", ["http://10.0.0.7/x", "https://127.0.0.1/x", "ftp://example.com/", "http://169.254.169.254/latest"]
)
def test_a_webhook_goes_to_no_machine_that_was_not_named(
    admin: Person, database: Database, url: str, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = admin.client.post("/notifications/delivery/webhook", data={"url": url, "secret": ""})

    assert answer.status_code == 422
    with database.reading() as session:
        assert session.get_one(ShopProfile, 1).webhook_url == ""


def test_a_webhook_that_was_turned_off_gets_nothing_that_was_on_its_way(
    app: Flask, database: Database, settings: Settings, admin: Person, receiver: Receiver
) -> None:
    set_webhook(admin, receiver.url, "alert webhook")
    CameraSystem.of(app).incident()
    admin.client.post("/notifications/delivery/webhook", data={"url": "", "secret": ""})

    deliver(database, settings)

    assert receiver.taken == []
    with database.reading() as session:
        assert session.get_one(ShopProfile, 1).webhook_secret == ""
        assert session.scalars(select(func.count(Delivery.id)).where(Delivery.channel == "webhook")).one() == 0


def test_nobody_but_who_manages_the_settings_sees_or_sets_it(
    sales: Person, security: Person, customer: Person, sign_in: Callable[..., Person]
) -> None:
    for person in (sales, security, customer, sign_in(Role.BILLING)):
        assert person.client.get("/notifications/delivery").status_code == 403
        assert person.client.post("/notifications/delivery/webhook", data={"url": ""}).status_code == 403
