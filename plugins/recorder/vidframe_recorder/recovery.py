"""What a crash left behind: parts of clips, cut to their last whole fragment and sealed."""

import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from vidframe_recorder.storage import PART
from vidframe_recorder.writer import ClipNote, Outcome, seal



def recover(folder: Path, camera: str) -> Iterator[Outcome]:
    """Seals each part in the folder that nobody is writing."""
    for part in sorted(folder.glob("*" + PART)):
        with part.open("r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            file.truncate(whole_length(file))
        yield seal(part, _note(part, camera), reason="closed after a crash")
    for orphan in folder.glob("*.json.part"):
        orphan.unlink(missing_ok=True)


def whole_length(file: BinaryIO) -> int:
    """Bytes up to the end of the last whole fragment (a `moof` box and its `mdat`) of a fragmented MP4.

    A box begins with its length, four bytes, and its type, four letters (ISO/IEC 14496-12, 4.2).
    """
    end = file.seek(0, 2)
    place = whole = 0
    while place + 8 <= end:
        file.seek(place)
        length, kind = int.from_bytes(file.read(4), "big"), file.read(4)
        if length == 1:  # the length follows in eight bytes
            length = int.from_bytes(file.read(8), "big")
        if length < 8 or place + length > end:
            break
        place += length
        if kind != b"moof":
            whole = place
    return whole


def _note(part: Path, camera: str) -> ClipNote:
    try:
        note = ClipNote.read(part.with_suffix(".json"))
    except (OSError, ValueError):
        start = part.name.partition("-")[0]
        iso = f"{start[:4]}-{start[4:6]}-{start[6:11]}:{start[11:13]}:{start[13:15]}.000000Z"
        note = ClipNote(camera, [], iso, iso)
    note.recovered = True
    return note
