"""Which of the people found in a frame are which of the people labelled in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vidframe import Box, Detection, Person
from vidframe_lab.people.labels import FrameLabel, PersonLabel, as_box

OVERLAP = 0.5  # intersection over union from which a body is that of a labelled person
INSIDE = 0.7  # part of a face's box that lies in the labelled person
IGNORED_INSIDE, IGNORED_OVERLAP = 0.5, 0.3  # from which what is found belongs to an area that is ignored


@dataclass(frozen=True)
class Found:
    """One person that was found in a frame."""

    box: Box
    score: float
    seen_by: Literal["body", "face"] = "body"
    track: int | None = None
    facing: float | None = None  # yaw in degrees: 0 to the camera, 90 right, 180 away


@dataclass(frozen=True)
class Matched:
    """One labelled frame: of each labelled person who was found there, and how many were found where nobody is."""

    label: FrameLabel
    people: tuple[tuple[PersonLabel, Found | None], ...]
    false: int


def found_people(people: Sequence[Person]) -> list[Found]:
    """What a step left on a frame."""
    return [Found(each.box, each.score, each.seen_by, each.track, each.facing and each.facing[0]) for each in people]


def found_by_detector(detections: Sequence[Detection]) -> list[Found]:
    """What a detector says of one image."""
    return [Found(each.box, each.score) for each in detections if each.label == "person"]


def matched(label: FrameLabel, found: Sequence[Found]) -> Matched:
    """Pairs bodies with labels by their overlap, surest first, then faces with the labels that are left.

    What matches nobody is false, unless it lies on an ignored area.
    """
    left = dict(enumerate(label.people))
    pairs: dict[int, Found] = {}
    false = 0
    for one in sorted(found, key=lambda each: (each.seen_by, -each.score)):
        place = _best(one, left)
        if place is not None:
            pairs[place] = one
            del left[place]
        elif not any(_is_ignored(one.box, as_box(area)) for area in label.ignore):
            false += 1
    return Matched(label, tuple((person, pairs.get(place)) for place, person in enumerate(label.people)), false)


def _best(found: Found, left: dict[int, PersonLabel]) -> int | None:
    least = OVERLAP if found.seen_by == "body" else INSIDE
    fits = {
        place: found.box.overlap(box) if found.seen_by == "body" else inside(found.box, box)
        for place, box in ((place, as_box(person.box)) for place, person in left.items())
    }
    best = max(fits, key=fits.__getitem__, default=None)
    return best if best is not None and fits[best] >= least else None


def _is_ignored(box: Box, area: Box) -> bool:
    return inside(box, area) > IGNORED_INSIDE or box.overlap(area) > IGNORED_OVERLAP


def inside(box: Box, area: Box) -> float:
    """Part of a box that lies in an area, 0..1."""
    width = min(box.x + box.width, area.x + area.width) - max(box.x, area.x)
    height = min(box.y + box.height, area.y + area.height) - max(box.y, area.y)
    return max(0.0, width) * max(0.0, height) / box.area if box.area > 0 else 0.0
