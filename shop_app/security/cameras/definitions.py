"""The cameras as the camera system needs them: where they are, what is drawn on them, how they are to work."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from shop_app.base.models import Camera, ShopProfile, Zone
from shop_app.security import arming
from shop_app.web.area import shop
from shop_app.web.vault import Vault, vault


def for_system(session: Session) -> dict[str, Any]:
    """All cameras that run, and a version that is another whenever something changed."""
    query = (
        select(Camera)
        .options(selectinload(Camera.zones).options(joinedload(Zone.product)))
        .where(Camera.enabled.is_(True), Camera.removed_at.is_(None))
        .order_by(Camera.name)
    )
    profile = session.get_one(ShopProfile, 1)
    keys = vault()
    cameras = [_definition(camera, keys, profile) for camera in session.scalars(query)]
    version = hashlib.sha256(json.dumps(cameras, sort_keys=True).encode()).hexdigest()[:16]
    return {"version": version, "cameras": cameras, "mode": arming.mode_by_hand(arming.current(session))}


def source_of(camera: Camera) -> str:
    """Where the camera is; of a sample, its file in the folder of samples."""
    if camera.kind != "sample":
        return camera.address
    folder = shop().settings.sample_clips
    return str((folder / camera.address).resolve()) if folder else camera.address


def _definition(camera: Camera, keys: Vault, profile: ShopProfile) -> dict[str, Any]:
    return {
        "name": camera.name,
        "title": camera.title,
        "source": source_of(camera),
        "credentials": keys.open(camera.credentials) if camera.credentials else None,
        "zones": [_zone(found) for found in camera.zones],
        "night": _night(camera, profile),
        "time_zone": profile.time_zone,
        "emotion": camera.emotion,
    }


def _night(camera: Camera, profile: ShopProfile) -> str | None:
    """The camera's own hours, else the shop's; None where those are empty, so that the config decides."""
    own = camera.night_from and camera.night_to
    begin, end = (camera.night_from, camera.night_to) if own else (profile.night_from, profile.night_to)
    return None if begin == end else f"{begin}-{end}"


def _zone(zone: Zone) -> dict[str, Any]:
    return {
        "name": zone.name,
        "kind": zone.kind,
        "polygon": zone.points,
        "product": zone.product.sku if zone.product else None,
        "shelf": zone.shelf,
    }
