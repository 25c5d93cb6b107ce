"""Passwords: what is accepted, how it is stored, and that a wrong name takes as long as a wrong password."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shop_app.base.errors import Invalid
from shop_app.base.text import _
from shop_app.web.area import shop

SHORTEST, LONGEST = 8, 200


class Passwords:
    """Argon2id with OWASP's smallest setting; at most two at a time, so that many logins do not eat the memory."""

    def __init__(self, *, memory_kib: int = 19_456, rounds: int = 2) -> None:
        self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=1)
        self._places = threading.BoundedSemaphore(2)
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """The text to store."""
        with self._places:
            return self._hasher.hash(_composed(password))

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one stored; takes the same time where nothing is stored."""
        if self._verify(stored, _composed(password)):
            return True
        # Passwords set before 0.2 were kept as they were typed.
        return _composed(password) != password and self._verify(stored, password)

    def _verify(self, stored: str | None, password: str) -> bool:
        with self._places:
            try:
                return self._hasher.verify(stored or self._nobody, password[:LONGEST]) and stored is not None
            except (VerificationError, InvalidHashError):
                return False


def check_new(password: str, *known: str | None) -> None:
    """Refuse a password that is short, common, or made of what everybody knows about the account (`known`)."""
    password = _composed(password)
    plain = password.casefold()
    if len(password) < SHORTEST:
        raise Invalid(_("A password needs at least %(n)d characters.", n=SHORTEST))
    if len(password) > LONGEST:
        raise Invalid(_("A password has at most %(n)d characters.", n=LONGEST))
    if plain in _common() or len(set(plain)) < 3:
        raise Invalid(_("This password is too common."))
    if any(word and _is_part_of(plain, word.casefold()) for word in known):
        raise Invalid(_("A password must not be part of your own data."))


def _composed(password: str) -> str:
    """One form for what devices type in several: ü as one character or as two (NIST SP 800-63B, NFKC)."""
    return unicodedata.normalize("NFKC", password)


def _is_part_of(password: str, known: str) -> bool:
    """Whether a password is a piece of what is known, or that with three characters more at most."""
    plain, word = (re.sub(r"[\W_]+", "", text) for text in (password, known))
    return plain in word or plain.rstrip("0123456789") in word or (word in plain and len(plain) - len(word) <= 3)


@cache
def _common() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # large, and needed only when a password is set

    return frozenset(FREQUENCY_LISTS["passwords"][:10_000])


def passwords() -> Passwords:
    """The one hasher of the present shop."""
    services = shop().services
    if "passwords" not in services:
        services["passwords"] = Passwords()
    found: Passwords = services["passwords"]
    return found
