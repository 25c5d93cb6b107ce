"""The nights of the sample shop: a store room, alerts with drawn pictures, and one clip that plays."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from operator import itemgetter
from pathlib import Path

from PIL import Image, ImageDraw
from sqlalchemy.orm import Session

from shop_app.base import clock
from shop_app.base.db import now
from shop_app.base.models import Account, Alert, Camera, EventFile, IncomingEvent, ShopProfile, Zone
from shop_app.notify import kinds
from shop_app.security import files
from shop_app.security.alerts import incidents
from shop_app.security.cameras.service import still_path

SIZE = (640, 360)
PER_SECOND = 8
BEFORE, DURING = 4, 8  # seconds of the clip before the event, and of the event


@dataclass(frozen=True)
class _Night:
    """One alert of the sample. `across` is where somebody stands, a share of the width; None = nobody is to be seen."""

    days_ago: int
    hour: float
    change: str
    severity: str
    state: str
    across: float | None
    note: str = ""
    filmed: bool = False


_NIGHTS = (
    _Night(1, 2.24, "motion", "alert", "new", 0.45, filmed=True),
    _Night(1, 0.61, "left", "warning", "taken", 0.72, note="A delivery at the back door."),
    _Night(2, 3.05, "motion", "alert", "false-alarm", None, note="The poster moves in the draught."),
    _Night(3, 4.40, "motion", "alert", "false-alarm", None, note="The poster again."),
    _Night(4, 23.2, "light", "info", "taken", None, note="I forgot the lamp."),
    _Night(5, 1.10, "motion", "alert", "false-alarm", None, note="Poster."),
)


def add(session: Session, guard: Account, media: Path, chance: random.Random) -> None:
    """A second camera, and what it saw in the last nights."""
    at = now()
    camera = Camera(
        name="store-room", title="Store room", kind="sample", address="sample", emotion=False, enabled=True,
        width=SIZE[0], height=SIZE[1], night_from="22:00", night_to="06:00", created_at=at, updated_at=at,
        zones=[Zone(name="deliveries", kind="shelf", shelf="Deliveries", points=[[0.6, 0.2], [0.9, 0.2], [0.9, 0.9], [0.6, 0.9]])],
    )  # fmt: skip
    session.add(camera)
    session.flush()
    still = still_path(media, camera.name)
    still.write_bytes(_jpeg(_room(None)))
    zone = session.get_one(ShopProfile, 1).time_zone
    for begin, night in sorted(((_begin(night, at, zone), night) for night in _NIGHTS), key=itemgetter(0)):
        _alert(session, guard, media, night, begin, chance)


def _begin(night: _Night, at: datetime, zone: str) -> datetime:
    """When it happened; a night before, where the shop's clock is not that far yet."""
    midnight, _end = clock.day_bounds(clock.day_of(at, zone) - timedelta(days=night.days_ago - 1), zone)
    begin = midnight + timedelta(hours=night.hour if night.hour < 12 else night.hour - 24)
    return begin if begin < at - timedelta(minutes=3) else begin - timedelta(days=1)


def _alert(
    session: Session, guard: Account, media: Path, night: _Night, begin: datetime, chance: random.Random
) -> None:
    incident = f"store-room.sample-{begin:%m%d%H%M}"
    event = IncomingEvent(
        event_id=incident, kind="incident.opened", camera="store-room", time=begin, received_at=begin,
        reporter="sample", facts=None,
    )  # fmt: skip
    session.add(event)
    session.flush()
    seen = night.state != "new"
    box = _box(night.across) if night.across is not None else [0.05, 0.15, 0.12, 0.2]
    alert = Alert(
        incident=incident, camera="store-room", zone="deliveries" if (night.across or 0) > 0.6 else None,
        change=night.change, severity=night.severity, started_at=begin,
        ended_at=begin + timedelta(seconds=DURING + chance.randint(0, 9)), received_at=begin, boxes=[box],
        peak_area=0.06 if night.across is not None else 0.008, state=night.state, note=night.note,
        taken_by_id=guard.id if seen else None, taken_at=begin + timedelta(seconds=chance.randint(9, 50)) if seen else None,
        escalated_at=None if seen else begin + timedelta(seconds=60),
    )  # fmt: skip
    alert.snapshot = _file(media, event, "snapshot", _jpeg(_marked(_room(night.across), box)))
    if night.filmed:
        alert.clip = _file(media, event, "clip", _clip(night.across or 0.5))
        alert.clip_started_at = begin - timedelta(seconds=BEFORE)
    session.add(alert)
    if not seen:
        session.flush()
        incidents.tell(session, alert, kinds.ESCALATED)


def _file(media: Path, event: IncomingEvent, role: str, content: bytes) -> EventFile:
    digest = hashlib.sha256(content).hexdigest()
    kind = "video/mp4" if role == "clip" else "image/jpeg"
    name = f"sample-{event.id}-{digest[:16]}{files.SUFFIX[kind]}"
    (files.folder(media) / name).write_bytes(content)
    return EventFile(
        event=event, camera=event.camera, role=role, media_type=kind, bytes=len(content), sha256=digest,
        received_bytes=len(content), file_name=name, complete_at=event.received_at,
    )  # fmt: skip


def _room(across: float | None) -> Image.Image:
    """A store room by night: shelves, a door, and somebody at `across` of its width."""
    width, height = SIZE
    room = Image.new("RGB", SIZE, "#14181f")
    pen = ImageDraw.Draw(room)
    pen.polygon([(0, 250), (width, 250), (width, height), (0, height)], fill="#1d222b")
    pen.rectangle([430, 70, 550, 290], fill="#262d38", outline="#333c4a", width=3)
    pen.ellipse([532, 176, 542, 186], fill="#6b7686")
    pen.rectangle([32, 55, 108, 126], fill="#2b3442", outline="#3b4657")
    for shelf in range(3):
        y = 120 + shelf * 55
        pen.rectangle([140, y, 350, y + 6], fill="#39424f")
        for box in range(5):
            pen.rectangle(
                [150 + box * 40, y - 30, 178 + box * 40, y], fill=("#2f3743", "#343d4a", "#29303b")[(shelf + box) % 3]
            )
    if across is not None:
        x = across * width
        pen.ellipse([x - 16, 118, x + 16, 152], fill="#767f8d")
        pen.rounded_rectangle([x - 30, 152, x + 30, 246], 18, fill="#5d6674")
        pen.rectangle([x - 24, 240, x - 4, 322], fill="#4c5562")
        pen.rectangle([x + 4, 240, x + 24, 322], fill="#4c5562")
    return room


def _box(across: float) -> list[float]:
    """Around somebody: left, top, width, height as shares of the picture."""
    return [max(0.0, across - 0.06), 0.31, 0.12, 0.6]


def _marked(picture: Image.Image, box: Sequence[float]) -> Image.Image:
    left, top = box[0] * SIZE[0], box[1] * SIZE[1]
    corners = [left, top, left + box[2] * SIZE[0], top + box[3] * SIZE[1]]
    ImageDraw.Draw(picture).rectangle(corners, outline="#ff5a4f", width=3)
    return picture


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()


def _clip(until: float) -> bytes:
    """Somebody comes in at the door and walks to `until`."""
    import av  # both are the framework's, and needed for the sample alone
    import numpy as np

    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=PER_SECOND, options={"preset": "veryfast", "crf": "28"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range((BEFORE + DURING) * PER_SECOND):
            second = number / PER_SECOND - BEFORE
            across = None if second < 0 else 0.78 - (0.78 - until) * min(1.0, second / 5)
            frame = av.VideoFrame.from_ndarray(np.asarray(_room(across)), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, PER_SECOND)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()
