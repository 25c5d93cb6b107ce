"""Small disks, so that a test can fill one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.needs import missing

EXT4 = Path("/sys/fs/ext4")


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
    try:
        yield path
    finally:
        subprocess.run(["umount", *(["-l"] if lazily else []), str(path)], check=True)


@contextmanager
def failing_disk(path: Path, image: Path) -> Iterator[Callable[[], None]]:
    """A disk at `path`, made in the file `image`; what is yielded makes it fail: as a broken one, it is read-only from then on."""
    path.mkdir()
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    mounted = subprocess.run(["mount", "-o", "loop,errors=remount-ro", str(image), str(path)], capture_output=True)
    if mounted.returncode:
        missing(f"cannot mount a disk image: {mounted.stderr.decode().strip()}")
    device = os.stat(path).st_dev
    name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name

    def fail() -> None:
        (EXT4 / name / "trigger_fs_error").write_text("a test")

    try:
        yield fail
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@contextmanager
def power_cut(path: Path, image: Path) -> Iterator[Callable[[Path], Path]]:
    """A disk at `path`; what is yielded cuts the power: what had reached the device by then is mounted at another path."""
    path.mkdir()
    with image.open("wb") as file:
        file.truncate(32 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    if subprocess.run(["mount", "-o", "loop", str(image), str(path)], capture_output=True).returncode:
        missing("cannot mount a disk image")
    mounted = [path]

    def cut(after: Path) -> Path:
        copy = image.with_suffix(".after")
        shutil.copyfile(image, copy)  # the device as it is, in the middle of everything
        after.mkdir()
        subprocess.run(["mount", "-o", "loop", str(copy), str(after)], check=True)
        mounted.append(after)
        return after

    try:
        yield cut
    finally:
        for each in mounted:
            subprocess.run(["umount", "-l", str(each)], check=True)
