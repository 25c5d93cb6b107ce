"""A page on which people say how faces look; a label moves the file of a face."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any

from vidframe_emotion.classes import CLASSES

from vidframe_lab.emotion.collector import UNSORTED
from vidframe_lab.local_page import NOT_FOUND, Answer, Page

PLACES = (*CLASSES, UNSORTED, "rejected")


class FacesPage(Page):
    """Serves the faces of one folder; moves a file when somebody labels it."""

    html = ("vidframe_lab.labelling", "faces.html")

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        super().__init__(port)

    def unsorted(self) -> list[str]:
        """File names that wait for a label."""
        return sorted(path.name for path in (self.folder / UNSORTED).glob("*.png"))

    def counts(self) -> dict[str, int]:
        """How many faces each place has."""
        return {place: sum(1 for _ in (self.folder / place).glob("*.png")) for place in PLACES}

    def find(self, name: str) -> Path | None:
        """The file of that name, wherever it is; None for a name that is none of ours."""
        if Path(name).name != name or not name.endswith(".png"):
            return None
        return next((path for place in PLACES if (path := self.folder / place / name).is_file()), None)

    def move(self, name: str, place: str) -> bool:
        """Puts a face into a place; False if either is unknown."""
        path = self.find(name)
        if path is None or place not in PLACES:
            return False
        target = self.folder / place / name
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
        return True

    def get(self, path: str, query: str) -> Answer:
        if path == "state":
            return Answer.json({"classes": CLASSES, "unsorted": self.unsorted(), "counts": self.counts()})
        if path.startswith("face/") and (file := self.find(path.removeprefix("face/"))):
            return Answer(file.read_bytes(), "image/png")
        return NOT_FOUND

    def post(self, path: str, content: dict[str, Any]) -> Answer:
        name, place = str(content.get("name")), str(content.get("place"))
        if path == "label" and self.move(name, place):
            return Answer.json({"name": name, "place": place})
        return Answer.error(HTTPStatus.BAD_REQUEST, "no such face or place")
