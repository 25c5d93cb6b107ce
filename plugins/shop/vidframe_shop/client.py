"""Speaks to the shop app over HTTP. Knows its addresses and answers, and nothing of queues."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from vidframe.outbox import Unavailable

LONGEST_ANSWER = 2_000_000  # bytes; what is longer does not come from a shop
PIECE = 1_000_000  # bytes of a file that are sent at once
_TOKEN = re.compile(r"[!-~]{8,200}")


class ShopUnavailable(Unavailable):
    """The shop cannot be reached, is out of order, or answers what no shop says: try again later."""


class BusUnavailable(ShopUnavailable):
    """The bus that carries events to the shop cannot be reached."""


class ShopRefused(Exception):
    """The shop has understood and says no; to repeat it would not help."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status} {detail}")
        self.status = status


def check_address(url: str) -> str:
    """The shop's address without a slash at its end; ValueError where it is none."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"url must look like https://shop.example, found {parts.scheme}://{parts.hostname or ''}")
    if parts.username or parts.password:
        raise ValueError("url must not contain a user or password; the token is a setting of its own")
    return url.rstrip("/")


def check_token(token: str) -> str:
    """The token as it is; ValueError, which does not repeat it, where it cannot be one."""
    if not _TOKEN.fullmatch(token):
        raise ValueError(
            f"token must be 8 to 200 letters, digits or signs without spaces, found {len(token)} characters"
        )
    return token


class Client:
    """One connection to the shop, used by one thread."""

    is_ahead = False  # whether a file may be offered before the shop has its event

    def __init__(self, url: str, token: str, *, timeout: float = 10.0) -> None:
        self._url = check_address(url) + "/api/v1"
        self._timeout = (min(timeout, 3.0), timeout)
        self._http = requests.Session()
        self._http.trust_env = False  # a .netrc would replace our token, a proxy would read it
        self._http.headers["Authorization"] = f"Bearer {check_token(token)}"

    def send_events(self, events: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """What the shop says to each event, by its id: `{"status": "taken", "files": ["snapshot"]}` and the like."""
        answer = self._ask("POST", "/events", json={"events": list(events)})
        results = answer.get("results")
        if not isinstance(results, list) or not all(
            isinstance(r, dict) and isinstance(r.get("id"), str) for r in results
        ):
            raise ShopUnavailable("the answer to events has no results")
        return {result["id"]: result for result in results}

    def received(self, event: str, role: str) -> int | None:
        """How many bytes of a file the shop has; None where it is complete or not wanted."""
        answer = self._ask("GET", _file(event, role))
        offset = answer.get("received")
        if answer.get("complete") is True:
            return None
        if not isinstance(offset, int) or offset < 0:
            raise ShopUnavailable("the answer about a file has no offset")
        return offset

    def send_piece(self, event: str, role: str, offset: int, piece: bytes) -> int | None:
        """Sends bytes of a file from `offset` on; returns as `received` does."""
        headers = {"Content-Type": "application/octet-stream", "Upload-Offset": str(offset)}
        answer = self._ask("PATCH", _file(event, role), data=piece, headers=headers)
        if answer.get("complete") is True:
            return None
        received = answer.get("received")
        if not isinstance(received, int) or received < 0:
            raise ShopUnavailable("the answer to a piece of a file has no offset")
        return received

    def give_up(self, event: str, role: str) -> None:
        """Tells the shop that a file will never come."""
        self._ask("DELETE", _file(event, role))

    def heartbeat(self, camera: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Sends a heartbeat; the answer may request the current image and a mode."""
        return self._ask("POST", f"/cameras/{quote(camera, safe='')}/beat", json=dict(facts))

    def send_picture(self, camera: str, jpeg: bytes) -> None:
        """The camera's current image, small."""
        self._ask(
            "PUT", f"/cameras/{quote(camera, safe='')}/picture", data=jpeg, headers={"Content-Type": "image/jpeg"}
        )

    def cameras(self) -> dict[str, Any]:
        """The cameras that an admin added, as the shop describes them."""
        answer = self._ask("GET", "/cameras")
        if not isinstance(answer.get("cameras"), list):
            raise ShopUnavailable("the answer has no cameras")
        return answer

    def close(self) -> None:
        """Ends the connection."""
        self._http.close()

    def _ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            with self._http.request(
                method, self._url + path, timeout=self._timeout, allow_redirects=False, stream=True, **options
            ) as response:
                body = response.raw.read(LONGEST_ANSWER + 1, decode_content=True)
        except (requests.RequestException, OSError, ValueError) as error:
            raise ShopUnavailable(type(error).__name__) from None
        except Exception as error:  # urllib3's own errors while the body is read
            raise ShopUnavailable(type(error).__name__) from None
        return _understood(response.status_code, body)


def deliver(client: Client, batch: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the shop says to each event; one that it cannot read at all does not hold up the others."""
    try:
        return client.send_events(batch)
    except ShopRefused as refusal:
        if len(batch) == 1:
            return {batch[0]["id"]: {"status": "refused", "problem": str(refusal)}}
    results: dict[str, dict[str, Any]] = {}
    for event in batch:
        results |= deliver(client, [event])
    return results


def _understood(status: int, body: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    try:
        found = json.loads(body) if len(body) <= LONGEST_ANSWER else None
        answer = found if isinstance(found, dict) else {}
    except (ValueError, RecursionError):
        pass
    if 200 <= status < 300 and answer:
        return answer
    detail = str(answer.get("detail", ""))[:300]
    # Only a refusal in the shop's own form counts: a proxy in between says 404 or 413 in its own way.
    if status in {400, 404, 409, 410, 413, 415, 422} and answer.get("status") == status and "reference" in answer:
        raise ShopRefused(status, detail)
    raise ShopUnavailable(f"answered {status} {detail}".strip())


def _file(event: str, role: str) -> str:
    return f"/events/{quote(event, safe='')}/files/{quote(role, safe='')}"
