"""The sink: puts events into the outbox, and sends the shop a small image while somebody watches."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, SecretStr

from vidframe import Camera, Event, Frame, Seconds, hookimpl

if TYPE_CHECKING:
    from vidframe_shop.client import Client
    from vidframe_shop.orphans import OrphanedOutboxes
    from vidframe_shop.sender import Sender

CLOSE_TIMEOUT = 3.0  # seconds that closing a camera waits for the shop


def _on_request(value: Any) -> Any:
    """What `picture` took before it became `live_view`."""
    return "on_request" if value == "asked" else value


class Shop:
    """Delivers events, snapshots and clips to the shop app.

    Each event is on disk before the next frame is worked on, and leaves the disk when the shop has it.
    """

    needs = ()
    adds = ()
    renamed: ClassVar = {
        "disk_mb": "max_mb",
        "picture": "live_view",
        "picture_width": "live_view_width",
        "picture_every": "live_view_every",
        "beat": "heartbeat_every",
    }

    def __init__(
        self,
        *,
        url: Annotated[str, Field(description="Address of the shop app, as https://shop.example")],
        token: Annotated[SecretStr, Field(description="Token of this installation; use !env NAME")],
        max_mb: Annotated[int, Field(ge=10, le=1_000_000, description="Most megabytes of the outbox on disk")] = 2000,
        live_view: Annotated[
            Literal["on_request", "always", "never"],
            BeforeValidator(_on_request),
            Field(description="When the shop gets the current image; on_request: while somebody watches"),
        ] = "on_request",
        live_view_width: Annotated[int, Field(ge=80, le=1280, description="Its width in pixels")] = 480,
        live_view_every: Annotated[Seconds, Field(ge=0.5, description="Time between two images")] = 2.0,
        heartbeat_every: Annotated[Seconds, Field(ge=1, le=60, description="Time between two heartbeats")] = 5.0,
        timeout: Annotated[Seconds, Field(ge=1, le=120, description="Longest wait for an answer of the shop")] = 10.0,
    ) -> None:
        self.url = url
        self.token = token if isinstance(token, SecretStr) else SecretStr(token)
        self.max_mb = max_mb
        self.live_view = live_view
        self.live_view_width = live_view_width
        self.live_view_every = live_view_every
        self.heartbeat_every = heartbeat_every
        self.timeout = timeout
        self._sender: Sender | None = None
        self._orphans: OrphanedOutboxes | None = None
        self._claim: int | None = None
        self._receiver: Client | None = None  # in a cluster, on the machine that delivers
        self._picture_due = 0.0
        self._check()

    def _check(self) -> None:
        from urllib.parse import urlsplit

        if urlsplit(self.url).scheme not in {"http", "https"}:
            raise ValueError("url must begin with https:// or http://")
        if not self.token.get_secret_value().strip():
            raise ValueError("token is empty; an admin makes one in the shop app")

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        from vidframe_shop.bus_client import BusClient
        from vidframe_shop.client import Client
        from vidframe_shop.orphans import OrphanedOutboxes
        from vidframe_shop.outbox import Outbox, claim
        from vidframe_shop.sender import Sender

        self._claim = claim(camera.state / "shop", patience=CLOSE_TIMEOUT)
        lease, token = camera.lease, self.token.get_secret_value()
        outbox = Outbox(camera.state / "shop", limit=self.max_mb * 1_000_000, epoch=lease.epoch if lease else 0)
        if lease is None:
            client = Client(self.url, token, timeout=self.timeout)
            self._orphans = OrphanedOutboxes(camera.state / "shop", self._sender_of)
        else:
            bus = camera.share(lease.connect, lease.connect)
            client = BusClient(self.url, token, bus, outbox, timeout=self.timeout)
        self._sender = Sender(
            camera.name, outbox, client, heartbeat_every=self.heartbeat_every, metric=camera.metric,
            request_mode=lambda mode: camera.report("mode.requested", mode=mode),
        )  # fmt: skip

    def _sender_of(self, folder: Path) -> Sender:
        """For an outbox whose camera does not run."""
        from vidframe_shop.client import Client
        from vidframe_shop.outbox import Outbox
        from vidframe_shop.sender import Sender

        client = Client(self.url, self.token.get_secret_value(), timeout=self.timeout)
        outbox = Outbox(folder, limit=self.max_mb * 1_000_000)
        return Sender(folder.parent.name, outbox, client, heartbeat_every=self.heartbeat_every)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        sender = self._sender
        if sender is None:
            return
        sender.frames += 1
        sender.facts = sender.facts | {"mode": frame.mode} if sender.facts.get("mode") != frame.mode else sender.facts
        wanted = self.live_view == "always" or (self.live_view == "on_request" and sender.picture_wanted)
        if wanted and frame.seconds >= self._picture_due:
            self._picture_due = frame.seconds + self.live_view_every
            sender.put_picture(_jpeg(frame, self.live_view_width))

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if self._sender is None:
            return
        if event.kind == "camera.state":
            self._sender.facts = self._sender.facts | {"state": event.facts.get("state")}
        self._sender.put(event)

    @hookimpl
    def close_camera(self) -> None:
        sender, self._sender = self._sender, None
        orphans, self._orphans = self._orphans, None
        handle, self._claim = self._claim, None
        self._picture_due = 0.0
        if sender is not None:
            sender.close(CLOSE_TIMEOUT)
        if orphans is not None:
            orphans.close()
        if handle is not None:
            os.close(handle)
        if self._receiver is not None:
            self._receiver.close()
            self._receiver = None

    @hookimpl
    def check_machine(self) -> Iterator[tuple[str, str]]:
        from vidframe_shop.client import Client, ShopRefused, ShopUnavailable

        problem = ""
        client = Client(self.url, self.token.get_secret_value(), timeout=5)
        try:
            client.cameras()
        except (ShopUnavailable, ShopRefused, ValueError) as error:
            problem = f"{error}; is the shop running, and is the token one that an admin made?"
        finally:
            client.close()
        yield f"shop {self.url}", problem

    @hookimpl
    def deliver_events(self, events: Sequence[Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
        from vidframe_shop.client import Client, ShopUnavailable, deliver

        if self._receiver is None:
            self._receiver = Client(self.url, self.token.get_secret_value(), timeout=self.timeout)
        try:
            return deliver(self._receiver, events)
        except ShopUnavailable as error:
            raise ConnectionError(str(error)) from None

    @hookimpl
    def has_pending(self, state: Path) -> bool:
        """Whether events or files wait in the outbox of a camera with this state folder."""
        from vidframe_shop.outbox import waits_in

        return waits_in(state / "shop")


def _jpeg(frame: Frame, width: int) -> bytes:
    import cv2

    _done, encoded = cv2.imencode(".jpg", frame.scaled(width), [cv2.IMWRITE_JPEG_QUALITY, 70])
    return bytes(encoded)
