"""One connection to a broker: reconnects by itself, and tells everything that is retained anew when it does."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from vidframe.outbox import Unavailable
from vidframe.tools import reason_of

log = logging.getLogger(__name__)


class Broker:
    """The connection of one camera, whose topics begin with `base`. `base/online` says whether it lasts."""

    def __init__(self, host: str, port: int, base: str, timeout: float) -> None:
        self._host, self._port, self._timeout = host, port, timeout
        self._online = f"{base}/online"
        self._retained = {self._online: "online"}
        self._commands: dict[str, Callable[[str], object]] = {}
        self._context: ssl.SSLContext | None = None
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=base.replace("/", "-"), protocol=MQTTv311)
        self._client.will_set(self._online, "offline", qos=1, retain=True)
        self._client.reconnect_delay_set(1, 30)
        self._client.on_connect, self._client.on_message = self._connected, self._received

    def sign_in(self, username: str, password: str) -> None:
        """To be called before `start`."""
        self._client.username_pw_set(username, password)

    def encrypt(self, ca: Path | None) -> None:
        """TLS, with the machine's certificates or those of a file. To be called before `start`."""
        self._context = ssl.create_default_context(cafile=ca)
        self._client.tls_set_context(self._context)

    def problem(self) -> str:
        """Why nobody can be reached there; empty where somebody can."""
        try:
            with socket.create_connection((self._host, self._port), 5) as plain, ExitStack() as held:
                if self._context is not None:
                    held.enter_context(self._context.wrap_socket(plain, server_hostname=self._host))
        except OSError as error:
            return reason_of(error)
        return ""

    def start(self, commands: dict[str, Callable[[str], object]]) -> None:
        """Connects in a thread of its own, and again whenever it has to. `commands` take what comes to their topics."""
        self._commands = commands
        self._client.connect_async(self._host, self._port)
        self._client.loop_start()

    def show(self, topic: str, value: str) -> None:
        """Publishes what is so now; the broker keeps it, and gets the last value when it comes back."""
        if self._retained.get(topic) != value:
            self._retained[topic] = value
            if self._client.is_connected():
                self._client.publish(topic, value, qos=1, retain=True)

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Returns when the broker has it; Unavailable where it does not say so in time."""
        if not self._client.is_connected():
            raise Unavailable(f"MQTT broker {self._host} unreachable")
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        try:
            sent.wait_for_publish(self._timeout)
        except (RuntimeError, ValueError) as error:  # it went away, or its queue is full
            raise Unavailable(f"MQTT broker {self._host}: {error}") from None
        if not sent.is_published():
            raise Unavailable(f"MQTT broker {self._host} did not confirm within {self._timeout:g} s")

    def close(self) -> None:
        """Says that it is offline, and ends."""
        if self._client.is_connected():
            self._client.publish(self._online, "offline", qos=1, retain=True).wait_for_publish(self._timeout)
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            log.error("MQTT broker %s refused the connection: %s", self._host, reason)
            return
        for topic in self._commands:
            client.subscribe(topic, qos=1)
        for topic, value in self._retained.copy().items():
            client.publish(topic, value, qos=1, retain=True)

    def _received(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if message.retain:  # kept from a former day; it would come again at each connection
            log.warning("MQTT: ignored a retained command on %s", message.topic)
            return
        try:
            self._commands[message.topic](message.payload.decode())
        except Exception:  # it would end the connection's thread
            log.warning("MQTT: ignored %d bytes on %s, which are no such command", len(message.payload), message.topic)
