"""Fills `frame.faces`: decides where to look in each frame, so that a quiet scene costs next to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from vidframe import Box, Camera, Face, Frame, Seconds, hookimpl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vidframe_faces.change import Cells, Change
    from vidframe_faces.detector import Detection, Landmarker
    from vidframe_faces.finder import Finder
    from vidframe_faces.tracker import Track, Tracker

FACES_A_TILE = 14  # a face that the full-range detector finds is at least this part of a tile's width


@dataclass(slots=True)
class Sighting:
    """A face as it was last seen, and the picture around it then."""

    detection: Detection
    cells: Cells
    checked: float  # seconds
    landmarks: NDArray[Any] | None = None


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
        confidence: Annotated[float, Field(ge=0.5, le=1, description="Least score of a new face, 0.5 to 1")] = 0.7,
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
            Seconds, Field(ge=0, description="Least often that a face is looked at although nothing moved there")
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
        from vidframe_faces.detector import Landmarker
        from vidframe_faces.finder import Finder
        from vidframe_faces.model_files import LANDMARKER, model_path

        self._finder: Finder = camera.share(("vidframe_faces", "finder"), Finder)
        self._landmarker: Landmarker | None = None
        if "faces.landmarks" in camera.needed:
            self._landmarker = camera.share(
                ("vidframe_faces", "landmarker"), lambda: Landmarker(model_path(LANDMARKER))
            )

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        from vidframe_faces.change import GRAY_WIDTH, cells_of

        if (frame.width, frame.height) != self._size:
            self._start(frame)
        cells = cells_of(frame.scaled_gray(GRAY_WIDTH))
        seen = self._followed(frame, cells)
        seen += self._searched(frame, cells, [sighting.detection.box for sighting in seen])
        frame.faces = self._tracked(frame, seen)

    def _start(self, frame: Frame) -> None:
        from vidframe_faces.change import Change
        from vidframe_faces.tracker import Tracker

        self._size = (frame.width, frame.height)
        self._change: Change = Change(frame.width, frame.height, self.motion)
        self._tracker: Tracker = Tracker(self.keep)
        self._sightings: dict[int, Sighting] = {}
        self._next_full_pass = frame.seconds

    def _followed(self, frame: Frame, cells: Cells) -> list[Sighting]:
        """The tracked faces that are still there."""
        from vidframe_faces.finder import distinct

        still, found = [], []
        for track in self._tracker.tracks:
            sighting = self._sightings[track.id]
            if self._is_unchanged(sighting, cells, frame.seconds):
                still.append(sighting)
            elif (face := self._look(track, frame)) is not None:
                found.append(face)
        kept = distinct(found)
        return still + [Sighting(face, cells, frame.seconds) for face in kept]

    def _is_unchanged(self, sighting: Sighting, cells: Cells, now: float) -> bool:
        around = sighting.detection.box.grown(1.5)
        return now - sighting.checked < self.recheck and not self._change.differs(around, sighting.cells, cells)

    def _look(self, track: Track, frame: Frame) -> Detection | None:
        return self._finder.look(frame.image, track.predicted(frame.seconds), track.reach(frame.seconds))

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
        return [Sighting(face, cells, now) for face in found]

    def _tracked(self, frame: Frame, seen: list[Sighting]) -> list[Face]:
        """A face for each sighting, with its number."""
        tracks = self._tracker.update([sighting.detection.box for sighting in seen], frame.seconds)
        for track, sighting in zip(tracks, seen, strict=True):
            if self._landmarker is not None and sighting.landmarks is None:
                sighting.landmarks = self._landmarker.find(frame.image, sighting.detection.box)
            self._sightings[track.id] = sighting
        known = {track.id for track in self._tracker.tracks}
        self._sightings = {id_: sighting for id_, sighting in self._sightings.items() if id_ in known}
        return [_face(track.id, sighting) for track, sighting in zip(tracks, seen, strict=True)]

    @hookimpl
    def close_camera(self) -> None:
        # The models are shared; the process closes them after its last camera.
        self._size = (0, 0)


def _face(track: int, sighting: Sighting) -> Face:
    found = sighting.detection
    return Face(found.box, found.score, track, found.keypoints, sighting.landmarks)
