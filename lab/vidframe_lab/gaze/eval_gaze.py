"""`vidframe eval gaze`: how far the head directions of a folder of pictures are off."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import click
import cv2
import numpy as np
from numpy.typing import NDArray
from vidframe_gaze.plugin import Gaze

from vidframe import Box, Face, Frame
from vidframe.testing import make_camera, make_frame, stepwise
from vidframe_lab.evaluation.files import DataError, Line, read_table
from vidframe_lab.evaluation.results import data_option, present, result_options, show, write_plot
from vidframe_lab.gaze.faces_in import FindFaces, face_finder

Pixels = NDArray[np.uint8]

TABLE: Final = "gaze.csv"
BOX: Final = ("x", "y", "width", "height")
POINTING04: Final = re.compile(r"person(\d\d)(\d)\d\d([+-]\d+)([+-]\d+)\.jpg$")
CANVAS: Final = (640, 360)  # shrunk pictures are set into one of at least this size
ZONE: Final = 45.0  # degrees: left, middle, right


@dataclass(frozen=True)
class Picture:
    """A picture with the direction of one head, in vidframe's axes."""

    path: Path
    yaw: float
    pitch: float
    box: Box | None = None


@dataclass(frozen=True)
class Found:
    """One picture's truth and what was found; all in degrees, widths in pixels."""

    file: str
    yaw: float
    pitch: float
    found_yaw: float
    found_pitch: float
    sigma: float
    face_width: float


@click.command()
@data_option("Folder with gaze.csv and pictures, or of Pointing'04.")
@click.option("--max-yaw", type=float, default=45.0, show_default=True, help="Leave out pictures beyond, in degrees.")
@click.option("--max-pitch", type=float, default=30.0, show_default=True, help="Leave out pictures beyond, in degrees.")
@click.option("--face-width", type=click.IntRange(min=8), help="Shrink pictures until faces have so many pixels.")
@click.option("--mirror", is_flag=True, help="Also compare each picture with its mirror image.")
@result_options
def evaluate(
    data: Path,
    max_yaw: float,
    max_pitch: float,
    face_width: int | None,
    mirror: bool,
    json_to: str | None,
    plot: Path | None,
) -> None:
    """Measure head directions on labelled pictures: gaze.csv (file, yaw, pitch, x, y, width, height), or Pointing'04."""
    pictures = [
        picture for picture in read_pictures(data) if abs(picture.yaw) <= max_yaw and abs(picture.pitch) <= max_pitch
    ]
    if not pictures:
        raise DataError(f"{data}: no picture within {max_yaw:g} degrees of yaw and {max_pitch:g} of pitch")
    with face_finder(min_face=min(28, max(12, (face_width or 28) * 3 // 4))) as find:
        found = list(directions(pictures, find, face_width))
        mirrored = list(directions(pictures, find, face_width, mirror=True)) if mirror else []
    metrics = metrics_of(found, len(pictures))
    if mirror:
        metrics["mirror_difference"] = mirror_difference(found, mirrored)
    content = {"metrics": metrics, "pictures": [asdict(one) for one in found]}
    present(content, json_to, lambda: show("Head direction", metrics))
    if plot:
        write_plot(plot, lambda axes: _draw(axes, found))


def read_pictures(folder: Path) -> Iterator[Picture]:
    """The labelled pictures of a folder; DataError says what is wrong with it."""
    table = folder / TABLE
    if table.is_file():
        yield from map(_picture, read_table(table, ("file", "yaw", "pitch"), BOX))
        return
    found = False
    for path in sorted(folder.rglob("person*.jpg")):
        if match := POINTING04.search(path.name):
            found = True
            # Pointing'04 counts pan positive to the left of the picture.
            yield Picture(path, -float(match[4]), float(match[3]), _pointing_box(path.with_suffix(".txt")))
    if not found:
        raise DataError(f"{folder}: neither {TABLE} nor pictures named as those of Pointing'04")


def directions(
    pictures: Iterable[Picture], find: FindFaces, face_width: int | None = None, *, mirror: bool = False
) -> Iterator[Found]:
    """Head directions of the pictures in which a face was found; mirrored ones as the mirror shows them."""
    shown: list[tuple[Picture, Face]] = []

    def frames() -> Iterator[Frame]:
        camera = make_camera("pictures")
        for picture in pictures:
            pixels, box = _prepared(picture, face_width, mirror)
            face = nearest(find(pixels), box)
            if face is not None:
                shown.append((picture, face))
                yield make_frame(pixels, camera=camera, faces=[face])

    for _ in stepwise(Gaze(smoothing=0), frames()):
        picture, face = shown[-1] if shown else (None, None)
        if picture is not None and face is not None and face.head_pose is not None:
            gaze = face.head_pose
            name = str(picture.path.name)
            yield Found(name, picture.yaw, picture.pitch, gaze.yaw, gaze.pitch, gaze.sigma, face.box.width)
            shown.clear()


def metrics_of(found: list[Found], total: int) -> dict[str, float]:
    """Errors in degrees, shares 0..1; `total`: pictures that were tried."""
    if not found:
        return {"pictures": total, "found": 0.0}
    yaw = np.array([one.yaw for one in found])
    off = np.array([one.found_yaw for one in found]) - yaw
    pitch_off = np.array([one.found_pitch - one.pitch for one in found])
    right = _zone(yaw) == _zone(yaw + off)
    sigma = np.array([one.sigma for one in found])
    metrics: dict[str, float] = {
        "pictures": total,
        "found": len(found) / total,
        "yaw_mae": np.abs(off).mean(),
        "yaw_median": np.median(np.abs(off)),
        "yaw_p90": np.percentile(np.abs(off), 90),
        "yaw_bias": off.mean(),
        "yaw_gain": np.polyfit(yaw, yaw + off, 1)[0] if np.ptp(yaw) else np.nan,
        "within_10": (np.abs(off) <= 10).mean(),
        "within_15": (np.abs(off) <= 15).mean(),
        "zones_right": right.mean(),
        "within_one_sigma": (np.abs(off) <= sigma).mean(),
        "pitch_mae": np.abs(pitch_off).mean(),
        "face_width_median": np.median([one.face_width for one in found]),
    }
    return {name: round(float(value), 3) for name, value in metrics.items()}


def mirror_difference(found: list[Found], mirrored: list[Found]) -> float:
    """Mean |yaw + yaw of the mirrored picture|: 0 would be perfect, and no truth is needed."""
    there = {one.file: one.found_yaw for one in mirrored}
    sums = [abs(one.found_yaw + there[one.file]) for one in found if one.file in there]
    return round(float(np.mean(sums)), 3) if sums else float("nan")


def _picture(line: Line) -> Picture:
    empty = [name for name in BOX if not line.cells[name]]
    if empty and len(empty) < len(BOX):
        raise line.error(f"{', '.join(empty)} missing; give all of {', '.join(BOX)} or none")
    box = None if empty else Box(*(line.number_in(name) for name in BOX))
    if box is not None and not (box.width > 0 and box.height > 0):
        raise line.error(f"a face of {box.width:g} x {box.height:g} pixels")
    yaw, pitch = line.number_in("yaw"), line.number_in("pitch")
    return Picture(line.file_in("file"), yaw, pitch, box)


def _pointing_box(path: Path) -> Box | None:
    if not path.is_file():
        return None
    x, y, width, height = (float(line) for line in path.read_text().split("\n")[3:7])
    return Box(x - width / 2, y - height / 2, width, height)


def _prepared(picture: Picture, face_width: int | None, mirror: bool) -> tuple[Pixels, Box | None]:
    """The picture as it is to be searched, and its box there."""
    read = cv2.imread(str(picture.path))
    if read is None:
        raise DataError(f"{picture.path}: no picture that OpenCV can read")
    pixels, box = np.asarray(read, np.uint8), picture.box
    if face_width and box:
        pixels, box = _shrunk(pixels, box, face_width / box.width)
    if mirror:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
        box = box and box._replace(x=pixels.shape[1] - box.x - box.width)
    return pixels, box


def _shrunk(pixels: Pixels, box: Box, factor: float) -> tuple[Pixels, Box]:
    """Smaller, as a JPEG of a camera would have it, and set into a picture of a camera's size."""
    small = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    small = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)
    across, down = (max(0, want - have) // 2 for want, have in zip(CANVAS, small.shape[1::-1], strict=True))
    framed = cv2.copyMakeBorder(small, down, down, across, across, cv2.BORDER_REPLICATE)
    moved = Box(box.x * factor + across, box.y * factor + down, box.width * factor, box.height * factor)
    return np.asarray(framed, np.uint8), moved


def nearest(faces: list[Face], box: Box | None) -> Face | None:
    """The face at the box, or the only one where there is no box."""
    if box is None:
        return faces[0] if len(faces) == 1 else None
    x, y = box.centre
    near = [
        face for face in faces if abs(face.box.centre[0] - x) < box.width and abs(face.box.centre[1] - y) < box.height
    ]
    return min(near, key=lambda face: float(np.hypot(*np.subtract(face.box.centre, (x, y)))), default=None)


def _zone(yaw: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.digitize(yaw, [-ZONE / 2, ZONE / 2])


def _draw(axes: Any, found: list[Found]) -> None:
    axes.plot([one.yaw for one in found], [one.found_yaw for one in found], ".", alpha=0.4)
    axes.axline((0, 0), slope=1, color="grey")
    axes.set(xlabel="yaw, degrees", ylabel="found yaw, degrees", title="Head direction")
