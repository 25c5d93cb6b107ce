"""Fills `face.expression`: an estimate of the expression, smoothed over the time that a face is followed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vidframe import Camera, Canvas, Expression, Face, Frame, Seconds, hookimpl
from vidframe_emotion.classes import valence

if TYPE_CHECKING:
    from vidframe_emotion.model import Classifier

FORGET = 5.0  # seconds after which a track that is not seen is forgotten


@dataclass(slots=True)
class Memory:
    """What is known of one track."""

    checked: float  # seconds
    seen: float
    expression: Expression | None = None
    average: NDArray[np.float32] | None = None


class Emotion:
    """Estimates the expression of each face with a Keras network, seven classes and their valence.

    A face that is too small, too turned or too blurred gets no estimate.
    """

    needs = ("faces", "faces.landmarks?")
    adds = ("faces.expression",)

    def __init__(
        self,
        *,
        model: Annotated[
            Path | None, Field(description="A .keras file of your own; without one, the model that is shipped")
        ] = None,
        backend: Annotated[
            Literal["openvino", "tensorflow", "torch", "jax"], Field(description="What Keras runs on in this process")
        ] = "openvino",
        refresh: Annotated[
            Seconds, Field(ge=0, description="Time between two estimates of one face; it keeps its last one meanwhile")
        ] = 0.25,
        smoothing: Annotated[
            Seconds, Field(ge=0, description="Time constant of the average over a face's estimates; 0 for none")
        ] = 0.5,
        min_face: Annotated[
            float, Field(ge=12, le=400, description="Width in pixels of the smallest face that is judged")
        ] = 20,
        max_turn: Annotated[
            float, Field(gt=0, le=90, description="Degrees to either side beyond which a face is not judged")
        ] = 45,
        min_sharpness: Annotated[
            float, Field(ge=0, le=1, description="Share of fine detail below which a face counts as blurred; 0 for any")
        ] = 0.01,
    ) -> None:
        self.model = model
        self.backend = backend
        self.refresh = refresh
        self.smoothing = smoothing
        self.min_face = min_face
        self.max_turn = max_turn
        self.min_sharpness = min_sharpness
        self._classifier: Classifier | None = None
        self._memories: dict[int, Memory] = {}
        if model is not None:
            from vidframe_emotion.model import read_facts

            read_facts(model)  # a missing file shall stop `vidframe check`, not a camera

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        from vidframe_emotion.model import OURS, Classifier

        path = self.model or OURS
        self._classifier = camera.share((Classifier, path, self.backend), lambda: Classifier(path, self.backend))

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        due = [face for face in frame.faces if self._is_due(face, frame.seconds)]
        estimates = self._estimates(frame, due)
        for face in frame.faces:
            if id(face) in estimates:
                face.expression = self._remembered(face, frame.seconds, estimates[id(face)])
            elif face.track is not None:
                memory = self._memories[face.track]
                memory.seen = frame.seconds
                face.expression = memory.expression
        self._forget(frame.seconds)

    @hookimpl
    def draw(self, frame: Frame, canvas: Canvas) -> None:
        for face in frame.faces:
            if (expression := face.expression) is not None:
                share = expression.probabilities[expression.label]
                canvas.label(f"{expression.label} {share:.0%}", (face.box.x, face.box.y + face.box.height + 22))

    @hookimpl
    def close_camera(self) -> None:
        self._classifier = None  # shared: who made it closes it
        self._memories.clear()

    def _is_due(self, face: Face, seconds: float) -> bool:
        memory = None if face.track is None else self._memories.get(face.track)
        # Half a millisecond of grace: at 25 frames a second, 200 ms are five frames and not six.
        return memory is None or seconds - memory.checked > self.refresh - 0.0005

    def _estimates(self, frame: Frame, faces: list[Face]) -> dict[int, NDArray[np.float32] | None]:
        """Probabilities of each face by its id; None for those that cannot be judged."""
        assert self._classifier is not None
        estimates: dict[int, NDArray[np.float32] | None] = {id(face): None for face in faces}
        pictures = {id(face): picture for face in faces if (picture := self._picture(frame, face)) is not None}
        if pictures:
            answers = self._classifier(np.stack(list(pictures.values())))
            estimates.update(zip(pictures, answers, strict=True))
        return estimates

    def _picture(self, frame: Frame, face: Face) -> NDArray[np.uint8] | None:
        """The face as the network wants it, or None if it is too small, too turned or too blurred."""
        from vidframe_emotion import crops

        assert self._classifier is not None
        points = crops.keypoints(face)
        if points is None or face.box.width < self.min_face or crops.turn(points) > self.max_turn:
            return None
        picture = crops.crop(frame.gray, points, self._classifier.side)
        return picture if crops.sharpness(picture) >= self.min_sharpness else None

    def _remembered(self, face: Face, seconds: float, estimate: NDArray[np.float32] | None) -> Expression | None:
        """The expression after this estimate, averaged over the track."""
        memory = Memory(seconds, seconds) if face.track is None else self._memory(face.track, seconds)
        elapsed, memory.checked, memory.seen = seconds - memory.checked, seconds, seconds
        if estimate is None:
            memory.expression = None
            return None
        if memory.average is None or self.smoothing == 0:
            memory.average = estimate
        else:
            memory.average = memory.average + (1 - math.exp(-elapsed / self.smoothing)) * (estimate - memory.average)
        memory.expression = self._expression(memory.average)
        return memory.expression

    def _memory(self, track: int, seconds: float) -> Memory:
        return self._memories.setdefault(track, Memory(seconds, seconds))

    def _expression(self, average: NDArray[np.float32]) -> Expression:
        assert self._classifier is not None
        total = float(average.sum())
        probabilities = {name: float(p) / total for name, p in zip(self._classifier.classes, average, strict=True)}
        return Expression(probabilities, valence(probabilities))

    def _forget(self, seconds: float) -> None:
        for track in [track for track, memory in self._memories.items() if seconds - memory.seen > FORGET]:
            del self._memories[track]
