"""Where a source is: its address with the secrets for FFmpeg, and without them for everybody else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from vidframe.core.plugin.registry import PluginError, load_source, owner, sources
from vidframe.tools import did_you_mean

SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "rtp", "srt", "udp", "tcp")
_SECRET_KEY = re.compile(r"pass|pwd|secret|token|key|auth|sig|user|login|account|credential|session", re.IGNORECASE)
# Some recorders give a stream a name that nobody can guess, and ask for no password.
_KEY_IN_PATH = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9]{16,}")
# A name or an IPv6 address in brackets, perhaps with a port, and then the path or nothing.
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:@/?#\[\]]+)(:\d*)?(?=[/?#]|$)")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>\\]+")  # in a text
_HIDDEN = "***"


def schemes() -> tuple[str, ...]:
    """Every kind of address that can be opened: FFmpeg's, then those that installed packages bring."""
    return (*SCHEMES, *(name for name in sources() if name not in SCHEMES))


def unused_extensions() -> dict[str, str]:
    """Who brings a source that is never called, by its scheme: one that vidframe reads itself."""
    return {
        scheme: " and ".join(sorted(map(owner, entries))) for scheme, entries in sources().items() if scheme in SCHEMES
    }


def is_path(source: str) -> bool:
    """Whether a source is a file or a folder, and no address, device or standard input."""
    return not ("://" in source or source in ("", "-") or source.startswith(("/dev/video", "webcam:", "-:")))


def address_problem(source: str) -> str | None:
    """What is wrong with a source as it is written; a package that brings its scheme is imported, and not called."""
    address = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", source)
    almost = re.match(rf"({'|'.join(SCHEMES)})[:;]?//?[^/]", source, re.IGNORECASE)
    if address and address[1].lower() in SCHEMES:
        if address[2][:1] in ("", "/"):
            return f"the address names no host; such as {address[1]}://10.0.0.11/stream"
    elif address:
        if address[1].lower() not in (known := schemes()):
            hint = did_you_mean(address[1], known)
            return f"unknown kind of address {address[1]!r}{hint} (known: {', '.join(known)})"
        try:
            load_source(address[1].lower())
        except PluginError as error:
            return str(error)
    elif almost:
        return f"an address begins with {almost[1]}://"
    elif (begins := re.match(r"([a-z][a-z0-9+.-]*):/", source)) and begins[1] in schemes():
        return f"an address begins with {begins[1]}://"
    return None


def path_problem(path: Path) -> str | None:
    """What is wrong with a path that is there and is no file or folder; None for all others."""
    if path.is_fifo():
        return f"is a pipe; name the source - and give it as standard input: < {path}"
    return None


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
    return Address(f"{scheme}://{_without_secrets(rest)}", secret)


def hide(text: str, url: str, credentials: str | None = None) -> str:
    """A text that somebody else wrote, without what is secret in an address."""
    address = read_address(url, credentials)
    login = _split_login(url.partition("://")[2])[0]
    for secret in (url, address.secret):
        text = text.replace(secret, address.shown)
    for secret in (login, credentials or ""):
        for part in (secret, secret.partition(":")[2], unquote(secret.partition(":")[2])):
            text = text.replace(part, _HIDDEN) if part else text
    return text


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """A text that somebody else wrote, with each address as it may be shown, and without these secrets.

    A secret of fewer than four characters would be found in any text, and stays.
    """
    for secret in secrets:
        text = text.replace(secret, _HIDDEN) if len(secret) > 3 else text
    return _URL.sub(lambda address: read_address(address[0]).shown, text) if "://" in text else text


def _split_login(rest: str) -> tuple[str, str]:
    """Parts `user:password@host/path` where a host first follows; a password may hold `@`, `/`, `?` and `#`."""
    starts = [0, *(match.end() for match in re.finditer("@", rest))]
    host = next((start for start in starts if _HOST.match(rest, start)), 0)
    return rest[: max(0, host - 1)], rest[host:]


def _without_secrets(rest: str) -> str:
    if "@" in rest:  # of a password, perhaps, that looks like a host up to there
        return _HIDDEN
    try:
        parts = urlsplit(f"//{rest}")
    except ValueError:
        return _HIDDEN
    path = "/".join(_shown_segment(segment) for segment in parts.path.split("/"))
    query = "&".join(_shown_pair(pair) for pair in parts.query.split("&")) if parts.query else ""
    return urlunsplit(parts._replace(path=path, query=query, fragment="")).removeprefix("//")


def _shown_segment(segment: str) -> str:
    name, *pairs = segment.split(";")
    return ";".join([_HIDDEN if _KEY_IN_PATH.fullmatch(name) else name, *map(_shown_pair, pairs)])


def _shown_pair(pair: str) -> str:
    key, equals, value = pair.partition("=")
    if not equals:
        return _HIDDEN
    return f"{key}={_HIDDEN if _SECRET_KEY.search(key) else value}"
