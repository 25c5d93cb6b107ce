"""Makes people of bodies and faces, each under one number, and tells which way they face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from vidframe import Face, Frame, Person
from vidframe.detectors import Detector
from vidframe_people.cells import Cells
from vidframe_people.facing import FacingAverage, facing_of, facing_of_head
from vidframe_people.fixtures import Fixtures
from vidframe_people.joining import FaceNumbers, pairs_of
from vidframe_people.life import Life
from vidframe_people.pose import Pose
from vidframe_people.settings import Settings
from vidframe_people.tracker import Track
from vidframe_people.watch import LONGEST_UNSHOWN, Watch

FACING_EVERY = 0.5  # seconds between two looks at a body's joints
FACING_STILL = 3.0  # the same, while nothing makes the detector look at the body again
LEAST_HEIGHT = 64  # pixels of a body whose joints can be told
NEW = 1.5  # seconds for which a body takes over the number of its face


@dataclass
class _Facings:
    average: FacingAverage = field(default_factory=FacingAverage)
    looked: float = float("-inf")
    cells: Cells | None = None  # of the sighting at that look


class Crowd:
    """The people of one camera."""

    def __init__(self, settings: Settings, detector: Detector, pose: Pose | None, fixtures: Fixtures) -> None:
        """`pose`: None where nobody needs to know which way people face."""
        self._pose = pose
        self._next_number = count(1).__next__
        self._new_watch = partial(Watch, settings, detector, fixtures, self._next_number)
        self._watch: Watch | None = None  # of frames of one size
        self._numbers = FaceNumbers(self._next_number)
        self._face_of: dict[int | None, int | None] = {}  # number of a person -> track of the face joined last
        self._facings: dict[int, _Facings] = {}
        self._faces: dict[int, Life] = {}  # of faces without a body, by track

    def people_in(self, frame: Frame) -> list[Person]:
        """Everybody who is in the frame: by their bodies, then those of whom only the face is seen."""
        if self._watch is None or self._watch.size != (frame.width, frame.height):
            self._watch = self._new_watch((frame.width, frame.height))
        tracks = self._watch.tracks_in(frame)
        pairs = pairs_of(tracks, frame.faces)
        self._correct(pairs, frame)
        face_of = {id(track): face for track, face in pairs}
        people = [self._by_body(track, face_of.get(id(track)), frame) for track in tracks]
        joined = {id(face) for face in face_of.values()}
        people += self._by_face([face for face in frame.faces if id(face) not in joined], tracks, frame)
        self._forget(people, frame)
        return people

    def _correct(self, pairs: Sequence[tuple[Track, Face]], frame: Frame) -> None:
        """A body whose face is now beside it follows another person: faces are told apart better than bodies."""
        present = {face.track for face in frame.faces}
        strayed = [
            (track, face)
            for track, face in pairs
            if self._face_of.get(track.number) not in (None, face.track) and self._face_of[track.number] in present
        ]
        for track, _ in strayed:
            track.number = 0  # nobody's, until all of them are known
        for track, face in strayed:
            known = self._numbers.known(face)
            is_free = known is not None and self._watch is not None and not self._watch.has_number(known)
            track.number = known if is_free else self._next_number()
            self._numbers.join(face, track.number or 0)

    def _by_body(self, track: Track, face: Face | None, frame: Frame) -> Person:
        number = self._joined_number(track, face, frame.seconds)
        facing = facing_of_head(face) if face is not None else None
        if facing is None and self._pose is not None:
            facing = self._facing(track, number, frame)
        return Person(track.box, track.score, number, face, facing)

    def _joined_number(self, track: Track, face: Face | None, now: float) -> int:
        assert track.number is not None
        assert self._watch is not None
        if face is None:
            return track.number
        known = self._numbers.known(face)
        if known is not None and now - track.told <= NEW and not self._watch.has_number(known):
            track.number = known
        self._numbers.join(face, track.number)
        self._face_of[track.number], track.faced = face.track, now
        return track.number

    def _facing(self, track: Track, number: int, frame: Frame) -> tuple[float, float] | None:
        own = self._facings.setdefault(number, _Facings())
        pause = FACING_STILL if track.cells is own.cells else FACING_EVERY
        is_due = frame.seconds - own.looked >= pause
        if self._pose is not None and is_due and track.box.height >= LEAST_HEIGHT:
            own.looked, own.cells = frame.seconds, track.cells
            own.average.add(facing_of(self._pose.joints(frame.image, track.box)), frame.seconds)
        return own.average.at(frame.seconds)

    def _by_face(self, faces: Sequence[Face], tracks: Sequence[Track], frame: Frame) -> list[Person]:
        people = []
        for face in faces:
            number = self._numbers.of(face)
            is_of_body = number is not None and any(track.number == number for track in tracks)
            if face.track is None or is_of_body or not self._is_alive(face, face.track, frame):
                continue
            people.append(Person(face.box, face.score, number, face, facing_of_head(face), "face"))
        return people

    def _is_alive(self, face: Face, track: int, frame: Frame) -> bool:
        """Whether a face alone is no picture of one: it moves, or was not seen for long."""
        life = self._faces.get(track)
        if life is None:
            life = self._faces[track] = Life(None, frame.gray, face.box, frame.seconds)
        life.look(frame.gray, face.box, frame.seconds, is_free=True)
        return life.rigid_for(frame.seconds) <= LONGEST_UNSHOWN

    def _forget(self, people: Sequence[Person], frame: Frame) -> None:
        present = {face.track for face in frame.faces}
        self._faces = {track: life for track, life in self._faces.items() if track in present}
        self._numbers.keep(frame.faces)
        here = {person.track for person in people}
        if len(self._facings) > 100:
            self._facings = {number: own for number, own in self._facings.items() if number in here}
        if len(self._face_of) > 100:
            self._face_of = {number: face for number, face in self._face_of.items() if number in here}
