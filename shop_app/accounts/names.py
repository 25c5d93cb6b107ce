"""E-mail addresses and telephone numbers in the one form in which they are compared."""

from __future__ import annotations

import re
import unicodedata

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def normal_email(text: str) -> str | None:
    """NFKC, casefolded, stripped; None where it is no address."""
    text = unicodedata.normalize("NFKC", text).strip().casefold()
    return text if len(text) <= 254 and _EMAIL.fullmatch(text) else None


def normal_phone(text: str) -> str | None:
    """Digits with a leading + if one was given; None where it is no number of 6 to 15 digits."""
    if not re.fullmatch(r"\s*\+?[\d\s()./-]+", text):
        return None
    digits = re.sub(r"\D", "", text)
    return ("+" if text.strip().startswith("+") else "") + digits if 6 <= len(digits) <= 15 else None
