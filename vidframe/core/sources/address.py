"""Where a source is: its address with the secrets for FFmpeg, and without them for everybody else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit, urlunsplit

_SECRET_KEY = re.compile(r"pass|pwd|secret|token|key|auth|sig|user|login|account|credential|session", re.IGNORECASE)
# Some recorders give a stream a name that nobody can guess, and ask for no password.
_KEY_IN_PATH = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9]{16,}")
_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Address:
    """A URL in two forms. Only `secret` may reach the camera, only `shown` anything else."""

    shown: str  # without user, password and values of query keys that look secret
    secret: str = field(repr=False)

    def __str__(self) -> str:
        return self.shown


def read_address(url: str, credentials: str | None = None) -> Address:
    """Takes `user:password`, which stands in the URL (percent-encoded or not) or apart from it (as it is)."""
    if "://" not in url:
        return Address(url, url)
    scheme, rest = url.split("://", 1)
    login, rest = _split_login(rest)
    if credentials is not None:
        user, colon, password = credentials.partition(":")
    else:
        user, colon, password = (unquote(part) for part in login.partition(":"))
    encoded = quote(user, safe="") + colon + quote(password, safe="")
    secret = f"{scheme}://{encoded}@{rest}" if encoded else f"{scheme}://{rest}"
    return Address(_without_secrets(f"{scheme}://{rest}"), secret)


def _split_login(rest: str) -> tuple[str, str]:
    """Parts `user:password@host/path`; the password may hold any character, also `@`, `/`, `?` and `#`."""
    host_end = re.search(r"[/?#]", rest)
    authority = rest[: host_end.start()] if host_end else rest
    # A host's colon is followed by a port; what else follows one is a password that runs on beyond the slash.
    runs_on = "@" not in authority and re.search(r":(?!\d*$)", authority) and not authority.startswith("[")
    login, at, host = (rest if runs_on else authority).rpartition("@")
    if not at:
        return "", rest
    return login, host if runs_on else host + rest[len(authority) :]


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    path = "/".join(_shown_segment(segment) for segment in parts.path.split("/"))
    query = "&".join(_shown_pair(pair) for pair in parts.query.split("&")) if parts.query else ""
    return urlunsplit(parts._replace(path=path, query=query, fragment=""))


def _shown_segment(segment: str) -> str:
    name, *pairs = segment.split(";")
    return ";".join([_HIDDEN if _KEY_IN_PATH.fullmatch(name) else name, *map(_shown_pair, pairs)])


def _shown_pair(pair: str) -> str:
    key, equals, value = pair.partition("=")
    if not equals:
        return _HIDDEN
    return f"{key}={_HIDDEN if _SECRET_KEY.search(key) else value}"
