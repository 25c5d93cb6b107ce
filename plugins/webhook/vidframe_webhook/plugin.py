"""Posts events to an address: as JSON, signed as Standard Webhooks says (standardwebhooks.com), from a queue on disk."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, SecretStr

from vidframe import Attachment, Camera, Event, Seconds, hookimpl
from vidframe.kinds import is_among, words
from vidframe_webhook.request import Address
from vidframe_webhook.template import check, filled

if TYPE_CHECKING:
    from vidframe.outbox import Delivery, EventSender

STANDARD = {"type": "{kind}", "timestamp": "{time}", "text": "{words}", "data": "{event}", "picture": "{picture}"}
REFUSALS = {400, 410, 413, 415, 422}  # the receiver has read the event, and will never want it


@dataclass
class Webhook:
    """Posts events to an address, signed. What is not taken waits on disk and is sent again."""

    url: Annotated[SecretStr, Field(description="where to, as https://example.com/hook; may come by !env NAME")]
    secret: Annotated[SecretStr, Field(description="whsec_ and 24 to 64 bytes in Base64; use !env NAME")]
    events: Annotated[list[str], Field(min_length=1, description="kinds; incident: all incident.* kinds")] = field(
        default_factory=lambda: ["incident"]
    )
    templates: Annotated[dict[str, Any], Field(description="what is posted for a kind, in place of the standard")] = (
        field(default_factory=dict)
    )
    pictures: Annotated[bool, Field(description="whether an event's snapshot goes along, in Base64")] = False
    max_mb: Annotated[int, Field(ge=10, le=100_000, description="most megabytes that wait on disk")] = 200
    timeout: Annotated[Seconds, Field(ge=1, le=120, description="longest time of a request")] = 10.0

    def __post_init__(self) -> None:
        # From Python plain text may come.
        self.url, self.secret = (SecretStr(s) if isinstance(s, str) else s for s in (self.url, self.secret))
        self._address = Address(self.url.get_secret_value(), self.timeout)
        self._key = _key_of(self.secret.get_secret_value())
        for kind, template in self.templates.items():
            check(template, kind)
        self._delivery: Delivery[EventSender] | None = None

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        from vidframe.outbox import Delivery, EventSender

        make = partial(EventSender, send=self._send, receiver=f"webhook {self._address.host}")
        self._delivery = Delivery(camera, camera.step, make, max_mb=self.max_mb)

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if self._delivery is not None and is_among(event.kind, self.events):
            pictures = [file for file in event.files if self.pictures and file.media_type == "image/jpeg"]
            self._delivery.put(replace(event, files=tuple(pictures[:1])))

    @hookimpl
    def close_camera(self) -> None:
        delivery, self._delivery = self._delivery, None
        if delivery is not None:
            delivery.close()

    @hookimpl
    def check_machine(self) -> Iterator[tuple[str, str]]:
        yield f"webhook {self._address.host}", self._address.problem()

    @hookimpl
    def has_pending(self, state: Path) -> bool:
        from vidframe.outbox import has_pending

        return has_pending(state)

    def _send(self, event: Mapping[str, Any], files: Sequence[Attachment]) -> None:
        from vidframe.outbox import NotNow, Refused

        body = self._body(event, files)
        status = self._address.post(body, _signed(self._key, event["id"], body))
        if status in REFUSALS:
            raise Refused(f"answered {status}")
        if not 200 <= status < 300:  # a redirect is not followed: the event could go anywhere
            raise NotNow(f"webhook {self._address.host} answered {status}")

    def _body(self, event: Mapping[str, Any], files: Sequence[Attachment]) -> bytes:
        kind, templates = event["kind"], self.templates
        name = max((name for name in templates if is_among(kind, [name])), key=len, default=None)
        picture = b64encode(files[0].read()).decode() if files else None
        values = {**event, "event": event, "words": words(kind, event["facts"]), "picture": picture}
        return json.dumps(filled(STANDARD if name is None else templates[name], values), ensure_ascii=False).encode()


def _key_of(secret: str) -> bytes:
    try:
        key = b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise ValueError("secret must be whsec_ and 24 to 64 bytes in Base64: echo whsec_$(openssl rand -base64 24)")
    return key


def _signed(key: bytes, identity: str, body: bytes) -> dict[str, str]:
    seconds = str(int(time.time()))
    mac = b64encode(hmac.digest(key, f"{identity}.{seconds}.".encode() + body, hashlib.sha256)).decode()
    return {"webhook-id": identity, "webhook-timestamp": seconds, "webhook-signature": f"v1,{mac}"}
