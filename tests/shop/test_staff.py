"""Staff: who may be made, changed and shut out by whom."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask

from shop_app.base.db import Database
from shop_app.base.models import Account, AuditEntry
from shop_app.base.permissions import Role
from shop_app.sales.bills import service as bills
from tests.shop.conftest import PASSWORD, Person


def test_a_new_cashier_comes_in_by_a_code_that_works_once(app: Flask, admin: Person, database: Database) -> None:
    page = admin.client.post("/staff/new", data={"role": "billing", "name": "Tom", "email": "tom@example.com"})
    found = re.search(r"data-code>([^<]+)<", page.text)
    assert found is not None
    form = {"name": "Tom@Example.com", "code": found.group(1), "password": PASSWORD}

    first = app.test_client().post("/sign-in/one-time-code", data=form)
    second = app.test_client().post("/sign-in/one-time-code", data=form | {"password": "another good one"})
    tom = app.test_client()
    tom.post("/sign-in", data={"name": "tom@example.com", "password": PASSWORD})

    assert (first.status_code, second.status_code) == (303, 422)
    assert tom.get("/me").status_code == 200


def test_a_code_typed_as_the_password_leads_to_choosing_one(app: Flask, admin: Person) -> None:
    page = admin.client.post("/staff/new", data={"role": "sales", "name": "Sara", "email": "sara@example.com"})
    code = re.search(r"data-code>([^<]+)<", page.text).group(1)  # type: ignore[union-attr]

    answer = app.test_client().post("/sign-in", data={"name": "sara@example.com", "password": code.lower()})

    assert answer.status_code == 200
    assert 'name="password"' in answer.text
    assert code.lower() in answer.text


def test_disabling_somebody_ends_their_sign_ins_at_once(admin: Person, billing: Person) -> None:  # S28
    assert billing.client.get("/me").status_code == 200

    admin.client.post(f"/staff/{billing.id}/disable")

    assert billing.client.get("/me").status_code == 401


def test_a_change_of_role_ends_the_sign_ins_of_the_old_one(admin: Person, billing: Person) -> None:
    form = {"role": "sales", "name": billing.name, "email": billing.email}

    answer = admin.client.post(f"/staff/{billing.id}", data=form)

    assert answer.status_code == 303
    assert billing.client.get("/me").status_code == 401


def test_who_manages_staff_cannot_grant_what_they_lack(  # S15
    sign_in: Callable[..., Person], security: Person, database: Database
) -> None:
    helper = sign_in(Role.BILLING, extra_permissions=["staff.manage"])

    made = helper.client.post("/staff/new", data={"role": "admin", "name": "Eve", "email": "eve@example.com"})
    grant = helper.client.post(f"/staff/{helper.id}", data={
        "role": "billing", "name": "Eve", "email": helper.email, "extra": ["staff.manage", "audit.read"],
    })  # fmt: skip
    reset = helper.client.post(f"/staff/{security.id}/reset")

    assert (made.status_code, grant.status_code, reset.status_code) == (403, 422, 403)
    with database.reading() as session:
        assert session.get_one(Account, helper.id).extra_permissions == ["staff.manage"]
        assert session.query(Account).filter_by(role="admin").count() == 0


def test_nobody_manages_staff_who_holds_more(sign_in: Callable[..., Person], admin: Person) -> None:  # S15
    helper = sign_in(Role.BILLING, extra_permissions=["staff.manage"])

    answer = helper.client.post(f"/staff/{admin.id}/reset")

    assert answer.status_code == 403
    assert admin.client.get("/me").status_code == 200


def test_the_last_admin_cannot_be_shut_out(admin: Person, sign_in: Callable[..., Person]) -> None:
    own = admin.client.post(f"/staff/{admin.id}/disable")

    other = sign_in(Role.ADMIN)
    other.client.post(f"/staff/{admin.id}/disable")
    last = other.client.post(f"/staff/{other.id}/disable")

    assert (own.status_code, last.status_code) == (409, 409)
    assert other.client.get("/me").status_code == 200


def test_fields_that_the_form_does_not_have_are_ignored(
    admin: Person, billing: Person, database: Database
) -> None:  # S16
    form = {
        "role": "billing", "name": "Tom", "email": billing.email, "id": "1", "password_hash": "x", "active": "",
        "totp_secret": "x", "extra_permissions": "audit.read", "created_at": "2000-01-01",
    }  # fmt: skip

    admin.client.post(f"/staff/{billing.id}", data=form)

    with database.reading() as session:
        account = session.get_one(Account, billing.id)
        assert (account.name, account.active, account.password_hash) == ("Tom", True, None)
        assert (account.totp_secret, account.extra_permissions) == (None, [])


def test_a_role_that_does_not_exist_is_refused(admin: Person) -> None:
    for role in ("customer", "root", ""):
        answer = admin.client.post("/staff/new", data={"role": role, "name": "Eve", "email": "eve@example.com"})

        assert answer.status_code == 422


def test_an_address_that_is_taken_is_told_on_the_form(admin: Person, billing: Person) -> None:
    form = {"role": "sales", "name": "Twin", "email": f" {billing.email.upper()} "}

    answer = admin.client.post("/staff/new", data=form)

    assert answer.status_code == 409
    assert "There is an account with this e-mail" in answer.text


def test_what_is_done_to_staff_stands_in_the_audit_log(admin: Person, billing: Person, database: Database) -> None:
    admin.client.post(f"/staff/{billing.id}/disable")

    with database.reading() as session:
        entry = session.query(AuditEntry).filter_by(action="account.disabled").one()
        assert (entry.actor_id, entry.subject) == (admin.id, f"{billing.name} #{billing.id}")
    assert "account.disabled" in admin.client.get("/manage/audit").text


def test_whoever_may_sell_is_in_the_filter_of_cashiers(  # A4
    sign_in: Callable[..., Person], admin: Person, database: Database
) -> None:
    seller = sign_in(Role.SALES, name="Sara Sells", extra_permissions=["till"])
    other = sign_in(Role.SALES, name="Olaf Other")

    with database.reading() as session:
        found = {account.id for account in bills.cashiers(session)}

    assert {admin.id, seller.id} <= found
    assert other.id not in found
