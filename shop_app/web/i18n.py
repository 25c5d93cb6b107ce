"""Languages: which ones there are, which one a reader gets, and translations compiled on first start."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from babel import Locale
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_request_context, request
from flask_babel import Babel

from shop_app.base.settings import Settings
from shop_app.web.area import maybe_actor, profile, shop_of

_SOURCE = Path(__file__).parents[1] / "translations"
# English, and each language that there is a file of, by its own name.
LANGUAGES = {
    code: str(Locale.parse(code).get_display_name(code)).capitalize()
    for code in ("en", *sorted(path.parts[-3] for path in _SOURCE.glob("*/LC_MESSAGES/messages.po")))
}


def init_app(app: Flask) -> None:
    """Choose language and zone per request."""
    folder = compile_translations(shop_of(app).settings)
    Babel(
        app, default_locale="en", default_translation_directories=str(folder),
        locale_selector=choose_locale, timezone_selector=choose_zone,
    )  # fmt: skip


def choose_locale() -> str:
    """The reader's own choice, then the browser's wish, then the shop's language."""
    present = maybe_actor() if has_request_context() else None
    if present is not None and present.locale in LANGUAGES:
        return present.locale
    if not has_request_context():
        return "en"
    wished = request.accept_languages.best_match(list(LANGUAGES))
    if wished:
        return wished
    return profile().locale if "profile" in g and profile().locale in LANGUAGES else "en"


def choose_zone() -> str | None:
    """The shop's zone: the same moment reads the same for everybody."""
    return profile().time_zone if has_request_context() and "profile" in g else None


def words_of(settings: Settings, locale: str) -> NullTranslations:
    """All text in one language, for work without a request."""
    return Translations.load(compile_translations(settings), [locale])


def compile_translations(settings: Settings) -> Path:
    """Compile each .po file into the instance folder, unless that was done before; returns the folder."""
    folder = settings.instance.resolve() / "translations"
    for source in sorted(_SOURCE.glob("*/LC_MESSAGES/*.po")):
        content = source.read_bytes()
        target = folder / source.relative_to(_SOURCE).with_suffix(".mo")
        stamp = target.with_suffix(".sha256")
        digest = hashlib.sha256(content).hexdigest()
        if target.exists() and stamp.exists() and stamp.read_text() == digest:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        _compile(source, target)
        stamp.write_text(digest)
    return folder


def _compile(source: Path, target: Path) -> None:
    from babel.messages.mofile import write_mo  # a start without anything to compile need not wait for them
    from babel.messages.pofile import read_po

    part = target.with_suffix(f".{os.getpid()}.part")  # several processes may start at once
    with source.open("rb") as po, part.open("wb") as mo:
        write_mo(mo, read_po(po, locale=source.parts[-3]))
    part.replace(target)
