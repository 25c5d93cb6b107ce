"""A head in three dimensions, from scikit-image's public-domain portrait of an astronaut (NASA, Eileen Collins).

The face takes its depth from the landmarks, hair and ears theirs from a dome over the head's outline. Each pixel of the
portrait becomes a point in space; to turn the head is to turn the points. Axes as in head_pose: x to the viewer's
right, y up, z towards the viewer; the unit is the distance between the outer eye corners.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from vidframe_gaze.head_pose import EYE_CORNERS, Points, reference_face, rotation_of

from vidframe_lab.gaze.faces_in import face_finder

Pixels = NDArray[np.uint8]

ENLARGED: Final = 2  # points per pixel of the portrait, each way
CHIN, LIP_UPPER, LIP_LOWER = 152, 13, 14
# Outer and inner outline of the mouth, in the numbering of MediaPipe's face mesh.
UPPER_LIP: Final = (185, 40, 39, 37, 0, 267, 269, 270, 409, 191, 80, 81, 82, 13, 312, 311, 310, 415)
LOWER_LIP: Final = (146, 91, 181, 84, 17, 314, 405, 321, 375, 95, 88, 178, 87, 14, 317, 402, 318, 324)
MOUTH_CORNERS: Final = (61, 78, 291, 308)
FACE_UNITS: Final = 1.62  # width of a brow-to-chin box, in distances between the eye corners
SKULL: Final = ((0.0, 0.25, -0.6), 0.92)  # centre and radius of the hair that is seen from the side
FINEST: Final = 130.0  # points between the eye corners of the portrait, enlarged
JAW: Final = 0.6  # height above the chin, in units, up to which there is nothing but face
WIDEST: Final = 0.85  # how far behind the eye corners a head is widest


@dataclass(frozen=True)
class Head:
    """A head as points with colours."""

    points: Points  # n x 3, looking at the viewer
    frown: Points  # n x 3, added to the points takes the smile away
    is_teeth: NDArray[np.bool_]  # n
    colours: Pixels  # n x 3, BGR
    hair: tuple[int, int, int]

    def mirrored(self, tint: tuple[float, float, float]) -> Head:
        """Somebody else: left and right exchanged, colours multiplied by BGR factors."""
        colours = np.clip(self.colours * np.array(tint), 0, 255).astype(np.uint8)
        hair = tuple(int(value * factor) for value, factor in zip(self.hair, tint, strict=True))
        return replace(
            self,
            points=self.points * (-1, 1, 1),
            frown=self.frown * (-1, 1, 1),
            colours=colours,
            hair=(hair[0], hair[1], hair[2]),
        )

    def drawn(
        self, unit: float, yaw: float, pitch: float = 0.0, roll: float = 0.0, smile: float = 1.0
    ) -> tuple[Pixels, NDArray[np.float32]]:
        """A square BGR picture of the turned head, with its opacity (0..1); the eyes' middle is in its centre.

        `unit`: pixels between the outer eye corners of a head that looks at the viewer.
        """
        half = int(np.ceil(unit * 2.1))
        scale = 2 * unit  # twice the size, to be shrunk afterwards: smooth edges
        rotation = rotation_of(yaw, pitch, roll)
        picture, opacity = self._skull(half, scale, rotation)
        # Points closer together than half a pixel are left out.
        some = slice(None, None, max(1, int((FINEST / (1.2 * scale)) ** 2)))
        points = (self.points[some] + self.frown[some] * (1 - smile)) @ rotation.T
        if smile < 0.5:
            points[self.is_teeth[some], 2] -= 0.3  # behind closed lips
        _splat(picture, opacity, points, self.colours[some], scale)
        size = (2 * half, 2 * half)
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8), np.asarray(
            cv2.resize(opacity, size, interpolation=cv2.INTER_AREA), np.float32
        )

    def _skull(self, half: int, scale: float, rotation: Points) -> tuple[Any, Any]:
        """The hair that only shows when the head is turned: a shaded ball."""
        side = 4 * half
        (centre, radius) = np.array(SKULL[0]) @ rotation.T, SKULL[1]
        place = (round(2 * half + scale * centre[0]), round(2 * half - scale * centre[1]))
        opacity = np.zeros((side, side), np.float32)
        cv2.circle(opacity, place, round(scale * radius), 1.0, -1, cv2.LINE_AA)
        y, x = np.mgrid[:side, :side].astype(np.float32)
        shade = 0.95 - 0.45 * np.clip(np.hypot(x - place[0], y - place[1]) / (scale * radius), 0, 1) ** 2
        picture = np.array(self.hair, np.float32) * shade[..., None]
        return np.clip(picture, 0, 255).astype(np.uint8), opacity


def _splat(picture: Any, opacity: Any, points: Points, colours: Pixels, scale: float) -> None:
    """Paints the points, far ones first, and fills the small gaps between them."""
    side = len(picture)
    order = np.argsort(points[:, 2])
    at = np.rint(points[order, :2] * (scale, -scale) + side / 2).astype(int)
    inside = ((at >= 0) & (at < side)).all(axis=1)
    x, y = at[inside].T
    layer = np.zeros_like(picture)
    painted = np.zeros((side, side), np.uint8)
    layer[y, x] = colours[order[inside]]
    painted[y, x] = 1
    closed = cv2.morphologyEx(painted, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)) == 1
    gaps = closed & (painted == 0)
    weights = np.maximum(cv2.blur(painted.astype(np.float32), (5, 5)), 1e-3)
    layer[gaps] = (cv2.blur(layer.astype(np.float32), (5, 5)) / weights[..., None])[gaps]
    picture[closed] = layer[closed]
    opacity[closed] = 1


def astronaut_head() -> Head:
    """The head of the portrait; RuntimeError if its face is not found."""
    from skimage.data import astronaut

    portrait = np.ascontiguousarray(astronaut()[:, :, ::-1])
    with face_finder() as find:
        faces = find(portrait)
    if not faces or faces[0].landmarks is None:
        raise RuntimeError("the faces step finds no landmarks on the portrait")
    return head_of(portrait, faces[0].landmarks[:468].astype(float))


def head_of(portrait: Pixels, landmarks: Points) -> Head:
    """A head from a portrait (BGR) and the 468 landmarks (x, y, z in pixels) of its face."""
    unit = float(np.linalg.norm(np.subtract(*landmarks[list(EYE_CORNERS), :2])))
    mean_face = reference_face()
    rotation = mean_face.rotation(landmarks)
    if rotation is None:
        raise ValueError("the landmarks of the portrait are no face")
    # One frontal picture tells the depth of a face poorly; that of the mean face is known better.
    landmarks = np.column_stack([landmarks[:, :2], -unit * (mean_face.points @ rotation.T)[:, 2]])
    portrait, landmarks = _cut_out(portrait, landmarks, unit)
    middle = landmarks[list(EYE_CORNERS)].mean(axis=0)
    mask = _outline(portrait, landmarks, unit)
    big = cv2.resize(portrait, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    big_mask = cv2.resize(mask, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_LINEAR) > 127
    y, x = np.nonzero(big_mask)
    depth, frown = (_enlarged(plane)[y, x] for plane in _relief(mask, landmarks, unit))
    across, down = (x + 0.5) / ENLARGED - 0.5, (y + 0.5) / ENLARGED - 0.5
    flat = np.column_stack([across - middle[0], middle[1] - down, depth + middle[2]])
    points = flat / unit @ rotation  # the transpose of the rotation takes the portrait's own turn off
    moved = np.column_stack([frown * (1, -1), np.zeros(len(frown))]) / unit @ rotation
    is_teeth = _enlarged(_between_lips(mask.shape, landmarks))[y, x] > 127
    hair = np.median(_hair(portrait, landmarks, unit), axis=0).astype(int)
    return Head(points, moved, is_teeth, np.asarray(big[y, x], np.uint8), (int(hair[0]), int(hair[1]), int(hair[2])))


def _cut_out(portrait: Pixels, landmarks: Points, unit: float) -> tuple[Pixels, Points]:
    """The head and a margin around it; the landmarks move along."""
    middle = landmarks[list(EYE_CORNERS), :2].mean(axis=0)
    left, top = np.maximum(np.rint(middle - 2.2 * unit).astype(int), 0)
    right, bottom = np.rint(middle + 2.2 * unit).astype(int)
    return np.ascontiguousarray(portrait[top:bottom, left:right]), landmarks - (left, top, 0)


def _outline(portrait: Pixels, landmarks: Points, unit: float) -> Pixels:
    """255 where the head is: GrabCut from an ellipse, cut off at the jaw."""
    centre = landmarks[list(EYE_CORNERS), :2].mean(axis=0)
    mask = np.full(portrait.shape[:2], cv2.GC_BGD, np.uint8)
    around = (round(centre[0]), round(centre[1] - 0.05 * unit))
    cv2.ellipse(mask, around, (round(1.35 * unit), round(1.75 * unit)), 0, 0, 360, cv2.GC_PR_BGD, -1)
    cv2.ellipse(mask, around, (round(1.05 * unit), round(1.25 * unit)), 0, 0, 360, cv2.GC_PR_FGD, -1)
    cv2.fillConvexPoly(mask, cv2.convexHull(landmarks[:, :2].astype(np.int32)), cv2.GC_FGD)
    mask[_below_jaw(mask.shape, landmarks, unit)] = cv2.GC_BGD
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(1)
    cv2.grabCut(portrait, mask, (0, 0, 1, 1), *models, 5, cv2.GC_INIT_WITH_MASK)
    found = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(found)
    head = np.where(labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax(), 255, 0).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(head, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)


def _below_jaw(shape: tuple[int, ...], landmarks: Points, unit: float) -> NDArray[np.bool_]:
    hull = cv2.convexHull(landmarks[:, :2].astype(np.int32))[:, 0]
    y = np.arange(shape[0])[:, None]
    chin = landmarks[CHIN]
    jaw = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(jaw, hull, 1)
    inside = cv2.erode(jaw, np.ones((3, 3), np.uint8))  # the very edge has no depth of its own
    return np.asarray((inside == 0) & (y > chin[1] - JAW * unit))


def _relief(mask: Pixels, landmarks: Points, unit: float) -> tuple[Points, Points]:
    """Depth of each pixel of the portrait (towards the viewer), and its move (x, y) that takes the smile away.

    Within the face the depth is that of the landmarks; outside it falls from the nearest edge of the face, round
    as a head is, to the widest part of the head.
    """
    from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator

    height, width = mask.shape
    y, x = np.mgrid[:height, :width]
    values = np.column_stack([-landmarks[:, 2], _closed_mouth(landmarks)])
    inside = LinearNDInterpolator(landmarks[:, :2], values, fill_value=np.nan)(x, y)
    is_face = np.isfinite(inside[..., 0])
    rows, columns = np.nonzero(is_face & ~cv2.erode(is_face.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool))
    edge = NearestNDInterpolator(np.column_stack([columns, rows]), inside[rows, columns, 0])(x, y)
    edge = cv2.GaussianBlur(edge, (0, 0), 0.12 * unit)
    to_face = cv2.distanceTransform((~is_face).astype(np.uint8), cv2.DIST_L2, 5)
    to_rim = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    rim = to_rim / np.maximum(to_rim + to_face, 1e-6)
    widest = float(-landmarks[list(EYE_CORNERS), 2].mean()) - WIDEST * unit
    outside = widest + (edge - widest) * np.sqrt(1 - (1 - rim) ** 2)
    depth = np.where(is_face, inside[..., 0], outside)
    return np.asarray(cv2.GaussianBlur(depth, (3, 3), 0)), np.nan_to_num(inside[..., 1:])


def _closed_mouth(landmarks: Points) -> Points:
    """How each landmark moves (x, y in pixels) when the mouth closes and its corners come down."""
    moves = np.zeros((len(landmarks), 2))
    gap = landmarks[LIP_LOWER, 1] - landmarks[LIP_UPPER, 1]
    middle = landmarks[[LIP_UPPER, LIP_LOWER], 0].mean()
    width = abs(np.subtract(*landmarks[[61, 291], 0]))
    moves[list(UPPER_LIP), 1] = 0.5 * gap
    moves[list(LOWER_LIP), 1] = -0.42 * gap
    moves[list(MOUTH_CORNERS), 1] = 0.35 * gap
    mouth = [*UPPER_LIP, *LOWER_LIP, *MOUTH_CORNERS]
    moves[mouth, 0] = -0.16 * (landmarks[mouth, 0] - middle)
    # Cheeks that a smile lifts sink with it.
    away = np.linalg.norm(landmarks[:, :2] - (middle, landmarks[LIP_UPPER, 1] - 0.3 * width), axis=1)
    cheeks = (away < 0.9 * width) & (np.abs(landmarks[:, 0] - middle) > 0.35 * width)
    cheeks[mouth] = False
    moves[cheeks, 1] += 0.12 * gap
    return moves


def _between_lips(shape: tuple[int, ...], landmarks: Points) -> Pixels:
    """255 where the teeth show."""
    inner = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95]
    area = np.zeros(shape, np.uint8)
    cv2.fillPoly(area, [np.rint(landmarks[inner, :2]).astype(np.int32)], 255)
    return area


def _hair(portrait: Pixels, landmarks: Points, unit: float) -> Pixels:
    """Colours above the forehead."""
    x, y = landmarks[10, :2].astype(int)
    reach = round(0.4 * unit)
    return portrait[y - reach : y - reach // 3, x - reach : x + reach].reshape(-1, 3)


def _enlarged(plane: Any) -> Any:
    return cv2.resize(plane, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_LINEAR)
