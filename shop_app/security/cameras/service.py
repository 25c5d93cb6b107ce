"""What an admin does with cameras: add, change, draw, start, stop, remove; and what their false alarms suggest."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from shop_app.base import audit
from shop_app.base.db import now
from shop_app.base.errors import Conflict, Invalid, NotFound
from shop_app.base.models import Account, Alert, Camera, CameraState, Product, Zone, ZoneWatcher
from shop_app.base.permissions import Actor, Role
from shop_app.base.text import _
from shop_app.security.cameras.shapes import read_polygon
from shop_app.security.changes import SILENCE
from shop_app.web.vault import Vault

KINDS = ("product", "shelf", "service", "staff")
MOST_ZONES = 60
ADVICE_DAYS = 30
ADVICE_LEAST = 3  # false alarms before anything is advised
RESERVED = {"new", "states", "systems"}  # pages of their own
_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True)
class Wish:
    """What an admin wrote about a camera; checked already where it is an address."""

    title: str
    kind: str
    address: str
    credentials: str | None  # user:password; None leaves what is there
    night_from: str = ""
    night_to: str = ""
    emotion: bool = False
    keep_days: int = 30


@dataclass(frozen=True)
class Tile:
    """A camera as the wall of tiles shows it: added in the browser, or standing in a config file."""

    name: str
    title: str
    state: str  # live, connecting, stalled, down, silent, stopped, unknown
    reason: str
    mode: str | None
    heard_at: datetime | None
    managed: bool
    since: datetime | None  # when it was last live, where it is not
    night: tuple[str, str] | None  # its own hours


@dataclass(frozen=True)
class Drawing:
    """Zones over a picture: name, kind, and corners in pixels of `width` x `height`."""

    width: int
    height: int
    zones: list[tuple[str, str, list[tuple[int, int]]]] = field(default_factory=list)


def get_camera(session: Session, name: str) -> Camera:
    """A camera with its zones; NotFound where there is none."""
    query = (
        select(Camera)
        .options(selectinload(Camera.zones).options(joinedload(Zone.product)))
        .where(Camera.name == name, Camera.removed_at.is_(None))
    )
    found = session.scalars(query).first()
    if found is None:
        raise NotFound(_("There is no such camera."))
    return found


def tiles(session: Session, silent_after: int) -> list[Tile]:
    """All cameras, those of the browser and those that only report."""
    rows = session.execute(
        select(Camera, CameraState)
        .outerjoin(CameraState, CameraState.camera == Camera.name)
        .where(Camera.removed_at.is_(None))
    )
    oldest = now() - timedelta(seconds=max(silent_after, 15))
    found = [_tile(camera, state, oldest) for camera, state in rows]
    known = select(Camera.name)
    others = session.scalars(
        select(CameraState).where(CameraState.camera.not_in(known), CameraState.heard_at > now() - timedelta(days=7))
    )
    found += [_tile(None, state, oldest) for state in others]
    return sorted(found, key=lambda tile: tile.title.casefold())


def drawings(session: Session, name: str | None = None) -> dict[str, Drawing]:
    """The zones of each camera (or of one) whose size is known, to be drawn over its picture."""
    query = select(Camera.name, Camera.width, Camera.height, Zone.name, Zone.kind, Zone.points).join(Camera.zones)
    query = query.where(Camera.width > 0, Camera.height > 0, Camera.removed_at.is_(None)).order_by(Zone.id)
    found: dict[str, Drawing] = {}
    for camera, width, height, zone, kind, points in session.execute(
        query.where(Camera.name == name) if name else query
    ):
        drawing = found.setdefault(camera, Drawing(width, height))
        drawing.zones.append((zone, kind, [(round(x * width), round(y * height)) for x, y in points]))
    return found


def exists(session: Session, name: str) -> bool:
    """Whether a camera of this name was added or has ever reported."""
    managed = select(Camera.id).where(Camera.name == name, Camera.removed_at.is_(None))
    return session.scalars(managed).first() is not None or session.get(CameraState, name) is not None


def create(session: Session, actor: Actor, wish: Wish, vault: Vault) -> Camera:
    """Add a camera; it stands still until it is started."""
    _check(wish)
    at = now()
    camera = Camera(
        name=_free_name(session, wish.title), title=wish.title, kind=wish.kind, address=wish.address,
        credentials=vault.seal(wish.credentials) if wish.credentials else None, night_from=wish.night_from or None,
        night_to=wish.night_to or None, emotion=wish.emotion, enabled=False, keep_days=wish.keep_days, version=1,
        created_at=at, updated_at=at,
    )  # fmt: skip
    session.add(camera)
    session.flush()
    audit.record(session, actor, "camera.added", camera.name, address=camera.address)
    return camera


def change(session: Session, actor: Actor, name: str, wish: Wish, vault: Vault, *, forget_credentials: bool) -> Camera:
    """Change a camera; its name in events stays."""
    _check(wish)
    camera = get_camera(session, name)
    if wish.credentials:
        camera.credentials = vault.seal(wish.credentials)
    elif forget_credentials or (wish.address != camera.address and _host(wish.address) != _host(camera.address)):
        camera.credentials = None  # a password is not carried to another machine
    camera.title, camera.kind, camera.address = wish.title, wish.kind, wish.address
    camera.night_from, camera.night_to = wish.night_from or None, wish.night_to or None
    camera.emotion, camera.keep_days = wish.emotion, wish.keep_days
    _touch(camera)
    audit.record(session, actor, "camera.changed", name, address=camera.address, emotion=camera.emotion)
    return camera


def set_enabled(session: Session, actor: Actor, name: str, enabled: bool) -> None:
    """Start or stop a camera; the camera system follows within seconds."""
    camera = get_camera(session, name)
    if camera.enabled != enabled:
        camera.enabled = enabled
        _touch(camera)
        audit.record(session, actor, "camera.started" if enabled else "camera.stopped", name)


def remove(session: Session, actor: Actor, name: str, media: Path) -> None:
    """Take a camera out; its alerts and sums stay, its credentials and picture do not."""
    camera = get_camera(session, name)
    camera.enabled, camera.removed_at, camera.credentials = False, now(), None
    _touch(camera)
    still_path(media, name).unlink(missing_ok=True)
    audit.record(session, actor, "camera.removed", name)


def draw(session: Session, actor: Actor, name: str, raw: object, version: int) -> Camera:
    """Replace the zones by what was drawn. Conflict where somebody else has drawn meanwhile."""
    camera = get_camera(session, name)
    if camera.version != version:
        raise Conflict(_("Somebody else has changed this camera meanwhile. Nothing was saved; open the page again."))
    if not isinstance(raw, list) or len(raw) > MOST_ZONES:
        raise Invalid(_("At most %(n)s zones can be drawn.", n=MOST_ZONES))
    wished = [_zone(session, one) for one in raw]
    names = [zone.name for zone in wished]
    if len(set(names)) != len(names):
        raise Invalid(_("Two zones have the same name."))
    kept = {zone.name: zone for zone in camera.zones}
    for gone in set(kept) - set(names):
        session.delete(kept[gone])
    for zone in wished:
        if zone.name in kept:
            old = kept[zone.name]
            old.kind, old.points, old.product_id, old.shelf = zone.kind, zone.points, zone.product_id, zone.shelf
        else:
            zone.camera_id = camera.id
            session.add(zone)
    _touch(camera)
    audit.record(session, actor, "camera.zones-drawn", name, zones=names)
    return camera


def watch(session: Session, actor: Actor, zone_id: int, account_ids: Sequence[int]) -> None:
    """Choose who in sales gets the notes of a zone; nobody chosen means everybody."""
    zone = session.get(Zone, zone_id)
    if zone is None:
        raise NotFound(_("There is no such zone."))
    query = select(Account).where(Account.id.in_(account_ids), Account.role == Role.SALES.value)
    chosen = session.scalars(query).all()
    for row in session.scalars(select(ZoneWatcher).where(ZoneWatcher.zone_id == zone_id)):
        session.delete(row)
    session.flush()
    session.add_all(ZoneWatcher(zone_id=zone_id, account_id=account.id) for account in chosen)
    audit.record(session, actor, "zone.watchers", zone, accounts=sorted(account.name for account in chosen))


def still_path(media: Path, name: str) -> Path:
    """The picture on which zones are drawn; `name` is one of ours, made of a-z, 0-9 and -."""
    folder = media / "stills"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.jpg"


def _tile(camera: Camera | None, state: CameraState | None, oldest: datetime) -> Tile:
    name = camera.name if camera else state.camera if state else ""
    word = "live" if state is not None and state.state == "unknown" else state.state if state else "unknown"
    if camera is not None and not camera.enabled:
        word = "stopped"
    elif state is not None and state.heard_at < oldest and word in {"live", "connecting"}:
        word = "silent"
    night = (camera.night_from, camera.night_to) if camera and camera.night_from and camera.night_to else None
    return Tile(
        name, camera.title if camera else name, word, state.reason if state else "", state.mode if state else None,
        state.heard_at if state else None, camera is not None, _since(state, word), night,
    )  # fmt: skip


def _since(state: CameraState | None, word: str) -> datetime | None:
    if state is None or word == "live":
        return None
    return state.heard_at if word == "silent" and state.state == "live" else state.state_at or state.heard_at


def _check(wish: Wish) -> None:
    if not 1 <= len(wish.title) <= 80:
        raise Invalid(_("The camera needs a name of at most 80 characters."))
    if bool(wish.night_from) != bool(wish.night_to) or any(
        hour and not _HOUR.fullmatch(hour) for hour in (wish.night_from, wish.night_to)
    ):
        raise Invalid(_("Hours of the night need a beginning and an end, as 22:00 and 06:00."))
    if not 1 <= wish.keep_days <= 365:
        raise Invalid(_("Clips are kept 1 to 365 days."))


def _zone(session: Session, raw: object) -> Zone:
    if not isinstance(raw, dict):
        raise Invalid(_("What was drawn could not be read."))
    name, kind, shelf = (str(raw.get(key) or "").strip() for key in ("name", "kind", "shelf"))
    if not 1 <= len(name) <= 60 or kind not in KINDS or len(shelf) > 60:
        raise Invalid(_("Each zone needs a name of at most 60 characters and a kind."))
    try:
        points = read_polygon(raw.get("points"))
    except Invalid as problem:
        raise Invalid(f"{name}: {problem.detail}") from None
    return Zone(
        name=name, kind=kind, points=points, shelf=(shelf or None) if kind == "shelf" else None,
        product_id=_product(session, str(raw.get("product") or "").strip(), name) if kind == "product" else None,
    )  # fmt: skip


def _product(session: Session, sku: str, zone: str) -> int:
    found = session.scalars(select(Product.id).where(Product.sku == sku[:40])).first() if sku else None
    if found is None:
        raise Invalid(_("The zone %(zone)s needs the SKU of a product.", zone=zone))
    return found


def _free_name(session: Session, title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:24].strip("-") or "camera"
    taken = RESERVED | set(session.scalars(select(Camera.name).where(Camera.name.like(f"{slug}%"))))
    number, name = 1, slug
    while name in taken:
        number += 1
        name = f"{slug}-{number}"
    return name


def _host(address: str) -> str:
    return address.partition("://")[2].partition("/")[0]


def _touch(camera: Camera) -> None:
    camera.version += 1
    camera.updated_at = now()


@dataclass(frozen=True)
class Advice:
    """What the false alarms of a camera suggest."""

    camera: str
    title: str
    alarms: int
    false_alarms: int
    change: str  # what most of them were
    largest_area: float | None  # of a false one

    @property
    def share(self) -> float:
        """Of all alarms, those that were false."""
        return self.false_alarms / self.alarms if self.alarms else 0.0

    @property
    def min_area(self) -> float | None:
        """A `min_area` above most false alarms, where they were small."""
        return (
            None
            if self.largest_area is None or self.largest_area > 0.05
            else round(self.largest_area * 1.2 + 0.0005, 3)
        )


def advice(session: Session, camera: str = "") -> list[Advice]:
    """Tuning advice per camera out of the false alarms of the last 30 days, the worst first."""
    since = now() - timedelta(days=ADVICE_DAYS)
    query = (
        select(Alert.camera, Camera.title, Alert.change, Alert.state, func.count(), func.max(Alert.peak_area))
        .outerjoin(Camera, Camera.name == Alert.camera)
        .where(Alert.started_at >= since, Alert.change.not_in(SILENCE))
        .group_by(Alert.camera, Camera.title, Alert.change, Alert.state)
    )
    if camera:
        query = query.where(Alert.camera == camera)
    by_camera: dict[str, list[Any]] = {}
    for row in session.execute(query):
        by_camera.setdefault(row[0], []).append(row)
    found = [_advice(name, rows) for name, rows in by_camera.items()]
    return sorted((a for a in found if a.false_alarms >= ADVICE_LEAST), key=lambda a: -a.false_alarms)


def _advice(camera: str, rows: list[Any]) -> Advice:
    false = [row for row in rows if row[3] == "false-alarm"]
    most = max(false, key=lambda row: row[4], default=None)
    areas = [row[5] for row in false if row[5] is not None]
    return Advice(
        camera=camera, title=rows[0][1] or camera, alarms=sum(row[4] for row in rows),
        false_alarms=sum(row[4] for row in false), change=most[2] if most is not None else "",
        largest_area=max(areas) if areas else None,
    )  # fmt: skip
