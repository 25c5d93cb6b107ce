"""Both languages are complete, and each reader gets their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask import Flask, render_template, url_for
from jinja2 import DictLoader

from shop_app import Settings, create_app
from shop_app.base.db import now
from shop_app.base.models import Product
from shop_app.ops.translate import collect
from shop_app.web import template_filters
from shop_app.web.icons import icon
from tests.shop.conftest import Person

PO = Path(__file__).parents[2] / "shop_app/translations/de/LC_MESSAGES/messages.po"


def test_every_text_of_the_app_is_in_german_with_the_same_values() -> None:
    with PO.open("rb") as file:
        german = {message.id: message for message in read_po(file, locale="de") if message.id}

    missing = [message.id for message in collect() if message.id and message.id not in german]
    empty = [key for key, message in german.items() if not all(_forms(message.string))]
    wrong = [key for key, message in german.items() if _values(_forms(key)[0]) != _values(_forms(message.string)[0])]

    assert (missing, empty, wrong) == ([], [], [])


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


def test_addresses_of_fixed_text_and_numbers_are_what_the_router_makes_of_them(settings: Settings) -> None:
    app = create_app(settings)
    calls = ["'bills.index'", "'bills.show', bill_id=n", "'offers.index', state=typed", "'cameras.show', name=typed"]
    typed, page = "a/b &é", "".join(f"{{{{ url_for({call}) }}}} {{{{ url_for({call}) ~ '.' }}}}\n" for call in calls)
    app.jinja_env.loader = DictLoader({"addresses.html": page})

    with app.test_request_context():
        shown = unescape(render_template("addresses.html", n=7, typed=typed)).splitlines()
        made = [eval(f"url_for({call})", {"url_for": url_for, "n": 7, "typed": typed}) for call in calls]

    assert shown == [f"{address} {address}." for address in made]


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
