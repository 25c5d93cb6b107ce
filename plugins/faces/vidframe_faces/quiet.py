"""Keeps MediaPipe's start-up messages off the terminal: its C++ writes two dozen lines to stderr, whatever one sets.

It writes to file descriptor 2 itself, and a descriptor belongs to the whole process: there is no way to hold back one
thread's lines alone. So what other threads write while a model loads (about a second, once a process) is held back,
too, and comes in its order afterwards; a process that is killed meanwhile loses it.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NOISE = re.compile(
    rb"INFO: (\[\w+\.cc:\d+\]|Created TensorFlow Lite)|[IW]\d{4} \d|WARNING: (Read-only tensor|Logging before InitGoogle)"
)
_STDERR = 2
_one_at_a_time = threading.RLock()


@contextmanager
def without_noise() -> Iterator[None]:
    """Holds back all that the process writes to stderr, and lets through afterwards what is none of those messages."""
    with _one_at_a_time, tempfile.TemporaryFile() as held:
        try:
            terminal = os.dup(_STDERR)
        except OSError:  # a service without stderr
            yield
            return
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(terminal, _STDERR)
            os.close(terminal)
            held.seek(0)
            os.write(_STDERR, b"".join(line for line in held if not NOISE.match(line)))
