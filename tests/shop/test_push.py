"""Alerts on a phone whose pages are closed: sealed for one browser, kept until they are sent, ended with the sign-in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask
from playwright.sync_api import Dialog, expect
from sqlalchemy import func, select, update

from shop_app.accounts import sessions
from shop_app.base.db import Database, now
from shop_app.base.models import Account, Alert, Delivery, LoginSession, PushSubscription
from shop_app.base.permissions import Role
from shop_app.base.settings import Settings, new_signing_key
from shop_app.notify import delivery
from shop_app.notify.channels import push
from shop_app.notify.push import browsers
from shop_app.notify.push.sealing import CURVE, decode, encode, seal, signature
from tests.cameras import wait_for
from tests.shop.conftest import Person, Window
from tests.shop.night import CameraSystem
from tests.shop.push_service import PhoneBrowser, PushService, bytes_of, push_service, unsigned

OFFERED = ["fcm.googleapis.com", "push.services.mozilla.com", "push.apple.com", "notify.windows.com"]


@pytest.fixture
def phones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PushService]:
    """A push service whose certificate this process trusts."""
    with push_service(tmp_path) as found:
        monkeypatch.setenv("SSL_CERT_FILE", str(found.certificate))
        yield found


@pytest.fixture
def settings(settings: Settings, phones: PushService) -> Settings:
    """Those of a shop on https that knows this push service."""
    return settings.model_copy(update={"public_url": "https://shop.example", "push_services": [*OFFERED, phones.name]})


@pytest.fixture
def cameras(app: Flask) -> CameraSystem:
    """A camera system of this shop."""
    return CameraSystem.of(app)


@pytest.fixture
def phone(phones: PushService) -> PhoneBrowser:
    """A browser."""
    return PhoneBrowser(f"https://{phones.name}/send/one")


@pytest.fixture
def look(database: Database, settings: Settings) -> Callable[[], None]:
    """`look()` does what the background does each second, and waits for what it sends."""

    def once() -> None:
        for thread in delivery.run(database, settings):
            thread.join()

    return once


def begin(person: Person, phone: PhoneBrowser) -> Any:
    return person.client.post("/notifications/push", json=phone.subscription() | {"greet": True})


def counts(database: Database) -> tuple[int, int]:
    """How many browsers the shop has, and messages on their way to them."""
    waiting = select(func.count(Delivery.id)).where(Delivery.channel == "push", Delivery.due_at.is_not(None))
    with database.reading() as session:
        return session.scalars(select(func.count(PushSubscription.id))).one(), session.scalars(waiting).one()


def make_due(database: Database) -> None:
    with database.writing() as session:
        session.execute(update(Delivery).where(Delivery.due_at.is_not(None)).values(due_at=now()))


def test_a_message_is_sealed_as_in_the_example_of_the_standard() -> None:
    """RFC 8291, section 5 and appendix A."""
    once = ec.derive_private_key(int.from_bytes(decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), CURVE)

    sealed = seal(
        b"When I grow up, I want to be a watermelon",
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
        salt=decode("DGv6ra1nlYgDCS1FRnbzlw"),
        once=once,
    )

    assert encode(sealed) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
        "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_a_signature_is_this_shops_for_one_push_service_and_half_a_day() -> None:
    header = signature(new_signing_key(), "https://fcm.googleapis.com/fcm/send/x", "https://shop.example", at=1000.0)

    token, key = header.removeprefix("vapid t=").split(", k=")
    signed, found, claims = unsigned(token)
    r, s = int.from_bytes(found[:32], "big"), int.from_bytes(found[32:], "big")
    public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, bytes_of(key))
    public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(encode_dss_signature(r, s), signed + b"x", ec.ECDSA(SHA256()))
    assert claims == {"aud": "https://fcm.googleapis.com", "exp": 1000 + 12 * 3600, "sub": "https://shop.example"}


def test_a_browser_is_told_of_an_alert_in_words_and_once(
    security: Person, cameras: CameraSystem, phones: PushService, phone: PhoneBrowser, look: Callable[[], None],
    database: Database,
) -> None:  # fmt: skip
    assert begin(security, phone).status_code == 204
    look()
    cameras.incident("door", change="tampering", cause="covered", zones=["entry"])

    for _ in "thrice":
        look()

    greeting, alert = (phone.read(content) for _path, _headers, content in phones.requests)
    with database.reading() as session:
        found = session.scalars(select(Alert)).one()
    assert greeting["title"] == "Corner Shop"
    assert (alert["title"], alert["link"]) == ("The camera was covered", f"/alerts/{found.id}")
    assert alert["body"].startswith("door, entry, ")
    assert set(alert) == {"title", "body", "link", "tag"}  # no picture
    _path, headers, content = phones.requests[1]
    assert b"covered" not in content
    assert (headers["Ttl"] if "Ttl" in headers else headers["TTL"], headers["Urgency"]) == ("900", "high")
    assert unsigned(headers["Authorization"][8:].partition(",")[0])[2]["aud"] == f"https://{phones.name}"
    assert counts(database) == (1, 0)


def test_words_are_in_the_language_of_who_reads_them(
    sign_in: Callable[..., Person], cameras: CameraSystem, phones: PushService, phone: PhoneBrowser,
    look: Callable[[], None],
) -> None:  # fmt: skip
    begin(sign_in(Role.SECURITY, locale="de"), phone)
    cameras.incident()

    look()

    assert {phone.read(content)["title"] for *_rest, content in phones.requests} == {"Corner Shop", "Bewegung"}


def test_of_a_storm_a_phone_is_told_once_and_of_quiet_or_taken_alerts_never(
    security: Person, cameras: CameraSystem, phones: PushService, phone: PhoneBrowser, look: Callable[[], None],
    database: Database,
) -> None:  # fmt: skip
    begin(security, phone)
    look()
    phones.requests.clear()
    for _ in range(5):
        cameras.incident("yard")
    cameras.incident("desk", severity="warning")
    security.client.post("/alerts/snooze", data={"camera": "shelf", "minutes": "15"})
    cameras.incident("shelf")
    cameras.incident("door")
    with database.reading() as session:
        door = session.scalars(select(Alert.id).where(Alert.camera == "door")).one()
    security.client.post(f"/alerts/{door}/take")

    look()

    assert [phone.read(content)["body"][:4] for *_rest, content in phones.requests] == ["yard"]


@pytest.mark.parametrize(
    ("status", "left"),
    [
        (201, (1, 0)),
        (404, (0, 0)),
        (410, (0, 0)),
        (500, (1, 1)),
        (503, (1, 1)),
        (429, (1, 1)),
        (400, (1, 0)),
        (302, (1, 0)),
    ],
)
def test_what_a_push_service_answers_is_heeded(
    status: int, left: tuple[int, int], security: Person, phones: PushService, phone: PhoneBrowser,
    look: Callable[[], None], database: Database,
) -> None:  # fmt: skip
    phones.status = status
    begin(security, phone)

    look()
    look()  # not due again at once

    assert counts(database) == left
    assert [path for path, *_rest in phones.requests] == ["/send/one"]


def test_without_a_network_nothing_is_lost_and_alerts_wait_for_nothing(
    security: Person, cameras: CameraSystem, phones: PushService, phone: PhoneBrowser, look: Callable[[], None],
    database: Database, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def refused(*_: object) -> int:
        raise ConnectionRefusedError

    begin(security, phone)
    look()
    cameras.incident("door")
    with monkeypatch.context() as without:
        without.setattr(push, "_post", refused)
        look()
    assert "door" in security.client.get("/alerts").text
    assert counts(database) == (1, 1)

    make_due(database)
    look()

    assert phone.read(phones.requests[-1][2])["body"].startswith("door")
    assert counts(database) == (1, 0)


def test_what_is_too_old_is_told_no_more(
    security: Person, phones: PushService, phone: PhoneBrowser, look: Callable[[], None], database: Database,
    cameras: CameraSystem,
) -> None:  # fmt: skip
    begin(security, phone)
    cameras.incident()
    with database.writing() as session:
        old = now() - push.Push.tries_for - timedelta(seconds=1)
        session.execute(update(Delivery).values(at=old))

    look()

    assert (phones.requests, counts(database)) == ([], (1, 0))


@pytest.mark.parametrize("how", ["signs out", "changes the password", "is disabled", "changes the role", "stays idle"])
def test_a_browser_is_told_nothing_once_its_sign_in_is_over(
    how: str, security: Person, admin: Person, cameras: CameraSystem, phones: PushService, phone: PhoneBrowser,
    look: Callable[[], None], database: Database,
) -> None:  # fmt: skip
    begin(security, phone)
    look()
    phones.requests.clear()
    cameras.incident()
    over(how, security, admin, database)

    look()
    with database.writing() as session:
        browsers.forget_ended(session)

    left = (1, 0) if how == "changes the role" else (0, 0)  # who is still signed in is told other things
    assert (phones.requests, counts(database)) == ([], left)


def over(how: str, person: Person, admin: Person, database: Database) -> None:
    if how == "signs out":
        person.client.post("/sign-out")
        return
    with database.writing() as session:
        if how == "changes the password":
            sessions.end_all(session, person.id)
        elif how == "stays idle":
            at = now() - timedelta(hours=13)
            session.execute(update(LoginSession).where(LoginSession.account_id == person.id).values(last_seen_at=at))
        else:
            change = {"active": False} if how == "is disabled" else {"role": Role.SALES.value}
            session.execute(update(Account).where(Account.id == person.id).values(change))


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/send/x", "https://127.0.0.1/send/x", "https://10.0.0.5/", "https://[::1]/x",
        "https://localhost/x", "https://169.254.169.254/latest/meta-data", "https://fcm.googleapis.com.evil.example/x",
        "https://evilfcm.googleapis.com/x", "https://evil.example/fcm.googleapis.com", "https://evil.example#fcm.googleapis.com",
        "https://fcm.googleapis.com:8443/x", "https://user@web.push.apple.com/x", "https://evil.example\\.push.apple.com/x",
        "https://fcm.googleapis.com/x\r\nHost: evil", "file:///etc/passwd", "", "https://fcm.googleapis.com/" + "x" * 500,
    ],
)  # fmt: skip
def test_only_addresses_of_known_push_services_are_taken(
    endpoint: str, security: Person, phone: PhoneBrowser, database: Database
) -> None:
    phone.endpoint = endpoint

    answer = begin(security, phone)

    assert (answer.status_code, counts(database)) == (422, (0, 0))


@pytest.mark.parametrize(
    ("name", "value"), [("p256dh", "BBBB"), ("p256dh", "A" * 88), ("p256dh", "ü"), ("auth", "AAAA"), ("auth", "A" * 31)]
)
def test_keys_that_are_none_are_refused(
    name: str, value: str, security: Person, phone: PhoneBrowser, database: Database
) -> None:
    wish = phone.subscription()
    wish["keys"][name] = value

    answer = security.client.post("/notifications/push", json=wish)

    assert (answer.status_code, counts(database)) == (422, (0, 0))


def test_a_browser_belongs_to_who_signed_in_on_it_last_and_is_ended_by_its_address(
    security: Person, admin: Person, phone: PhoneBrowser, database: Database
) -> None:
    begin(security, phone)
    begin(admin, phone)

    with database.reading() as session:
        assert session.scalars(select(PushSubscription.account_id)).all() == [admin.id]
    assert admin.client.post("/notifications/push/end", json={"endpoint": phone.endpoint}).status_code == 204
    assert counts(database) == (0, 0)


def test_a_browser_that_comes_again_is_bound_to_the_new_sign_in_and_greeted_only_when_it_asks(
    security: Person, phone: PhoneBrowser, database: Database, app: Flask
) -> None:
    begin(security, phone)
    for _ in "twice":
        assert security.client.post("/notifications/push", json=phone.subscription()).status_code == 204
    assert counts(database) == (1, 1)
    with app.test_request_context(), database.writing() as session:
        token = sessions.begin(session, session.get_one(Account, security.id), kind="browser", label="next shift")
    security.client.set_cookie("login", token)

    security.client.post("/notifications/push", json=phone.subscription())

    with database.reading() as session:
        newest = session.scalars(select(func.max(LoginSession.id))).one()
        assert session.scalars(select(PushSubscription.login_id)).all() == [newest]
    assert counts(database) == (1, 0)


def test_the_oldest_of_many_browsers_makes_room(security: Person, phones: PushService, database: Database) -> None:
    for number in range(browsers.MOST + 2):
        assert begin(security, PhoneBrowser(f"https://{phones.name}/send/{number}")).status_code == 204

    with database.reading() as session:
        kept = session.scalars(select(PushSubscription.endpoint).order_by(PushSubscription.id)).all()
    assert [endpoint.rpartition("/")[2] for endpoint in kept] == ["2", "3", "4", "5", "6"]


def test_a_look_without_work_writes_nothing(
    security: Person, phone: PhoneBrowser, look: Callable[[], None], cameras: CameraSystem, count_statements: list[str]
) -> None:
    cameras.incident()
    count_statements.clear()

    look()

    assert [one for one in count_statements if not one.startswith(("BEGIN", "PRAGMA", "SELECT"))] == []


@pytest.mark.browser
def test_a_browser_that_does_not_allow_it_is_told_what_to_do(window: Window, security: Person) -> None:
    page = window.open("/alerts", person=security)
    said: list[str] = []

    def read(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.accept()

    page.on("dialog", read)
    button = page.get_by_role("button", name="Notifications on this device")

    button.click()

    expect(button).to_be_enabled()
    wait_for(lambda: page.evaluate("1") and bool(said), 20)
    assert "Allow notifications for this page" in said[0]
    expect(button).to_have_attribute("aria-pressed", "false")


@pytest.mark.browser
def test_an_open_page_offers_it_and_the_worker_shows_what_comes(window: Window, security: Person) -> None:
    page = window.open("/alerts", person=security, permissions=["notifications"])
    page.get_by_role("button", name="Notifications on this device").wait_for()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    worker = page.context.new_cdp_session(page)
    registrations: list[str] = []
    worker.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(one["registrationId"] for one in event["registrations"]),
    )
    worker.send("ServiceWorker.enable")
    for _ in range(400):
        page.wait_for_timeout(0 if registrations else 50)  # events come while the page is waited for
    message = {"title": "Movement", "body": "door, 01:14:07", "link": "/alerts/7", "tag": "door"}

    deliver = {"origin": window.server, "registrationId": registrations[-1], "data": json.dumps(message)}
    shown = "navigator.serviceWorker.ready.then((worker) => worker.getNotifications()).then((all) => all.map((one) => [one.title, one.body, one.data.link]))"

    def is_shown() -> object:
        worker.send("ServiceWorker.deliverPushMessage", deliver)  # again: one that comes while a worker starts is lost
        page.wait_for_timeout(500)
        return page.evaluate(shown)

    wait_for(is_shown, 20)
    assert page.evaluate(shown) == [["Movement", "door, 01:14:07", "/alerts/7"]]
