"""Tells which zones and products the customers of one camera pass, stop at and look at, and with what expression."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from statistics import median
from typing import Annotated, Any, ClassVar

from pydantic import Field

from vidframe import Camera, Canvas, Event, Frame, Person, Seconds, hookimpl
from vidframe_gaze.facing import check_known
from vidframe_gaze.looking import Habits
from vidframe_gaze.mood import Mood
from vidframe_gaze.pictures import Pictures
from vidframe_gaze.places import Places
from vidframe_gaze.shelves import Present, Shelves
from vidframe_gaze.telling import Teller
from vidframe_gaze.visitors import Visitors
from vidframe_gaze.visits import Glimpse, Visit
from vidframe_gaze.zones import Zone

log = logging.getLogger(__name__)

TURNED_ABOVE, AVERTED_BELOW = 0.5, 0.1  # probability that a body is turned to a zone
GREY, DARK, FACED = (170, 170, 170), (90, 90, 90), (255, 160, 0)


class Interest:
    """Reports `interest` for each visitor and zone, and `mood` for service zones. Keeps no picture and no identity."""

    needs = ("people", "faces.head_pose?", "faces.expression?", "people.facing?")
    renamed: ClassVar = {"gone_after": "lost_after", "tell_every": "update_every"}

    def __init__(
        self,
        zones: Annotated[list[Zone], Field(min_length=1, description="what can be looked at, counters, staff areas")],
        field_of_view: Annotated[
            float | None, Field(gt=1, lt=179, description="horizontal, in degrees; for zones with distances")
        ] = None,
        reach: Annotated[
            float, Field(ge=0, description="face widths of 15 cm beside a zone that count as passing it")
        ] = 3.0,
        look_above: Annotated[
            float, Field(gt=0, le=1, description="probability of a zone from which a look at it begins")
        ] = 0.5,
        still_for: Annotated[Seconds, Field(gt=0, description="standing that counts as a stop")] = 1.0,
        lost_after: Annotated[Seconds, Field(gt=0, description="a visitor unseen for this long has left")] = 3.0,
        update_every: Annotated[
            Seconds, Field(ge=1, description="time between two events of a long visit, and of a mood")
        ] = 60.0,
        staff_after: Annotated[
            Seconds | None, Field(ge=60, description="whoever is in view for longer is staff; without it: nobody")
        ] = None,
    ) -> None:
        self.zones = zones
        self.field_of_view = field_of_view
        self.reach = reach
        self.lost_after = lost_after
        self.update_every = update_every
        self.staff_after = staff_after
        self.habits = Habits(look_above=look_above, look_below=0.6 * look_above, still_for=still_for)
        self._check_zones()
        self._camera: Camera | None = None
        self._places: Places | None = None
        self._shelves: Shelves | None = None
        self._pictures = Pictures("")
        self._visitors = Visitors(self.habits, lost_after)
        self._teller = Teller(zones, self._report_visit)
        self._moods = {zone.name: Mood() for zone in zones if zone.kind == "service"}
        self._faced: dict[str, float] = {}  # zone -> how probably somebody is turned to it in this frame
        self._heights: list[float] = []  # of the bodies in this frame, pixels

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        check_known(self.zones, self.field_of_view, camera.mounting)
        self._camera = camera
        self._pictures = Pictures(camera.name)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        places, shelves = self._placed(frame)
        for visit in self._visitors.left(frame.seconds):
            self._end(visit, places)
        self._faced = {}
        present = [self._follow(person, frame, places) for person in frame.people if not places.is_ignored(person)]
        self._heights = [one.person.box.height for one in present if one.person.seen_by == "body"]
        shelves.watch(frame, present)
        self._report_what_is_due(frame.seconds)

    @hookimpl
    def draw(self, canvas: Canvas) -> None:
        if self._places is None:
            return
        for zone, corners in self._places.outlines:
            faced = self._faced.get(zone.name, 0.0)
            label = f"{zone.name} {faced:.0%}" if faced >= 0.1 else zone.name
            canvas.polygon(corners.tolist(), label, _mixed(faced))
            floor = (
                self._places.floor(zone, median(self._heights)) if zone.kind == "product" and self._heights else None
            )
            if floor is not None:
                canvas.polygon(floor.tolist(), colour=DARK)

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if event.kind in ("mode.changed", "camera.closing"):
            self._report_all()

    @hookimpl
    def close_camera(self) -> None:
        self._report_all()

    def _check_zones(self) -> None:
        twice = [name for name, count in Counter(zone.name for zone in self.zones).items() if count > 1]
        if twice:
            raise ValueError(f"zone {twice[0]!r} is defined twice; each zone needs a name of its own")

    def _placed(self, frame: Frame) -> tuple[Places, Shelves]:
        """Sets the zones into the picture, whose size is known from the first frame on."""
        size = frame.width, frame.height
        if self._places is None or self._shelves is None or self._places.size != size:
            self._places = Places(self.zones, size, self.field_of_view, self.reach, frame.camera.mounting)
            self._shelves = Shelves(self._places.outlines, size)
            for warning in self._places.warnings():
                log.warning("camera %s: %s", frame.camera.name, warning)
        return self._places, self._shelves

    # --- following people ---

    def _follow(self, person: Person, frame: Frame, places: Places) -> Present:
        """Takes what one frame shows of one person."""
        track, now = person.track, frame.seconds
        if track is None or self._pictures.holds(person, track, now):
            return Present(person, None, places.at(person))
        among_staff = places.among_staff(person)
        visit = self._visitors.of(person, track, now, {other.track for other in frame.people})
        visit = visit or self._visitors.begin(person, track, now, is_staff=among_staff)
        if self.staff_after is not None and not visit.is_staff and now - visit.began > self.staff_after:
            self._withdraw(visit)
        at = places.at(person)
        if visit.is_staff or among_staff:
            visit.seen_again(person, now)
            return Present(person, None, at)
        expression = visit.expression_at(now, person)
        for name in places.at_service(person):
            self._moods[name].add(visit, now, min(now - visit.seen, self.habits.look_pause), expression)
        looked = places.facing.probabilities(person.face) if person.face else {}
        self._faced |= {name: max(share, self._faced.get(name, 0.0)) for name, share in looked.items()}
        turned = places.turned(person, at)
        visit.update(person, now, places.size, Glimpse(at, looked, _turned(person, turned), expression))
        return Present(person, visit, at, frozenset(name for name, share in turned.items() if share < AVERTED_BELOW))

    def _withdraw(self, visit: Visit) -> None:
        """Takes somebody who stays longer than customers do for staff, from now on and in what was not told yet."""
        visit.is_staff = True
        for mood in self._moods.values():
            mood.without(visit)
        self._teller.withdraw(visit)

    def _end(self, visit: Visit, places: Places) -> None:
        for mood in self._moods.values():
            mood.over(visit, vanished=not places.touches_the_edge(visit.box))
        self._teller.tell(visit, final=True)

    # --- telling ---

    def _report_what_is_due(self, now: float) -> None:
        for visit in self._visitors:
            if now - visit.told >= self.update_every:
                self._teller.tell(visit, final=False)
                visit.told = now
        for name, mood in self._moods.items():
            if mood.is_due(now, self.update_every):
                self._report_mood(name, mood)

    def _report_all(self) -> None:
        for visit in self._visitors.end_all():
            self._teller.tell(visit, final=True)
        for name, mood in self._moods.items():
            self._report_mood(name, mood)

    def _report_mood(self, name: str, mood: Mood) -> None:
        mood.told(lambda start, end, **facts: self._report("interest.mood", start, end, zone=name, **facts))

    def _report_visit(self, start: float, end: float, **facts: Any) -> None:
        self._report("interest.visit", start, end, **facts)

    def _report(self, kind: str, start: float, end: float, **facts: Any) -> None:
        if self._camera is not None:
            self._camera.report(kind, start=self._camera.utc(start), end=self._camera.utc(end), **facts)


def _turned(person: Person, shares: Mapping[str, float]) -> set[str]:
    """Zones that a body is turned to, where its head does not tell more."""
    is_known = person.face is not None and person.face.head_pose is not None
    return set() if is_known else {name for name, share in shares.items() if share >= TURNED_ABOVE}


def _mixed(faced: float) -> tuple[int, int, int]:
    """Grey, and the colour of head directions as far as somebody is turned to a zone."""
    red, green, blue = (round(plain + (full - plain) * faced) for plain, full in zip(GREY, FACED, strict=True))
    return red, green, blue
