"""Where a shop is: the fields that its set-up asks for and its settings change, and what is likely on this server."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from babel.numbers import get_territory_currencies, is_currency
from markupsafe import Markup
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Length, Regexp, ValidationError

from shop_app.base import phones
from shop_app.base.text import _, _l, locale_name
from shop_app.web.area import profile
from shop_app.web.forms import Form, choices

CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
# Standard and reduced rate of sales tax, in hundredths of a percent.
TAX = {
    "AT": (2000, 1000), "BE": (2100, 600), "CH": (810, 260), "DE": (1900, 700), "ES": (2100, 1000), "FR": (2000, 550),
    "GB": (2000, 500), "IN": (1800, 500), "IT": (2200, 1000), "LU": (1700, 800), "NL": (2100, 900), "PL": (2300, 800),
}  # fmt: skip


class RegionForm(Form):
    """Currency, time, country and night of a shop."""

    currency = StringField(_l("Currency"), [DataRequired(), Length(3, 3)])
    time_zone = StringField(
        _l("Time zone"), [DataRequired(), Length(max=60)], render_kw={"list": "zones", "autocomplete": "off"}
    )
    country = SelectField(_l("Country, for telephone numbers"))
    night_from = StringField(
        _l("Night begins"), [DataRequired(), Regexp(CLOCK, message=_l("Write the time as 22:00."))],
        render_kw={"type": "time"},
    )  # fmt: skip
    night_to = StringField(
        _l("Night ends"), [DataRequired(), Regexp(CLOCK, message=_l("Write the time as 22:00."))],
        render_kw={"type": "time"},
    )  # fmt: skip

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.country.choices = choices(("", _("Not known: numbers need a +")), *_countries(locale_name()))
        if self.country.data is None:
            self.country.data = profile().country

    def validate_currency(self, field: StringField) -> None:
        """One that there is."""
        field.data = field.data.upper()
        if not is_currency(field.data):
            raise ValidationError(_("There is no currency “%(name)s”. Write it as EUR.", name=field.data))

    def validate_time_zone(self, field: StringField) -> None:
        """One that this server knows."""
        if field.data not in available_timezones():
            raise ValidationError(_("There is no time zone “%(name)s”. Write it as Europe/Berlin.", name=field.data))


def likely(known_zone: str) -> dict[str, Any]:
    """Time zone, country, currency and rates of tax of a shop that does not say more: those of this server."""
    zone = known_zone if known_zone != "UTC" else _server_zone()
    country = phones.country_of_zone(zone)
    currencies = get_territory_currencies(country) if country else []
    found: dict[str, Any] = {"time_zone": zone, "country": country}
    if country in TAX:
        found["standard_rate"], found["reduced_rate"] = TAX[country]
    return found | ({"currency": currencies[0]} if currencies and known_zone == "UTC" else {})


@cache  # the system's folder of zones is walked through once
def zone_options() -> Markup:
    """What a browser offers where a time zone is typed."""
    option = Markup('<option value="{}"></option>')
    return Markup("").join(option.format(name) for name in sorted(available_timezones()))


def _server_zone() -> str:
    linked = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    return next((zone for zone in (os.environ.get("TZ", ""), linked) if zone in available_timezones()), "UTC")


@cache
def _countries(language: str) -> tuple[tuple[str, str], ...]:
    names = Locale.parse(language).territories
    return tuple(sorted(((code, names.get(code, code)) for code in phones.countries()), key=lambda pair: pair[1]))
