"""Decides where to look in each frame, so that a quiet scene costs next to nothing and a known face little."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vidframe import Box, Face, Frame
from vidframe_faces.change import GRAY_WIDTH, ROUNDING, Cells, Change, Mask, cells_of
from vidframe_faces.detector import Detection
from vidframe_faces.finder import Finder, is_any_of
from vidframe_faces.landmarks import Patch, shifted
from vidframe_faces.regions import regions_of
from vidframe_faces.settings import Settings
from vidframe_faces.tracker import Track, Tracker


@dataclass(frozen=True, slots=True)
class MadeOut:
    """A face whose landmarks a model made out, and its picture then."""

    detection: Detection
    patch: Patch
    when: float  # seconds


@dataclass(frozen=True, slots=True)
class Sighting:
    """A face as it was last seen, and the picture around it then."""

    detection: Detection
    cells: Cells
    tried: float  # seconds: when it was last tried to make sure that this is a face
    made_out: MadeOut | None = None  # its landmarks, where a later step needs them
    failed: int = 0  # tries in a row that did not succeed

    @property
    def is_sure(self) -> bool:
        """Whether it is reported; one failed try is a blink."""
        return self.failed < 2

    @property
    def is_carried(self) -> bool:
        """Whether its landmarks were moved along with it since they were made out."""
        return self.made_out is not None and self.detection is not self.made_out.detection


class Watch:
    """What is known of one camera's picture: where it changed, and the faces in it."""

    def __init__(self, settings: Settings, finder: Finder, *, with_landmarks: bool) -> None:
        self._settings = settings
        self._finder = finder
        self._with_landmarks = with_landmarks
        self._size = (0, 0)

    def faces_in(self, frame: Frame) -> list[Face]:
        """The faces that are sure to be some, each with the number of its track."""
        if (frame.width, frame.height) != self._size:
            self._start(frame)
        cells = cells_of(frame.scaled_gray(GRAY_WIDTH))
        seen = self._followed(frame, cells)
        seen += self._new(frame, cells, [sighting.detection.box for sighting in seen])
        tracks = self._tracked(seen, frame.seconds)
        return [self._face(track, sighting) for track, sighting in zip(tracks, seen, strict=True) if sighting.is_sure]

    def _start(self, frame: Frame) -> None:
        self._size = (frame.width, frame.height)
        self._change = Change(frame.width, frame.height, self._settings.motion)
        self._tracker = Tracker(self._settings.lost_after)
        self._sightings: dict[int, Sighting] = {}
        self._next_full_pass = frame.seconds
        self._next_bodies = frame.seconds + self._settings.recheck

    def _followed(self, frame: Frame, cells: Cells) -> list[Sighting]:
        """The known faces that are still there."""
        seen: list[Sighting] = []
        # Those seen last come first: a face that is hidden must not take its neighbour's place.
        for track in sorted(self._tracker.tracks, key=lambda track: -track.seen):
            sighting = self._look(track, frame, cells)
            if sighting and not is_any_of(sighting.detection.box, [other.detection.box for other in seen]):
                seen.append(sighting)
        return seen

    def _look(self, track: Track, frame: Frame, cells: Cells) -> Sighting | None:
        last, now = self._sightings[track.id], frame.seconds
        pause = self._settings.search_every if last.failed else self._settings.recheck
        is_due = now - last.tried >= pause - ROUNDING
        has_changed = self._change.differs(last.detection.box.grown(1.5), last.cells, cells)
        if not is_due and not has_changed and (not last.is_carried or self._is_fresh(last.made_out, now)):
            return last
        if not is_due and (carried := self._carried(last, track.predicted(now), frame, cells)) is not None:
            return carried
        face = self._finder.follow(frame.image, track.predicted(now), track.reach(now))
        if face is None:
            return None
        if is_due or (self._with_landmarks and last.is_sure):
            about = shifted(last.detection, face.box).landmarks if last.made_out else None
            face = self._finder.landmarked(frame.image, face, about)
        if face.landmarks is not None or (is_due and self._finder.agree(frame.image, face, self._settings.confidence)):
            return self._sighting(face, frame, cells)
        if is_due:
            return Sighting(face, cells, tried=now, failed=last.failed + 1)
        return replace(last, detection=face, cells=cells, made_out=None)

    def _carried(self, last: Sighting, expected: Box, frame: Frame, cells: Cells) -> Sighting | None:
        """A face whose landmarks were made out, found again without a detector."""
        if last.made_out is None or not last.is_sure:
            return None
        if self._is_fresh(last.made_out, frame.seconds):
            moved = last.made_out.patch.found_again(frame.gray, expected)
            if moved is not None:
                return replace(last, detection=moved, cells=cells)
        face = self._finder.made_out_again(frame.image, shifted(last.detection, expected))
        return None if face is None else replace(self._sighting(face, frame, cells), tried=last.tried)

    def _is_fresh(self, made_out: MadeOut | None, now: float) -> bool:
        return made_out is not None and now - made_out.when < self._settings.refresh - ROUNDING

    def _sighting(self, face: Detection, frame: Frame, cells: Cells) -> Sighting:
        """A face that is sure to be one."""
        made_out = None
        if self._with_landmarks and face.landmarks is not None:
            made_out = MadeOut(face, Patch(frame.gray, face), frame.seconds)
        return Sighting(face, cells, tried=frame.seconds, made_out=made_out)

    def _new(self, frame: Frame, cells: Cells, known: list[Box]) -> list[Sighting]:
        """New faces in the places that are due."""
        now = frame.seconds
        due, behind = self._due(cells, known, now)
        if self._settings.full_pass and now >= self._next_full_pass:
            due[:] = True
            self._next_full_pass = now + self._settings.full_pass
        regions = regions_of(due, *self._size, self._settings.min_face)
        regions += regions_of(behind, *self._size, self._least_behind(known))
        if not regions:
            return []
        found = self._finder.search(frame.image, regions, known, self._settings.confidence)
        for region in regions:
            self._change.searched(region, cells, now)
        return [self._sighting(face, frame, cells) for face in found]

    def _due(self, cells: Cells, known: list[Box], now: float) -> tuple[Mask, Mask]:
        """Cells to be searched in this frame, and those of them where the bodies of known faces move.

        These wait for the same moment, once a `recheck`: together they need fewer tiles than one by one.
        """
        due, bodies = self._change.due(cells, now, self._settings.search_every), np.zeros(cells.shape, bool)
        if not known or not due.any():
            return due, bodies
        for face in known:
            bodies[self._change.part(_body(face), cells)] = True
        behind = due & bodies
        if now < self._next_bodies - ROUNDING:
            behind[:] = False
        elif behind.any():
            self._next_bodies = now + self._settings.recheck
        return due & ~bodies, behind

    def _least_behind(self, known: list[Box]) -> float:
        """Width of the smallest face that is looked for where somebody stands before it: half of the largest there."""
        return max([self._settings.min_face, *(face.width / 2 for face in known)])

    def _tracked(self, seen: list[Sighting], now: float) -> list[Track]:
        """The track of each sighting."""
        tracks = self._tracker.update([sighting.detection.box for sighting in seen], now)
        self._sightings.update({track.id: sighting for track, sighting in zip(tracks, seen, strict=True)})
        self._sightings = {track.id: self._sightings[track.id] for track in self._tracker.tracks}
        return tracks

    def _face(self, track: Track, sighting: Sighting) -> Face:
        found = sighting.detection
        # Where nobody needs them, landmarks are made out now and then only, to tell a face from the back of a head.
        landmarks = found.landmarks if self._with_landmarks else None
        return Face(found.box, found.score, track.id, found.keypoints, landmarks)


def _body(face: Box) -> Box:
    """About where the person is: elbows reach four faces wide, and people are seven high."""
    return Box(face.x - 1.5 * face.width, face.y - face.height, 4 * face.width, 8 * face.height)
