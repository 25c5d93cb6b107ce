"""How well faces are found in labelled pictures: reads the labels, matches boxes, counts. Prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from vidframe import Box
from vidframe_lab.evaluation.files import DataError, Line, read_table

LABELS = "faces.csv"
COLUMNS = ("file", "x", "y", "width", "height")
WIDTHS = (0, 16, 20, 24, 28, 32, 40, 48, 64, 96, 128)  # lower bounds of the rows of the result, pixels
OVERLAP = 0.3  # from which a box is taken for a labelled face: annotators draw faces differently


@dataclass(frozen=True)
class Labelled:
    """One picture, and the faces that a person saw in it."""

    picture: Path
    faces: tuple[Box, ...]


@dataclass
class Row:
    """The faces of one range of widths."""

    least_width: int
    faces: int = 0
    found: int = 0


@dataclass
class Result:
    """What was counted over all pictures."""

    rows: list[Row] = field(default_factory=lambda: [Row(width) for width in WIDTHS])
    pictures: int = 0
    false_boxes: int = 0
    milliseconds: list[float] = field(default_factory=list)

    @property
    def faces(self) -> int:
        """Labelled faces."""
        return sum(row.faces for row in self.rows)

    @property
    def found(self) -> int:
        """Labelled faces that were found."""
        return sum(row.found for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "pictures": self.pictures,
            "faces": self.faces,
            "found": self.found,
            "recall": _share(self.found, self.faces),
            "false_boxes_per_picture": _share(self.false_boxes, self.pictures),
            "milliseconds_per_picture": round(median(self.milliseconds), 1) if self.milliseconds else None,
            "by_width": [
                {
                    "from": row.least_width,
                    "faces": row.faces,
                    "found": row.found,
                    "recall": _share(row.found, row.faces),
                }
                for row in self.rows
                if row.faces
            ],
        }


def read_labels(folder: Path) -> list[Labelled]:
    """The pictures that `faces.csv` names, in its order. DataError has a line for each problem."""
    path = folder / LABELS
    if not path.is_file():
        raise DataError(f"{path} is missing: a CSV with the columns {', '.join(COLUMNS)}, one face a line")
    problems: list[str] = []
    faces: dict[Path, list[Box]] = {}
    for line in read_table(path, COLUMNS):
        try:
            picture, box = line.file_in("file"), _box(line)
        except DataError as error:
            problems.append(error.message)
            continue
        faces.setdefault(picture, []).extend([box] if box else [])
    if problems or not faces:
        raise DataError("\n".join(problems) or f"{path} names no picture")
    return [Labelled(picture, tuple(boxes)) for picture, boxes in faces.items()]


def evaluate(
    labelled: Iterable[Labelled], read: Callable[[Path], Any], find: Callable[[Any], Sequence[Box]]
) -> Iterator[Result]:
    """The same result after each picture, one picture richer."""
    result = Result()
    for item in labelled:
        image = read(item.picture)
        started = perf_counter()
        boxes = find(image)
        result.milliseconds.append((perf_counter() - started) * 1000)
        _count(result, item.faces, boxes)
        yield result


def _box(line: Line) -> Box | None:
    """The face of a line; None where all of it is empty: a picture without a face."""
    if not any(line.cells[column] for column in COLUMNS[1:]):
        return None
    box = Box(*(line.number_in(column) for column in COLUMNS[1:]))
    if box.width <= 0 or box.height <= 0:
        raise line.error(f"a face of {box.width:g} x {box.height:g} pixels")
    return box


def _count(result: Result, faces: Sequence[Box], boxes: Sequence[Box]) -> None:
    matched = _matched(faces, boxes)
    for index, face in enumerate(faces):
        row = next(row for row in reversed(result.rows) if face.width >= row.least_width)
        row.faces += 1
        row.found += index in matched
    result.pictures += 1
    result.false_boxes += len(boxes) - len(matched)


def _matched(faces: Sequence[Box], boxes: Sequence[Box]) -> set[int]:
    """Which faces have a box of their own; the best overlap first."""
    pairs = sorted(
        ((face.overlap(box), i, j) for i, face in enumerate(faces) for j, box in enumerate(boxes)), reverse=True
    )
    matched: set[int] = set()
    taken: set[int] = set()
    for overlap, i, j in pairs:
        if overlap >= OVERLAP and i not in matched and j not in taken:
            matched.add(i)
            taken.add(j)
    return matched


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
