"""The folder of clips: what may stay, and what has to go when room is needed."""

import errno
import os
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep, time

PART = ".part.mp4"  # a clip that is being written
OWN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}(\.part)?\.mp4")  # names that the recorder gives; no other file is its own
LINKED_PATIENCE = 3.0  # seconds that an outbox has to let go of a clip that was deleted here
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
CLOCK_SET = 1_577_836_800  # 2020: what claims to be older was written before the machine knew the time


@dataclass(frozen=True)
class Clip:
    """A finished clip on disk."""

    path: Path
    bytes: int
    modified: float  # seconds since 1970
    is_linked: bool = False  # it has a second name, in an outbox

    @property
    def is_pinned(self) -> bool:
        """A file of the same name with `.pin` keeps it for ever."""
        return self.path.with_suffix(".pin").exists()

    def delete(self) -> None:
        """Removes the clip and what belongs to it; that another was faster is no fault."""
        for suffix in (".mp4", ".jpg", ".json"):
            self.path.with_suffix(suffix).unlink(missing_ok=True)


@dataclass
class Storage:
    """All clips of a folder, or with `shared` of the folders of cameras in it. None means without limit.

    A clip has a name of the recorder's and its note beside it. Other files are neither counted nor touched.
    """

    folder: Path
    days: float | None = None
    count: int | None = None
    bytes: int | None = None
    keep_free: int = 0  # bytes of the disk; of a small disk no more than a tenth
    shared: bool = False

    def clips(self) -> list[Clip]:
        """The finished clips, oldest first."""
        return sorted(self._found(), key=lambda clip: (clip.modified, clip.path))

    def tidy(self) -> int:
        """Deletes what is beyond the limits, oldest first and no pinned one; returns how many."""
        clips = self.clips()
        total, kept = sum(clip.bytes for clip in clips), len(clips)
        deleted = 0
        for clip in clips:
            if self._is_too_much(clip, kept, total) and not clip.is_pinned:
                clip.delete()
                deleted, kept, total = deleted + 1, kept - 1, total - clip.bytes
        return deleted

    def tidy_aside(self) -> None:
        """As `tidy`, in a thread of its own: clips grow old on quiet nights, too."""
        threading.Thread(target=self.tidy, name="tidy-clips", daemon=True).start()

    def make_room(self, wanted: int) -> int:
        """Deletes the oldest unpinned clips until `wanted` bytes are free; returns how many went."""
        deleted = 0
        for clip in self.clips():
            if self.has_room(wanted):
                break
            if not clip.is_pinned:
                clip.delete()
                deleted += 1
                if clip.is_linked:
                    self._await_room(wanted)
        return deleted

    def free(self) -> int:
        """Free bytes of the disk."""
        return self._space()[1]

    def has_room(self, wanted: int) -> bool:
        """Whether `wanted` bytes fit on the disk without touching what stays free."""
        total, free = self._space()
        return free >= wanted + min(self.keep_free, total // 10)

    def _await_room(self, wanted: int) -> None:
        """A clip that waits in an outbox takes room until that lets go of it, which it does on a full disk."""
        until = monotonic() + LINKED_PATIENCE
        while not self.has_room(wanted) and monotonic() < until:
            sleep(0.1)

    def _space(self) -> tuple[int, int]:
        """Bytes of the disk, all and free; of the folder, or of the nearest one above it that exists."""
        folder = self.folder
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        usage = shutil.disk_usage(folder)
        return usage.total, usage.free

    def _found(self) -> Iterator[Clip]:
        for path in self.folder.glob("*/*.mp4" if self.shared else "*.mp4"):
            if path.name.endswith(PART) or not OWN.fullmatch(path.name) or not path.with_suffix(".json").exists():
                continue
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            yield Clip(path, stat.st_size, stat.st_mtime, stat.st_nlink > 1)

    def _is_too_much(self, oldest: Clip, count: int, total: int) -> bool:
        if self.days is not None and CLOCK_SET < oldest.modified < time() - self.days * 86400:
            return True
        if self.count is not None and count > self.count:
            return True
        return self.bytes is not None and total > self.bytes


class ClipFile:
    """A file that makes room when the disk is full, and is on the disk, not only in memory, every second or so.

    OSError if there is no room and none can be made.
    """

    def __init__(self, path: Path, storage: Storage) -> None:
        import fcntl

        self.path = path
        self.size = 0
        self.deleted = 0  # old clips that had to go
        self.problem = ""  # why the last write failed; what PyAV makes of it says nothing
        self._storage = storage
        self._file = path.open("xb", buffering=0)
        # Whoever tidies up after a crash takes no file that somebody is still writing.
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, data: bytes) -> int:
        """Writes all of it, or raises."""
        if not self._storage.has_room(len(data)) and not self._make_room(len(data)):
            self.problem = os.strerror(errno.ENOSPC).lower()
            raise OSError(errno.ENOSPC, self.problem)
        rest = memoryview(data)
        while rest:
            try:
                written = self._file.write(rest) or 0
            except OSError as error:
                if error.errno not in DISK_FULL or not self._make_room(len(rest)):
                    self.problem = (error.strerror or str(error)).lower()
                    raise
                continue
            self.size += written
            rest = rest[written:]
        return len(data)

    def sync(self) -> None:
        """Waits until what was written is on the disk."""
        os.fdatasync(self._file.fileno())

    def close(self) -> None:
        """Closes the file; a second time does nothing."""
        self._file.close()

    def _make_room(self, wanted: int) -> bool:
        self.deleted += (deleted := self._storage.make_room(max(wanted, 1 << 20)))
        return deleted > 0
