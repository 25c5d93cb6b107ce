"""A customer's rights: a copy of everything kept of them, and to be forgotten, while books and audit log stay whole."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from alembic import command
from flask import Flask
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from sqlalchemy import func, select, update

from shop_app.accounts import service as accounts
from shop_app.accounts import sessions
from shop_app.accounts.passwords import Passwords
from shop_app.accounts.throttle import attempt
from shop_app.base import audit
from shop_app.base.db import AT_LAST, Base, Database, now
from shop_app.base.errors import Conflict
from shop_app.base.models import (
    Account,
    AuditEntry,
    AuditHead,
    Bill,
    Complaint,
    HeldCart,
    LedgerAccount,
    LedgerEntry,
    LoginAttempt,
    LoginSession,
    Notification,
    OneTimeCode,
    Product,
    PushSubscription,
    Rating,
)
from shop_app.base.permissions import Actor, Role
from shop_app.base.settings import Settings
from shop_app.notify.kinds import NOTE
from shop_app.notify.outbox import notify
from shop_app.ops.schema import alembic_config, upgrade_database
from shop_app.people.privacy import erasure
from shop_app.sales.wallet import ledger
from tests.shop import racing
from tests.shop.conftest import PASSWORD, PHONE, Person, Window
from tests.shop.racing import together
from tests.shop.test_books import actor_of
from tests.shop.test_races import assert_books_agree, new_cart, tab_of

Make = Callable[..., Product]
SURE = {"sure": "y"}
WORDS = "Mouldy bread by Ada Lovelace"
SAYS_WHO = "lovelace", "ada@", "030555100", "030 555"  # "ada" alone may stand in a hash


@pytest.fixture
def ada(sign_in: Callable[..., Person]) -> Person:
    """A customer with a password."""
    return sign_in(
        Role.CUSTOMER, name="Ada Lovelace", email="ada@example.com", phone="030 555-100", phone_norm="030555100",
        password_hash=Passwords(memory_kib=64, rounds=1).hash(PASSWORD),
    )  # fmt: skip


@pytest.fixture
def stranger(sign_in: Callable[..., Person]) -> Person:
    """Another customer."""
    return sign_in(Role.CUSTOMER, name="Stranger Danger", email="stranger@example.com")


@pytest.fixture
def life(  # what the tests below look for
    app: Flask, database: Database, ada: Person, billing: Person, admin: Person, make_product: Make
) -> dict[str, Any]:
    """Ada shops, complains, rates, is written to, signs in on a phone and forgets her password: the ids of what that left."""
    product = make_product(name="Rye bread", price_minor=500)
    with database.writing() as session:
        ledger.top_up(session, actor_of(billing), ada.id, 500, "cash")
    racing.sell_one(database, actor_of(billing), product.id, customer_id=ada.id, wallet=500)
    with database.reading() as session:
        bill = session.scalars(select(Bill)).one()
        line = bill.lines[0].id
    ada.client.post(f"/shop/rate/{line}", data={"stars": "4", "comment": WORDS})
    ada.client.post("/complaints/new", data={"subject": WORDS, "body": WORDS, "bill": str(bill.number)})
    with database.reading() as session:
        complaint = session.scalars(select(Complaint.id)).one()
    admin.client.post(f"/complaints/{complaint}", data={"body": "We are sorry, Ada."})
    ada.client.post("/feedback/mine", data={"topic": "shop", "body": WORDS})
    phone = app.test_client()
    sent = {"name": ada.email, "password": PASSWORD, "device": "Ada's phone"}
    token = phone.post("/api/v1/sign-in", json=sent, csrf=False).get_json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    once = bearer | {"Idempotency-Key": "k"}
    phone.post("/api/v1/complaints", json={"subject": WORDS, "body": WORDS}, headers=once, csrf=False)
    app.test_client().post("/sign-in", data={"name": ada.email, "password": "wrong"})
    with app.test_request_context(), database.writing() as session:
        notify(session, NOTE, to=ada.id, title="Your order is here, Ada")
        accounts.issue_code(session, session.get_one(Account, ada.id), None)
        login = session.scalars(select(LoginSession.id).where(LoginSession.account_id == ada.id)).first()
        session.add(
            PushSubscription(
                account_id=ada.id, login_id=login, endpoint="https://push.example/ada", endpoint_hash="0" * 64, p256dh="x",
                auth="x", made_at=now(),
            )
        )  # fmt: skip
        session.add(
            HeldCart(
                cashier_id=billing.id, key="held", label="Ada's cart", on_hold=True, customer_id=ada.id,
                lines=[{"product_id": product.id, "quantity": 1, "discount": 0}], created_at=now(), updated_at=now(),
            )
        )  # fmt: skip
    ada.client.get("/notifications")
    return {"bill": bill.id, "line": line, "product": product.id, "complaint": complaint, "bearer": bearer}


# The copy


def test_the_copy_holds_everything_that_is_kept_and_nothing_of_others(
    app: Flask, database: Database, ada: Person, stranger: Person, life: dict[str, Any]
) -> None:
    stranger.client.post("/complaints/new", data={"subject": "Strange", "body": "alone"})

    answer = ada.client.post("/me/data/copy")
    by_phone = app.test_client().post(
        "/api/v1/me/copy", json={"password": PASSWORD}, headers=life["bearer"], csrf=False
    )

    assert (answer.status_code, answer.mimetype, by_phone.status_code) == (200, "application/json", 200)
    assert re.search(r'attachment; filename="data-\d+-\d{4}-\d\d-\d\d\.json"', answer.headers["Content-Disposition"])
    found: Any = answer.json
    assert found["account"]["name"] == "Ada Lovelace"
    assert found["account"]["phone"] == "030 555-100"
    assert [entry["amount_minor"] for entry in found["wallet"]] == [500, -500]
    assert [line["name"] for bill in found["bills"] for line in bill["lines"]] == ["Rye bread"]
    assert [payment["method"] for payment in found["bills"][0]["payments"]] == ["wallet"]
    assert found["complaints"][0]["subject"] == WORDS
    assert [(m["mine"], m["body"]) for m in found["complaints"][0]["messages"]] == [
        (True, WORDS), (False, "We are sorry, Ada."),
    ]  # fmt: skip
    assert [word["body"] for word in found["feedback"]] == [WORDS]
    assert [(rating["stars"], rating["comment"]) for rating in found["ratings"]] == [(4, WORDS)]
    assert "Your order is here, Ada" in [note["title"] for note in found["notifications"]]
    assert [login["label"] for login in found["sign_ins"]] == ["test", "Ada's phone"]
    assert [cart["label"] for cart in found["carts"]] == ["Ada's cart"]
    assert len(found["one_time_codes"]) == 1
    other = by_phone.get_json()
    assert other | {"log": [], "made_at": ""} == found | {"log": [], "made_at": ""}
    assert [entry["action"] for entry in other["log"]][-1] == "account.data-copied"  # the copy before
    for secret in ("Stranger", "Strange", "Billing Person", "Admin Person", *hashes(database, ada.id)):
        assert secret not in answer.text


def hashes(database: Database, account_id: int) -> list[str]:
    """Everything secret that the database has of an account."""
    with database.reading() as session:
        found = [str(session.get_one(Account, account_id).password_hash)]
        found += session.scalars(select(LoginSession.token_hash).where(LoginSession.account_id == account_id))
        found += session.scalars(select(OneTimeCode.code_hash).where(OneTimeCode.account_id == account_id))
    return found


def test_a_copy_sends_as_many_statements_for_ten_bills_as_for_one(
    database: Database, ada: Person, billing: Person, life: dict[str, Any], count_statements: list[str]
) -> None:
    def sent() -> int:
        count_statements.clear()
        assert ada.client.post("/me/data/copy").status_code == 200
        return len(count_statements)

    ada.client.post("/me/data/copy")
    for_one = sent()
    for _ in range(9):
        racing.sell_one(database, actor_of(billing), life["product"], customer_id=ada.id)

    assert sent() == for_one


def test_a_copy_is_what_the_description_of_the_api_says(app: Flask, life: dict[str, Any]) -> None:
    copy = (
        app.test_client()
        .post("/api/v1/me/copy", json={"password": PASSWORD}, headers=life["bearer"], csrf=False)
        .get_json()
    )
    document = app.test_client().get("/api/v1/openapi.json").get_json()

    OpenAPIV31SpecValidator(document).validate()
    schema = document["paths"]["/api/v1/me/copy"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/PersonalData"}
    Draft202012Validator(schema | {"components": document["components"]}).validate(copy)
    assert {"Bill", "Complaint", "Entry"} <= set(document["components"]["schemas"])  # nobody's names have changed


def test_an_admin_hands_a_copy_out_and_the_log_says_so(admin: Person, ada: Person, database: Database) -> None:
    answer = admin.client.post(f"/customers/{ada.id}/data/copy")

    assert answer.get_json()["account"]["name"] == "Ada Lovelace"
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "account.data-copied")).one()
        assert (entry.actor_id, entry.subject) == (admin.id, f"customer {ada.id}")


@pytest.mark.parametrize("what", ["", "/copy", "/delete"])
def test_nobody_but_admins_reaches_the_data_of_a_customer(  # S1
    what: str, sign_in: Callable[..., Person], ada: Person, admin: Person, database: Database
) -> None:
    method = "GET" if not what else "POST"
    address = f"/customers/{ada.id}/data{what}"

    for role in (Role.BILLING, Role.SALES, Role.SECURITY, Role.CUSTOMER):
        assert sign_in(role).client.open(address, method=method, data=SURE).status_code == 403, role
    assert ada.client.open(address, method=method, data=SURE).status_code == 403
    # No member of staff is a customer, whoever asks.
    assert admin.client.open(f"/customers/{admin.id}/data{what}", method=method, data=SURE).status_code == 404
    with database.reading() as session:
        assert session.get_one(Account, ada.id).name == "Ada Lovelace"
        assert session.get_one(Account, admin.id).active


def test_copy_and_deletion_ask_for_the_password_again(ada: Person, admin: Person, database: Database) -> None:
    with database.writing() as session:
        session.execute(update(LoginSession).values(confirmed_at=now() - timedelta(hours=1)))

    asked = [ada.client.get("/me/data"), admin.client.get(f"/customers/{ada.id}/data")]
    refused = [
        person.client.post(address, data=SURE).status_code
        for person, address in (
            (ada, "/me/data/copy"), (ada, "/me/data/delete"), (admin, f"/customers/{ada.id}/data/copy"),
            (admin, f"/customers/{ada.id}/data/delete"),
        )
    ]  # fmt: skip

    assert [answer.headers["Location"].partition("?")[0] for answer in asked] == ["/me/confirm"] * 2
    assert refused == [403] * 4
    with database.reading() as session:
        assert session.get_one(Account, ada.id).name == "Ada Lovelace"


# The deletion


@pytest.mark.both
def test_nothing_that_says_who_somebody_was_is_left_in_any_table(
    app: Flask, database: Database, ada: Person, billing: Person, life: dict[str, Any]
) -> None:
    assert mentions(database, *SAYS_WHO) != []
    held = hashes(database, ada.id)

    answer = ada.client.post("/me/data/delete", data=SURE)

    assert answer.headers["Location"] == "/sign-in"
    assert mentions(database, *SAYS_WHO, *held) == []
    with database.reading() as session:
        account = session.get_one(Account, ada.id)
        assert (account.name, account.active, account.erased_at is not None) == ("", False, True)
        assert session.scalars(select(LoginSession).where(LoginSession.account_id == ada.id)).first() is None
        assert session.scalars(select(LoginAttempt).where(LoginAttempt.key.startswith("name:"))).first() is None
        assert session.scalars(select(PushSubscription)).first() is None
        cart = session.scalars(select(HeldCart).where(HeldCart.key == "held")).one()
        assert (cart.customer_id, cart.label, len(cart.lines)) == (None, "", 1)
    assert "Cart of" in billing.client.post("/till/cart", json={}).text  # the till can go on with the goods


def mentions(database: Database, *words: str) -> list[str]:
    """The columns of all tables in which one of the words stands."""
    found = []
    with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table)).mappings():
                text = {
                    name: value if isinstance(value, str) else json.dumps(value, default=str)
                    for name, value in row.items()
                }
                found += [
                    f"{table.name}.{name}: {value}"
                    for name, value in text.items()
                    if any(word.casefold() in value.casefold() for word in words)
                ]
    return found


def test_books_bills_and_stars_stay_without_a_name(
    database: Database, ada: Person, admin: Person, billing: Person, life: dict[str, Any]
) -> None:
    all_days = "/reports?from=2020-01-01&to=2099-12-31&format=csv"
    report = billing.client.get(all_days).text

    ada.client.post("/me/data/delete", data=SURE)

    assert_books_agree(database)
    assert billing.client.get(all_days).text == report
    bill = billing.client.get(f"/bills/{life['bill']}")
    assert (bill.status_code, "Rye bread" in bill.text, "Ada" in bill.text) == (200, True, False)
    rated = admin.client.get(f"/ratings/{life['product']}").text
    assert ("a former customer" in rated, WORDS in rated) == (True, False)
    with database.reading() as session:
        assert session.scalars(select(Rating.stars)).all() == [4]
        product = session.get_one(Product, life["product"])
        assert (product.rating_count, product.rating_stars) == (1, 4)
        assert session.scalars(select(func.count(LedgerEntry.id))).one() == 4
        assert session.scalars(select(Bill.customer_id)).all() == [None]
    back = {f"line-{life['line']}": "1", "reason": "mouldy", "key": "k"}
    given = [
        billing.client.post(f"/bills/{life['bill']}/refund", data=back | {"method": method}).status_code
        for method in ("wallet", "cash")
    ]
    assert given == [422, 303]


def test_old_cookies_and_tokens_answer_401_and_the_address_can_register_anew(
    app: Flask, ada: Person, life: dict[str, Any], database: Database
) -> None:
    phone = app.test_client()

    ada.client.post("/me/data/delete", data=SURE)

    old = app.test_client()
    old.set_cookie("login", ada.token)
    assert old.get("/me").status_code == 401
    assert phone.get("/api/v1/me", headers=life["bearer"]).status_code == 401
    wrong = app.test_client().post("/sign-in", data={"name": ada.email, "password": PASSWORD})
    assert wrong.status_code == 422
    form = {"name": "Ada again", "email": ada.email, "phone": "030 555-100", "password": PASSWORD, "agree": "y"}
    again = app.test_client()
    assert again.post("/shop/register", data=form).status_code == 303
    assert WORDS not in again.get("/complaints/mine").text
    assert "Rye bread" not in again.get("/shop/bills").text
    with database.reading() as session:
        assert session.scalars(select(Account.id).where(Account.email_norm == ada.email)).one() != ada.id


def test_a_deleted_customer_is_in_no_list_and_cannot_be_written_to_or_paid_for(
    ada: Person, admin: Person, billing: Person, database: Database
) -> None:
    ada.client.post("/me/data/delete", data=SURE)

    for state in ("active", "disabled", "all"):
        rows = admin.client.get(f"/customers?state={state}&format=csv").text.splitlines()
        assert rows[1:] == [], state
    assert billing.client.get("/till/customers?q=").json == []
    assert admin.client.get(f"/customers/{ada.id}").status_code == 404
    for address in ("enable", "disable", "reset", "wallet", "wallet/out"):
        assert (
            admin.client.post(
                f"/customers/{ada.id}/{address}", data={"amount": "1", "method": "cash", "key": "k"}
            ).status_code
            == 404
        )
    sent = admin.client.post("/notifications/send", data={"title": "Hello", "to": f"person:{ada.id}"})
    assert sent.status_code == 422
    with database.writing() as session, pytest.raises(Conflict):
        ledger.top_up(session, actor_of(billing), ada.id, 100, "cash")
    with database.reading() as session:
        assert session.scalars(select(Notification)).first() is None


def test_money_in_the_wallet_is_paid_out_first(
    app: Flask, ada: Person, admin: Person, billing: Person, database: Database
) -> None:
    with database.writing() as session:
        ledger.top_up(session, actor_of(billing), ada.id, 500, "cash")

    page = ada.client.get("/me/data").text
    refused = [
        ada.client.post("/me/data/delete", data=SURE),
        admin.client.post(f"/customers/{ada.id}/data/delete", data=SURE),
    ]
    phone = app.test_client()
    sent = {"name": ada.email, "password": PASSWORD, "device": "phone"}
    bearer = {"Authorization": "Bearer " + phone.post("/api/v1/sign-in", json=sent, csrf=False).get_json()["token"]}
    by_phone = phone.post("/api/v1/me/delete", json={"password": PASSWORD}, headers=bearer, csrf=False)
    with database.reading() as session:
        assert session.get_one(Account, ada.id).name == "Ada Lovelace"
    with database.writing() as session:
        ledger.pay_out(session, actor_of(billing), ada.id, 500, "cash")
    gone = ada.client.post("/me/data/delete", data=SURE)

    assert "There is €5.00 in the wallet. First have it paid out at the till" in page
    assert "Delete my account" not in page
    assert [answer.status_code for answer in refused] == [409, 409]
    assert all("Have it paid out at the till" in answer.text for answer in refused)
    assert (by_phone.status_code, by_phone.get_json()["code"]) == (409, "wallet-not-empty")
    assert gone.status_code == 303


def test_an_app_deletes_the_account_with_the_password_and_not_without(
    app: Flask, ada: Person, life: dict[str, Any]
) -> None:
    phone = app.test_client()

    def send(password: str) -> Any:
        return phone.post("/api/v1/me/delete", json={"password": password}, headers=life["bearer"], csrf=False)

    wrong, right, again = send("wrong"), send(PASSWORD), send(PASSWORD)

    assert (wrong.status_code, wrong.get_json()["errors"].keys()) == (422, {"password"})
    assert (right.status_code, again.status_code) == (204, 401)
    assert ada.client.get("/me").status_code == 401


def test_without_the_tick_nothing_is_deleted(ada: Person, admin: Person) -> None:
    assert ada.client.post("/me/data/delete").status_code == 422
    assert admin.client.post(f"/customers/{ada.id}/data/delete").status_code == 422
    assert ada.client.get("/me").status_code == 200


@pytest.mark.both
def test_a_double_click_deletes_once_and_both_answers_say_so(app: Flask, ada: Person, database: Database) -> None:
    page = ada.client.get("/me/data").text
    proof = re.search(r'name="account"[^>]*value="([^"]+)"', page)
    assert proof is not None
    form = SURE | {"account": proof.group(1)}

    first = ada.client.post("/me/data/delete", data=form)
    late = app.test_client()
    late.set_cookie("login", ada.token)
    second = late.post("/me/data/delete", data=form, csrf=False)
    forged = late.post("/me/data/delete", data=SURE | {"account": str(ada.id)}, csrf=False)

    assert "Your account is deleted" in ada.client.get(first.headers["Location"]).text
    assert (second.status_code, "Your account is deleted" in second.text) == (401, True)
    assert (forged.status_code, "Your account is deleted" in forged.text) == (401, False)
    with database.reading() as session:
        assert session.scalars(select(func.count()).where(AuditEntry.action == "account.erased")).one() == 1


@pytest.mark.both
def test_an_admin_who_clicks_twice_deletes_once(admin: Person, ada: Person, database: Database) -> None:
    with ThreadPoolExecutor(2) as pool:
        browsers = [admin.client, admin.client.application.test_client()]
        browsers[1].set_cookie("login", admin.token)
        answers = list(pool.map(lambda b: b.post(f"/customers/{ada.id}/data/delete", data=SURE).status_code, browsers))

    assert answers == [303, 303]
    with database.reading() as session:
        assert session.scalars(select(func.count()).where(AuditEntry.action == "account.erased")).one() == 1


def test_tries_that_were_counted_for_the_account_are_gone_and_those_of_others_are_not(
    database: Database, ada: Person
) -> None:
    for name in (ada.email, "forgotten:+4930555100", f"password:{ada.id}", "stranger@example.com"):
        with attempt(database, name, "192.0.2.1"):
            pass

    ada.client.post("/me/data/delete", data=SURE)

    with database.reading() as session:
        assert session.scalars(select(func.count()).where(LoginAttempt.key.startswith("name:"))).one() == 1


def test_what_came_in_the_same_moment_goes_within_the_hour(app: Flask, ada: Person, database: Database) -> None:
    ada.client.post("/me/data/delete", data=SURE)
    with app.test_request_context(), database.writing() as session:  # a sign-in that had checked the password before
        sessions.begin(session, session.get_one(Account, ada.id), kind="device", label="Ada's phone")
        session.execute(update(Account).where(Account.id == ada.id).values(name="Ada Late", email="late@example.com"))

    erasure.sweep(database)

    with database.reading() as session:
        assert session.scalars(select(LoginSession).where(LoginSession.account_id == ada.id)).first() is None
        account = session.get_one(Account, ada.id)
        assert (account.name, account.email, account.email_norm) == ("", None, f"erased:{ada.id}")


def test_every_reference_to_an_account_is_decided() -> None:
    """A new table that refers to accounts fails here: say what deleting a customer does to it."""
    references = {
        f"{key.parent.table.name}.{key.parent.name}"
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == "accounts"
    }
    deleted = {
        "complaint_messages.author_id", "complaints.customer_id", "feedback.author_id", "idempotency_keys.account_id",
        "login_sessions.account_id", "deliveries.account_id", "channel_choices.account_id", "notifications.account_id",
        "one_time_codes.account_id", "push_subscriptions.account_id",
    }  # fmt: skip
    set_to_nobody = {"bills.customer_id", "held_carts.customer_id"}
    number_stays = {"ledger_accounts.customer_id", "ratings.customer_id"}
    of_staff = {
        "alert_reviews.account_id", "alerts.pinned_by_id", "alerts.taken_by_id", "arm_changes.account_id",
        "bills.cashier_id", "day_closings.cashier_id", "day_closings.closed_by_id", "feedback.handled_by_id",
        "held_carts.cashier_id", "ledger_transactions.account_id", "notifications.sender_id",
        "offers.decided_by_id", "offers.proposed_by_id", "one_time_codes.created_by_id", "receipt_prints.account_id",
        "refunds.cashier_id", "service_tokens.created_by_id", "snoozes.account_id", "stock_movements.account_id",
        "zone_watchers.account_id",
    }  # fmt: skip

    assert references == deleted | set_to_nobody | number_stays | of_staff


# The audit log


def test_a_customer_stands_in_the_log_as_a_number_and_is_found_there_by_name(
    ada: Person, admin: Person, database: Database
) -> None:
    ada.client.post("/me", data={"name": "Ada Lovelace", "email": ada.email, "phone": "", "locale": "de"})

    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "account.profile-changed")).one()
        assert (entry.actor, entry.address) == (f"customer {ada.id}", "")
    assert f'<a href="/customers/{ada.id}">customer {ada.id}</a>' in admin.client.get("/manage/audit?q=lovelace").text
    admin.client.post(f"/customers/{ada.id}/data/delete", data=SURE)
    assert "Ada Lovelace" not in admin.client.get("/manage/audit").text


def test_an_upgrade_takes_the_names_out_that_older_entries_held_and_says_so(
    ada: Person, settings: Settings, database: Database
) -> None:
    with database.writing() as session:  # as releases before 0007 wrote them
        actor = Actor(ada.id, Role.CUSTOMER, ada.name, frozenset(), address="192.0.2.66")
        for number in range(3):
            audit.record(session, actor, "account.signed-in", ada.id, number=number)
        for entry in session.info[AT_LAST]:
            entry.actor, entry.address = f"{ada.name} (customer)", actor.address
    audit.seal(database)
    with database.reading() as session:
        before = session.get_one(AuditHead, 1).hash
    database.close()

    command.downgrade(alembic_config(settings.database_url), "0016")
    upgrade_database(settings)

    with database.reading() as session:
        *entries, told = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        assert {(entry.actor, entry.address) for entry in entries} == {(f"customer {ada.id}", "")}
        assert json.loads(told.details) == {"last_hash": before, "broken": None}
        assert audit.check(session) == (None, 4, 0, None, [])


# Races


@pytest.mark.both
def test_a_bill_paid_while_its_customer_is_deleted_is_theirs_before_or_not_made(
    settings: Settings, database: Database, billing: Person, ada: Person, make_product: Make
) -> None:
    product = make_product(stock=1000)

    outcomes = together(
        racing.sell_or_erase, settings.database_url, billing.id, 5, product_id=product.id, customer_id=ada.id
    )

    assert set(outcomes) <= {"done", "refused 409"}
    with database.reading() as session:
        assert session.scalars(select(Bill.customer_id).distinct()).all() in ([], [None])
        assert session.get_one(Product, product.id).stock == 1000 - session.scalars(select(func.count(Bill.id))).one()
        assert session.get_one(Account, ada.id).erased_at is not None
    assert_books_agree(database)


@pytest.mark.both
def test_control_without_the_hold_a_bill_is_made_for_somebody_who_is_gone(
    settings: Settings, database: Database, billing: Person, ada: Person, make_product: Make
) -> None:
    product = make_product(stock=1000)

    together(
        racing.sell_or_erase_without_a_lock, settings.database_url, billing.id, 5, product_id=product.id,
        customer_id=ada.id,
    )  # fmt: skip

    with database.reading() as session:
        assert ada.id in session.scalars(select(Bill.customer_id))


@pytest.mark.parametrize("method", ["cash", "wallet"])
@pytest.mark.both
def test_a_cart_paid_at_the_till_while_its_customer_is_deleted_ends_cleanly(
    app: Flask, database: Database, billing: Person, admin: Person, sign_in: Callable[..., Person], make_product: Make,
    method: str,
) -> None:  # fmt: skip
    product = make_product(price_minor=500)
    till, office = tab_of(app, billing), tab_of(app, admin)

    def pay(key: str) -> int:
        body = {"total_minor": 500, "parts": [{"method": method, "amount_minor": 500}]}
        return int(till.post(f"/till/cart/{key}/pay", json=body, headers={"Accept": "application/json"}).status_code)

    def delete(customer: Person) -> int:
        return int(office.post(f"/customers/{customer.id}/data/delete", data=SURE).status_code)

    outcomes: Counter[tuple[int, int]] = Counter()
    with ThreadPoolExecutor(2) as pool:
        for _ in range(8):
            customer, key = sign_in(Role.CUSTOMER), new_cart(billing, product)
            till.post(f"/till/cart/{key}/customer", json={"customer_id": customer.id})
            if method == "wallet":
                with database.writing() as session:
                    ledger.top_up(session, actor_of(billing), customer.id, 500, "cash")
            deleted, paid = pool.submit(delete, customer), pool.submit(pay, key)
            outcomes[paid.result(), deleted.result()] += 1

    # Paid in cash, the bill is the customer's before, or nobody's; a wallet holds its money until it has paid.
    assert set(outcomes) <= ({(201, 303), (409, 303)} if method == "cash" else {(201, 303), (201, 409)})
    with database.reading() as session:
        gone = session.scalars(select(Account.id).where(Account.erased_at.is_not(None))).all()
        assert session.scalars(select(Bill.id).where(Bill.customer_id.in_(gone))).first() is None
        assert session.scalars(select(HeldCart.id).where(HeldCart.customer_id.in_(gone))).first() is None
        in_wallets = select(LedgerAccount.id).where(
            LedgerAccount.customer_id.in_(gone), LedgerAccount.balance_minor != 0
        )
        assert session.scalars(in_wallets).first() is None
        assert len(gone) == sum(count for (_paid, deleted), count in outcomes.items() if deleted == 303)
    assert_books_agree(database)


def empty_wallet(database: Database, cashier: Person, customer: Person) -> None:
    """A wallet that is there: making one refers to the account, which is a lock of its own."""
    with database.writing() as session:
        ledger.top_up(session, actor_of(cashier), customer.id, 100, "cash")
        ledger.pay_out(session, actor_of(cashier), customer.id, 100, "cash")


@pytest.mark.both
def test_money_paid_in_while_the_account_is_deleted_is_either_there_or_refused(
    settings: Settings, database: Database, billing: Person, ada: Person
) -> None:
    empty_wallet(database, billing, ada)

    outcomes = together(racing.top_up_or_erase, settings.database_url, billing.id, 3, customer_id=ada.id)

    with database.reading() as session:
        gone = session.get_one(Account, ada.id).erased_at is not None
        assert (ledger.balance_of(session, ada.id) == 0) is gone
        assert gone or outcomes["refused 409"] > 0
    assert_books_agree(database)


@pytest.mark.both
def test_control_without_the_hold_money_is_left_in_a_wallet_of_nobody(
    settings: Settings, database: Database, billing: Person, ada: Person
) -> None:
    if database.is_sqlite:
        pytest.skip("there is one writer, and nothing between its look and its money")
    empty_wallet(database, billing, ada)

    together(racing.top_up_or_erase_without_a_lock, settings.database_url, billing.id, 3, customer_id=ada.id)

    with database.reading() as session:
        assert session.get_one(Account, ada.id).erased_at is not None
        assert ledger.balance_of(session, ada.id) > 0


@pytest.mark.browser
def test_a_customer_takes_a_copy_and_deletes_the_account_on_a_phone_without_script(
    window: Window, ada: Person, life: dict[str, Any]
) -> None:
    page = window.open("/me", person=ada, size=PHONE, java_script_enabled=False)
    page.get_by_role("link", name="Copy or delete my data").click()

    with page.expect_download() as download:
        page.get_by_role("button", name="Download the copy").click()
    page.get_by_label("I know that this cannot be undone").check()
    page.get_by_role("button", name="Delete my account").click()

    assert json.loads(download.value.path().read_text())["account"]["email"] == ada.email
    page.get_by_text("Your account is deleted, and you are signed out everywhere.").wait_for()
