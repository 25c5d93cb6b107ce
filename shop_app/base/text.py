"""Text in the reader's language: mark it with `_` where it is made, with `_l` where it is made before anybody reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import flask_babel
from flask import g, has_request_context
from flask_babel.speaklater import LazyString
from markupsafe import Markup


def _(message: str, /, **values: Any) -> str:
    """`message` in the reader's language; `%(name)s` stands for a value, `%%` for a percent sign."""
    return _fill(_catalogue().ugettext(message), values)


def in_language(translations: Any, message: str, /, **values: Any) -> str:
    """As `_`, by the translations of one language."""
    return _fill(translations.ugettext(message), values)


def _l(message: str, /, **values: Any) -> Any:
    """As `_`, translated each time it is shown: for labels of forms and of the navigation."""
    return LazyString(_, message, **values)


def in_words(labels: Mapping[str, Any]) -> dict[str, str]:
    """Labels made with `_l`, in the reader's language: once for a page whose list needs them in each row."""
    return {name: str(label) for name, label in labels.items()}


def ngettext(one: str, many: str, count: int, /, **values: Any) -> str:
    """The form of a text that fits a number; `%(num)s` stands for it."""
    return _fill(_catalogue().ungettext(one, many, count), {"num": count} | values)


def locale_name() -> str:
    """The reader's language, as babel names it."""
    name: str = once_per_request("locale_name", _present_locale)
    return name


def _present_locale() -> str:
    return str(flask_babel.get_locale() or "en")


def _fill(text: str, values: dict[str, Any]) -> str:
    if not values:
        return text
    # A value that is markup already (a <time>) stays so; all else is escaped where it is shown.
    return (Markup(text) if any(isinstance(value, Markup) for value in values.values()) else text) % values


def _catalogue() -> Any:
    return once_per_request("catalogue", flask_babel.get_translations)


def once_per_request(name: str, look_up: Callable[[], Any]) -> Any:
    """What `look_up` gives, kept as `g.name` for the rest of the request."""
    # flask-babel looks up anew for each text, and a list has hundreds: this was a third of a page's time.
    try:
        kept = g._get_current_object()  # the proxy would take three times as long, for each cell of a list
    except RuntimeError:  # no app at all
        return look_up()
    try:
        return getattr(kept, name)
    except AttributeError:
        found = look_up()
        if has_request_context():
            setattr(kept, name, found)
        return found
