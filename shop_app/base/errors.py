"""Refusals of the shop: what was not done, why, and what would do."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any


class Refused(Exception):
    """The shop says no. `detail` is read by people: what was not done, why, and what would do."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.more = more  # further members of the JSON problem


class Invalid(Refused):
    """What was sent cannot be used; `errors` may name the fields."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class NotSignedIn(Refused):
    """Nobody is signed in, or the sign-in has ended."""

    status = HTTPStatus.UNAUTHORIZED


class Forbidden(Refused):
    """Somebody is signed in who may not do this."""

    status = HTTPStatus.FORBIDDEN


class NotFound(Refused):
    """There is no such thing, or it belongs to somebody else: the answer is the same."""

    status = HTTPStatus.NOT_FOUND


class Conflict(Refused):
    """The shop has changed meanwhile: sold out, price changed, already decided."""

    status = HTTPStatus.CONFLICT


class TooMany(Refused):
    """Tried too often; `retry_after` in seconds."""

    status = HTTPStatus.TOO_MANY_REQUESTS
