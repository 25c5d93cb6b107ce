"""Faces that never move: posters, screens, labels. They are nobody."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import Final

from vidframe import Box, Person

log = logging.getLogger(__name__)

PICTURE_AFTER: Final = 180.0  # seconds that a face hangs still before it is taken for a picture
MOVES: Final = 0.12  # face widths, up to which a picture seems to move
TURNS: Final = 4.0  # degrees of yaw, likewise
LEARNT_OF: Final = 20  # sights, of which the place of a face is the mean
LOST: Final = 10.0  # seconds; a face that is found again in its place hung there all the time
FORGOTTEN: Final = 600.0  # seconds without a face where a picture was


@dataclass
class _Hanging:
    """A face that has not moved since `since`."""

    x: float
    y: float
    width: float
    yaw: float
    since: float
    seen: float
    samples: int = 1

    def is_at(self, box: Box, yaw: float) -> bool:
        moved = max(math.hypot(box.centre[0] - self.x, box.centre[1] - self.y), abs(box.width - self.width))
        return moved <= MOVES * max(self.width, 1.0) and abs(yaw - self.yaw) <= TURNS

    def learn(self, box: Box, yaw: float) -> None:
        """Makes the first places of a trembling face one mean."""
        if self.samples < LEARNT_OF:
            self.samples += 1
            found = (*box.centre, box.width, yaw)
            means = zip((self.x, self.y, self.width, self.yaw), found, strict=True)
            self.x, self.y, self.width, self.yaw = (mean + (new - mean) / self.samples for mean, new in means)


class Pictures:
    """The pictures in view of one camera: faces without a body whose place and direction do not change for minutes.

    A portrait of 58 pixels under sensor noise, as `faces` and `gaze` saw it for 90 s, moved by up to 0.05 of its width
    and 2.4 degrees (0.07 in size). Of nine people in Intel's sample videos each moved by 0.15 widths or 5 degrees within
    five seconds.
    """

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._still: dict[int, _Hanging] = {}  # by track
        self._known: list[_Hanging] = []

    def holds(self, person: Person, track: int, seconds: float) -> bool:
        """Takes what is in view, and tells whether it is a picture."""
        if person.seen_by == "body" or person.face is None:
            return False
        yaw = person.face.head_pose.yaw if person.face.head_pose else 0.0
        self._known = [picture for picture in self._known if seconds - picture.seen < FORGOTTEN]
        for picture in self._known:
            if picture.is_at(person.box, yaw):
                picture.seen = seconds
                return True
        still = self._followed(person.box, yaw, track, seconds)
        if seconds - still.since < PICTURE_AFTER:
            return False
        self._known.append(self._still.pop(track))
        log.warning(
            "camera %s: the face at x %.0f, y %.0f has not moved for %.0f s and is taken for a picture; "
            "draw a zone of the kind ignore around it", self._camera, *person.box.centre, PICTURE_AFTER,
        )  # fmt: skip
        return True

    def _followed(self, box: Box, yaw: float, track: int, seconds: float) -> _Hanging:
        """The face of a track since it last moved."""
        self._still = {number: still for number, still in self._still.items() if seconds - still.seen < LOST}
        number = track if track in self._still else self._again(box, yaw, seconds)
        still = self._still.pop(number, None) if number is not None else None
        if still is None or not still.is_at(box, yaw):
            still = _Hanging(*box.centre, box.width, yaw, seconds, seconds)
        still.learn(box, yaw)
        still.seen = seconds
        self._still[track] = still
        return still

    def _again(self, box: Box, yaw: float, seconds: float) -> int | None:
        """The track under which the same face was lost."""
        return next((n for n, still in self._still.items() if still.seen < seconds and still.is_at(box, yaw)), None)
