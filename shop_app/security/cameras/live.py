"""The present picture of each camera: one file, overwritten, gone after a minute; asked for only while somebody looks."""

from __future__ import annotations

import os
import time
from pathlib import Path

from shop_app.base.errors import NotFound
from shop_app.base.text import _

LARGEST = 1_000_000  # bytes of a picture
WANTED_SECONDS = 20.0  # after somebody looked
KEPT_SECONDS = 60.0


def want(media: Path, camera: str) -> None:
    """Somebody looks at this camera."""
    path = _folder(media) / f"{camera}.wanted"
    path.touch()
    os.utime(path)


def is_wanted(media: Path, camera: str) -> bool:
    """Whether somebody looked a moment ago; asked in any process."""
    return _age(_folder(media) / f"{camera}.wanted") < WANTED_SECONDS


def keep(media: Path, camera: str, jpeg: bytes) -> None:
    """Put the picture in the place of the last one."""
    part = _folder(media) / f"{camera}.{os.getpid()}.part"
    part.write_bytes(jpeg)
    part.replace(_folder(media) / f"{camera}.jpg")


def picture(media: Path, camera: str) -> Path:
    """The present picture; NotFound where there is none of the last minute."""
    path = _folder(media) / f"{camera}.jpg"
    if _age(path) > KEPT_SECONDS:
        path.unlink(missing_ok=True)
        raise NotFound(_("There is no picture of the last minute."))
    return path


def clear_old(media: Path) -> None:
    """Take away the pictures that nobody asked for again."""
    for path in _folder(media).glob("*.jpg"):
        if _age(path) > KEPT_SECONDS:
            path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _folder(media: Path) -> Path:
    path = media / "live"
    path.mkdir(parents=True, exist_ok=True)
    return path
