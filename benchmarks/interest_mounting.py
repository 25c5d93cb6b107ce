"""Who is within reach of a shelf, by cameras that hang high and look down, when every place is known.

    python benchmarks/interest_mounting.py [--people 400] [--json]

No picture is drawn: shelf fronts, heads and bodies at random places are projected exactly, as a camera of 1280x720 with a
horizontal field of view of 80 degrees sees them. Shelves are 1 m wide, turned at random, low (0.2 to 0.9 m) or high (1.2 to 1.9 m), with the
right distance of each corner. People stand 0 to 1.5 m away over the floor, and are within reach up to 0.45 m. A head is a ball of 15 cm
(13 cm of a child) at 1.62 m (1.1 m); a body is upright, 0.45 m wide at the shoulders (0.31 m), with shoes of 10 cm to
each side of its middle. Bodies are measured without their faces. Noise is an assumption: standard deviations of 5 % on the size of a person's
face, 4 % on each face box, and 4 % of a body box's size on each of its edges.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from vidframe_gaze.facing import Facing
from vidframe_gaze.floor import FACE_METRES
from vidframe_gaze.zones import Zone

from vidframe import Box, Face, Person
from vidframe.geometry import Mounting

Points = NDArray[np.float64]

SIZE = (1280, 720)
FIELD_OF_VIEW = 80.0
REACH = 0.45  # metres
MOUNTINGS = ((1.7, 0), (2.4, 20), (2.8, 30), (3.0, 45), (3.5, 20), (3.5, 45), (3.5, 60))
SHELVES = {"low": (0.2, 0.9), "high": (1.2, 1.9)}
BENT = 0.65
EDGE = 6.0  # pixels: nearer to the picture's edge nothing counts as seen


@dataclass(frozen=True)
class Kind:
    """People of one size, metres."""

    head: float  # above the floor, the middle of the face
    face: float
    stature: float
    shoulders: float


ADULT, CHILD = Kind(1.62, 0.15, 1.74, 0.45), Kind(1.1, 0.13, 1.2, 0.31)


@dataclass(frozen=True)
class Case:
    """A shelf, and somebody near it."""

    zone: Zone
    person: Person | None  # the body without its face; None where not all of it is in the picture
    half: Person | None  # the same, with the legs hidden
    face: Face
    metres: float  # over the floor between them


Near = Callable[[Facing, Case], bool]


def by_head(facing: Facing, case: Case) -> bool:
    """As `interest` takes somebody of whom the face alone is seen."""
    return bool(facing.near(case.face, REACH / FACE_METRES))


def by_body(facing: Facing, case: Case) -> bool:
    """As `interest` takes somebody whose body is seen."""
    assert case.person is not None
    return facing.metres(case.person)[case.zone.name] <= REACH


def by_half(facing: Facing, case: Case) -> bool:
    """The same, of somebody who is hidden below the waist."""
    assert case.half is not None
    return facing.metres(case.half)[case.zone.name] <= REACH


def by_bent(facing: Facing, case: Case) -> bool:
    """The same, of somebody who bends down to BENT of his height and is broader for it."""
    assert case.person is not None
    box = case.person.box
    bent = Box(box.x - 0.15 * box.width, box.y + (1 - BENT) * box.height, 1.3 * box.width, BENT * box.height)
    return facing.metres(replace(case.person, box=bent)).get(case.zone.name, np.inf) <= REACH


def measure(
    mounting: Mounting, shelf: str, kind: Kind, near: Near, people: int, *, noise: float = 1.0, mounted: bool = True
) -> tuple[float, float]:
    """Recall and precision of "within reach". Without `mounted` the plugin does not know how the camera hangs."""
    told = []
    for case in cases(mounting, shelf, kind, people, noise, needs_body=near is not by_head):
        facing = Facing([case.zone], SIZE, FIELD_OF_VIEW, mounting if mounted else None)
        told.append((near(facing, case), case.metres <= REACH))
    both = sum(said and true for said, true in told)
    return both / max(sum(true for _, true in told), 1), both / max(sum(said for said, _ in told), 1)


def cases(mounting: Mounting, shelf: str, kind: Kind, people: int, noise: float, *, needs_body: bool) -> Iterator[Case]:
    """So many people of whom enough is in the picture, the same at each call."""
    rng, found = np.random.default_rng(7), 0
    for _ in range(2000 * people):
        case = _case(mounting, SHELVES[shelf], kind, noise, rng)
        if case is not None and (case.person is not None or not needs_body):
            found += 1
            yield case
        if found == people:
            return
    raise ValueError(f"{mounting} hardly shows a {shelf} shelf and somebody before it together")


def _case(
    mounting: Mounting, shelf: tuple[float, float], kind: Kind, noise: float, rng: np.random.Generator
) -> Case | None:
    x, z, turn = rng.uniform(-3, 3), rng.uniform(0, 6), rng.uniform(0, np.pi)
    along = 0.5 * np.array([np.cos(turn), np.sin(turn)])
    start, end = np.array([x, z]) - along, np.array([x, z]) + along
    corners = np.array([[*(start, end)[side], shelf[level]] for side, level in ((0, 1), (1, 1), (1, 0), (0, 0))])
    corners = corners[:, [0, 2, 1]]
    # On either side of the front: shelves are thin here, so that errors to both sides count.
    place = np.array([x, z]) + rng.uniform(-0.6, 0.6) * along * 2 + rng.uniform(-1.5, 1.5) * 2 * along[::-1] * (-1, 1)
    outline = _pixels(mounting, corners)
    metres = _from_segment(place, start, end)
    if outline is None or not _is_seen(outline) or metres > 1.5:
        return None
    face = _ball(mounting, (place[0], kind.head, place[1]), kind.face / 2)
    if face is None or not _is_seen(_corners(face)):
        return None
    pixels = [(float(px), float(py)) for px, py in outline]
    distances = [float(np.linalg.norm(corner - (0, mounting.height, 0))) for corner in corners]
    zone = Zone(name="shelf", polygon=pixels, distance=distances)
    grown = np.exp(noise * rng.normal(0, (0.05, 0.04))).prod()
    seen = Face(_shaken(face.grown(float(grown)), 0.02 * noise, rng), track=1)
    body = _body(mounting, place, kind)
    if body is None or not _is_seen(body):
        return Case(zone, None, None, seen, metres)
    waist = len(body) // 4
    whole, half = (Person(_shaken(_bounds(part), 0.04 * noise, rng), track=1) for part in (body, body[waist:]))
    return Case(zone, whole, half, seen, metres)


def _body(mounting: Mounting, place: Points, kind: Kind) -> Points | None:
    """Pixels of somebody upright: a ring of the shoes, one of the waist, one of the shoulders, one of the crown."""
    rings = ((0.0, 0.1), (0.55 * kind.stature, 0.1), (0.8 * kind.stature, kind.shoulders / 2), (kind.stature, 0.08))
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    points = [
        (place[0] + radius * np.cos(angle), height, place[1] + radius * np.sin(angle))
        for height, radius in rings
        for angle in angles
    ]
    return _pixels(mounting, np.array(points))


def _ball(mounting: Mounting, middle: tuple[float, float, float], radius: float) -> Box | None:
    """The box of a head as a picture shows it."""
    steps = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    round_it = [(np.cos(a) * np.cos(b), np.sin(b), np.sin(a) * np.cos(b)) for a in steps for b in steps]
    pixels = _pixels(mounting, np.array(middle) + radius * np.array(round_it))
    return None if pixels is None else _bounds(pixels)


def _pixels(mounting: Mounting, points: Points) -> Points | None:
    seen = [mounting.picture(x, y, z, SIZE) for x, y, z in points.tolist()]
    return None if None in seen else np.array(seen, np.float64)


def _bounds(pixels: Points) -> Box:
    (left, top), (right, bottom) = pixels.min(axis=0).tolist(), pixels.max(axis=0).tolist()
    return Box(left, top, right - left, bottom - top)


def _corners(box: Box) -> Points:
    return np.array([(box.x, box.y), (box.x + box.width, box.y + box.height)])


def _shaken(box: Box, sigma: float, rng: np.random.Generator) -> Box:
    """Each edge moved by a part of the box's size."""
    left, right = sigma * box.width * rng.normal(size=2)
    top, bottom = sigma * box.height * rng.normal(size=2)
    return Box(box.x + left, box.y + top, box.width - left + right, box.height - top + bottom)


def _is_seen(pixels: Points) -> bool:
    return bool((pixels > EDGE).all() and (pixels < np.array(SIZE) - EDGE).all())


def _from_segment(place: Points, start: Points, end: Points) -> float:
    part = np.clip((place - start) @ (end - start) / ((end - start) @ (end - start)), 0, 1)
    return float(np.linalg.norm(place - start - part * (end - start)))


WAYS: dict[str, tuple[Kind, Near, bool, float]] = {
    "mounting not given, heads": (ADULT, by_head, False, 0.0),
    "heads": (ADULT, by_head, True, 0.0),
    "heads, noise": (ADULT, by_head, True, 1.0),
    "children's heads": (CHILD, by_head, True, 0.0),
    "children's heads, noise": (CHILD, by_head, True, 1.0),
    "bodies": (ADULT, by_body, True, 0.0),
    "bodies, noise": (ADULT, by_body, True, 1.0),
    "children's bodies, noise": (CHILD, by_body, True, 1.0),
    "legs hidden, noise": (ADULT, by_half, True, 1.0),
    "bent, noise": (ADULT, by_bent, True, 1.0),
}


def main() -> None:
    """Prints recall / precision of each way for each mounting and shelf."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = {
        f"{height:g} m, {tilt} deg, {shelf}": {
            way: _told(Mounting(height, tilt, FIELD_OF_VIEW), shelf, *setting, options.people)
            for way, setting in WAYS.items()
        }
        for height, tilt in MOUNTINGS
        for shelf in SHELVES
    }
    print(json.dumps(rows)) if options.json else _print(rows)


def _told(
    mounting: Mounting, shelf: str, kind: Kind, near: Near, mounted: bool, noise: float, people: int
) -> tuple[float, float] | None:
    try:
        return measure(mounting, shelf, kind, near, people, noise=noise, mounted=mounted)
    except ValueError:
        return None  # too steep to see both


def _print(rows: dict[str, dict[str, tuple[float, float] | None]]) -> None:
    table = Table("", *WAYS)
    for name, row in rows.items():
        table.add_row(name, *("-" if told is None else f"{told[0]:.2f} / {told[1]:.2f}" for told in row.values()))
    Console(width=180).print(table)


if __name__ == "__main__":
    main()
