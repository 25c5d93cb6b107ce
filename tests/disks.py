"""Small disks, so that a test can fill one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.needs import missing


@contextmanager
def small_disk(path: Path, megabytes: int, *, lazily: bool = False) -> Iterator[Path]:
    """A disk of so many megabytes at `path`; needs the right to mount.

    At the end nobody may have a file on it open, unless it goes `lazily`: processes that were killed may still be ending.
    """
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(path)]
    mounted = subprocess.run(command, capture_output=True)
    if mounted.returncode:
        missing(f"cannot mount a small file system: {mounted.stderr.decode().strip()}")
    yield path
    subprocess.run(["umount", *(["-l"] if lazily else []), str(path)], check=True)
