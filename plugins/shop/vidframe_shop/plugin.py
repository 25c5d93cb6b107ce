"""The sink: puts events into the outbox, and sends the shop a small image while somebody watches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, SecretStr

from vidframe import Camera, Event, Frame, Seconds, hookimpl

if TYPE_CHECKING:
    from vidframe.outbox import Delivery, Outbox
    from vidframe_shop.client import Client
    from vidframe_shop.sender import ShopSender


def _on_request(value: Any) -> Any:
    """What `picture` took before it became `live_view`."""
    return "on_request" if value == "asked" else value


class Shop:
    """Delivers events, snapshots and clips to the shop app.

    Each event is on disk before the next frame is worked on, and leaves the disk when the shop has it.
    """

    needs = ("masked?",)
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
        self._delivery: Delivery[ShopSender] | None = None
        self._sender: ShopSender | None = None
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
        from vidframe.outbox import Delivery
        from vidframe_shop.sender import ShopSender

        def make(name: str, outbox: Outbox, **options: Any) -> ShopSender:
            if "metric" in options:  # of this camera, not of one that was stopped
                options["request_mode"] = lambda mode: camera.report("mode.requested", mode=mode)
            client = partial(self._client, camera)
            return ShopSender(name, outbox, make_client=client, heartbeat_every=self.heartbeat_every, **options)

        self._delivery = Delivery(camera, "shop", make, max_mb=self.max_mb)
        self._sender = self._delivery.sender

    def _client(self, camera: Camera, outbox: Outbox) -> Client:
        from vidframe_shop.bus_client import BusClient
        from vidframe_shop.client import Client

        token = self.token.get_secret_value()
        if camera.lease is None:
            return Client(self.url, token, timeout=self.timeout)
        bus = camera.share(camera.lease.connect, camera.lease.connect)
        return BusClient(self.url, token, bus, outbox, timeout=self.timeout)

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
        delivery, self._delivery, self._sender = self._delivery, None, None
        self._picture_due = 0.0
        if delivery is not None:
            delivery.close()
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
        from vidframe.outbox import waits_in

        return waits_in(state / "shop")


def _jpeg(frame: Frame, width: int) -> bytes:
    import cv2

    _done, encoded = cv2.imencode(".jpg", frame.scaled_shown(width), [cv2.IMWRITE_JPEG_QUALITY, 70])
    return bytes(encoded)
