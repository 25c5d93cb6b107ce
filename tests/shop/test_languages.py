"""Both languages are complete, and each reader gets their own."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from babel.messages.pofile import read_po
from flask import Flask, render_template
from jinja2 import DictLoader

from shop_app import Settings, create_app
from shop_app.base.db import now
from shop_app.base.models import Product
from shop_app.ops import translate
from shop_app.ops.translate import collect
from shop_app.web import template_filters
from shop_app.web.i18n import LANGUAGES
from shop_app.web.icons import icon
from tests.shop.conftest import Person

APP = Path(__file__).parents[2] / "shop_app"
FILES = sorted((APP / "translations").glob("*/LC_MESSAGES/messages.po"))
REFUSALS = {"Conflict", "Forbidden", "Invalid", "NotFound", "NotSignedIn", "Refused", "TooMany"}


def faults(file: Path) -> tuple[list[Any], list[Any], list[Any]]:
    """Texts of the app that a language lacks, has empty, or with other values."""
    with file.open("rb") as opened:
        theirs = {message.id: message for message in read_po(opened, locale=file.parts[-3]) if message.id}
    missing = [message.id for message in collect() if message.id and message.id not in theirs]
    empty = [key for key, message in theirs.items() if not all(_forms(message.string))]
    wrong = [key for key, message in theirs.items() if _values(_forms(key)[0]) != _values(_forms(message.string)[0])]
    return missing, empty, wrong


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parts[-3])
def test_every_text_of_the_app_is_in_each_language_with_the_same_values(file: Path) -> None:
    assert faults(file) == ([], [], [])


def test_each_folder_is_a_language_and_one_without_translations_is_seen(tmp_path: Path) -> None:  # A8
    assert list(LANGUAGES) == ["en", *(file.parts[-3] for file in FILES)]
    assert LANGUAGES["de"] == "Deutsch"
    with mock.patch.object(translate, "FOLDER", tmp_path):
        french = translate.merge("fr")

    missing, empty, _wrong = faults(french)
    assert (missing, empty == []) == ([], False)


def test_a_refusal_of_a_page_or_an_api_is_in_the_readers_language() -> None:  # A8
    unmarked = []
    for path in (path for path in APP.rglob("*.py") if path.parts[-2] != "ops"):  # ops speaks at the command line
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in REFUSALS and call.args:
                parts = getattr(call.args[0], "values", [call.args[0]])
                words = [part.value for part in parts if isinstance(part, ast.Constant)]
                unmarked += [f"{path.name}:{call.lineno}" for word in words if re.search(r"\w", str(word))]

    assert unmarked == []


def test_a_reader_gets_the_language_of_the_browser_or_the_one_chosen(app: Flask, admin: Person) -> None:
    nobody = app.test_client()

    assert "Anmelden" in nobody.get("/sign-in", headers={"Accept-Language": "de-AT,de;q=0.9"}).text
    assert "Sign in" in nobody.get("/sign-in", headers={"Accept-Language": "fr"}).text
    admin.client.post("/me", data={"name": admin.name, "email": admin.email, "locale": "de"})
    page = admin.client.get("/products", headers={"Accept-Language": "en"}).text
    assert '<html lang="de"' in page
    assert "Produkt hinzufügen" in page


def test_words_in_a_template_are_escaped_and_what_was_typed_is_not_kept(settings: Settings) -> None:
    app = create_app(settings)
    app.jinja_env.loader = DictLoader(
        {"words.html": """<p>{{ _("<b>") }}{{ _("%%") ~ typed }}{{ icon("check") }}</p>"""}
    )

    with app.test_request_context():
        first, second = (render_template("words.html", typed=typed) for typed in ("<i>", "2"))

    assert first == f"<p>&lt;b&gt;%%&lt;i&gt;{icon('check')}</p>"
    assert second == first.replace("&lt;i&gt;", "2")


def test_no_template_marks_anything_as_safe() -> None:  # S13
    templates = Path(__file__).parents[2] / "shop_app/templates"

    assert [
        path.name for path in templates.rglob("*.html") if re.search(r"\|\s*safe\b|autoescape", path.read_text())
    ] == []


def _forms(text: object) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)  # type: ignore[arg-type]


def _values(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)[sd]", text))


@pytest.mark.parametrize(
    ("language", "date", "share", "moment"),
    [("en", "7 Mar 2026", "38.5%", "just now"), ("de", "7. März 2026", "38,5\u00a0%", "gerade eben")],
)
def test_dates_shares_and_moments_are_written_as_the_language_does(
    settings: Settings, app: Flask, language: str, date: str, share: str, moment: str
) -> None:
    with app.test_request_context("/sign-in", headers={"Accept-Language": language}):
        app.preprocess_request()
        assert template_filters.day_text("2026-03-07") == date
        assert template_filters.share_text(0.385, 1) == share
        assert moment in template_filters.ago_text(now())


def test_the_bell_speaks_the_language_of_who_reads_it(sales: Person, make_product: Callable[..., Product]) -> None:
    product = make_product(stock=5, low_stock_level=4)
    move = {"direction": "out", "pieces": "2", "reason": "damage", "note": ""}

    sales.client.post(f"/stock/{product.id}/move", data=move, headers={"Accept-Language": "en"})

    english, german = (
        sales.client.get("/notifications", headers={"Accept-Language": language}).text for language in ("en", "de")
    )
    assert f"Low stock: {product.name}" in english
    assert f"Wenig Bestand: {product.name}" in german
