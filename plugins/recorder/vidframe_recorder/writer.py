"""Writes one clip in a thread of its own, so that a slow disk never holds up the frame loop."""

import json
import logging
import queue
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import file_digest
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import av
from pydantic import TypeAdapter

from vidframe.packets import Encoding, Packet
from vidframe.tools import iso_time, write_atomically
from vidframe_recorder.fragments import cut_to_whole
from vidframe_recorder.muxing import Chosen, Sink, open_sink, thumbnail
from vidframe_recorder.storage import PART, ClipFile, Storage

log = logging.getLogger(__name__)

LUMP = 0.2  # seconds of packets that are handed over at once, because each time a thread has to be woken
MOST_WAITING = 1200  # lumps; a disk that is so far behind will not catch up
_SYNC_EVERY = 1.0  # seconds


@dataclass
class ClipNote:
    """What is known of a clip; stands beside it as JSON, so that a crash loses nothing of it."""

    camera: str
    incidents: list[str]
    start: str  # UTC of the first picture
    cause: str  # UTC of what the clip is about
    end: str | None = None
    seconds: float = 0.0
    bytes: int = 0
    sha256: str | None = None
    recovered: bool = False

    def write(self, path: Path) -> None:
        """Replaces the file at once."""
        write_atomically(path, json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> "ClipNote":
        """OSError or ValueError if it is gone or damaged."""
        try:
            note = _NOTE.validate_json(path.read_bytes())
            datetime.fromisoformat(note.start), datetime.fromisoformat(note.cause)
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from None
        return note


_NOTE = TypeAdapter(ClipNote)


class Choice(NamedTuple):
    """Whether the picture of that time is kept."""

    seconds: float
    keep: bool


@dataclass
class Outcome:
    """What became of a clip."""

    note: ClipNote
    clip: Path | None = None
    thumbnail: Path | None = None
    reason: str | None = None  # why it failed or ends early
    deleted: int = 0  # old clips that had to make room
    free: int | None = field(default=None)  # bytes, if the disk was short


class ClipWriter(threading.Thread):
    """Takes packets until `finish()`; `outcome` is set when all is done. Nothing is raised: the outcome says it."""

    def __init__(self, folder: Path, name: str, note: ClipNote, storage: Storage, *, chosen: bool = False) -> None:
        super().__init__(name=f"clip-{name}", daemon=True)
        self.note = note
        self.outcome: Outcome | None = None
        self.last: float | None = None  # seconds of the latest packet that was handed over
        self.first: float | None = None
        self.encoding: Encoding | None = None  # of all its packets
        self._folder = folder
        self._path = folder / (name + PART)
        self._storage = storage
        self._chosen = chosen
        self._queue: queue.SimpleQueue[list[Packet] | ClipNote | Choice | None] = queue.SimpleQueue()
        self._lump: list[Packet] = []
        self._reason: str | None = None
        self._seconds = 0.0

    def put(self, packets: Iterable[Packet]) -> None:
        """Hands packets over; those that were handed over before are passed by."""
        for packet in packets:
            if self.last is not None and packet.decode_seconds <= self.last:
                continue
            if self.first is None:
                self.first, self.encoding = packet.seconds, packet.encoding
            self.last = packet.decode_seconds
            self._lump.append(packet)
            if packet.decode_seconds - self._lump[0].decode_seconds >= LUMP:
                self._hand_over()

    def choose(self, choices: Iterable[Choice]) -> None:
        """Says which pictures are kept; only for a clip of chosen pictures."""
        self._hand_over()
        for choice in choices:
            self._queue.put(choice)

    def add(self, incident: str) -> None:
        """One more incident is in the clip."""
        self.note.incidents.append(incident)
        self._queue.put(self.note)

    @property
    def length(self) -> float:
        """Seconds handed over so far."""
        return (self.last or 0.0) - (self.first or 0.0)

    def finish(self) -> None:
        """Ends the clip after what was handed over."""
        self._hand_over()
        self._queue.put(None)

    def _hand_over(self) -> None:
        if self._queue.qsize() < MOST_WAITING:
            self._queue.put(self._lump)
        else:
            self._reason = "the disk is too slow: the clip ends early"
        self._lump = []

    def run(self) -> None:
        """Writes until the end, then seals the clip."""
        file: ClipFile | None = None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._storage.tidy()
            deleted = self._storage.make_room(1 << 20)
            file = ClipFile(self._path, self._storage)
            file.deleted += deleted
            self.note.write(_note_of(self._path))
            self._write_all(file)
        except (OSError, av.error.FFmpegError, ValueError) as error:
            self._reason = (file.problem if file else "") or str(getattr(error, "strerror", None) or error)
        except Exception as error:
            log.exception("clip %s", self._path.name)
            self._reason = f"{type(error).__name__}: {error}"
        finally:
            self.outcome = self._outcome(file)

    def _write_all(self, file: ClipFile) -> None:
        sink: Sink | None = None
        synced = monotonic()
        try:
            while (given := self._queue.get()) is not None:
                if isinstance(given, ClipNote):
                    given.write(_note_of(self._path))
                elif isinstance(given, Choice):
                    if isinstance(sink, Chosen):
                        sink.choose(given.seconds, given.keep)
                else:
                    for packet in given:
                        sink = sink or self._opened(file, packet)
                        sink.write(packet)
                if monotonic() - synced >= _SYNC_EVERY:
                    file.sync()
                    synced = monotonic()
        finally:
            if sink is not None:
                sink.close()
        file.sync()

    def _opened(self, file: ClipFile, first: Packet) -> Sink:
        began = datetime.fromisoformat(self.note.start)
        return open_sink(file, first, began, chosen=self._chosen)  # type: ignore[arg-type]

    def _outcome(self, file: ClipFile | None) -> Outcome:
        if file is not None:
            file.close()
        try:
            outcome = seal(self._path, self.note, reason=self._reason)
        except Exception as error:
            log.exception("clip %s", self._path.name)
            outcome = Outcome(self.note, reason=self._reason or f"{type(error).__name__}: {error}")
        outcome.deleted = file.deleted if file is not None else 0
        if outcome.deleted or self._reason:
            outcome.free = self._storage.free()
        return outcome


def seal(part: Path, note: ClipNote, *, reason: str | None = None) -> Outcome:
    """Makes a finished clip of a part: measured, with thumbnail and SHA-256, renamed. A part without a picture goes.

    `reason` is why it ended early: then its end may be half a fragment, which is cut off.
    """
    note_path = _note_of(part)
    try:
        if reason is not None:
            cut_to_whole(part)
        note.seconds = measured(part)
        cause = (datetime.fromisoformat(note.cause) - datetime.fromisoformat(note.start)).total_seconds()
        small = thumbnail(part, max(0.0, cause))
    except (ValueError, av.error.FFmpegError, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, av.error.InvalidDataError):
            # No descriptor, no right to read: that is no fault of the clip.
            return Outcome(note, reason=f"{error}; the next start tries again")
        part.unlink(missing_ok=True)
        note_path.unlink(missing_ok=True)
        return Outcome(note, reason=reason or f"no picture was written: {error}")
    clip = part.with_name(part.name.removesuffix(PART) + ".mp4")
    end = datetime.fromisoformat(note.start) + timedelta(seconds=note.seconds)
    note.end = iso_time(end)
    with part.open("rb") as file:
        note.sha256 = file_digest(file, "sha256").hexdigest()
    note.bytes = part.stat().st_size
    picture = _written(clip.with_suffix(".jpg"), small)
    part.replace(clip)
    try:
        note.write(clip.with_suffix(".json"))
        note_path.unlink(missing_ok=True)
    except OSError:
        note_path.unlink(missing_ok=True)
    return Outcome(note, clip, picture, reason)


def measured(path: Path) -> float:
    """Seconds from the first picture to the end of the last; ValueError if there is none."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        times = sorted(packet.pts for packet in container.demux(video) if packet.pts is not None)
        tick = float(video.time_base or 0)
    if not times:
        raise ValueError(f"{path.name} has no frame")
    length = (times[-1] - times[0]) * tick
    return round(length + (length / (len(times) - 1) if len(times) > 1 else 0.04), 3)


def _written(path: Path, content: bytes) -> Path | None:
    try:
        path.write_bytes(content)
    except OSError:  # a clip without a thumbnail is better than none
        path.unlink(missing_ok=True)
        return None
    return path


def _note_of(part: Path) -> Path:
    return part.with_suffix(".json")
