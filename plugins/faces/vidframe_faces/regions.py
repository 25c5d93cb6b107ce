"""Which squares of a frame are searched, so that all that is due is seen at native resolution."""

from __future__ import annotations

import math

import cv2
import numpy as np

from vidframe import Box
from vidframe_faces.change import Mask

FACES_A_TILE = 12  # the full-range detector finds faces from this part of a tile's width on
STRETCH = 1.2  # a patch not larger than so many tiles is searched in one: it will be searched again in a moment
LEAST = (
    0.5  # a small patch has a tile of its own size, which shows its faces larger at the same cost; not below this part
)
OVERLAP = 0.2  # of neighbouring tiles: a face on the border of one is whole in the next


def regions_of(due: Mask, width: int, height: int, min_face: float) -> list[Box]:
    """Tiles for faces of `min_face` pixels over the cells that are due, and a square over each patch that needs several.

    The large ones are for faces that no tile holds. Never more than the whole frame needs. Where less than half of a
    face changed, nothing is searched yet.
    """
    if not due.any():
        return []
    tile = min_face * FACES_A_TILE
    patches = list(_patches(due, width, height, margin=tile / 8, least=min_face**2 / 2))
    squares = [square for patch in _merged(patches, tile) for square in _searched(patch, width, height, tile)]
    whole = everywhere(width, height, min_face)
    return squares if len(squares) < len(whole) else whole


def everywhere(width: int, height: int, min_face: float) -> list[Box]:
    """Tiles for faces of `min_face` pixels over the whole frame, and one square over all of it."""
    return _cover(Box(0, 0, width, height), width, height, min_face * FACES_A_TILE)


def _patches(due: Mask, width: int, height: int, margin: float, least: float) -> list[Box]:
    """The bounding box of each group of neighbouring cells that has `least` square pixels, with a margin."""
    joined = cv2.dilate(due.astype(np.uint8), np.ones((5, 5), np.uint8))
    across, down = width / due.shape[1], height / due.shape[0]
    _, labels = cv2.connectedComponents(joined)
    labels[~due] = 0
    boxes = []
    for label in np.unique(labels[labels > 0]):
        rows, columns = np.nonzero(labels == label)
        if len(rows) * across * down < least:
            continue
        left, right = columns.min() * across - margin, (columns.max() + 1) * across + margin
        top, bottom = rows.min() * down - margin, (rows.max() + 1) * down + margin
        boxes.append(Box(left, top, right - left, bottom - top))
    return boxes


def _merged(patches: list[Box], tile: float) -> list[Box]:
    """Patches joined as long as they fit into one tile together."""
    merged: list[Box] = []
    for patch in sorted(patches, key=lambda box: (box.x, box.y)):
        for index, other in enumerate(merged):
            union = _union(patch, other)
            if max(union.width, union.height) <= tile:
                merged[index] = union
                break
        else:
            merged.append(patch)
    return merged


def _union(a: Box, b: Box) -> Box:
    left, top = min(a.x, b.x), min(a.y, b.y)
    right, bottom = max(a.x + a.width, b.x + b.width), max(a.y + a.height, b.y + b.height)
    return Box(left, top, right - left, bottom - top)


def _searched(patch: Box, width: int, height: int, tile: float) -> list[Box]:
    largest = max(patch.width, patch.height)
    return _cover(patch, width, height, max(largest, tile * LEAST) if largest <= tile * STRETCH else tile)


def _cover(patch: Box, width: int, height: int, tile: float) -> list[Box]:
    """Tiles over one patch; a patch that needs several is searched as a whole, too."""
    side = min(tile, max(width, height))
    tiles = [
        Box(x, y, side, side)
        for y in _starts(patch.y, patch.height, side, height)
        for x in _starts(patch.x, patch.width, side, width)
    ]
    if len(tiles) == 1:
        return tiles
    largest = min(max(patch.width, patch.height), max(width, height))
    (x,) = _starts(patch.x + (patch.width - largest) / 2, largest, largest, width)
    (y,) = _starts(patch.y + (patch.height - largest) / 2, largest, largest, height)
    return [*tiles, Box(x, y, largest, largest)]


def _starts(start: float, length: float, side: float, limit: float) -> list[float]:
    """Where squares of `side` begin along one axis, kept inside 0..limit where they fit."""
    start, end = max(0.0, start), min(limit, start + length)
    if end - start <= side + 1e-6:  # a patch that gave the tile its size is as large but for rounding
        return [_inside((start + end - side) / 2, side, limit)]
    count = math.ceil((end - start - side) / (side * (1 - OVERLAP)) - 1e-9) + 1
    step = (end - start - side) / (count - 1)
    return [start + index * step for index in range(count)]


def _inside(start: float, side: float, limit: float) -> float:
    return 0.0 if side >= limit else min(max(0.0, start), limit - side)
