"""The process of a command, of which a plugin may take the output, or keep it from ending."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

log = logging.getLogger(__name__)

LAST_SECONDS = 4.5  # that threads of plugins have to end


@contextmanager
def own_output() -> Iterator[None]:
    """Gives standard output and standard error back as they were, and warns where a plugin closed or replaced one."""
    names = {"stdout": "standard output", "stderr": "standard error"}
    before = {name: (getattr(sys, name), _copied(getattr(sys, name))) for name in names}
    try:
        yield
    finally:
        for name, (stream, copy) in before.items():
            is_open = _is_open(stream, copy)
            if getattr(sys, name) is not stream or not is_open:
                log.warning("a plugin closed or replaced %s; what follows goes there again", names[name])
                setattr(sys, name, stream if is_open or copy is None else open(os.dup(copy), "w"))  # noqa: SIM115
            if copy is not None:
                os.close(copy)


def exit_with(code: int, before: set[threading.Thread]) -> NoReturn:
    """Ends the process, also where a plugin left a thread that Python would wait for; those of `before` may go on."""
    left = [thread for thread in threading.enumerate() if thread not in before]

    def give_up() -> None:
        names = ", ".join(sorted(thread.name for thread in left if thread.is_alive()))
        log.error("threads of plugins still run: %s; end them in close_camera; exiting anyway", names)
        os._exit(code or 1)

    if left:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        watchdog = threading.Timer(LAST_SECONDS, give_up)
        watchdog.daemon = True
        watchdog.start()
    sys.exit(code)


def _copied(stream: Any) -> int | None:
    """Another descriptor of the same file; None for what is no file."""
    try:
        return os.dup(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return None


def _is_open(stream: Any, copy: int | None) -> bool:
    """Whether a stream still goes to the file of which `copy` is a descriptor."""
    if copy is None:
        return not getattr(stream, "closed", False)
    try:
        return os.path.sameopenfile(stream.fileno(), copy)
    except (OSError, ValueError):
        return False
