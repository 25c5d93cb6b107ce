"""Python processes that vidframe starts, watches, and starts again, each with one connection to who started it.

They get everything over that connection, so that no secret is in the list of processes; when it
closes, the other side has ended.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any

from vidframe.core.observe import logs
from vidframe.tools import Backoff

GOOD_LIFE = 60.0  # seconds of work after which the loss of a process counts as the first one


class LostError(Exception):
    """A process ended, or does not answer; the text says how, beginning with "its process"."""


class Child:
    """A process and the connection to it."""

    def __init__(self, module: str, name: str, shared: Sequence[int] = ()) -> None:
        """Starts a process that calls `work(connection, name)` of `module`. OSError if there is no room for another.

        The descriptors of `shared` are open in it, too, under the same numbers.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            # -P: what lies in the working directory is not imported.
            command = [sys.executable, "-P", "-m", "vidframe.core.run.supervised", module, name, str(theirs.fileno())]
            try:
                self.process = subprocess.Popen(command, pass_fds=[theirs.fileno(), *shared])
            except OSError:
                ours.close()
                raise
        self.connection = Connection(ours.detach())
        self.send((sys.path, *logs.present()))

    def send(self, message: object) -> bool:
        """Sends a message; False if the process has ended."""
        try:
            self.connection.send(message)
        except OSError:
            return False
        return True

    def ask(self, message: object, seconds: float) -> Any:
        """Sends a message and returns what comes back; LostError if that takes longer than `seconds`, or it ends."""
        try:
            self.connection.send(message)
            if self.connection.poll(seconds):
                return self.connection.recv()
        except (OSError, EOFError):
            self.wait(1.0)
            raise LostError(f"its process {self.ended or 'has ended'}") from None
        raise LostError(f"its process did not answer within {seconds:g} s")

    @property
    def ended(self) -> str:
        """How it ended, in words; empty while it runs."""
        code = self.process.poll()
        if code is None:
            return ""
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def wait(self, seconds: float) -> bool:
        """Waits so long for its end; False if it still runs."""
        try:
            self.process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """Ends it at once. The stacks of its threads are written to standard error, if it still can."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGABRT)
            if not self.wait(0.3):
                self.process.kill()
        self.close()

    def close(self, patience: float = 2.0) -> None:
        """Closes the connection, at which it ends, and waits so long for its end."""
        self.connection.close()
        if not self.wait(patience):
            self.process.kill()
            self.process.wait()


class Restarts:
    """How long to wait before a process that was lost is started again: longer each time, until one had a good life."""

    def __init__(self, first: float, longest: float) -> None:
        self._backoff = Backoff(first, longest, forget_after=float("inf"))
        self._began = float("inf")  # monotonic clock

    def began(self) -> None:
        """The process works from now on."""
        self._began = monotonic()

    def lost(self) -> float:
        """Counts a loss and returns the wait, seconds."""
        if monotonic() - self._began > GOOD_LIFE:
            self._backoff.succeeded()
        self._began = float("inf")
        return self._backoff.failed()


def _main(module: str, name: str, descriptor: str) -> None:
    faulthandler.enable()
    # Ctrl+C and the end of a terminal reach all processes; the one that started this one decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    connection = Connection(int(descriptor))
    sys.path[:], form, verbose = connection.recv()
    logs.set_up(form, verbose=verbose)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the other side has ended
        importlib.import_module(module).work(connection, name)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # does not wait for threads of plugins


if __name__ == "__main__":
    _main(*sys.argv[1:])
