"""Text in the reader's language: mark it with `_` where it is made, with `_l` where it is made before anybody reads."""

from __future__ import annotations

from typing import Any

import flask_babel


def _(text: str, **values: Any) -> str:
    """`text` in the reader's language; `%(name)s` stands for a value."""
    return str(flask_babel.gettext(text, **values))


def _l(text: str, **values: Any) -> Any:
    """As `_`, translated each time it is shown: for labels of forms and of the navigation."""
    return flask_babel.lazy_gettext(text, **values)


def ngettext(one: str, many: str, count: int, **values: Any) -> str:
    """The form of a text that fits a number; `%(num)s` stands for it."""
    return str(flask_babel.ngettext(one, many, count, **values))
