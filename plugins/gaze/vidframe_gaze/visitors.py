"""Who is who: the visits of the people in view, over losses of their tracks, bodies and faces."""

from __future__ import annotations

from collections.abc import Iterator

from vidframe import Box, Face, Person
from vidframe_gaze.looking import Habits
from vidframe_gaze.visits import Visit, same_place


class Visitors:
    """The visits that are under way, by the track of the person."""

    def __init__(self, habits: Habits, lost_after: float) -> None:
        self._habits = habits
        self._lost_after = lost_after
        self._visits: dict[int, Visit] = {}

    def __iter__(self) -> Iterator[Visit]:
        return iter(self._visits.values())

    def of(self, person: Person, track: int, seconds: float, in_view: set[int | None]) -> Visit | None:
        """The visit of somebody who is in view, also of somebody who was lost a moment ago; None for somebody new."""
        return self._visits.get(track) or self._continued(person, track, seconds, in_view)

    def begin(self, person: Person, track: int, seconds: float, *, is_staff: bool) -> Visit:
        """A visit of somebody new."""
        visit = self._visits[track] = Visit(person, seconds, self._habits, is_staff)
        return visit

    def left(self, now: float) -> list[Visit]:
        """Visits of people who were not seen for too long; they are over."""
        gone = [track for track, visit in self._visits.items() if now - visit.seen > self._lost_after]
        return [self._visits.pop(track) for track in gone]

    def end_all(self) -> list[Visit]:
        """All visits; they are over."""
        visits = list(self._visits.values())
        self._visits.clear()
        return visits

    def _continued(self, person: Person, track: int, seconds: float, in_view: set[int | None]) -> Visit | None:
        lost = [
            (away, number)
            for number, visit in self._visits.items()
            if number not in in_view and (away := self._away(visit, person, seconds)) is not None
        ]
        if not lost:
            return None
        visit = self._visits[track] = self._visits.pop(min(lost)[1])
        return visit

    def _away(self, visit: Visit, person: Person, seconds: float) -> float | None:
        """How far somebody new is from where somebody was lost; None if they cannot be one.

        A body keeps its track by itself. It may be found where a face was alone, and the other way round.
        """
        gap = seconds - visit.seen
        if gap > self._lost_after or (visit.seen_by == person.seen_by == "body"):
            return None
        if visit.face_box and person.face:
            return same_place(visit.face_box, person.face.box, gap)
        body, face = (visit.box, person.face) if visit.seen_by == "body" else (person.box, visit.face_box)
        place = face.box if isinstance(face, Face) else face
        return 0.0 if place and _is_head_of(body, place) else None


def _is_head_of(body: Box, face: Box) -> bool:
    (x, y), fits = face.centre, 0.05 < face.width / max(body.height, 1.0) < 0.3
    return fits and body.x <= x <= body.x + body.width and body.y - face.height < y < body.y + 0.4 * body.height
