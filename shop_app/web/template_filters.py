"""Filters and globals of the templates: money, moments and numbers as the reader writes them, static files."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import NamedTuple

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_percent
from flask import Flask, url_for
from markupsafe import Markup, escape

from shop_app.base import clock, money, quantities
from shop_app.base.db import now
from shop_app.base.permissions import Permission, Role
from shop_app.base.text import _, locale_name, ngettext, once_per_request
from shop_app.web.area import profile
from shop_app.web.i18n import LANGUAGES
from shop_app.web.icons import icon
from shop_app.web.listing import url_with

JUST_NOW = 5  # seconds within which nobody counts them


def init_app(app: Flask) -> None:
    """Register filters and globals of the templates."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {
        "money": money_text, "amount": amount_text, "moment": moment_text, "clock": clock_text, "day": day_text,
        "ago": ago_text, "number": number_text, "quantity": quantities.shown, "share": share_text, "lines": lines_text, "local_input": local_input,
    }  # fmt: skip
    app.jinja_env.globals |= {
        "form_key": partial(secrets.token_hex, 16), "icon": icon, "url_with": url_with, "Permission": Permission, "Role": Role, "static_url": _static_url(app),
        "_": _,
        "gettext": _,
        "ngettext": ngettext,
        "LANGUAGES": LANGUAGES, "profile": profile, "locale_name": locale_name, "known_endpoints": app.view_functions,
    }  # fmt: skip


class _Reader(NamedTuple):
    zone: str
    currency: str
    locale: str


def _reader() -> _Reader:
    # A list has hundreds of cells: for whom it is written is looked up once.
    found: _Reader = once_per_request("reader", lambda: _Reader(profile().time_zone, profile().currency, locale_name()))
    return found


def money_text(minor: int | None) -> str:
    """Money with the sign of the shop's currency; a dash for nothing."""
    reader = _reader()
    return "–" if minor is None else money.show(minor, reader.currency, reader.locale)


def amount_text(minor: int | None) -> str:
    """Money without a sign, for columns that name the currency in their head."""
    reader = _reader()
    return "–" if minor is None else money.show_plain(minor, reader.currency, reader.locale)


def moment_text(moment: datetime | None) -> str | Markup:
    """Date and time on the shop's clock, as a `<time>` element."""
    return "–" if moment is None else _moment(moment, _reader().zone, _reader().locale)


def clock_text(moment: datetime | None, seconds: bool = False) -> str:
    """Time of day on the shop's clock."""
    reader = _reader()
    return "–" if moment is None else _written(moment, "HH:mm:ss" if seconds else "HH:mm", reader.zone, reader.locale)


def day_text(day: date | datetime | str | None, pattern: str = "d MMM y") -> str:
    """A day, also as ISO text; of a moment, the shop's day."""
    if isinstance(day, str):
        day = date.fromisoformat(day)
    if isinstance(day, datetime):
        reader = _reader()
        return _written(day, pattern, reader.zone, reader.locale)
    return "–" if day is None else _written_day(day, pattern, locale_name())


def ago_text(moment: datetime | None) -> str | Markup:
    """How long ago, with the exact moment at hand."""
    if moment is None:
        return "–"
    zone, _currency, locale = _reader()
    distance = _distance(round((moment - now()).total_seconds()), locale)
    return Markup(f"{_exactly(moment, zone, locale)}{escape(distance)}</time>")


@lru_cache(maxsize=5_000)  # babel takes as long for a moment as the database for the row, and lists are looked at again
def _moment(moment: datetime, zone: str, locale: str) -> Markup:
    text = _written(moment, "d MMM y, HH:mm", zone, locale)
    return Markup(f'<time datetime="{moment.isoformat()}">{escape(text)}</time>')


@lru_cache(maxsize=5_000)
def _exactly(moment: datetime, zone: str, locale: str) -> str:
    exact = _written(moment, "d MMM y, HH:mm:ss", zone, locale)
    return f'<time datetime="{moment.isoformat()}" title="{escape(exact)}">'


@lru_cache(maxsize=5_000)
def _written(moment: datetime, pattern: str, zone: str, locale: str) -> str:
    return str(format_datetime(clock.local(moment, zone), _with_dots(pattern, locale), locale=locale))


@lru_cache(maxsize=5_000)
def _written_day(day: date, pattern: str, locale: str) -> str:
    return str(format_date(day, _with_dots(pattern, locale), locale=locale))


@cache
def _with_dots(pattern: str, locale: str) -> str:
    """The pattern with a dot after the day, where the language sets one."""
    has_dots = "d. MMM" in Locale.parse(locale).date_formats["long"].pattern
    return pattern.replace("d MMM", "d. MMM") if has_dots else pattern


def _distance(seconds: int, locale: str) -> str:
    if abs(seconds) < JUST_NOW:
        return _("just now")
    # An hour ago, minutes are not told any more.
    return _distance_of(seconds if abs(seconds) < 3600 else round(seconds, -2), locale)


@lru_cache(maxsize=5_000)
def _distance_of(seconds: int, locale: str) -> str:
    return str(format_timedelta(timedelta(seconds=seconds), add_direction=True, locale=locale))


def number_text(value: float | None, digits: int = 0) -> str:
    """A number as the reader writes it."""
    return "–" if value is None else money.decimal_text(value, digits, locale_name())


def share_text(value: float | None, digits: int = 0) -> str:
    """A share 0..1 as a percentage."""
    return (
        "–"
        if value is None
        else str(format_percent(value, _share_pattern(digits, locale_name()), locale=locale_name()))
    )


@cache
def _share_pattern(digits: int, locale: str) -> str:
    # The language's own says whether there is a space before the sign.
    pattern = Locale.parse(locale).percent_formats[None].pattern
    return str(pattern.replace("#,##0", "#,##0." + "0" * digits) if digits else pattern)


def lines_text(text: str) -> Markup:
    """What somebody wrote, with its line breaks."""
    if "\n" not in text:
        return escape(text)
    return Markup("<br>").join(escape(line) for line in text.splitlines())


def local_input(moment: datetime | None) -> str:
    """A moment as the value of a `datetime-local` field."""
    return "" if moment is None else clock.local(moment, profile().time_zone).strftime("%Y-%m-%dT%H:%M")


def _static_url(app: Flask) -> Callable[[str], str]:
    """Gives addresses of our own static files, with a piece of their hash, so that browsers may keep them for long."""
    folder = Path(app.static_folder or "")

    @cache
    def address(name: str) -> str:
        return url_for("static", filename=name, v=hashlib.sha256((folder / name).read_bytes()).hexdigest()[:10])

    return address
