"""The goods of all product zones of one camera: who reaches for them, and who took some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from vidframe import Box, Frame, Person
from vidframe_gaze.hands import reaching
from vidframe_gaze.outlines import Corners
from vidframe_gaze.shelf import CELL, Image, Shelf
from vidframe_gaze.visits import Visit
from vidframe_gaze.zones import Zone

WIDTH: Final = 640  # pixels of the pictures that are compared
LOOK_EVERY: Final = 0.1  # seconds between two looks for hands
REFRESH_EVERY: Final = 2.0  # seconds between two pictures of a shelf before which nobody stands
SETTLES: Final = (1.0, 1.5)  # seconds after everybody left, at which the goods are looked at: they must agree


@dataclass(frozen=True)
class Present:
    """One person in this frame."""

    person: Person
    visit: Visit | None  # None for whoever is not counted
    at: set[str]  # names of the zones that the person is at
    averted: frozenset[str] = frozenset()  # of those, to which his back is turned: an elbow over its goods is no hand


@dataclass
class _Stay:
    """The people before one shelf, from the first one's coming until nobody is there."""

    began: float
    people: dict[str, Visit] = field(default_factory=dict)
    stood: set[str] = field(default_factory=set)  # ids of visits
    has_others: bool = False  # who is not counted, or of whom only the face is seen, stood there, too
    seen: float = 0.0  # when somebody was last there
    looks: list[bool | None] = field(default_factory=list)  # whether goods have changed, at each of SETTLES


@dataclass
class _Zone:
    name: str
    shelf: Shelf
    stay: _Stay | None = None
    refreshed: float = -REFRESH_EVERY


class Shelves:
    """Costs a small picture every two seconds while nobody is there, and one each tenth of a second for who is."""

    def __init__(self, outlines: Sequence[tuple[Zone, Corners]], size: tuple[int, int]) -> None:
        """`outlines`: in pixels of a picture of that width and height."""
        self._scale = min(1.0, WIDTH / size[0])
        shape = max(1, round(size[1] * self._scale)), round(size[0] * self._scale)
        self._zones = [
            _Zone(zone.name, Shelf(corners * self._scale, shape))
            for zone, corners in outlines
            if zone.kind == "product" and min(shape) >= CELL  # in smaller pictures nothing could be told
        ]
        self._looked = -LOOK_EVERY

    def watch(self, frame: Frame, present: Sequence[Present]) -> None:
        """Takes one frame. Tells visits of hands at the goods, and of what was taken."""
        bodies = [one for one in present if one.person.seen_by == "body"]
        is_time = frame.seconds - self._looked >= LOOK_EVERY
        for zone in self._zones:
            before = [one for one in present if zone.name in one.at or (one in bodies and self._hides(zone, one))]
            if before:
                zone.stay = zone.stay or _Stay(frame.seconds)
                _join(zone.stay, zone.name, before, frame.seconds)
                if is_time:
                    self._look_for_hands(zone, frame, bodies)
            elif zone.stay:
                self._look_at_goods(zone, zone.stay, frame)
            elif frame.seconds - zone.refreshed >= REFRESH_EVERY:
                zone.shelf.refresh(self._gray(frame))
                zone.refreshed = frame.seconds
        if is_time and bodies:
            self._looked = frame.seconds

    def _gray(self, frame: Frame) -> Image:
        return frame.scaled_gray(WIDTH)

    def _look_for_hands(self, zone: _Zone, frame: Frame, bodies: Sequence[Present]) -> None:
        moving = zone.shelf.moving(self._gray(frame), frame.seconds)
        if not moving.any() or not bodies:
            return
        boxes = [Box(*(value * self._scale for value in one.person.box)) for one in bodies]
        for index in reaching(moving, zone.shelf.origin, boxes):
            visit = bodies[index].visit
            if visit and zone.name in bodies[index].at - bodies[index].averted:
                visit.reached(zone.name, frame.seconds)

    def _look_at_goods(self, zone: _Zone, stay: _Stay, frame: Frame) -> None:
        if frame.seconds - stay.seen < SETTLES[len(stay.looks)]:
            return
        stay.looks.append(zone.shelf.has_changed(self._gray(frame)))
        if len(stay.looks) == len(SETTLES):
            _judge(zone.name, stay)
            zone.shelf.refresh(self._gray(frame))
            zone.stay, zone.refreshed = None, frame.seconds

    def _hides(self, zone: _Zone, one: Present) -> bool:
        """Whether a body covers a part of the shelf."""
        box, (left, top), (height, width) = one.person.box, zone.shelf.origin, zone.shelf.mask.shape
        x1, y1 = round(box.x * self._scale) - left, round(box.y * self._scale) - top
        x2, y2 = x1 + round(box.width * self._scale), y1 + round(box.height * self._scale)
        return bool(zone.shelf.mask[max(0, y1) : max(0, min(y2, height)), max(0, x1) : max(0, min(x2, width))].any())


def _join(stay: _Stay, name: str, before: Sequence[Present], seconds: float) -> None:
    stay.seen = seconds
    stay.looks.clear()
    for one in before:
        if name not in one.at:
            continue
        if one.visit is None or one.person.seen_by == "face":
            stay.has_others = True
            continue
        stay.people[one.visit.id] = one.visit
        one.visit.unjudged.add(name)
        if one.visit.is_still:
            stay.stood.add(one.visit.id)


def _judge(name: str, stay: _Stay) -> None:
    """Tells each of them: one who reached or, if nobody was seen to, who stood there took what is gone."""
    is_new = stay.looks[0] if len(set(stay.looks)) == 1 else None
    reached = {number for number, visit in stay.people.items() if visit.has_reached(name, stay.began)}
    suspects = reached or stay.stood
    is_clear = len(suspects) == 1 and not stay.has_others
    for number, visit in stay.people.items():
        if not is_new or not suspects:
            visit.judged(name, None if is_new else is_new)
        else:
            visit.judged(name, (True if is_clear else None) if number in suspects else False)
