"""What a running vidframe leaves in its state folder for `vidframe reload` and `vidframe top`."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from vidframe.tools import write_atomically

log = logging.getLogger(__name__)

NAME = "run.json"
LOCK = "run.lock"


class StateInUseError(Exception):
    """Another vidframe runs with the same state folder."""


@dataclass
class RunFile:
    """Who runs here, and how the last reload went."""

    pid: int
    started: float  # of the process, seconds since 1970, so that another with its pid is not taken for it
    metrics: str = ""  # host:port of the metrics
    reloads: int = 0
    refused: Sequence[str] = ()  # why the last reload changed nothing

    def write(self, state: Path) -> None:
        """Puts it into the state folder. Where that cannot be written, vidframe runs without it."""
        try:
            write_atomically(state / NAME, json.dumps(asdict(self)) + "\n")
        except OSError as error:
            log.warning("cannot write %s: %s", state / NAME, (error.strerror or str(error)).lower())

    def remove(self, state: Path) -> None:
        """Takes it away, unless another run has put its own there."""
        if (other := read(state)) is not None and other.pid == self.pid:
            with contextlib.suppress(OSError):
                (state / NAME).unlink()


@contextlib.contextmanager
def claimed(state: Path) -> Iterator[None]:
    """Keeps a state folder for this run; StateInUseError where another has it. It ends with the process, however that ends."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        handle = os.open(state / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:  # it cannot be written: vidframe runs without
        log.warning("cannot lock %s: %s", state, (error.strerror or str(error)).lower())
        yield
        return
    try:
        _lock(handle, state)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, state: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        other = read(state)
        who = f"the vidframe with pid {other.pid}" if other is not None else "another vidframe"
        raise StateInUseError(f"{who} runs with the state folder {state}; stop it, or name another `state:`") from None
    except OSError as error:  # a file system without locks
        log.warning("cannot lock %s: %s", state, (error.strerror or str(error)).lower())


def of_this_process(metrics: str) -> RunFile:
    """That of this process."""
    return RunFile(os.getpid(), _started(os.getpid()) or 0.0, metrics)


def read(state: Path) -> RunFile | None:
    """That of the vidframe that runs with this state folder; None if none does."""
    try:
        run = RunFile(**json.loads((state / NAME).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    started = _started(run.pid)
    return run if started is not None and abs(started - run.started) < 1 else None


def _started(pid: int) -> float | None:
    import psutil

    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None
