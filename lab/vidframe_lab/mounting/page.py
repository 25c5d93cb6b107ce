"""A page on this machine on which somebody clicks the four corners of a rectangle on the floor."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from threading import Thread
from typing import Any

from vidframe_lab.local_page import NOT_FOUND, Answer, Page

Corners = list[tuple[float, float]]


class CornerPage(Page):
    """Shows a picture and takes corners. `accept` says what is wrong with them, or nothing: then it has ended."""

    html = ("vidframe_lab.mounting", "corners.html")

    def __init__(self, jpeg: bytes, accept: Callable[[Corners], str], port: int = 0) -> None:
        super().__init__(port)
        self.jpeg = jpeg
        self.accept = accept

    def get(self, path: str, query: str) -> Answer:
        """The picture."""
        return Answer(self.jpeg, "image/jpeg") if path == "picture.jpg" else NOT_FOUND

    def post(self, path: str, content: dict[str, Any]) -> Answer:
        """Takes corners."""
        if path != "corners":
            return NOT_FOUND
        corners = _corners(content.get("corners"))
        problem = "four corners are needed" if corners is None else self.accept(corners)
        if problem:
            return Answer.error(HTTPStatus.BAD_REQUEST, problem)
        Thread(target=self.shutdown, daemon=True).start()  # it waits for this request to end
        return Answer(b"Measured. The result is in the terminal.", "text/plain; charset=utf-8")


def _corners(found: Any) -> Corners | None:
    try:
        corners = [(float(x), float(y)) for x, y in found]
    except (TypeError, ValueError):
        return None
    return corners if len(corners) == 4 else None
