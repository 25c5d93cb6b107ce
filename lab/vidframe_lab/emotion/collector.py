"""Keeps faces as pictures for training. It stores people's faces: only with their consent, never as part of a shop's day."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from vidframe_emotion.classes import CLASSES

from vidframe import Camera, Frame, Seconds, hookimpl

if TYPE_CHECKING:
    from vidframe_lab.emotion.fingerprints import Fingerprints

UNSORTED = "unsorted"
SIDE = 96  # pixels of a kept crop: twice what the network takes, so that people can judge it


@dataclass
class FaceCollector:
    """Keeps crops of faces as PNG files, for people to label; stores faces, so it asks for consent."""

    folder: Annotated[Path, Field(description="Where the crops go: a folder per class, and one for the unsorted")]
    consent: Annotated[
        bool, Field(description="Set to true if everybody who can be seen has agreed that their face is stored")
    ] = False
    interval: Annotated[Seconds, Field(ge=0, description="Least time between two crops of one face")] = 1.0
    distance: Annotated[
        int, Field(ge=0, le=32, description="Bits of 64 by which a crop must differ from every one that is there")
    ] = 10
    min_face: Annotated[float, Field(ge=12, le=400, description="Width in pixels of the smallest face to keep")] = 32
    kept: int = field(default=0, init=False)
    _known: Fingerprints | None = field(default=None, init=False, repr=False)
    _last: dict[int, float] = field(default_factory=dict, init=False, repr=False)

    needs = ("faces", "faces.landmarks?")
    adds = ()

    def __post_init__(self) -> None:
        if not self.consent:
            raise ValueError("consent is not set: faces may be stored only of people who have agreed to it")

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        from vidframe_lab.emotion.fingerprints import Fingerprints

        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # faces are nobody else's business
        for name in (UNSORTED, *CLASSES):
            (self.folder / name).mkdir(exist_ok=True)
        self._known = camera.share((Fingerprints, self.folder), lambda: Fingerprints.of_folder(self.folder))

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        from vidframe_emotion import crops

        for face in frame.faces:
            points = crops.keypoints(face)
            if points is None or face.box.width < self.min_face or not self._is_due(face.track, frame.seconds):
                continue
            picture = crops.crop(frame.gray, points, SIDE)
            if self._keep(picture) and face.track is not None:
                self._last[face.track] = frame.seconds

    def _is_due(self, track: int | None, seconds: float) -> bool:
        return track is None or seconds - self._last.get(track, float("-inf")) >= self.interval

    def _keep(self, picture: NDArray[np.uint8]) -> bool:
        import cv2

        assert self._known is not None
        name = self._known.added(picture, self.distance)
        if name is None:
            return False
        path = self.folder / UNSORTED / f"{name}.png"
        if not cv2.imwrite(str(path), picture):
            raise OSError(f"cannot write {path}")
        self.kept += 1
        return True
