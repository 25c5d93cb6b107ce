"""What `vidframe doctor` asks: whether the shop answers and takes the token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vidframe_shop.client import Client, ShopRefused, ShopUnavailable


def check(settings: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """One finding for the shop that the step's settings name; none without settings."""
    if settings is None:
        return
    url, token = settings["url"], settings["token"].get_secret_value()
    problem = ""
    try:
        client = Client(url, token, timeout=5)
        try:
            client.cameras()
        finally:
            client.close()
    except (ShopUnavailable, ShopRefused, ValueError) as error:
        problem = f"{error}; is the shop running, and is the token one that an admin made?"
    yield f"shop {url}", problem
