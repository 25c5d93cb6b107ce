"""One telephone number is one account, however it is written; it is shown as the shop's country writes it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from alembic import command
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from shop_app.base import phones
from shop_app.base.db import Database
from shop_app.base.models import Account, ShopProfile
from shop_app.base.permissions import Role
from shop_app.base.settings import Settings
from shop_app.ops.schema import alembic_config, upgrade_database
from tests.shop.conftest import PASSWORD, Person

pytestmark = pytest.mark.both

WAYS = ["+49 177 1234567", "0177 1234567", "0049 177/123 45 67", "+49 (0)177-1234567", "٠١٧٧ ١٢٣٤٥٦٧"]


def phone_of(database: Database, account_id: int) -> tuple[str | None, str | None]:
    with database.reading() as session:
        account = session.get_one(Account, account_id)
        return account.phone, account.phone_norm


def register(client: FlaskClient, phone: str) -> int:
    form = {"name": "Ada", "phone": phone, "password": PASSWORD, "agree": "y"}
    return client.post("/shop/register", data=form).status_code


@pytest.mark.parametrize("way", WAYS)
def test_a_number_is_one_however_it_is_written(way: str) -> None:
    assert phones.normal(way, "DE") == "+491771234567"
    assert phones.shown("+491771234567", "DE") == "0177 1234567"
    assert phones.shown("+491771234567", "AT") == "+49 177 1234567"


@pytest.mark.parametrize(("number", "country"), [("12345", "DE"), ("call me", "DE"), ("1" * 16, ""), ("", "DE")])
def test_what_is_no_number_is_refused(number: str, country: str) -> None:
    assert phones.normal(number, country) is None


def test_without_a_country_digits_are_compared() -> None:
    assert phones.normal("0177 1234567", "") == "01771234567"
    assert phones.normal("+49 177 1234567", "") == "+491771234567"


@pytest.mark.parametrize("way", WAYS)
def test_somebody_signs_in_and_is_found_by_either_form(
    client: FlaskClient, app: object, billing: Person, admin: Person, database: Database, way: str
) -> None:
    assert register(client, "0177 1234567") == 303
    assert phone_of(database, admin.id + 1)[1] == "+491771234567"
    assert register(client.application.test_client(), way) == 409

    found = billing.client.get("/till/customers", query_string={"q": way}).text
    listed = admin.client.get("/customers", query_string={"q": way}).text
    entered = client.application.test_client().post("/sign-in", data={"name": way, "password": PASSWORD})

    assert "0177 1234567" in found
    assert "0177 1234567" in listed
    assert entered.status_code == 303


def test_old_numbers_are_brought_into_the_form_and_none_is_lost(
    settings: Settings, database: Database, sign_in: Callable[..., Person]
) -> None:
    old = ["01771234567", "+491771234567", "+41791234567", "+999123456", "erased"]
    people = [sign_in(Role.CUSTOMER) for _number in old]
    database.close()
    command.downgrade(alembic_config(settings.database_url), "0014")
    with database.writing() as session:
        for person, number in zip(people, old[:4], strict=False):
            session.execute(
                text("UPDATE accounts SET phone = :number, phone_norm = :number WHERE id = :id"),
                {"number": number, "id": person.id},
            )
    database.close()

    upgrade_database(settings)

    with database.reading() as session:
        assert session.scalars(select(ShopProfile.country)).one() == "DE"
    assert [phone_of(database, person.id)[1] for person in people] == [
        "01771234567", "+491771234567", "+41791234567", "+999123456", None,
    ]  # fmt: skip
    assert phone_of(database, people[1].id)[0] == "0177 1234567"


def test_a_country_chosen_later_completes_the_numbers(admin: Person, customer: Person, database: Database) -> None:
    with database.writing() as session:
        session.execute(update(ShopProfile).values(country=""))
        session.get_one(Account, customer.id).phone_norm = "01771234567"
    with database.reading() as session:
        shop = session.get_one(ShopProfile, 1)
        form = {name: getattr(shop, name) for name in ("name", "currency", "time_zone", "locale", "sell_below_zero",
                "day_begins", "night_from", "night_to", "escalate_after_seconds", "silent_after_seconds")}  # fmt: skip

    assert admin.client.post("/manage/settings", data=form | {"country": "DE"}).status_code == 303

    assert phone_of(database, customer.id) == ("0177 1234567", "+491771234567")
