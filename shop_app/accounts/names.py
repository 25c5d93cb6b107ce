"""Names as they are shown, and e-mail addresses in the one form in which they are compared."""

from __future__ import annotations

import re
import unicodedata

# Without what means something in the head of a mail: such an address could not be written to.
_EMAIL = re.compile(r"""[^@\s"<>()\[\],;:\\]+@[^@\s."<>()\[\],;:\\]+(\.[^@\s."<>()\[\],;:\\]+)+""")
_TURNS_TEXT_ROUND = {"\u200e", "\u200f", "\u061c", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}


def shown_name(text: str) -> str:
    """A name without signs that are not seen but turn what stands around them; one line, single spaces."""
    seen = (
        sign for sign in " ".join(text.split()) if sign not in _TURNS_TEXT_ROUND and unicodedata.category(sign) != "Cc"
    )
    return "".join(seen).strip()


def normal_email(text: str) -> str | None:
    """NFKC, casefolded, stripped; None where it is no address, or holds signs that nobody sees."""
    text = unicodedata.normalize("NFKC", text).strip().casefold()
    if "=?" in text or any(unicodedata.category(sign) in {"Cc", "Cf"} for sign in text):
        return None  # it would be read as, or look like, another
    return text if len(text) <= 254 and _EMAIL.fullmatch(text) else None
