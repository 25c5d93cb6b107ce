"""Tells which zones and products the customers of one camera pass, stop at and look at, and with what expression."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Annotated, Any, ClassVar

from pydantic import Field

from vidframe import Camera, Canvas, Event, Face, Frame, Seconds, hookimpl
from vidframe.geometry import is_inside
from vidframe_gaze.facing import NARROW, Facing, check_known
from vidframe_gaze.mood import Mood
from vidframe_gaze.visits import Habits, Tally, Visit
from vidframe_gaze.zones import Corners, Zone, in_pixels

log = logging.getLogger(__name__)

GREY, FACED = (170, 170, 170), (255, 160, 0)

Polygons = list[tuple[Zone, Corners]]


class Interest:
    """Reports `interest` for each visitor and zone, and `mood` for service zones. Keeps no picture and no identity."""

    needs = ("faces", "faces.head_pose?", "faces.expression?")
    renamed: ClassVar = {"gone_after": "lost_after", "tell_every": "update_every"}

    def __init__(
        self,
        zones: Annotated[list[Zone], Field(min_length=1, description="what can be looked at, counters, staff areas")],
        field_of_view: Annotated[
            float | None, Field(gt=1, lt=179, description="horizontal, in degrees; for zones with distances")
        ] = None,
        reach: Annotated[
            float, Field(ge=0, description="face widths (15 cm) beside a zone that count as passing it")
        ] = 3.0,
        look_above: Annotated[
            float, Field(gt=0, le=1, description="probability of a zone from which a look at it begins")
        ] = 0.5,
        still_for: Annotated[Seconds, Field(gt=0, description="standing that counts as a stop")] = 1.0,
        lost_after: Annotated[Seconds, Field(gt=0, description="a visitor unseen for this long has left")] = 3.0,
        update_every: Annotated[
            Seconds, Field(ge=1, description="time between two events of a long visit, and of a mood")
        ] = 60.0,
    ) -> None:
        self.zones = zones
        self.field_of_view = field_of_view
        self.reach = reach
        self.lost_after = lost_after
        self.update_every = update_every
        self.habits = Habits(look_above=look_above, look_below=0.6 * look_above, still_for=still_for)
        self._check_zones()
        self._camera: Camera | None = None
        self._facing: Facing | None = None
        self._staff: Polygons = []
        self._service: Polygons = []
        self._drawn: list[tuple[Zone, list[list[int]]]] = []  # corners in pixels
        self._visits: dict[int, Visit] = {}
        self._faced: dict[str, float] = {}  # zone -> how probably somebody is turned to it in this frame
        self._moods: dict[str, Mood] = {}

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        check_known(self.zones, self.field_of_view, camera.mounting)
        self._camera = camera

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        if self._facing is None or self._facing.size != (frame.width, frame.height):
            self._facing = self._placed(frame)
        self._end_visits(frame.seconds)
        self._faced = {}
        for face in frame.faces:
            if face.track is not None:
                self._follow(face, face.track, frame, self._facing)
        self._report_long_visits(frame.seconds)
        self._report_moods(frame.seconds)

    @hookimpl
    def draw(self, canvas: Canvas) -> None:
        for zone, corners in self._drawn:
            faced = self._faced.get(zone.name, 0.0)
            label = f"{zone.name} {faced:.0%}" if faced >= 0.1 else zone.name
            canvas.polygon(corners, label, _mixed(faced))

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

    def _placed(self, frame: Frame) -> Facing:
        """Sets the zones into the picture, whose size is known from the first frame on."""
        size = frame.width, frame.height
        self._staff, self._service, self._drawn = [], [], []
        for zone in self.zones:
            if zone.polygon:
                corners = in_pixels(zone.polygon, *size)
                self._drawn.append((zone, corners.round().astype(int).tolist()))
                if zone.kind != "product":
                    (self._staff if zone.kind == "staff" else self._service).append((zone, corners))
        facing = Facing(self.zones, size, self.field_of_view, frame.camera.mounting)
        for name, width in facing.narrow_zones().items():
            log.warning(
                "camera %s: zone %r is %.0f degrees wide from where people stand; "
                "head direction cannot tell zones below %.0f degrees apart: join it with its neighbour",
                frame.camera.name,
                name,
                width,
                NARROW,
            )
        return facing

    # --- following people ---

    def _follow(self, face: Face, track: int, frame: Frame, facing: Facing) -> None:
        among_staff = _within(self._staff, face)
        visit = self._visits.get(track) or self._continued(face, frame, track)
        if visit is None:
            visit = Visit(face.box, frame.seconds, self.habits, is_staff=bool(among_staff))
            self._visits[track] = visit
        if visit.is_staff or among_staff:
            visit.seen, visit.box = frame.seconds, face.box
            return
        emotion = visit.emotion_at(frame.seconds, face.expression)
        passed = min(frame.seconds - visit.seen, self.habits.look_pause)
        for name in _within(self._service, face):
            self._moods.setdefault(name, Mood()).add(visit.id, frame.seconds, passed, emotion)
        faced = facing.probabilities(face)
        self._faced |= {name: max(share, self._faced.get(name, 0.0)) for name, share in faced.items()}
        visit.update(face.box, frame.seconds, facing.near(face, self.reach), faced, emotion)

    def _continued(self, face: Face, frame: Frame, track: int) -> Visit | None:
        """The visit of somebody who was lost nearby a moment ago, now under a new track number."""
        in_view = {other.track for other in frame.faces}
        lost = [
            (away, number)
            for number, visit in self._visits.items()
            if number not in in_view
            and (away := visit.continues_at(face.box, frame.seconds, self.lost_after)) is not None
        ]
        if not lost:
            return None
        visit = self._visits[track] = self._visits.pop(min(lost)[1])
        return visit

    # --- telling ---

    def _end_visits(self, now: float) -> None:
        for track in [track for track, visit in self._visits.items() if now - visit.seen > self.lost_after]:
            self._tell(self._visits.pop(track), final=True)

    def _report_long_visits(self, now: float) -> None:
        for visit in self._visits.values():
            if now - visit.told >= self.update_every:
                self._tell(visit, final=False)
                visit.told = now

    def _report_moods(self, now: float) -> None:
        for name, mood in list(self._moods.items()):
            if mood.start is not None and now - mood.start >= self.update_every:
                self._tell_mood(name)

    def _report_all(self) -> None:
        while self._visits:
            self._tell(self._visits.popitem()[1], final=True)
        for name in list(self._moods):
            self._tell_mood(name)

    def _tell(self, visit: Visit, final: bool) -> None:
        tallies = visit.took_tallies()
        if final:
            # A zone that was told about ends for the receiver too, also if nothing more happened there.
            for name in visit.told_zones - tallies.keys():
                tallies[name] = Tally(visit.seen, visit.seen)
        visit.told_zones |= tallies.keys()
        by_name = {zone.name: zone for zone in self.zones}
        for name, tally in tallies.items():
            self._report("interest.visit", tally.start, tally.end, **_facts(visit, by_name[name], tally, final))

    def _tell_mood(self, name: str) -> None:
        mood = self._moods.pop(name)
        if mood.start is not None:
            self._report("interest.mood", mood.start, mood.end, zone=name, **mood.facts())

    def _report(self, kind: str, start: float, end: float, **facts: Any) -> None:
        if self._camera is not None:
            self._camera.report(kind, start=self._camera.utc(start), end=self._camera.utc(end), **facts)


def _mixed(faced: float) -> tuple[int, int, int]:
    """Grey, and the colour of head directions as far as somebody is turned to a zone."""
    red, green, blue = (round(plain + (full - plain) * faced) for plain, full in zip(GREY, FACED, strict=True))
    return red, green, blue


def _within(polygons: Polygons, face: Face) -> list[str]:
    return [zone.name for zone, corners in polygons if is_inside(corners.tolist(), face.box.centre)]


def _facts(visit: Visit, zone: Zone, tally: Tally, final: bool) -> dict[str, Any]:
    return {
        "visit": visit.id,
        "zone": zone.name,
        "product": zone.product,
        "shelf": zone.shelf,
        "final": final,
        "passed": tally.passed,
        "stopped_seconds": round(tally.stopped_seconds, 2),
        "looked_seconds": round(tally.looked_seconds, 2),
        "looks": tally.looks,
        "probability": round(tally.probability, 3),
        "expression": tally.expression.mean(),
    }
