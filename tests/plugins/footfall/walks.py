"""Made walks with a known truth, as a camera of 1280 x 720 tells them: boxes that jitter, and people who are lost.

Coordinates are pixels. The horizon is the upper edge, and a body in the middle is 160 pixels high: those who come
nearer grow. A walk of 1.2 m/s is about 115 pixels a second there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from vidframe_footfall.places import AreaPlace, LinePlace
from vidframe_footfall.plugin import Footfall

from vidframe import Box, Event, Frame, Person
from vidframe.testing import make_camera, make_frame, run_plugin

HEIGHT = 200.0  # of a body whose feet are at y = 450
NOTHING = np.zeros((720, 1280), np.uint8)

Point = tuple[float, float]


@dataclass
class Conditions:
    """How badly people are seen."""

    fps: float = 10.0
    jitter: float = 0.02  # of each frame, and as much again that lasts for half a second; shares of the height
    losses: float = 0.0  # a second and person, each of 0.3 to 2 s and under the same number afterwards
    hidden: float = 0.0  # a second and person: legs hidden for 0.5 to 4 s, 20 to 45 % of the height


@dataclass
class Walk:
    """A path of straight parts; (seconds, x, y) of the feet, the first and the last where the person comes and goes."""

    path: list[tuple[float, float, float]]
    entries: int = 0  # in truth
    exits: int = 0

    def at(self, seconds: float) -> Point | None:
        """Where the person is; None before and after."""
        times, xs, ys = zip(*self.path, strict=True)
        if not times[0] <= seconds <= times[-1]:
            return None
        return float(np.interp(seconds, times, xs)), float(np.interp(seconds, times, ys))


class Eye:
    """How one person is seen: a box about the true place, with jitter and losses."""

    def __init__(self, conditions: Conditions, rng: random.Random) -> None:
        self._conditions, self._rng = conditions, rng
        self._drift = [0.0, 0.0, 0.0]
        self._lost_until = self._hidden_until = -1.0
        self._hidden = 0.0  # share of the height

    def box(self, point: Point, seconds: float) -> Box | None:
        """None while the person is lost."""
        fps, rng = self._conditions.fps, self._rng
        keep = 1 - min(1.0, 2.0 / fps)
        x, y = point
        height, sigma = HEIGHT * y / 450, self._conditions.jitter
        self._drift = [keep * d + (1 - keep**2) ** 0.5 * rng.gauss(0, sigma) for d in self._drift]
        if seconds > self._lost_until and rng.random() < self._conditions.losses / fps:
            self._lost_until = seconds + rng.uniform(0.3, 2.0)
        if seconds <= self._lost_until:
            return None
        dx, dy, dh = (height * (drift + rng.gauss(0, sigma)) for drift in self._drift)
        whole, width = height + 2 * dh, 0.4 * height + dh
        return Box(x + dx - width / 2, y + dy - whole, width, whole * (1 - self._hidden_share(seconds)))

    def _hidden_share(self, seconds: float) -> float:
        if seconds > self._hidden_until and self._rng.random() < self._conditions.hidden / self._conditions.fps:
            self._hidden_until, self._hidden = seconds + self._rng.uniform(0.5, 4), self._rng.uniform(0.2, 0.45)
        return self._hidden if seconds <= self._hidden_until else 0.0


def film_of(walks: list[Walk], conditions: Conditions, seed: int) -> Iterator[Frame]:
    """The frames of all walks."""
    rng, camera = random.Random(seed), make_camera()
    eyes = [Eye(conditions, rng) for _ in walks]
    end = max(walk.path[-1][0] for walk in walks)
    for index in range(int((end + 5) * conditions.fps)):
        seconds = index / conditions.fps
        people = []
        for track, (walk, eye) in enumerate(zip(walks, eyes, strict=True), start=1):
            point = walk.at(seconds)
            box = None if point is None else eye.box(point, seconds)
            if box is not None:
                people.append(Person(box, track=track))
        yield make_frame(NOTHING, camera=camera, index=index, seconds=seconds, people=people)


# --- lines ---

LINES = {
    "level": {"name": "level", "from": (400, 400), "to": (900, 400), "inside": "below"},
    "upright": {"name": "upright", "from": (640, 250), "to": (640, 650), "inside": "right"},
    "slanted": {"name": "slanted", "from": (450, 250), "to": (850, 600), "inside": "left"},
}


@dataclass
class Around:
    """Places about a line: `along` 0..1 from end to end, `beyond` in pixels to the inside."""

    start: Point
    end: Point
    inside: Point  # unit vector

    @classmethod
    def of(cls, name: str) -> Around:
        """Of a line of LINES."""
        line = LinePlace.model_validate(LINES[name]).line(1280, 720)
        (x1, y1), (x2, y2) = line.start, line.end
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        return cls((x1, y1), (x2, y2), (-(y2 - y1) / length, (x2 - x1) / length))

    def at(self, along: float, beyond: float) -> Point:
        """In pixels of the frame."""
        (x1, y1), (x2, y2), (nx, ny) = self.start, self.end, self.inside
        return x1 + along * (x2 - x1) + beyond * nx, y1 + along * (y2 - y1) + beyond * ny


def crossing_walks(name: str, count: int, seed: int) -> list[Walk]:
    """Walks about a line: across it, up to it and back, lingering on it, over and back, along it, around its ends."""
    rng, around, walks = random.Random(seed), Around.of(name), []
    for number in range(count):
        begin, way, crossed = 4.0 * number, rng.choice((-1, 1)), list[int]()
        along, on, other = rng.uniform(0.2, 0.8), rng.uniform(0.3, 0.7), rng.uniform(0.2, 0.8)
        far = rng.uniform(150, 300) * way
        match rng.choice(("across", "across", "across", "turns", "lingers", "comes back", "along", "around")):
            case "across":
                stops, crossed = [(along, -far, 0.0), (other, far, 0.0)], [way]
            case "turns":
                stops = [(along, -far, 0.0), (on, -far / 50, rng.uniform(0, 8)), (other, -far, 0.0)]
            case "lingers":
                goes_on = rng.random() < 0.5
                stops = [(along, -far, 0.0), (on, 0.0, rng.uniform(3, 15)), (other, far if goes_on else -far, 0.0)]
                crossed = [way] if goes_on else []
            case "comes back":
                stops, crossed = [(along, -far, 0.0), (on, far, rng.uniform(0, 5)), (other, -far, 0.0)], [way, -way]
            case "along":
                stops = [(0.1, far / 2, 0.0), (0.9, far / 2, 0.0)]
            case _:
                stops = [(along, -far, 0.0), (1.4, -far, 0.0), (1.4, far, 0.0), (along, far, 0.0)]
        path = _timed([(*around.at(a, b), wait) for a, b, wait in stops], begin, rng.uniform(60, 180))
        walks.append(Walk(path, entries=crossed.count(1), exits=crossed.count(-1)))
    return walks


def _timed(stops: list[tuple[float, float, float]], begin: float, speed: float) -> list[tuple[float, float, float]]:
    """A path through stops (x, y, seconds of waiting there) at a speed in pixels a second."""
    path = [(begin, stops[0][0], stops[0][1])]
    for x, y, wait in stops[1:]:
        seconds, x0, y0 = path[-1]
        seconds += ((x - x0) ** 2 + (y - y0) ** 2) ** 0.5 / speed
        path.append((seconds, x, y))
        if wait:
            path.append((seconds + wait, x, y))
    return path


@dataclass
class LineResult:
    """Crossings in truth and as told."""

    entries: int = 0
    exits: int = 0
    told_entries: int = 0
    told_exits: int = 0

    @property
    def error(self) -> float:
        """Of both directions, as a share of the truth."""
        wrong = abs(self.told_entries - self.entries) + abs(self.told_exits - self.exits)
        return wrong / (self.entries + self.exits)


def count_crossings(conditions: Conditions, count: int = 100, seed: int = 0) -> LineResult:
    """The crossings of all lines."""
    result = LineResult()
    for number, name in enumerate(LINES):
        walks = crossing_walks(name, count, seed + number)
        step = Footfall(lines=(LinePlace.model_validate(LINES[name]),))
        events = run_plugin(step, film_of(walks, conditions, seed + number))
        lines = [line for event in events if event.kind == "footfall.lines" for line in event.facts["lines"]]
        result.entries += sum(walk.entries for walk in walks)
        result.exits += sum(walk.exits for walk in walks)
        result.told_entries += sum(line["entries"] for line in lines)
        result.told_exits += sum(line["exits"] for line in lines)
    return result


# --- queues ---

QUEUE = AreaPlace(name="till", kind="queue", polygon=[(300, 350), (1000, 350), (1000, 500), (300, 500)], limit=4)
TAIL, SPACE = 340.0, 90.0  # where the last place of the queue is, and pixels between two places
PLACES = 7


@dataclass
class QueueTruth:
    """A queue that was made: its walks, and who waits when."""

    walks: list[Walk] = field(default_factory=list)
    waits: list[tuple[float, float]] = field(default_factory=list)  # from reaching a place until going away

    def length(self, seconds: float) -> int:
        """People who wait."""
        return sum(start <= seconds < end for start, end in self.waits)


def made_queue(minutes: float, seed: int) -> QueueTruth:
    """People who join a queue, move up, are served and go; others walk through its area all the time."""
    rng, truth = random.Random(seed), QueueTruth()
    free, now = 0.0, 0.0  # when the till is free
    leaving: list[float] = []  # of those before
    while now < 60 * minutes:
        now += rng.expovariate(1 / 14)
        before = [end for end in leaving if end > now]
        if len(before) < PLACES - 1:
            free = max(free, now + 4) + rng.uniform(6, 20)
            leaving.append(free)
            truth.walks.append(_customer(now, [end for end in before if end > now + 2], free, rng))
            truth.waits.append((truth.walks[-1].path[1][0], free))
    for begin in np.arange(3.0, 60 * minutes, 7.0):
        x, speed = rng.uniform(350, 950), rng.uniform(60, 180)
        truth.walks.append(Walk(_timed([(x, 200, 0), (x + rng.uniform(-80, 80), 650, 0)], float(begin), speed)))
    return truth


def _customer(begin: float, before: list[float], end: float, rng: random.Random) -> Walk:
    """Comes to the end of the queue, moves up a second after each of those before has gone, goes at `end`."""
    y = rng.uniform(410, 440)
    places = [950 - SPACE * number for number in range(len(before), -1, -1)]
    path = [(begin, places[0] - 100, 600.0), (begin + 2, places[0], y)]
    for gone, old, new in zip(sorted(before), places, places[1:], strict=False):
        start = max(gone + rng.uniform(0.5, 1.5), path[-1][0] + 0.1)
        path += [(start, old, y), (start + 1.0, new, y)]
    end = max(end, path[-1][0] + 0.5)
    return Walk([*path, (end, 950.0, y), (end + 3, 1200.0, y)])


@dataclass
class QueueResult:
    """How far the length of a queue is off, each second, and the waiting times."""

    within_one: float  # share of the seconds
    exact: float
    people: int  # who waited, in truth
    told_people: int
    mean_wait: float
    told_mean_wait: float


def watch_queue(conditions: Conditions, minutes: float = 15.0, seed: int = 0) -> QueueResult:
    """The length of a made queue, by an event each second."""
    truth = made_queue(minutes, seed)
    step = Footfall(areas=(QUEUE,), update_every=1.0)
    events = run_plugin(step, film_of(truth.walks, conditions, seed))
    told = {round(_end(event)): event.facts["areas"][0] for event in events if event.kind == "footfall.areas"}
    off = [abs(told.get(s, {"now": 0})["now"] - truth.length(s)) for s in range(1, int(60 * minutes))]
    stays = [(area["stays"], area["mean_stay"]) for area in told.values() if area["stays"]]
    people = sum(count for count, _ in stays)
    waits = [end - start for start, end in truth.waits]
    return QueueResult(
        within_one=sum(each <= 1 for each in off) / len(off),
        exact=sum(each == 0 for each in off) / len(off),
        people=len(waits),
        told_people=people,
        mean_wait=sum(waits) / len(waits),
        told_mean_wait=sum(count * mean for count, mean in stays) / max(people, 1),
    )


def _end(event: Event) -> float:
    from datetime import datetime

    end: Any = event.facts["end"]
    return datetime.fromisoformat(end).timestamp() - make_camera().utc(0).timestamp()
