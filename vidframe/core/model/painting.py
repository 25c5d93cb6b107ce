"""Paints shapes onto an image, with OpenCV."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidframe.core.model.geometry import Point
from vidframe.core.model.shapes import Arrow, Colour, Heat, Label, Outline, Shape

DARK: Colour = (30, 30, 30)
WHITE = (255, 255, 255)
HEAT_SHARE = 0.6  # of the image where the heat is 1

Image = NDArray[np.uint8]


def painted(image: Image, shapes: Iterable[Shape], width: int, height: int) -> Image:
    """A copy of an image (height x width x 3, BGR, of any size) with shapes of a frame of `width` x `height` on it."""
    copy = image.copy()
    x, y = image.shape[1] / width, image.shape[0] / height
    for shape in shapes:
        _paint(copy, shape, x, y)
    return copy


def scale(image: Image) -> float:
    """Of letters and lines: 1 for images of 720 lines; never so small that nobody can read it."""
    return max(0.6, float(image.shape[0]) / 720)


def _paint(image: Image, shape: Shape, x: float, y: float) -> None:
    import cv2

    thickness = max(1, round(2 * scale(image)))
    match shape:
        case Outline(corners, colour, is_closed):
            points = np.array(_scaled(corners, x, y), np.int32)
            cv2.polylines(image, [points], is_closed, _bgr(colour), thickness, cv2.LINE_AA)
        case Arrow(start, end, colour):
            tail, head = _scaled((start, end), x, y)
            cv2.arrowedLine(image, tail, head, _bgr(colour), thickness, cv2.LINE_AA, tipLength=0.15)
        case Label(text, at, colour):
            _paint_label(image, text, _scaled([at], x, y)[0], colour or DARK)
        case Heat(grid):
            _paint_heat(image, grid)


def _paint_label(image: Image, text: str, at: tuple[int, int], ground: Colour) -> None:
    """White on a ground, moved so far that all of it is in the image."""
    import cv2

    plain = text.encode("ascii", "replace").decode()  # OpenCV's fonts know no other letters
    if not plain:
        return
    size = 0.6 * scale(image)
    (width, height), below = cv2.getTextSize(plain, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    x = max(2, min(at[0], image.shape[1] - width - 2))
    y = max(min(at[1], image.shape[0] - below - 1), height + 3)
    cv2.rectangle(image, (x - 3, y - height - 4), (x + width + 3, y + below), _bgr(ground), cv2.FILLED)
    cv2.putText(image, plain, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, WHITE, 1, cv2.LINE_AA)


def _paint_heat(image: Image, grid: NDArray[np.float32]) -> None:
    import cv2

    height, width = image.shape[:2]
    heat: Any = cv2.resize(grid, (width, height), interpolation=cv2.INTER_LINEAR)
    colours: Any = cv2.applyColorMap(np.uint8(255 * heat), cv2.COLORMAP_INFERNO)  # type: ignore[call-overload]
    share = (HEAT_SHARE * heat)[:, :, None]
    image[:] = np.uint8(image * (1 - share) + colours * share)


def _scaled(points: Iterable[Point], x: float, y: float) -> list[tuple[int, int]]:
    return [(round(px * x), round(py * y)) for px, py in points]


def _bgr(colour: Colour) -> Colour:
    return colour[2], colour[1], colour[0]
