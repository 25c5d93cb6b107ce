"""A cluster on the loopback for tests: a NATS server and nodes, as processes that can be killed and paused."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.cameras import free_port
from tests.needs import missing
from vidframe.cluster.bus import Address
from vidframe.cluster.status import look


class Process:
    """A program that can be killed, paused and started again."""

    def __init__(self, command: list[str], folder: Path, **environment: str) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self._command, self._environment = command, os.environ | environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it; what it says goes to `log`."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self.folder, stderr=log, stdout=log, env=self._environment, start_new_session=True
            )

    def kill(self) -> None:
        """As `kill -9` does; what it started is to end by itself."""
        if self._process is not None:
            self._process.kill()
        self.wait()

    def pause(self, *, alone: bool = False) -> None:
        """Stops all of it in the middle of whatever it does, or the first process `alone`."""
        if alone and self._process is not None:
            self._process.send_signal(signal.SIGSTOP)
        else:
            self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it go on as if nothing had been."""
        self._signal_all(signal.SIGCONT)

    def reload(self) -> None:
        """Lets it read its config again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    def stop(self) -> int:
        """Asks it to end; its exit code."""
        if self._process is not None:
            self._process.terminate()
        return self.wait()

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        if self._process is None:
            return 0
        code = self._process.wait(timeout=30)
        self._process = None
        return code

    @property
    def log(self) -> str:
        """What it said."""
        return (self.folder / "log").read_text()

    def _signal_all(self, number: signal.Signals) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, number)


class Broker(Process):
    """A NATS server with JetStream; what it keeps outlives its process."""

    def __init__(self, folder: Path, *options: str) -> None:
        server = shutil.which("nats-server") or "/usr/sbin/nats-server"
        if not Path(server).exists():
            missing("needs nats-server")
        self.port = free_port()
        super().__init__(
            [server, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(folder / "store"), *options], folder
        )

    def start(self) -> None:
        """Starts it, and waits until it lets somebody in."""
        super().start()
        eventually(self._listens, "a broker that listens")

    def lose_disk(self) -> None:
        """All that it kept is gone."""
        shutil.rmtree(self.folder / "store")

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            return connection.recv(4) == b"INFO"
        return False

    @property
    def url(self) -> str:
        """Its address."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def address(self) -> Address:
        """As an onlooker uses it."""
        return Address((self.url,))

    def status(self) -> dict[str, Any]:
        """What `vidframe nodes` sees."""
        return asyncio.run(look(self.address))

    def owners(self) -> dict[str, str]:
        """The living node of each camera."""
        alive = {node["name"] for node in self.status()["nodes"] if node["alive"]}
        return {lease["name"]: lease["node"] for lease in self.status()["leases"] if lease["node"] in alive}

    def epochs(self) -> dict[str, int]:
        """The epoch of each camera."""
        return {lease["name"]: lease["epoch"] for lease in self.status()["leases"]}


class Machine(Process):
    """`vidframe node` in a folder of its own."""

    def __init__(self, name: str, folder: Path, config: str, **environment: str) -> None:
        self.name = name
        command = [sys.executable, "-m", "vidframe", "node", "shop.yaml", "--name", name]
        super().__init__(command, folder / name, **environment)
        (self.folder / "shop.yaml").write_text(config)


def eventually(is_so: Callable[[], Any], what: str, patience: float = 40) -> Any:
    """The first true value; AssertionError where none comes."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if value := is_so():
            return value
        time.sleep(0.1)
    raise AssertionError(f"never came: {what}")
