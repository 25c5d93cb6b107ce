"""People of the drawn shop: where each walks, what he looks at, and how he is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from vidframe_gaze.head_pose import direction_of, line_of_sight
from vidframe_gaze.shapes import surrounds

from vidframe_lab.scene.portrait import FACE_UNITS, Head
from vidframe_lab.scene.shop import FLOOR, FOCAL, HEIGHT, PLACES, SUBPIXELS, WIDTH, Place, Points, pixels

EYES: Final = 1.55  # metres above the floor
EYE_CORNERS: Final = 0.092  # metres between the outer corners
TURN: Final = (170.0, 110.0)  # degrees a second at most: yaw, pitch
MOST: Final = (55.0, 35.0)  # degrees: further the portrait cannot be turned
BELOW_EYES: Final = 0.25  # of the middle of the brow-to-chin box, in distances of the eye corners


@dataclass(frozen=True)
class Moment:
    """From `seconds` on a person goes on from a place (metres) and looks at something."""

    seconds: float
    x: float
    z: float
    look: str = "ahead"  # "ahead", "camera", or the name of a place
    smile: float = 0.0


@dataclass(frozen=True)
class Clothes:
    """BGR colours."""

    jacket: tuple[int, int, int]
    trousers: tuple[int, int, int]
    skin: tuple[int, int, int] = (150, 180, 225)


@dataclass(frozen=True)
class Pose:
    """One person at one time."""

    eyes: tuple[float, float, float]  # camera coordinates, metres
    yaw: float  # degrees, relative to the line to the camera
    pitch: float
    smile: float
    speed: float  # metres a second
    stride: float  # metres walked so far

    @property
    def unit(self) -> float:
        """Pixels between the outer eye corners."""
        return float(FOCAL * EYE_CORNERS / np.linalg.norm(self.eyes))

    @property
    def face(self) -> tuple[float, float, float, float]:
        """The brow-to-chin box in the picture: x, y, width, height."""
        x, y = pixels(self.eyes)
        width = self.unit * FACE_UNITS
        return float(x - width / 2), float(y + BELOW_EYES * self.unit - width / 2), width, width

    @property
    def is_in_picture(self) -> bool:
        """Whether the whole face is."""
        x, y, width, height = self.face
        return x >= 0 and y >= 0 and x + width <= WIDTH and y + height <= HEIGHT

    def looked_at(self) -> Place | None:
        """The place that the head is turned to, exactly."""
        direction = line_of_sight(self.eyes) @ direction_of(self.yaw, self.pitch)
        met = [place for place in PLACES if surrounds(np.array(place.corners) - self.eyes, direction[None])[0]]
        return min(met, key=lambda place: float(np.linalg.norm(place.middle - self.eyes)), default=None)

    def distance_to(self, place: Place) -> float:
        """Metres over the floor to its nearest corner or edge middle."""
        corners = np.array(place.corners)
        outline = np.vstack([corners, (corners + np.roll(corners, -1, axis=0)) / 2, corners.mean(axis=0)])
        return float(np.hypot(*(outline - self.eyes)[:, [0, 2]].T).min())


@dataclass(frozen=True)
class Person:
    """A head, clothes and a story."""

    name: str
    head: Head
    clothes: Clothes
    story: tuple[Moment, ...]

    def poses(self, fps: float) -> Iterator[Pose | None]:
        """Where the person is and looks at each frame; None before the first and after the last moment; ends never."""
        yaw = pitch = stride = smile = 0.0
        frame = 0
        while True:
            seconds = frame / fps
            frame += 1
            if not self.story[0].seconds <= seconds <= self.story[-1].seconds:
                yield None
                continue
            eyes, walk, moment = self._at(seconds)
            wanted = _angles_to(eyes, walk, moment.look)
            yaw += float(np.clip(wanted[0] - yaw, -TURN[0] / fps, TURN[0] / fps))
            pitch += float(np.clip(wanted[1] - pitch, -TURN[1] / fps, TURN[1] / fps))
            smile += float(np.clip(moment.smile - smile, -3 / fps, 3 / fps))
            speed = float(np.hypot(*walk))
            stride += speed / fps
            yield Pose(eyes, yaw, pitch, smile, speed, stride)

    def _at(self, seconds: float) -> tuple[tuple[float, float, float], tuple[float, float], Moment]:
        number = max(index for index, moment in enumerate(self.story) if moment.seconds <= seconds)
        now, then = self.story[number], self.story[min(number + 1, len(self.story) - 1)]
        length = max(then.seconds - now.seconds, 1e-6)
        part = (seconds - now.seconds) / length
        x, z = now.x + part * (then.x - now.x), now.z + part * (then.z - now.z)
        return (x, FLOOR + EYES, z), ((then.x - now.x) / length, (then.z - now.z) / length), now


def draw_person(picture: Any, person: Person, pose: Pose) -> None:
    """Body and head; the body faces the camera."""
    _draw_body(picture, person.clothes, pose)
    drawn, opacity = person.head.drawn(pose.unit, pose.yaw, pose.pitch, 0.0, pose.smile)
    _lay_over(picture, drawn, opacity, pixels(pose.eyes))


def _angles_to(eyes: tuple[float, float, float], walk: tuple[float, float], look: str) -> tuple[float, float]:
    """Yaw and pitch of a look at something, relative to the line to the camera."""
    if look == "camera":
        return 0.0, 0.0
    if look == "ahead":
        direction = np.array([0.25 * walk[0], -0.1, max(walk[1], 1.0)])
    else:
        place = next(place for place in PLACES if place.name == look)
        direction = place.middle - eyes
    x, y, z = line_of_sight(eyes).T @ (direction / np.linalg.norm(direction))
    yaw, pitch = np.degrees([np.arctan2(x, z), np.arcsin(y)])
    return float(np.clip(yaw, -MOST[0], MOST[0])), float(np.clip(pitch, -MOST[1], MOST[1]))


def _draw_body(picture: Any, clothes: Clothes, pose: Pose) -> None:
    x, _, z = pose.eyes
    swing = 0.0 if pose.speed < 0.05 else np.sin(pose.stride * 2 * np.pi / 1.3)

    def at(across: float, height: float) -> Points:
        return pixels((x + across, FLOOR + height, z))

    thick = FOCAL / -z
    dark = tuple(int(value * 0.72) for value in clothes.jacket)
    for side in (-1, 1):
        lift = 0.09 * max(0.0, side * swing)
        hip, knee, foot = at(0.08 * side, 0.82), at(0.09 * side, 0.45 + lift / 2), at(0.09 * side, 0.06 + lift)
        _limb(picture, [hip, knee, foot], 0.135 * thick, clothes.trousers)
        _limb(picture, [foot, foot + np.array((0.02 * side * thick, 0.02 * thick))], 0.1 * thick, (40, 40, 45))
        reach = 0.1 * side * swing
        arm = [at(0.17 * side, 1.31), at(0.215 * side, 1.06 + abs(reach) / 3), at(0.2 * side, 0.83 + abs(reach))]
        _limb(picture, arm, 0.095 * thick, dark)
        _limb(picture, [arm[-1], arm[-1] + (0, 0.03 * thick)], 0.075 * thick, clothes.skin)
    torso = [
        *(
            at(across, height)
            for across, height in ((-0.1, 1.41), (0.1, 1.41), (0.18, 1.36), (0.2, 1.28), (0.15, 0.78))
        ),
        *(at(across, height) for across, height in ((-0.15, 0.78), (-0.2, 1.28), (-0.18, 1.36))),
    ]
    _polygon(picture, torso, clothes.jacket)
    _limb(picture, [at(0, 1.34), at(0, 0.8)], 0.012 * thick, dark)
    _limb(picture, [at(0, 1.46), at(0, 1.38)], 0.105 * thick, tuple(int(value * 0.85) for value in clothes.skin))
    _polygon(picture, [at(-0.075, 1.42), at(0.075, 1.42), at(0, 1.3)], (235, 235, 235))


def _limb(picture: Any, joints: list[Points], width: float, colour: tuple[int, ...]) -> None:
    at = [np.rint(np.array(joints) * 2**SUBPIXELS).astype(np.int32)]
    cv2.polylines(picture, at, False, colour, max(1, round(width)), cv2.LINE_AA, SUBPIXELS)


def _polygon(picture: Any, corners: list[Points], colour: tuple[int, ...]) -> None:
    at = np.rint(np.array(corners) * 2**SUBPIXELS).astype(np.int32)
    cv2.fillPoly(picture, [at], colour, cv2.LINE_AA, SUBPIXELS)


def _lay_over(picture: Any, drawn: Any, opacity: Any, centre: Points) -> None:
    """Puts a small picture about a place (to the pixel), as far as it lies within the large one."""
    side = len(drawn)
    left, top = np.rint(centre - side / 2).astype(int)
    x1, y1 = max(left, 0), max(top, 0)
    x2, y2 = min(left + side, picture.shape[1]), min(top + side, picture.shape[0])
    if x1 >= x2 or y1 >= y2:
        return
    part = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
    share = opacity[part][..., None]
    below = picture[y1:y2, x1:x2]
    picture[y1:y2, x1:x2] = (drawn[part] * share + below * (1 - share)).astype(np.uint8)
