"""A real Mosquitto on loopback, with a password, and a client that hears everything."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.needs import missing

USER, PASSWORD = "vidframe", "vf_canary_s3cret"


class Mosquitto:
    """Can be stopped and started again on its port; `tls` are the files of a certificate and its key."""

    def __init__(self, folder: Path, tls: tuple[Path, Path] | None = None) -> None:
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        if not Path(program).exists():
            missing("needs mosquitto: apt-get install mosquitto")
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        passwords, config = folder / "passwords", folder / "mosquitto.conf"
        subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, USER, PASSWORD], check=True)
        passwords.chmod(0o644)
        lines = [f"listener {self.port} 127.0.0.1", f"password_file {passwords}", "user root"]
        if tls is not None:
            lines += [f"certfile {tls[0]}", f"keyfile {tls[1]}"]
        config.write_text("\n".join(lines) + "\n")
        self._command = [program, "-c", str(config)]
        self.start()

    def start(self) -> None:
        """Returns when it listens."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < end, "mosquitto does not listen"
                assert self._process.poll() is None, "mosquitto ended"
                time.sleep(0.02)

    def stop(self) -> None:
        """Kills it: what it kept in memory is lost."""
        self._process.kill()
        self._process.wait()


class Listener:
    """Another client of the broker: what it has heard, in order, and what holds now by topic."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.now: dict[str, bytes] = {}
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(USER, PASSWORD)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_message = self._take
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def say(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Publishes."""
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(5)

    def close(self) -> None:
        """Ends."""
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload)))
        self.now[message.topic] = bytes(message.payload)
