"""People labelled in single frames of clips: the form of `people.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vidframe import Box
from vidframe_lab.evaluation.files import DataError, read_as

FILE = "people.json"
ALSO = Path("people", "truth.json")  # where a data set has several kinds of truth
FACING = {"c": "to camera", "r": "right", "a": "away", "l": "left"}  # as seen in the frame, a quarter turn apart
FACES = {"u": "both eyes", "p": "profile", "n": "none"}  # what can be seen of the face

Corners = tuple[float, float, float, float]


def _ordered(corners: Corners) -> Corners:
    left, top, right, bottom = corners
    if left >= right or top >= bottom:
        raise ValueError("a box is [left, top, right, bottom] with left < right and top < bottom")
    return corners


Area = Annotated[Corners, AfterValidator(_ordered)]  # x1, y1, x2, y2 in pixels of the frame


class PersonLabel(BaseModel):
    """One person in one frame."""

    model_config = ConfigDict(extra="forbid")

    box: Area  # of what is visible of the body
    facing: Literal["c", "r", "a", "l"] | None = None  # None: not labelled, or not clear
    face: Literal["u", "p", "n"] | None = None
    track: int | str | None = None  # the same for the same person in the frames of a clip


class FrameLabel(BaseModel):
    """Everybody in one frame."""

    model_config = ConfigDict(extra="forbid")

    clip: str  # path, relative to the folder of the data
    frame: int = Field(ge=0)  # from 0, in the order in which frames are decoded
    size: tuple[int, int]  # width and height of the frame, pixels
    people: list[PersonLabel]
    ignore: list[Area] = []  # whoever is found here counts neither way
    view: str | None = None  # a name for clips of one kind; without it each clip is one

    @property
    def view_name(self) -> str:
        """What the frame counts for in the table."""
        return self.view or Path(self.clip).stem


Labels = dict[str, FrameLabel]  # by a name of the frame, which stands for nothing


def read_labels(folder: Path) -> list[FrameLabel]:
    """The labelled frames of a folder, sorted by clip and frame; DataError where they make no sense."""
    path = folder / FILE if (folder / FILE).is_file() else folder / ALSO
    if not path.is_file():
        raise DataError(f"{folder / FILE} is missing; `vidframe label people CLIP...` writes it")
    labels: Labels = read_as(Labels, path)
    if not labels:
        raise DataError(f"{path} names no frame")
    seen: dict[tuple[str, int], str] = {}
    for name, label in labels.items():
        before = seen.setdefault((label.clip, label.frame), name)
        if before != name:
            raise DataError(f"{path}: {before} and {name} are the same frame, {label.frame} of {label.clip}")
        if not (folder / label.clip).is_file():
            raise DataError(f"{path}: {name}: there is no clip {folder / label.clip}")
    return sorted(labels.values(), key=lambda label: (label.clip, label.frame))


def as_box(corners: Corners) -> Box:
    """The same area in vidframe's form."""
    left, top, right, bottom = corners
    return Box(left, top, right - left, bottom - top)
