"""Telephone numbers: kept as E.164 (`+491771234567`), which one number has one of, and shown as its country writes them."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

import sqlalchemy as sa
from babel.core import get_global
from sqlalchemy import Connection

from shop_app.base.search import folded

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_ACCOUNTS = sa.table("accounts", *map(sa.column, ("id", "name", "email", "phone", "phone_norm", "search")))
SEARCHED = 430  # signs
TYPED_NUMBER = sa.bindparam("typed_number", type_=sa.String())  # see search.typed


@cache
def countries() -> tuple[str, ...]:
    """The codes of countries that have telephones of their own."""
    from phonenumbers import SUPPORTED_REGIONS

    return tuple(sorted(SUPPORTED_REGIONS))


def country_of_zone(time_zone: str) -> str:
    """Where a time zone is; nothing for UTC and the like."""
    territories = get_global("zone_territories")
    zone = get_global("zone_aliases").get(time_zone, time_zone)
    found = str(territories.get(zone, territories.get(time_zone, "")))
    return found if found in countries() else ""


def normal(text: str, country: str) -> str | None:
    """The form in which a number is compared: E.164, or its digits where the country is not known; None for anything else."""
    text = "".join(str(unicodedata.digit(sign, sign)) for sign in unicodedata.normalize("NFKC", text)).strip()
    if not re.fullmatch(r"\+?[\d\s()./-]+", text):
        return None
    digits = re.sub(r"\D", "", text)
    if len(digits) >= 6 and (number := _parsed(text, country)) is not None:
        return f"+{number.country_code}{_significant(number)}"
    return ("+" if text.startswith("+") else "") + digits if 6 <= len(digits) <= 15 else None


def shown(number: str, country: str) -> str:
    """A compared number as people in `country` write it."""
    import phonenumbers

    if not number.startswith("+") or (found := _parsed(number, country)) is None:
        return number
    at_home = phonenumbers.region_code_for_number(found) == country
    form = phonenumbers.PhoneNumberFormat
    return str(phonenumbers.format_number(found, form.NATIONAL if at_home else form.INTERNATIONAL))


def searched(name: str | None, email: str | None, phone: str | None, number: str | None) -> str:
    """What an account is found by: a number abroad, at home, and as it is shown."""
    return folded(name, phone, *_dialled(number), email)[:SEARCHED]


def renumber(connection: Connection, country: str) -> None:
    """Bring the numbers of all accounts into the present form. Where two become one, who had it first keeps it."""
    query = sa.select(_ACCOUNTS).where(_ACCOUNTS.c.phone_norm.is_not(None)).order_by(_ACCOUNTS.c.id)
    rows = connection.execute(query).all()
    taken = {row.phone_norm for row in rows}
    for row in rows:
        number = normal(row.phone or row.phone_norm, country) or row.phone_norm
        if number != row.phone_norm and number in taken:
            continue
        taken.add(number)
        phone = shown(number, country) if number.startswith("+") else row.phone
        search = searched(row.name, row.email, phone, number)
        values = {"phone": phone, "phone_norm": number, "search": search}
        connection.execute(sa.update(_ACCOUNTS).where(_ACCOUNTS.c.id == row.id).values(values))


def _dialled(number: str | None) -> list[str]:
    if number is None or not number.startswith("+") or (found := _parsed(number, "")) is None:
        return [number] if number else []
    import phonenumbers

    at_home = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.NATIONAL)
    return [number, "00" + number[1:], re.sub(r"\D", "", at_home)]


def _parsed(text: str, country: str) -> PhoneNumber | None:
    import phonenumbers  # large, and most requests need none

    with suppress(phonenumbers.NumberParseException):
        number = phonenumbers.parse(text, country or None)
        return number if phonenumbers.is_possible_number(number) else None
    return None


def _significant(number: PhoneNumber) -> str:
    import phonenumbers

    return str(phonenumbers.national_significant_number(number))
