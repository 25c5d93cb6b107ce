"""Notifications that an admin sends: to whom they go, and who has read them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from shop_app.base.permissions import Role
from tests.shop.conftest import Person


def send(admin: Person, to: str, title: str = "Stocktaking") -> int:
    """Send a note; the status of the answer."""
    answer = admin.client.post("/notifications/send", data={"to": to, "title": title, "body": "On Sunday"})
    return int(answer.status_code)


def test_a_note_reaches_the_one_customer_from_whose_page_it_is_written(
    admin: Person, customer: Person, sign_in: Callable[..., Person]
) -> None:
    other = sign_in(Role.CUSTOMER)
    page = admin.client.get(f"/customers/{customer.id}").text
    assert f"/notifications/send?to=person:{customer.id}" in page.replace("%3A", ":")

    assert send(admin, f"person:{customer.id}") == 303

    assert "Stocktaking" in customer.client.get("/notifications").text
    assert "Stocktaking" not in other.client.get("/notifications").text


@pytest.mark.parametrize("to", ["", "role:owner", "person:0", "person:99999999999999999999", "person:x", "all"])
def test_a_note_to_nobody_in_particular_is_not_sent(admin: Person, to: str) -> None:
    assert send(admin, to) == 422
    assert "Stocktaking" not in admin.client.get("/notifications/sent").text


def test_receipts_tell_who_has_read_a_note_and_who_has_not(
    admin: Person, sales: Person, sign_in: Callable[..., Person]
) -> None:
    other, late = sign_in(Role.SALES, "Olga Other"), sign_in(Role.SALES, "Dora Disabled")
    send(admin, "role:sales")
    note = re.findall(r"/notifications/sent/(\d+)", admin.client.get("/notifications/sent").text)[0]
    admin.client.post(f"/staff/{late.id}/disable")
    sales.client.post(f"/notifications/{note}/read")

    page = admin.client.get(f"/notifications/sent/{note}").text
    unread = admin.client.get(f"/notifications/sent/{note}?state=unread").text

    assert "1 of 2 have read it" in page
    assert sales.name in page
    assert sales.name not in unread
    assert other.name in unread
    assert late.name not in unread
    assert admin.client.get(f"/notifications/sent/{note}?format=csv").text.count("\r\n") == 3


def test_sent_notes_are_found_by_text_and_by_whom_they_are_for(admin: Person, billing: Person) -> None:
    send(admin, "role:sales", "Chocolate week")
    send(admin, "role:billing", "New terminal")
    send(admin, f"person:{billing.id}", "Thank you")

    def found(query: str) -> list[str]:
        rows = admin.client.get(f"/notifications/sent?format=csv&{query}").text.splitlines()[1:]
        return [row.split(",")[3] for row in rows]

    assert found("to=billing") == ["New terminal"]
    assert found("to=person") == ["Thank you"]
    assert found("q=choco") == ["Chocolate week"]
