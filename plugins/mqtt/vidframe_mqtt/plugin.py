"""Tells an MQTT broker what happens at a camera, and takes commands from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, SecretStr

from vidframe import Attachment, Camera, Event, Frame, Seconds, hookimpl

if TYPE_CHECKING:
    from vidframe.outbox import Delivery, EventSender
    from vidframe_mqtt.broker import Broker
    from vidframe_mqtt.status import Status

MOST_MINUTES = 1440  # of a snooze
Part = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")]


@dataclass
class Mqtt:
    """Publishes events, states and metrics of each camera to an MQTT broker, as Home Assistant understands them."""

    needs = ("people?", "motion?")

    host: Annotated[str, Field(min_length=1, description="name or address of the broker")]
    port: Annotated[int | None, Field(ge=1, le=65535, description="1883 by default, 8883 with TLS")] = None
    username: Annotated[str, Field(description="of an account of the broker")] = ""
    password: Annotated[SecretStr | None, Field(description="its password; use !env NAME")] = None
    tls: Annotated[bool, Field(description="whether the connection is encrypted")] = False
    ca: Annotated[Path | None, Field(description="file of the certificates to trust, instead of the machine's")] = None
    topic: Annotated[Part, Field(description="what all topics begin with")] = "vidframe"
    discovery: Annotated[Part | Literal[""], Field(description="Home Assistant's prefix; empty: not announced")] = (
        "homeassistant"
    )
    commands: Annotated[bool, Field(description="whether the broker's clients may arm, disarm and snooze")] = False
    off_after: Annotated[Seconds, Field(ge=0, description="motion and person are off after as long without any")] = 5.0
    max_mb: Annotated[int, Field(ge=10, le=100_000, description="most megabytes of events that wait on disk")] = 200
    timeout: Annotated[Seconds, Field(ge=1, le=60, description="longest wait for the broker")] = 5.0

    def __post_init__(self) -> None:
        if isinstance(self.password, str):  # from Python plain text may come
            self.password = SecretStr(self.password)
        if self.commands and not (self.username and self.password):
            raise ValueError("commands need username and password: who may publish to the broker could disarm the shop")
        if self.ca is not None and not self.tls:
            raise ValueError("ca needs tls: true")
        self._broker: Broker | None = None
        self._status: Status | None = None
        self._delivery: Delivery[EventSender] | None = None

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        from vidframe.outbox import Delivery, EventSender
        from vidframe_mqtt.home_assistant import discovery
        from vidframe_mqtt.status import Status

        base = f"{self.topic}/{camera.name}"
        self._broker = broker = self._broker_for(base)
        self._status = status = Status(lambda name, value: broker.show(f"{base}/{name}", str(value)), self.off_after)
        status.snooze(0)
        if self.discovery:
            broker.show(*discovery(camera.name, base, self.discovery, commands=self.commands))
        commands = _commands(camera, status) if self.commands else {}
        broker.start({f"{base}/{name}/set": command for name, command in commands.items()})
        make = partial(EventSender, send=self._send, receiver=f"MQTT broker {self.host}")
        self._delivery = Delivery(camera, camera.step, make, max_mb=self.max_mb)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        if self._status is not None:
            self._status.take_frame(frame)

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if self._status is None or self._delivery is None:
            return
        self._status.take_event(event)
        if not (self._status.is_snoozed and event.kind.startswith("incident.")):
            pictures = [file for file in event.files if file.media_type == "image/jpeg"]
            self._delivery.put(replace(event, files=tuple(pictures[:1])))

    @hookimpl
    def close_camera(self) -> None:
        delivery, self._delivery = self._delivery, None
        broker, self._broker = self._broker, None
        if delivery is not None:
            delivery.close()
        if broker is not None:
            broker.close()

    @hookimpl
    def check_machine(self) -> Iterator[tuple[str, str]]:
        yield f"MQTT broker {self.host}", self._broker_for(self.topic).problem()

    @hookimpl
    def has_pending(self, state: Path) -> bool:
        from vidframe.outbox import has_pending

        return has_pending(state)

    def _broker_for(self, base: str) -> Broker:
        from vidframe_mqtt.broker import Broker

        broker = Broker(self.host, self.port or (8883 if self.tls else 1883), base, self.timeout)
        if self.username:
            broker.sign_in(self.username, self.password.get_secret_value() if self.password else "")
        if self.tls:
            broker.encrypt(self.ca)
        return broker

    def _send(self, event: Mapping[str, Any], files: Sequence[Attachment]) -> None:
        """The picture first, so that it is there for whoever is told."""
        from vidframe.outbox import Unavailable

        broker, base = self._broker, f"{self.topic}/{event['camera']}"
        if broker is None:
            raise Unavailable("the camera is closed")
        for file in files:
            broker.publish(f"{base}/snapshot", file.read(), retain=True)
        broker.publish(f"{base}/events/{event['kind'].replace('.', '/')}", json.dumps(event, ensure_ascii=False))


def _commands(camera: Camera, status: Status) -> dict[str, Callable[[str], object]]:
    """By topic. KeyError, OverflowError or ValueError for what is no command."""

    def request(mode: str) -> None:
        if mode not in ("auto", "day", "night"):
            raise ValueError(mode)
        camera.report("mode.requested", mode=mode)
        status.show("requested", mode)

    def snooze(text: str) -> None:
        minutes = int(float(text))
        if not 0 <= minutes <= MOST_MINUTES:
            raise ValueError(text)
        status.snooze(minutes)

    return {
        "armed": lambda state: request({"ON": "night", "OFF": "day"}[state]),
        "requested": request,
        "snooze": snooze,
    }
