"""Notifications in one reader's language: on a page by the request, elsewhere by the settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import flask_babel

from shop_app.base import clock, money
from shop_app.base.models import ShopProfile
from shop_app.base.settings import Settings
from shop_app.base.text import in_language, locale_name
from shop_app.web.area import profile
from shop_app.web.i18n import LANGUAGES, words_of


@dataclass(frozen=True)
class Words:
    """The texts of one language, and the shop's clock."""

    translations: Any
    locale: str
    shop: ShopProfile

    def __call__(self, message: str, /, **values: Any) -> str:
        """`message` in this language; `%(name)s` stands for a value."""
        return in_language(self.translations, message, **values)

    def ngettext(self, one: str, many: str, count: int, /, **values: Any) -> str:
        """The form that fits a number; `%(num)s` stands for it."""
        text: str = self.translations.ungettext(one, many, count)
        return text % ({"num": count} | values)

    def clock(self, moment: str) -> str:
        """The time of day in the shop of a moment in ISO form."""
        return clock.local(datetime.fromisoformat(moment), self.shop.time_zone).strftime("%H:%M:%S")

    def number(self, value: float, digits: int = 0) -> str:
        """A number as this language writes it."""
        return money.decimal_text(value, digits, self.locale)


def readers_words() -> Words:
    """Those of who makes the present request."""
    return Words(flask_babel.get_translations(), locale_name(), profile())


def words_for(settings: Settings, shop: ShopProfile, locale: str | None) -> Words:
    """Those of a language, or of the shop's where a reader chose none."""
    chosen = locale if locale in LANGUAGES else shop.locale
    return Words(words_of(settings, chosen), chosen, shop)
