"""A webhook: the shop's notifications for another program, signed as Standard Webhooks says (standardwebhooks.com).

The address is typed by an admin, so it could point into the shop's own network: only public machines are reached, by https,
and private ones in networks that the settings name. The connection goes to the address that was checked.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
import secrets
import socket
import ssl
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from shop_app.base import network
from shop_app.base.db import now
from shop_app.base.errors import Invalid, Refused
from shop_app.base.models import Account, Delivery, ShopProfile
from shop_app.base.settings import Settings
from shop_app.base.text import _, _l
from shop_app.notify.channels.channel import Channel, Letter, TryAgain
from shop_app.web.vault import Vault

TIMEOUT_SECONDS = 10
_PREFIX = "whsec_"
_URL = re.compile(
    r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~%/+,=:@-]*)?(\?[A-Za-z0-9._~%/+,=:@&-]*)?"
)


@dataclass(frozen=True)
class Hook:
    """Where to, and what signs."""

    url: str
    secret: str = field(repr=False)


class Webhook(Channel):
    """One for the shop; an admin sets it."""

    name, label = "webhook", _l("Webhook")
    is_personal = False

    def recipients(self, session: Session, accounts: Sequence[int]) -> list[tuple[int | None, str]]:
        """The one address, where an admin set it."""
        return [(None, "")] if session.get_one(ShopProfile, 1).webhook_url else []

    def destination(
        self,
        session: Session,
        settings: Settings,
        delivery: Delivery,
        account: Account | None,
        parameters: Mapping[str, Any],
    ) -> Hook | None:
        """As it is set now."""
        shop = session.get_one(ShopProfile, 1)
        return (
            Hook(shop.webhook_url, Vault(settings.vault_key()).open(shop.webhook_secret)) if shop.webhook_url else None
        )

    def send(self, settings: Settings, letter: Letter) -> None:
        """One request. A redirection is not followed: it could lead anywhere."""
        body = json.dumps({
            "type": letter.kind, "timestamp": letter.created_at.isoformat(), "data": dict(letter.parameters),
            "title": letter.text.title, "text": letter.text.body, "url": letter.url,
        }, ensure_ascii=False).encode()  # fmt: skip
        headers = {"Content-Type": "application/json"} | signed(letter.to.secret, str(letter.delivery_id), body, now())
        try:
            status = _post(letter.to.url, settings.webhook_networks, body, headers)
        except Refused as refusal:
            raise TryAgain(refusal.detail) from None
        if not 200 <= status < 300:
            raise TryAgain(f"The webhook answered {status}")


def new_secret() -> str:
    """A secret in the form of the standard."""
    return _PREFIX + b64encode(secrets.token_bytes(24)).decode()


def check_secret(text: str) -> None:
    """Refuse what is no secret of the standard, or too short a one."""
    try:
        if text.startswith(_PREFIX) and 24 <= len(b64decode(text.removeprefix(_PREFIX), validate=True)) <= 64:
            return
    except ValueError:
        pass
    raise Invalid(
        _("Write the secret as whsec_ and 24 to 64 bytes in Base64, or leave it empty for a new one."), field="secret"
    )


def signed(secret: str, identity: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers by which the receiver knows that a message is from this shop, and that it is new."""
    key, seconds = b64decode(secret.removeprefix(_PREFIX)), str(int(at.timestamp()))
    mac = hmac.new(key, f"{identity}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": identity, "webhook-timestamp": seconds, "webhook-signature": f"v1,{b64encode(mac).decode()}"}


def check_url(url: str, private: Sequence[str]) -> None:
    """Refuse an address that is none of a machine that a webhook may reach."""
    _resolve(url, private)


def _resolve(url: str, private: Sequence[str]) -> str:
    """The IP address to connect to, where all that the name stands for are allowed."""
    if not _URL.fullmatch(url) or len(url) > 500:
        raise Invalid(_("Write the address as https://example.com/path."), field="url")
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Invalid(_("There is no such port."), field="url") from None
    found = network.looked_up(parts.hostname or "", port)
    if not found:
        raise Invalid(_("Nobody knows the name %(host)s.", host=parts.hostname), field="url")
    named = network.networks(private)
    for ip in found:
        is_named = network.is_within(ip, named)
        if not network.is_other_machine(ip) or not (is_named or (ip.is_global and parts.scheme == "https")):
            raise Invalid(_("The webhook may not go to %(host)s: it takes https addresses in the internet. An admin of the machine can allow private networks with SHOP_WEBHOOK_NETWORKS.", host=parts.hostname), field="url")  # fmt: skip
    return str(found[0])


def _post(url: str, private: Sequence[str], body: bytes, headers: Mapping[str, str]) -> int:
    ip, parts = _resolve(url, private), urlsplit(url)
    secure, host = parts.scheme == "https", parts.hostname or ""
    connection: http.client.HTTPConnection = (
        http.client.HTTPSConnection(host, parts.port) if secure else http.client.HTTPConnection(host, parts.port)
    )
    connection.sock = socket.create_connection((ip, connection.port), TIMEOUT_SECONDS)
    try:
        if secure:
            connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=host)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()
