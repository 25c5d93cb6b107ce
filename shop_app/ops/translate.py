"""Collects the marked text of the app into the .po files, for developers: `python -m shop_app.ops.translate`, `... fr` for a new language."""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from shop_app.web.i18n import LANGUAGES

_HERE = Path(__file__).parents[1]
FOLDER = _HERE / "translations"
_KEYWORDS = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2)}
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]


def collect() -> Catalog:
    """All marked text, as a catalogue without translations."""
    found = Catalog(project="vidframe shop", charset="utf-8")
    options = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
    for place, line, text, comments, context in extract_from_dir(
        str(_HERE), _METHODS, options, keywords=_KEYWORDS, comment_tags=()
    ):
        found.add(text, None, [(place, line)], auto_comments=comments, context=context)
    return found


def merge(locale: str) -> Path:
    """Bring one .po file up to date: new text is added untranslated, text that is gone is dropped."""
    path = FOLDER / locale / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale=locale)
    else:
        catalog = Catalog(locale=locale, project="vidframe shop", charset="utf-8")
    catalog.update(collect(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    with path.open("wb") as file:
        write_po(file, catalog, width=120, no_location=True, omit_header=False, sort_output=True)
    return path


if __name__ == "__main__":
    for language in {*sys.argv[1:], *LANGUAGES} - {"en"}:
        print(merge(language))
