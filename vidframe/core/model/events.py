"""Events: what happened, as steps report it and sinks receive it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from vidframe.core.model.kinds import facts_as_json
from vidframe.tools import iso_time

ROLE = re.compile(r"[a-z][a-z-]{0,19}")
MEDIA_TYPE = re.compile(r"[a-z]+/[a-zA-Z0-9.+-]{1,50}")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that belongs to an event: bytes in memory, or a file on disk."""

    role: str  # "snapshot", "clip", "thumbnail"
    media_type: str  # "image/jpeg", "video/mp4"
    content: bytes | Path

    def __post_init__(self) -> None:
        if not isinstance(self.role, str) or not ROLE.fullmatch(self.role):
            raise ValueError(f"attachment: a role is at most 20 of a-z and -, such as snapshot, found {self.role!r}")
        if not isinstance(self.media_type, str) or not MEDIA_TYPE.fullmatch(self.media_type):
            raise ValueError(f"attachment {self.role}: a media type looks like image/jpeg, found {self.media_type!r}")
        if not isinstance(self.content, bytes | Path):
            found = type(self.content).__name__
            raise TypeError(f"attachment {self.role}: the content must be bytes or a Path, found {found}")

    def read(self) -> bytes:
        """The content; OSError if the file is gone."""
        return self.content.read_bytes() if isinstance(self.content, Path) else self.content

    def as_json(self) -> dict[str, Any]:
        """Role, type, size and SHA-256, as docs/events.md says; OSError if the file is gone."""
        content = self.read()
        digest = hashlib.sha256(content).hexdigest()
        return {"role": self.role, "media_type": self.media_type, "bytes": len(content), "sha256": digest}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; docs/events.md lists the kinds and their facts.

    Facts are checked and made plain JSON when the event is made: a mistake is an error in the call of the
    plugin that made it (ValueError, TypeError) and never one of a sink.
    """

    id: str  # unique for ever, at most 64 characters of [A-Za-z0-9._:-]
    kind: str  # dotted: "incident.opened"
    camera: str
    time: datetime  # UTC, of the frame that shows it
    facts: Mapping[str, Any]  # plain JSON values; NumPy scalars and datetimes are converted
    files: tuple[Attachment, ...] = ()
    reporter: str = "vidframe"  # name of the step that reported it
    _text: str = field(default="", init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", facts_as_json(self.kind, self.facts))
        object.__setattr__(self, "_text", json.dumps(self.facts))
        for file in self.files:
            if not isinstance(file, Attachment):
                raise TypeError(f"event {self.kind}: a file must be an Attachment, found {type(file).__name__}")
        if len({file.role for file in self.files}) < len(self.files):
            raise ValueError(f"event {self.kind}: two of its files have one role")

    def restore_facts(self) -> bool:
        """Whether somebody changed the facts, which many read; they are what they were then."""
        if json.dumps(self.facts, default=str) == self._text:
            return False
        object.__setattr__(self, "facts", json.loads(self._text))
        return True

    def as_json(self) -> dict[str, Any]:
        """The event as plain JSON values, in the form of docs/events.md. Reads its files for their SHA-256."""
        return {
            "version": 1,
            "id": self.id,
            "kind": self.kind,
            "camera": self.camera,
            "time": iso_time(self.time),
            "reporter": self.reporter,
            "facts": dict(self.facts),
            "files": [attachment.as_json() for attachment in self.files],
        }


class Report(Protocol):
    """Tells every step of the camera's chains that something happened; ValueError or TypeError for wrong facts."""

    def __call__(self, kind: str, /, *files: Attachment, **facts: Any) -> Event: ...
