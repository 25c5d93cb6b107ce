"""Files of events: received in pieces, checked against the SHA-256 that was announced, stored under generated names."""

from __future__ import annotations

import fcntl
import hashlib
import io
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session, joinedload

from shop_app.base.db import changed_rows, now
from shop_app.base.errors import Conflict, Invalid, NotFound, Refused
from shop_app.base.models import EventFile, IncomingEvent, ServiceToken
from shop_app.base.permissions import Actor
from shop_app.base.text import _
from shop_app.web import pictures

PIECE = 4_000_000
SUFFIX = {"image/jpeg": ".jpg", "video/mp4": ".mp4"}


class NoRoom(Refused):
    """The disk is full; the sender keeps what it has and comes back."""

    status = HTTPStatus.INSUFFICIENT_STORAGE


def find(session: Session, actor: Actor, event_id: str, role: str) -> EventFile:
    """The announced file; NotFound where there is none, or another camera system announced it."""
    query = (
        select(EventFile)
        .options(joinedload(EventFile.event))
        .join(IncomingEvent)
        .where(IncomingEvent.event_id == event_id, EventFile.role == role, told_by(actor))
    )
    found = session.scalars(query).first()
    if found is None or found.deleted_at is not None:
        raise NotFound(_("No such file was announced."))
    return found


def told_by(actor: Actor) -> ColumnElement[bool]:
    """Events of this camera system, and of those whose token has ended: a new token goes on with the old one's work."""
    ended = select(ServiceToken.id).where(ServiceToken.ended_at.is_not(None))
    return (IncomingEvent.token_id == actor.token_id) | IncomingEvent.token_id.in_(ended)


def received(media: Path, file: EventFile) -> int:
    """Bytes that are here already."""
    if file.complete_at is not None:
        return file.bytes
    part = part_path(media, file)
    return part.stat().st_size if part.exists() else 0


def append(media: Path, file: EventFile, offset: int, piece: bytes) -> tuple[int, str | None]:
    """Add a piece; how many bytes are here then and, once all are, the name under which the file is kept.

    Conflict where the piece does not begin at the end of what is here.
    """
    part = part_path(media, file)
    with _locked(part) as handle:
        there = os.fstat(handle).st_size
        if offset != there:
            raise Conflict(
                _("The piece begins at %(offset)s, but %(there)s bytes are here.", offset=offset, there=there),
                received=there,
            )
        if there + len(piece) > file.bytes:
            raise Invalid(_("The file was announced with %(n)s bytes. The piece was not taken.", n=file.bytes))
        _write(handle, piece, there)
        there += len(piece)
        return there, _finish(part, file) if there == file.bytes else None


def _finish(part: Path, file: EventFile) -> str:
    """Check the whole file and give it its name; Invalid, and nothing kept, where it is not what was announced."""
    with part.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    name = f"{file.id}-{digest[:16]}{SUFFIX[file.media_type]}"
    try:
        if digest != file.sha256:
            raise Invalid(
                _("The SHA-256 is not the one announced. Nothing was kept; send it again from the start."), received=0
            )
        if file.media_type == "image/jpeg":
            _keep_picture(part, part.with_name(name))
        else:
            _check_film(part)
            os.replace(part, part.with_name(name))
    except Invalid:
        part.unlink(missing_ok=True)
        raise
    return name


def complete(session: Session, file_id: int, name: str, size: int) -> bool:
    """Note that the file is here; False where another request has done so."""
    statement = (
        update(EventFile)
        .where(EventFile.id == file_id, EventFile.complete_at.is_(None))
        .values(file_name=name, complete_at=now(), received_bytes=size)
    )
    return changed_rows(session, statement) == 1


def stored_path(media: Path, file: EventFile | None) -> Path:
    """Where a complete file lies; NotFound where it is not here, or its name leads out of the folder."""
    if file is None or file.complete_at is None or file.deleted_at is not None or not file.file_name:
        raise NotFound(_("This file is not here."))
    root = folder(media).resolve()
    path = root / file.file_name
    if "\0" in file.file_name or path.is_symlink() or path.resolve().parent != root or not path.is_file():
        raise NotFound(_("This file is not here."))
    return path


def folder(media: Path) -> Path:
    """The folder of all files of events."""
    path = media / "events"
    path.mkdir(parents=True, exist_ok=True)
    return path


def part_path(media: Path, file: EventFile) -> Path:
    """Where an unfinished file grows."""
    return folder(media) / f"{file.id}.part"


def small_jpeg(content: bytes, *, longest_side: int = 4096) -> bytes:
    """The picture encoded anew: what was hidden in the file beside the picture is gone. Invalid if it is none."""
    clean = pictures.decode(io.BytesIO(content), longest_side=longest_side, formats=("JPEG",))
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=88)
    return out.getvalue()


def _keep_picture(part: Path, target: Path) -> None:
    # What was sent stays as it is until then: after a kill or on a full disk the sender goes on where it stopped.
    clean = part.with_suffix(".clean")
    picture = small_jpeg(part.read_bytes())
    try:
        clean.write_bytes(picture)
        os.replace(clean, target)
    except OSError as error:
        clean.unlink(missing_ok=True)
        raise NoRoom(f"The picture could not be stored ({error.strerror}). Come again.") from None
    part.unlink()


def _check_film(part: Path) -> None:
    with part.open("rb") as file:
        head = file.read(12)
    if head[4:8] != b"ftyp":
        raise Invalid(_("This is not an MP4 file. Nothing was kept."), received=0)


def _write(handle: int, piece: bytes, there: int) -> None:
    try:
        view = memoryview(piece)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    except OSError as error:
        os.ftruncate(handle, there)
        raise NoRoom(f"The piece could not be stored ({error.strerror}). Nothing of it was kept.") from None


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    while True:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o640)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if _is_at(handle, path):
            break
        os.close(handle)  # while we waited it was finished, and has another name now
    try:
        yield handle
    finally:
        os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


CODECS = {b"hvc1": "H.265 (HEVC)", b"hev1": "H.265 (HEVC)", b"mp4v": "MPEG-4 Part 2", b"avc1": "H.264"}


def codec_of(path: Path) -> str:
    """What an MP4 file says its pictures are coded in; empty where it does not say, or names another codec."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        table = content.rfind(b"stsd")  # of the sample descriptions; the name of the codec follows
        found = content[table : table + 4096] if table >= 0 else b""
    return next((name for mark, name in CODECS.items() if mark in found), "")
