"""Films the drawn shop: an H.264 video, and beside it the truth of every frame and visit.

By day two customers come in, stop, look at shelves and table, and go. By night the lights are out, somebody comes in with
a torch, and later a box falls off a shelf.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from vidframe_lab.scene.night import Night
from vidframe_lab.scene.people import Clothes, Moment, Person, Pose, draw_person
from vidframe_lab.scene.portrait import astronaut_head
from vidframe_lab.scene.shop import FIELD_OF_VIEW, HEIGHT, PLACES, WIDTH, draw_table, drawn_shop

Pixels = NDArray[np.uint8]

FPS: Final = 15
DAY_SECONDS: Final = 24.0
NIGHT_SECONDS: Final = 18.0
AT_A_PLACE: Final = 1.3  # metres over the floor
STANDING: Final = 0.1  # metres a second

ALMA: Final = (
    Moment(0.5, -0.05, -7.2),
    Moment(4.5, 0.1, -3.7),
    Moment(5.0, 0.1, -3.7, "tea"),
    Moment(6.2, 0.1, -3.7, "tea", smile=1.0),
    Moment(8.2, 0.1, -3.7, "camera"),
    Moment(8.9, 0.1, -3.7, "coffee"),
    Moment(11.2, 0.1, -3.7, "honey", smile=1.0),
    Moment(13.8, 0.1, -3.7, "ahead"),
    Moment(14.2, 0.1, -3.7, "ahead"),
    Moment(15.6, 0.55, -2.4, "ahead"),
    Moment(17.0, 0.95, -1.1),
)
BEA: Final = (
    Moment(8.0, 0.1, -7.2),
    Moment(11.2, -0.4, -4.4),
    Moment(11.6, -0.4, -4.4, "coffee"),
    Moment(14.4, -0.4, -4.4, "ahead"),
    Moment(15.0, -0.4, -4.4, "ahead"),
    Moment(16.6, -0.45, -3.3, "tea"),
    Moment(19.6, -0.45, -3.3, "tea", smile=1.0),
    Moment(20.6, -0.45, -3.3, "ahead"),
    Moment(22.0, -0.6, -2.2, "ahead"),
    Moment(23.2, -0.8, -1.2),
)


@dataclass
class VisitTruth:
    """What one person did at one place by day."""

    person: str
    zone: str
    start: float | None = None  # seconds: of the person in the picture
    end: float = 0.0
    passed: bool = False
    stopped_seconds: float = 0.0
    looked_seconds: float = 0.0
    looks: int = 0
    happy_seconds: float = 0.0
    is_looking: bool = field(default=False, repr=False)

    def add(self, now: float, seconds: float, pose: Pose, is_near: bool, is_looked_at: bool) -> None:
        """Counts one frame, which shows the last `seconds`."""
        self.start = now if self.start is None else self.start
        self.end = now
        self.passed |= is_near
        self.stopped_seconds += seconds * (is_near and pose.speed < STANDING)
        self.looked_seconds += seconds * is_looked_at
        self.happy_seconds += seconds * (is_looked_at and pose.smile > 0.5)
        self.looks += is_looked_at and not self.is_looking
        self.is_looking = is_looked_at

    def as_json(self) -> dict[str, Any]:
        """As the truth file has it."""
        return {
            "person": self.person,
            "zone": self.zone,
            "start": round(self.start or 0.0, 2),
            "end": round(self.end, 2),
            "passed": self.passed,
            "stopped_seconds": round(self.stopped_seconds, 2),
            "looked_seconds": round(self.looked_seconds, 2),
            "looks": self.looks,
            "happy_seconds": round(self.happy_seconds, 2),
        }


class Film:
    """The pictures of a day, a night or both, and the truth about them once they have been drawn."""

    def __init__(self, parts: Sequence[str] = ("day", "night"), people: Sequence[Person] | None = None) -> None:
        """`parts`: of "day" and "night", in this order."""
        self.parts = tuple(parts)
        self.people = customers() if people is None and "day" in parts else list(people or ())
        self.frames: list[list[dict[str, Any]]] = []
        self.visits: dict[tuple[str, str], VisitTruth] = {}
        self.incidents: list[dict[str, Any]] = []

    def pictures(self) -> Iterator[Pixels]:
        """Every picture (BGR) in turn."""
        shop = drawn_shop()
        if "day" in self.parts:
            yield from self._day(shop)
        if "night" in self.parts:
            start = len(self.frames) / FPS
            night = Night(shop, FPS, fades=bool(self.frames))
            for picture in night.pictures(NIGHT_SECONDS):
                self.frames.append([])
                yield picture
            self.incidents = [
                {"change": change, "start": round(start + begin, 2), "end": round(start + end, 2)}
                for change, begin, end in night.incidents
            ]

    def truth(self) -> dict[str, Any]:
        """All that was to be seen, as plain JSON."""
        told = [visit.as_json() for visit in self.visits.values() if visit.passed or visit.looks]
        return {
            "fps": FPS,
            "size": [WIDTH, HEIGHT],
            "interest": interest_settings(),
            "until": DAY_SECONDS if "day" in self.parts else 0.0,
            "visits": told,
            "incidents": self.incidents,
            "frames": self.frames,
        }

    def _day(self, shop: Pixels) -> Iterator[Pixels]:
        stories = [person.poses(FPS) for person in self.people]
        grain = _Grain()
        for _ in range(round(DAY_SECONDS * FPS)):
            poses = [next(story) for story in stories]
            there = [(person, pose) for person, pose in zip(self.people, poses, strict=True) if pose is not None]
            there.sort(key=lambda pair: pair[1].eyes[2])
            picture = shop.copy()
            for person, pose in (pair for pair in there if pair[1].eyes[2] < PLACES[2].middle[2]):
                draw_person(picture, person, pose)
            draw_table(picture)
            for person, pose in (pair for pair in there if pair[1].eyes[2] >= PLACES[2].middle[2]):
                draw_person(picture, person, pose)
            self.frames.append([self._seen(person, pose) for person, pose in there])
            yield grain.on(picture)

    def _seen(self, person: Person, pose: Pose) -> dict[str, Any]:
        looked_at = pose.looked_at()
        for place in PLACES:
            visit = self.visits.setdefault((person.name, place.name), VisitTruth(person.name, place.name))
            if pose.is_in_picture:
                visit.add(
                    len(self.frames) / FPS, 1 / FPS, pose, pose.distance_to(place) <= AT_A_PLACE, looked_at is place
                )
        return {
            "person": person.name,
            "face": [round(value, 1) for value in pose.face],
            "in_picture": pose.is_in_picture,
            "position": [round(value, 3) for value in pose.eyes],
            "yaw": round(pose.yaw, 2),
            "pitch": round(pose.pitch, 2),
            "zone": looked_at.name if looked_at else None,
            "smile": round(pose.smile, 2),
        }


def interest_settings(*, in_space: bool = True) -> dict[str, Any]:
    """Settings of the `interest` step for this shop, as plain JSON; `in_space`: zones have distances."""
    zones = [place.zone(with_distances=in_space).model_dump(exclude_none=True, mode="json") for place in PLACES]
    settings: dict[str, Any] = {"zones": zones, "reach": 9.0}
    return settings | ({"field_of_view": FIELD_OF_VIEW} if in_space else {})


def customers() -> list[Person]:
    """The two people of the day."""
    head = astronaut_head()
    return [
        Person("alma", head, Clothes((60, 110, 205), (110, 80, 60)), ALMA),
        Person("bea", head.mirrored((0.62, 0.68, 0.74)), Clothes((150, 110, 50), (70, 70, 75), (115, 140, 180)), BEA),
    ]


def write_film(folder: Path, film: Film, name: str = "shop") -> tuple[Path, Path]:
    """Writes NAME.mp4 and NAME.json; returns both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    video, truth = folder / f"{name}.mp4", folder / f"{name}.json"
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "20", "preset": "veryfast", "g": "30"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for picture in film.pictures():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    truth.write_text(json.dumps(film.truth(), indent=1))
    return video, truth


class _Grain:
    """A sensor's noise: one field, shifted at random, since new noise for every picture costs more than all the rest."""

    def __init__(self, level: float = 2.0) -> None:
        self._rng = np.random.default_rng(5)
        self._field = self._rng.normal(0, level, (HEIGHT, WIDTH)).astype(np.int16)

    def on(self, picture: Pixels) -> Pixels:
        shifted = np.roll(self._field, self._rng.integers(0, WIDTH, 2), axis=(0, 1))
        return np.asarray(np.clip(picture + shifted[..., None], 0, 255), np.uint8)
