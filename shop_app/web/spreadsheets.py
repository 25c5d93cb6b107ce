"""Tables as spreadsheets save them: Unicode or the code page of Windows, separated by comma, semicolon or tab."""

from __future__ import annotations

import codecs
import csv
import io

from shop_app.base.errors import Invalid
from shop_app.base.text import _

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SEPARATORS = ";\t,|"


def read_table(content: bytes, needed: set[str], most: int) -> list[tuple[int, dict[str, str]]]:
    """The rows by lower-case column, each with its line; `Invalid` where it is no table, too long, or lacks a column."""
    text, separator = _separator(_decoded(content))
    reader = csv.DictReader(io.StringIO(text), delimiter=separator)
    try:
        reader.fieldnames = [name.strip().casefold() for name in reader.fieldnames or []]
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise Invalid(
            _("Nothing was imported: line %(line)s is not CSV (%(why)s).", line=reader.line_num, why=error)
        ) from None
    missing = needed - set(reader.fieldnames)
    if missing:
        raise Invalid(_("Nothing was imported: the columns %(names)s are missing.", names=", ".join(sorted(missing))))
    if len(rows) > most:
        raise Invalid(_("Nothing was imported: at most %(n)s rows at a time.", n=most))
    return rows


def _decoded(content: bytes) -> str:
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Invalid(_("Nothing was imported: this is a workbook. Save the sheet as CSV, and choose that file."))
    encoding = "utf-16" if content.startswith(_UTF16) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")  # what Excel calls CSV, without a word of UTF-8
    if "\0" in text or "\ufffd" in text:
        raise Invalid(_("Nothing was imported: this is not a text file. Save the sheet as “CSV UTF-8”."))
    return text if "\n" in text else text.replace("\r", "\n")


def _separator(text: str) -> tuple[str, str]:
    """The text without Excel's `sep=;`, and what separates its cells."""
    first, _line, rest = text.partition("\n")
    named = first.strip().strip('"')
    if named.casefold().startswith("sep=") and len(named) <= 5:
        return rest, named[4:] or "\t"
    return text, max(_SEPARATORS, key=first.count) if any(map(first.count, _SEPARATORS)) else ","
