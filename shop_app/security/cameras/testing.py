"""Asks a camera for one picture, in a process that cannot hang, and tells the outcome in one of five words."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from shop_app.base.errors import Conflict, Invalid
from shop_app.base.settings import Settings
from shop_app.base.text import _
from shop_app.security.cameras.address import read_address, resolve
from shop_app.security.files import small_jpeg

GRAB = Path(__file__).with_name("grab.py")
SECONDS = 12.0
LARGEST = 3_000_000
_slots = threading.BoundedSemaphore(2)  # pictures are taken for an admin who waits, not in bulk


@dataclass(frozen=True)
class Outcome:
    """What came of asking a camera."""

    word: str  # ok, refused, timeout, auth, not-video
    jpeg: bytes = b""
    codec: str = ""  # as FFmpeg names it


def ask(settings: Settings, kind: str, address: str, credentials: str | None) -> Outcome:
    """One picture of a camera. Invalid where the address is not allowed at all."""
    if kind == "sample":
        return _grab(str(sample_path(settings, address)), "file")
    parts = read_address(address)
    ip = resolve(parts, settings.camera_networks)
    return _grab(parts.secret_url(ip, credentials), parts.scheme)


def samples(settings: Settings) -> list[str]:
    """The names of the clips that a sample camera may play."""
    folder = settings.sample_clips
    if folder is None or not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if path.suffix in {".mp4", ".mkv", ".gif"} and path.is_file())


def sample_path(settings: Settings, name: str) -> Path:
    """Where a sample lies; only a name that is in the list is one."""
    if settings.sample_clips is None or name not in samples(settings):
        raise Invalid(_("There is no such sample clip."))
    return settings.sample_clips / name


def _grab(url: str, scheme: str) -> Outcome:
    request = json.dumps({"url": url, "scheme": scheme}).encode()
    if not _slots.acquire(timeout=SECONDS):
        raise Conflict(_("Other cameras are being tried at this moment. Nothing was saved; try again."))
    try:
        # A fixed command: what somebody typed travels through the pipe, and nothing of our own environment goes along.
        done = subprocess.run(
            [sys.executable, "-I", str(GRAB)], input=request, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=SECONDS, check=False, env={"LANG": "C.UTF-8"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Outcome("timeout")
    finally:
        _slots.release()
    head, _newline, jpeg = done.stdout.partition(b"\n")
    return _outcome(head, jpeg)


def _outcome(head: bytes, jpeg: bytes) -> Outcome:
    try:
        answer = json.loads(head)
        word, codec = answer["word"], str(answer["codec"])
    except (ValueError, KeyError, TypeError):
        return Outcome("not-video")
    if word != "ok" or not 0 < len(jpeg) <= LARGEST:
        return Outcome(word if word in {"refused", "timeout", "auth"} else "not-video")
    return Outcome("ok", small_jpeg(jpeg, longest_side=1280), codec)
