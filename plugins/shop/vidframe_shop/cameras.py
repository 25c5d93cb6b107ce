"""The cameras that an admin added in the shop app, for `cameras: {from: shop}`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from pydantic import SecretStr

from vidframe.tools import write_atomically
from vidframe_shop.client import Client, ShopRefused, ShopUnavailable


class Zone(TypedDict):
    """A part of the picture; points are shares of its width and height."""

    name: str
    kind: str  # "product", "shelf", "service" or "staff"
    polygon: list[list[float]]
    product: str | None  # SKU
    shelf: str | None


class CameraDefinition(TypedDict):
    """A camera as the shop describes it."""

    name: str
    title: str
    source: str
    credentials: str | None  # user:password
    zones: list[Zone]
    night: str | None  # "22:00-06:00" on the shop's clock; None: as the config says
    time_zone: str
    emotion: bool


class NoCameras(Exception):
    """The shop cannot be reached, and no earlier answer of it is on the disk."""


def cameras_of_shop(url: str, token: str, state: Path, *, timeout: float = 5.0) -> tuple[str, list[CameraDefinition]]:
    """The version of the definitions and the definitions, from the shop or, while it is away, as it last gave them.

    The version is another whenever something changed. The last good answer is kept in `state`/cameras.json, readable
    by the owner only, since it holds credentials. Raises NoCameras where there is neither, and PermissionError where the
    shop does not know the token (then an earlier answer is not used either).
    """
    kept = state / "cameras.json"
    client = Client(url, token, timeout=timeout)
    try:
        answer = client.cameras()
        _keep(kept, answer)
    except ShopUnavailable as error:
        if "answered 401" in str(error) or "answered 403" in str(error):
            raise PermissionError(f"{url} rejected the token; an admin makes one under Cameras") from None
        answer = _kept(kept, url, error)
    except ShopRefused as error:
        answer = _kept(kept, url, error)
    finally:
        client.close()
    return str(answer.get("version", "")), answer["cameras"]


def cameras(settings: Mapping[str, Any], state: Path) -> tuple[str, dict[str, dict[str, Any]]]:
    """The version, and each camera's keys as in the YAML: what `cameras: {from: shop}` asks for every few seconds.

    `settings` are those of the `shop` step. Zones go to the plugin `interest`, hours of the night to `day_night`,
    however their steps are named.
    """
    token = settings["token"]
    secret = token.get_secret_value() if isinstance(token, SecretStr) else str(token)
    version, found = cameras_of_shop(str(settings["url"]), secret, state)
    return version, {camera["name"]: _keys(camera) for camera in found}


def _keys(camera: CameraDefinition) -> dict[str, Any]:
    keys: dict[str, Any] = {"source": camera["source"], "overrides": {}, "exclude": []}
    if camera["credentials"]:
        keys["credentials"] = camera["credentials"]
    if camera["zones"]:
        keys["overrides"]["interest"] = {"zones": [_zone_keys(zone) for zone in camera["zones"]]}
    else:
        keys["exclude"].append("interest")
    if camera["night"]:
        keys["overrides"]["day_night"] = {"night": camera["night"], "timezone": camera["time_zone"]}
    if not camera["emotion"]:
        keys["exclude"].append("emotion")
    return keys


def _zone_keys(zone: Zone) -> dict[str, Any]:
    kind = "product" if zone["kind"] == "shelf" else zone["kind"]
    keys: dict[str, Any] = {"name": zone["name"], "kind": kind, "polygon": zone["polygon"]}
    return keys | {key: zone[key] for key in ("product", "shelf") if zone[key]}


def _keep(path: Path, answer: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(answer), mode=0o600)


def _kept(path: Path, url: str, error: Exception) -> dict[str, Any]:
    try:
        answer = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise NoCameras(f"{url} cannot be reached ({error}), and no earlier answer is stored") from None
    if not isinstance(answer, dict) or not isinstance(answer.get("cameras"), list):
        raise NoCameras(f"{url} cannot be reached ({error}), and {path} is damaged")
    return answer
