"""A camera system as the tests use it: it sends events and files as the shop step does."""

from __future__ import annotations

import hashlib
import io
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from PIL import Image

from shop_app.base.audit import acting_as
from shop_app.base.permissions import Role
from shop_app.security.cameras import systems
from shop_app.web.area import shop_of


def jpeg(width: int = 320, height: int = 180, shade: int = 90) -> bytes:
    """A small grey picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (shade, shade, shade)).save(out, "JPEG")
    return out.getvalue()


def mp4(size: int = 4000) -> bytes:
    """Bytes that begin like an MP4 file; enough for all but a player."""
    return b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(i % 251 for i in range(size))


@dataclass
class CameraSystem:
    """Speaks to the app with a token of its own."""

    app: Flask
    token: str
    numbers: Any = field(default_factory=itertools.count)

    @classmethod
    def of(cls, app: Flask) -> CameraSystem:
        """A new camera system of this shop."""
        with shop_of(app).database.writing() as session:
            return cls(app, systems.issue(session, acting_as(Role.ADMIN, "test"), "shop floor"))

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Any request with the token."""
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        return self.app.test_client().open("/api/v1" + path, method=method, headers=headers, **options)

    def send(self, kind: str, camera: str = "store-room", files: dict[str, bytes] | None = None, **facts: Any) -> str:
        """One event; returns its id."""
        identity = f"{camera}.run-{next(self.numbers):06d}"
        types = {"snapshot": "image/jpeg", "thumbnail": "image/jpeg", "clip": "video/mp4"}
        notes = [
            {
                "role": role,
                "media_type": types[role],
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            for role, content in (files or {}).items()
        ]
        if kind == "incident.opened":
            facts.setdefault("incident", identity)
        event = {"version": 1, "id": identity, "kind": kind, "camera": camera, "time": datetime.now(UTC).isoformat(),
                 "reporter": "test", "facts": facts, "files": notes}  # fmt: skip
        answer = self.ask("POST", "/events", json={"events": [event]})
        assert answer.json["results"][0]["status"] == "taken", answer.text
        for role, content in (files or {}).items():
            self.upload(identity, role, content)
        return identity

    def upload(self, event: str, role: str, content: bytes, offset: int = 0) -> Any:
        """A piece of a file."""
        return self.ask("PATCH", f"/events/{event}/files/{role}", data=content, headers={"Upload-Offset": str(offset)})

    def incident(self, camera: str = "store-room", **facts: Any) -> str:
        """An incident with its picture."""
        start = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        given = {
            "change": "motion",
            "severity": "alert",
            "start": start,
            "peak_area": 0.02,
            "boxes": [[0.1, 0.1, 0.2, 0.2]],
        }
        return self.send("incident.opened", camera, {"snapshot": jpeg()}, **(given | facts))

    def clip(self, incident: str, content: bytes, camera: str = "store-room") -> str:
        """The clip of an incident."""
        start = (datetime.now(UTC) - timedelta(seconds=6)).isoformat()
        return self.send(
            "clip.ready", camera, {"clip": content, "thumbnail": jpeg(shade=60)}, incidents=[incident], start=start
        )
