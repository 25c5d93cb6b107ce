"""Writes a clip of each incident, from some seconds before it."""

import itertools
import logging
import re
import secrets
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from vidframe import Attachment, Camera, Event, Frame, Seconds, hookimpl
from vidframe.kinds import MAX_INCIDENTS, MAX_REASON, RENAMED, is_among
from vidframe.packets import Packet
from vidframe.tools import iso_time

if TYPE_CHECKING:
    from vidframe_recorder.writer import ClipWriter, Outcome

log = logging.getLogger(__name__)

GAP = 5.0  # seconds without a frame after which the ring is not continued
TIDY_EVERY = 3600.0  # seconds
CLOSE_TIMEOUT = 20.0  # seconds to wait at the end for a slow disk


@dataclass
class Recorder:
    """Writes a clip around each event of the kinds in `events`; incidents that touch share a clip.

    What the camera sends is copied, not encoded again, where browsers play it.
    """

    needs = ("packets?", "masked?", "notes.changed?")
    renamed: ClassVar = {
        "on": "events",
        "keep": "content",
        "days": "max_days",
        "count": "max_clips",
        "megabytes": "max_mb",
    }

    events: Annotated[
        list[str], Field(min_length=1, description="kinds of events that make a clip; incident: all incident.* kinds")
    ] = field(default_factory=lambda: ["incident"])
    before: Annotated[Seconds, Field(ge=0, le=120, description="recorded before the event")] = 3.0
    after: Annotated[Seconds, Field(ge=0, le=600, description="recorded after the event")] = 5.0
    max_length: Annotated[Seconds, Field(ge=10, description="a longer clip is continued in another file")] = 300.0
    content: Annotated[Literal["clip", "frames"], Field(description="everything, or only the frames that changed")] = (
        "clip"
    )
    folder: Annotated[Path | None, Field(description="where clips go; default: the camera's state folder")] = None
    max_days: Annotated[float | None, Field(gt=0, description="older clips are deleted")] = 30.0
    max_clips: Annotated[int | None, Field(ge=1, description="most clips; the oldest are deleted first")] = None
    max_mb: Annotated[int | None, Field(ge=1, description="most megabytes of clips; the oldest are deleted first")] = (
        20_000
    )
    keep_free: Annotated[int, Field(ge=0, description="megabytes of the disk to leave free")] = 100

    def __post_init__(self) -> None:
        for old in RENAMED.keys() & set(self.events):
            log.warning("recorder: the event kind %r is now %r; the old name goes with version 0.3", old, RENAMED[old])
        self.events = [RENAMED.get(kind, kind) for kind in self.events]

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        from vidframe_recorder.recovery import recover
        from vidframe_recorder.ring import Ring
        from vidframe_recorder.storage import Storage

        self._camera = camera
        root = self.folder if self.folder is not None else camera.state / "clips"
        self._folder = root / camera.name if self.folder is not None else root
        limit = self.max_mb * 1_000_000 if self.max_mb is not None else None
        self._storage = Storage(
            root, self.max_days, self.max_clips, limit, self.keep_free * 1_000_000, shared=self.folder is not None
        )
        self._ring = Ring(self.before)
        self._has_packets = False
        self._is_told = False  # that masked images have to be encoded
        self._changed: deque[tuple[float, bool]] = deque(maxlen=3000)
        self._writer: ClipWriter | None = None
        self._reported = {True: 0, False: 0}  # clips that are ready, and that failed
        self._sealing: list[ClipWriter] = []
        self._open: set[str] = set()  # incidents that are open
        self._until = float("-inf")
        self._now = float("-inf")
        self._tidied_at = float("-inf")
        self._awaits_keyframe = False
        for outcome in recover(self._folder, camera.name):
            self._report(outcome)
        self._show_storage()

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        from vidframe_recorder.ring import packet_of

        if frame.seconds - self._now > GAP:
            self._end_clip()
            self._ring.clear()
        self._now = frame.seconds
        if frame.seconds - self._tidied_at >= TIDY_EVERY:
            self._tidied_at = frame.seconds
            self._storage.tidy_aside()
        self._has_packets |= bool(frame.packets)
        # A picture that the decoder held back brings no packet: its own came with an earlier one.
        is_copied = self._has_packets and not frame.is_masked
        packets = self._whole(list(frame.packets) if is_copied else [packet_of(frame)])
        if self._has_packets and frame.is_masked and not self._is_told:
            self._is_told = True
            log.warning("camera %s: clips are encoded, as packets cannot be masked", self._camera.name)
        for packet in packets:
            self._ring.append(packet)
        if self.content == "frames":
            self._changed.append((frame.seconds, bool(frame.notes.get("changed", 1))))
        if self._writer is not None:
            self._continue(self._writer, packets)
        if self._sealing:
            self._report_sealed()

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if event.kind in ("mode.changed", "camera.closing"):
            self._open.clear()
            self._end_clip()
            self._report_sealed(CLOSE_TIMEOUT)
        elif event.kind == "camera.state":
            # After a lost connection the first pictures may build on others that never came.
            self._awaits_keyframe |= event.facts.get("state") != "live"
        elif is_among(event.kind, self.events):
            self._take_in(event)

    @hookimpl
    def close_camera(self) -> None:
        if hasattr(self, "_sealing"):
            self._end_clip()
            self._report_sealed(CLOSE_TIMEOUT)

    @hookimpl
    def has_pending(self, state: Path) -> bool:
        """Whether a crash left an open clip of the camera with this state folder."""
        from vidframe_recorder.storage import PART

        folder = self.folder / state.name if self.folder is not None else state / "clips"
        return any(folder.glob("*" + PART))

    def _take_in(self, event: Event) -> None:
        name = _name_of(event)
        is_over = event.kind.endswith(".closed")
        # Nothing lies in the future, even if the wall clock was put back since the report.
        start = min(self._now, self._seconds_of(event.facts.get("start"), event.time))
        if is_over:
            self._open.discard(name)
            end = min(self._now, self._seconds_of(event.facts.get("end"), event.time))
        else:
            end = self._now
            if event.kind.endswith((".opened", ".updated")):
                self._open.add(name)
        if self._is_full(name) and not is_over:
            self._end_clip()
        if self._writer is None:
            if is_over:
                return
            self._feed(self._ring.since(start - self.before), start, [name])
        elif name not in self._writer.note.incidents and not self._is_full(name):
            self._writer.add(name)
            self._feed(self._ring.after(self._writer.last), start, self._writer.note.incidents)
        self._until = max(self._until, end + self.after)

    def _is_full(self, name: str) -> bool:
        """Whether the clip has no place for one more incident."""
        incidents = self._writer.note.incidents if self._writer is not None else []
        return len(incidents) >= MAX_INCIDENTS and name not in incidents

    def _whole(self, packets: list[Packet]) -> list[Packet]:
        """The packets that can be decoded: after a lost connection those from the next keyframe on."""
        if self._awaits_keyframe:
            packets = list(itertools.dropwhile(lambda packet: not packet.is_keyframe, packets))
            self._awaits_keyframe = not packets
        return packets

    def _feed(self, packets: Iterable[Packet], cause: float, incidents: list[str]) -> None:
        """Puts packets into the clip, and begins one where there is none or where they do not fit into it.

        A camera that changes the size of its picture or its codec needs another file.
        """
        for encoding, alike in itertools.groupby(packets, key=lambda packet: packet.encoding):
            if self._writer is None or self._writer.encoding != encoding:
                self._end_clip()
                self._begin_clip(list(alike), cause, list(incidents))
            else:
                self._writer.put(alike)

    def _begin_clip(self, packets: list[Packet], cause: float, incidents: list[str]) -> None:
        from vidframe_recorder.writer import ClipNote, ClipWriter

        start = self._camera.utc(packets[0].seconds)
        note = ClipNote(self._camera.name, incidents, iso_time(start), iso_time(self._camera.utc(cause)))
        name = f"{start:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self._writer = ClipWriter(self._folder, name, note, self._storage, chosen=self.content == "frames")
        self._writer.put(packets)
        self._choose(self._writer, cause)
        self._writer.start()

    def _continue(self, writer: "ClipWriter", packets: list[Packet]) -> None:
        """Feeds the clip while it lasts; then waits as long as an incident could still reach back to it."""
        if self.content == "frames":
            self._feed(packets, self._now, writer.note.incidents)
            self._choose(self._writer or writer, self._now)
            if not self._open and self._now > self._until + self.before:
                self._end_clip()
        elif self._open or self._now <= self._until:
            if writer.length >= self.max_length and packets and packets[0].is_keyframe:
                self._end_clip()
            self._feed(packets, self._now, writer.note.incidents)
        elif self._now > self._until + self.before:
            self._end_clip()

    def _choose(self, writer: "ClipWriter", since: float) -> None:
        """Says which of the pictures since then are kept: those that changed while an incident went on."""
        from vidframe_recorder.writer import Choice

        if self.content == "frames":
            writer.choose(
                Choice(seconds, changed and bool(self._open)) for seconds, changed in self._changed if seconds >= since
            )

    def _end_clip(self) -> None:
        if self._writer is not None:
            self._writer.finish()
            self._sealing.append(self._writer)
            self._writer = None

    def _report_sealed(self, patience: float = 0.0) -> None:
        """Reports the clips that are done; waits up to `patience` seconds for each that is not."""
        for writer in tuple(self._sealing):
            if patience:
                writer.join(patience)
            if writer.outcome is None:
                return  # clips are told in their order
            self._sealing.remove(writer)
            self._report(writer.outcome)
            self._show_storage()

    def _show_storage(self) -> None:
        with suppress(OSError):  # a folder that cannot be looked at now is no reason to lose a frame
            clips = self._storage.clips()
            self._camera.metric("clips", len(clips))
            self._camera.metric("clip_bytes", sum(clip.bytes for clip in clips))
            self._camera.metric("disk_free_bytes", self._storage.free())

    def _report(self, outcome: "Outcome") -> None:
        note = outcome.note
        self._reported[outcome.clip is not None] += 1
        self._camera.metric("clips_ready_total", self._reported[True])
        self._camera.metric("clips_failed_total", self._reported[False])
        facts: dict[str, Any] = {
            "incidents": note.incidents,
            "start": note.start,
            "end": note.end,
            "seconds": note.seconds,
            "bytes": note.bytes,
            "recovered": note.recovered,
        }
        if outcome.free is not None:
            reason = outcome.reason or "the oldest clips had to make room"
            self._camera.report(
                "storage.low", reason=reason[:MAX_REASON], free_bytes=outcome.free, deleted=outcome.deleted
            )
        if outcome.clip is None:
            self._camera.report("clip.failed", **facts, reason=(outcome.reason or "")[:MAX_REASON])
        else:
            self._camera.report("clip.ready", *_files(outcome), **facts, name=outcome.clip.name)

    def _seconds_of(self, fact: object, default: datetime) -> float:
        """A time of an event on the clock of the frames."""
        time = datetime.fromisoformat(fact) if isinstance(fact, str) else default
        return (time - self._camera.utc(0)).total_seconds()


def _name_of(event: Event) -> str:
    """What the clip knows the event by: its incident where it has one, as those of outsiders need not."""
    incident = event.facts.get("incident")
    return incident if isinstance(incident, str) and re.fullmatch(r"[\w.:-]{1,64}", incident, re.ASCII) else event.id


def _files(outcome: "Outcome") -> Iterable[Attachment]:
    assert outcome.clip is not None
    yield Attachment("clip", "video/mp4", outcome.clip)
    if outcome.thumbnail is not None:
        yield Attachment("thumbnail", "image/jpeg", outcome.thumbnail)
