"""Fills `frame.faces`: decides where to look in each frame, so that a quiet scene costs next to nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from vidframe import Box, Camera, Face, Frame, Seconds, hookimpl

if TYPE_CHECKING:
    from vidframe_faces.change import Cells, Change
    from vidframe_faces.detector import Detection
    from vidframe_faces.finder import Finder
    from vidframe_faces.tracker import Track, Tracker

FACES_A_TILE = 12  # the full-range detector finds faces from this part of a tile's width on


@dataclass(frozen=True, slots=True)
class Sighting:
    """A face as it was last seen, and the picture around it then."""

    detection: Detection
    cells: Cells
    confirmed: float  # seconds: when it was last made sure that this is a face
    tried: float  # seconds: when that was last tried

    @property
    def is_sure(self) -> bool:
        """Whether the last try succeeded."""
        return self.confirmed >= self.tried


class Faces:
    """Finds faces with MediaPipe, and gives each a number that stays the same from frame to frame.

    What changed since it was last searched is searched at native resolution; faces that are known are looked for
    where they are expected. Every face in `frame.faces` was seen in this frame, or the picture
    around it has not changed since it was.
    """

    needs = ()
    adds = ("faces", "faces.landmarks")

    def __init__(
        self,
        *,
        min_face: Annotated[
            int, Field(ge=12, le=400, description="Width in pixels of the smallest face to be found, brow to chin")
        ] = 28,
        confidence: Annotated[
            float, Field(ge=0.5, le=1, description="Least score, 0.5 to 1, of a face without landmarks")
        ] = 0.7,
        motion: Annotated[
            float,
            Field(
                ge=0,
                le=255,
                description="Change of mean luma, 0 to 255, from which a place is searched again; 0 searches everywhere",
            ),
        ] = 8,
        search_every: Annotated[
            Seconds, Field(ge=0, description="Least time between two searches of the same place")
        ] = 0.2,
        full_pass: Annotated[
            Seconds, Field(ge=0, description="Time from one search of the whole frame to the next; 0 for never")
        ] = 30.0,
        recheck: Annotated[
            Seconds, Field(ge=0, description="How often it is made sure that a known face still is one")
        ] = 1.0,
        keep: Annotated[
            Seconds, Field(ge=0, description="How long a face that is hidden keeps its number; it is not reported then")
        ] = 2.0,
    ) -> None:
        self.min_face = min_face
        self.confidence = confidence
        self.motion = motion
        self.search_every = search_every
        self.full_pass = full_pass
        self.recheck = recheck
        self.keep = keep
        self._size = (0, 0)

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        from vidframe_faces.finder import Finder

        self._finder: Finder = camera.share(Finder, Finder)
        self._landmarks_needed = "faces.landmarks" in camera.needed

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        from vidframe_faces.change import GRAY_WIDTH, cells_of

        if (frame.width, frame.height) != self._size:
            self._start(frame)
        cells = cells_of(frame.scaled_gray(GRAY_WIDTH))
        seen = self._followed(frame, cells)
        seen += self._searched(frame, cells, [sighting.detection.box for sighting in seen])
        frame.faces = self._tracked(seen, frame.seconds)

    @hookimpl
    def close_camera(self) -> None:
        # The models are shared; the process closes them after its last camera.
        self._size = (0, 0)

    def _start(self, frame: Frame) -> None:
        from vidframe_faces.change import Change
        from vidframe_faces.tracker import Tracker

        self._size = (frame.width, frame.height)
        self._change: Change = Change(frame.width, frame.height, self.motion)
        self._tracker: Tracker = Tracker(self.keep)
        self._sightings: dict[int, Sighting] = {}
        self._next_full_pass = frame.seconds

    def _followed(self, frame: Frame, cells: Cells) -> list[Sighting]:
        """The known faces that are still there."""
        from vidframe_faces.finder import is_any_of

        seen: list[Sighting] = []
        # Those seen last come first: a face that is hidden must not take its neighbour's place.
        for track in sorted(self._tracker.tracks, key=lambda track: -track.seen):
            sighting = self._look(track, frame, cells)
            if sighting and not is_any_of(sighting.detection.box, [other.detection.box for other in seen]):
                seen.append(sighting)
        return seen

    def _look(self, track: Track, frame: Frame, cells: Cells) -> Sighting | None:
        last, now = self._sightings[track.id], frame.seconds
        is_due = now - last.tried >= (self.recheck if last.is_sure else self.search_every)
        if not is_due and not self._change.differs(last.detection.box.grown(1.5), last.cells, cells):
            return last
        face = self._finder.follow(frame.image, track.predicted(now), track.reach(now))
        if face is None:
            return None
        if is_due or (self._landmarks_needed and last.is_sure):
            face = self._finder.landmarked(frame.image, face)
        if face.landmarks is not None or (is_due and self._finder.agree(frame.image, face, self.confidence)):
            return Sighting(face, cells, confirmed=now, tried=now)
        return replace(last, detection=face, cells=cells, tried=now if is_due else last.tried)

    def _searched(self, frame: Frame, cells: Cells, known: list[Box]) -> list[Sighting]:
        """New faces in the places that are due."""
        from vidframe_faces.regions import regions_of

        now = frame.seconds
        due = self._change.due(cells, now, self.search_every)
        if self.full_pass and now >= self._next_full_pass:
            due[:] = True
            self._next_full_pass = now + self.full_pass
        regions = regions_of(due, frame.width, frame.height, float(self.min_face * FACES_A_TILE))
        if not regions:
            return []
        found = self._finder.search(frame.image, regions, known, self.confidence)
        for region in regions:
            self._change.searched(region, cells, now)
        return [Sighting(face, cells, confirmed=now, tried=now) for face in found]

    def _tracked(self, seen: list[Sighting], now: float) -> list[Face]:
        """A face with its number for each sighting that is sure to be one."""
        tracks = self._tracker.update([sighting.detection.box for sighting in seen], now)
        self._sightings.update({track.id: sighting for track, sighting in zip(tracks, seen, strict=True)})
        self._sightings = {track.id: self._sightings[track.id] for track in self._tracker.tracks}
        return [self._face(track, sighting) for track, sighting in zip(tracks, seen, strict=True) if sighting.is_sure]

    def _face(self, track: Track, sighting: Sighting) -> Face:
        found = sighting.detection
        # Where nobody needs them, landmarks are made out now and then only, to tell a face from the back of a head.
        landmarks = found.landmarks if self._landmarks_needed else None
        return Face(found.box, found.score, track.id, found.keypoints, landmarks)
