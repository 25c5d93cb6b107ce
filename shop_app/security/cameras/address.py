"""Where a camera may be: addresses that people type, taken apart, checked and built anew.

Cameras stand on private networks, so private addresses cannot simply be refused; what is refused is everything that is no
camera of this shop: this machine itself, link-local addresses, networks that the settings do not name, other schemes and ports.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from shop_app.base import network
from shop_app.base.errors import Invalid
from shop_app.base.text import _

SCHEMES = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
PORTS = {80, 443, 554, 322, 8000, 8080, 8443, 8554}
_PLAIN = re.compile(r"[A-Za-z0-9._~/%+,=:@&?\[\]()_-]{1,300}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}")
_SECRET_KEY = re.compile(r"pass|pwd|secret|token|key|auth|user|login|account|credential|session", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """The parts of a camera's address; user and password are apart from it."""

    scheme: str
    host: str
    port: int
    path: str
    query: str
    credentials: str | None = field(default=None, repr=False)  # user:password, where they stood in what was typed

    @property
    def url(self) -> str:
        """The address without user and password."""
        return self._with_host(self.host)

    def secret_url(self, ip: str, credentials: str | None) -> str:
        """For the one who connects: to the address that was checked, with user and password. Never shown."""
        user, colon, password = (credentials or "").partition(":")
        login = f"{quote(user, safe='')}{colon}{quote(password, safe='')}@" if credentials else ""
        return self._with_host(ip, login)

    def _with_host(self, host: str, login: str = "") -> str:
        shown = f"[{host}]" if ":" in host else host
        port = "" if self.port == SCHEMES[self.scheme] else f":{self.port}"
        return urlunsplit((self.scheme, f"{login}{shown}{port}", self.path, self.query, ""))


def read_address(text: str) -> Address:
    """Take apart what somebody typed. Invalid says what is wrong, and repeats nothing that could be a password."""
    login, rest = _split_login(text.strip())
    if not _PLAIN.fullmatch(rest):
        raise Invalid(_("An address has no spaces, quotes or other special characters."))
    try:
        parts = urlsplit(rest)
        port = parts.port
    except ValueError:
        raise Invalid(_("This is not an address such as rtsp://192.168.1.20/stream.")) from None
    if parts.scheme not in SCHEMES:
        raise Invalid(_("The address must begin with rtsp, rtsps, http or https."))
    if not parts.hostname or not _HOST.fullmatch(parts.hostname):
        raise Invalid(_("The address has no proper host, as in rtsp://192.168.1.20/stream."))
    port = SCHEMES[parts.scheme] if port is None else port
    if port not in PORTS:
        raise Invalid(_("Cameras are reached at these ports only: %(ports)s.", ports=_ports()))
    if any(_SECRET_KEY.search(key) for key, _value in parse_qsl(parts.query, keep_blank_values=True)):
        raise Invalid(_("The address seems to hold a user or password. Put them into their own fields."))
    return Address(parts.scheme, parts.hostname, port, parts.path, parts.query, login)


def resolve(address: Address, networks: Sequence[str]) -> str:
    """The IP address to connect to; Invalid where any that the name stands for is not one of a camera."""
    found = network.looked_up(address.host, address.port)
    if not found:
        raise Invalid(_("Nobody knows the name %(host)s.", host=address.host))
    allowed = network.networks(networks) or network.own_networks()
    for ip in found:
        if not network.is_other_machine(ip) or not network.is_within(ip, allowed):
            raise Invalid(_("%(host)s is not in a network of cameras. An admin of the machine can allow it with SHOP_CAMERA_NETWORKS.", host=address.host))  # fmt: skip
    return str(found[0])


def _split_login(text: str) -> tuple[str | None, str]:
    scheme, separator, rest = text.partition("://")
    authority, slash, path = rest.partition("/")
    login, at, host = authority.rpartition("@")
    if not separator or not at:
        return None, text
    user, colon, password = login.partition(":")
    return unquote(user) + colon + unquote(password), f"{scheme}://{host}{slash}{path}"


def _ports() -> str:
    return " ".join(str(port) for port in sorted(PORTS))
