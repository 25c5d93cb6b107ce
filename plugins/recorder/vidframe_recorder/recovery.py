"""What a crash left behind: parts of clips, sealed at the next start."""

import fcntl
import logging
from collections.abc import Iterator
from pathlib import Path

from vidframe_recorder.storage import OWN, PART
from vidframe_recorder.writer import ClipNote, Outcome, seal

log = logging.getLogger(__name__)


def recover(folder: Path, camera: str) -> Iterator[Outcome]:
    """Seals each part in the folder that nobody is writing."""
    for part in sorted(folder.glob("*" + PART)):
        if not OWN.fullmatch(part.name):
            continue
        try:
            with part.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if not isinstance(error, BlockingIOError):  # then somebody writes it
                log.error("clip %s cannot be closed now: %s; the next start tries again", part, error)
            continue
        yield seal(part, _note(part, camera), reason="closed after a crash")
    for orphan in folder.glob("*.json.*.part"):
        if OWN.fullmatch(orphan.name.partition(".json")[0] + ".mp4"):
            orphan.unlink(missing_ok=True)


def _note(part: Path, camera: str) -> ClipNote:
    try:
        note = ClipNote.read(part.with_suffix(".json"))
    except (OSError, ValueError):
        start = part.name.partition("-")[0]
        iso = f"{start[:4]}-{start[4:6]}-{start[6:11]}:{start[11:13]}:{start[13:15]}.000000Z"
        note = ClipNote(camera, [], iso, iso)
    note.recovered = True
    return note
