"""What a detector makes of an incident: it is asked about the changed part of a few frames, and its answers are counted.

A class is told from the second best score of the incident's frames, so that the chance hit of one noisy frame is not
enough, or from `ALONE` times the best, so that a sure first frame is. A person is told before all else.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np

from vidframe import Box, Camera, Frame
from vidframe.detectors import Detector, has_detector, make_detector
from vidframe_abnormality.incidents import Change, Incident

log = logging.getLogger(__name__)

Who = Literal["person", "animal", "vehicle", "thing", "unknown"]
Scores = Mapping[str, float]  # of person, animal and vehicle in one frame, 0..1; what is not seen is missing
Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

LEAST = 0.1  # score from which the detector's findings are taken in
SAID = 0.6  # probability from which a class is told
ALONE = 0.75  # weight of a frame that no other confirms
SURE = 0.75  # probability of a person after which the detector is not asked again
ANIMAL_FRAMES = 3  # that an animal takes, as it lowers the severity; and half of all
NO_PERSON = 0.3  # and the score that no frame may give a person
EVERY, FIRST, LATER = 0.5, 20, 2.0  # seconds between two questions, for so many of them, and then

MARGIN = 1.35  # sides of the square that the detector sees, in longer sides of the change
SMALLEST = 64  # pixels of that square
JOINED = 1.5  # longer sides of the largest box that a group of boxes may have
MOST_GAIN = 6.0  # by which dark squares are brightened
BRIGHT = 220  # grey level to which their 97th percentile is brought

ANIMALS = ("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe")
VEHICLES = ("bicycle", "car", "motorcycle", "bus", "train", "truck")
CLASSES: dict[str, Who] = {
    "person": "person",
    **dict.fromkeys(ANIMALS, "animal"),
    **dict.fromkeys(VEHICLES, "vehicle"),
}


@dataclass
class Answers:
    """The scores of the frames of one incident."""

    frames: list[Scores] = field(default_factory=list)

    def who(self, change: Change) -> tuple[Who | None, float | None]:
        """What the incident is, and its probability, 0..1; for thing and unknown that it is none of the classes."""
        if not self.frames:
            return None, None
        person, vehicle = self._probability("person"), self._probability("vehicle")
        if person >= SAID:
            return "person", person
        if self._is_animal():
            return "animal", self._probability("animal")
        if vehicle >= SAID:
            return "vehicle", vehicle
        none = 1 - max(person, vehicle, self._probability("animal"))
        return ("thing" if change in ("left", "gone") else "unknown"), none

    @property
    def may_become_animal(self) -> bool:
        """Whether each frame shows an animal, but they are too few yet."""
        return 0 < len(self.frames) < ANIMAL_FRAMES and self._animals() == len(self.frames)

    @property
    def is_settled(self) -> bool:
        """Whether it is a person for sure: nothing graver can come."""
        return self._probability("person") >= SURE

    @property
    def pause(self) -> float:
        """Seconds from the last question to the next."""
        return EVERY if len(self.frames) < FIRST else LATER

    def _probability(self, name: str) -> float:
        scores = sorted((scores.get(name, 0.0) for scores in self.frames), reverse=True)
        best, second = [*scores, 0.0, 0.0][:2]
        return max(ALONE * best, second)

    def _animals(self) -> int:
        if any(scores.get("person", 0.0) >= NO_PERSON for scores in self.frames):
            return 0
        return sum(scores.get("animal", 0.0) >= SAID for scores in self.frames)

    def _is_animal(self) -> bool:
        return self._animals() >= max(ANIMAL_FRAMES, len(self.frames) / 2)


class Witness:
    """Asks the detector about one incident at a time. A detector that fails is not asked again."""

    def __init__(self, detector: Detector | None) -> None:
        self._detector = detector
        self._answers = Answers()
        self._asked_at = float("-inf")  # seconds

    def forget(self) -> None:
        """Another incident begins."""
        self._answers = Answers()

    def who(self, incident: Incident) -> tuple[Who | None, float | None]:
        """What the incident is and its probability, as far as is known; None and None before the first answer."""
        return self._answers.who(incident.change)

    @property
    def may_become_animal(self) -> bool:
        """Whether the next answers can make it an animal."""
        return self._detector is not None and self._answers.may_become_animal

    def is_due(self, seconds: float) -> bool:
        """Whether the time has come to ask again about an incident that goes on."""
        return self._detector is not None and seconds - self._asked_at >= self._answers.pause

    def ask(self, frame: Frame, incident: Incident) -> None:
        """Asks what is where the incident was last seen, unless there is nothing more to learn.

        Light and tampering are everywhere: of them the detector can say nothing.
        """
        in_vain = incident.change in ("light", "tampering") or self._answers.is_settled
        if self._detector is None or in_vain or not incident.boxes:
            return
        self._asked_at = frame.seconds
        try:
            self._answers.frames.append(scores_of(self._detector, frame.image, _pixels(incident, frame)))
        except Exception:
            log.exception("camera %s: the detector failed; incidents are reported without `who`", frame.camera.name)
            self._detector = None


def find_detector(name: str | None, camera: Camera) -> Detector | None:
    """The installed detector of this name, shared among the cameras; None where it is missing or does not load."""
    if name is None:
        return None
    if not has_detector(name):
        log.info("camera %s: detector %s is not installed; incidents are reported without `who`", camera.name, name)
        return None
    try:
        return camera.share(("detector", name), lambda: make_detector(name))
    except Exception as error:
        log.warning("camera %s: incidents are reported without `who`: %s", camera.name, error)
        return None


def severity(incident: Incident, who: Who | None) -> Literal["info", "alert"]:
    """How much a guard should care: only a light and an animal are less than an alert."""
    is_animal = who == "animal" and incident.change in ("motion", "left")
    return "info" if incident.change == "light" or is_animal else "alert"


def scores_of(detector: Detector, image: Pixels, boxes: Iterable[Box]) -> Scores:
    """What the detector sees where the largest change is, in an image of height x width x 3, BGR."""
    change = _group(boxes)
    left, top, side = _square(change, image.shape[1], image.shape[0])
    part = brightened(image[top : top + side, left : left + side])
    scores: dict[str, float] = {}
    for found in detector.detect(part, LEAST):
        name = CLASSES.get(found.label)
        box = Box(found.box.x + left, found.box.y + top, found.box.width, found.box.height)
        if name is not None and _is_of(box, change):
            scores[name] = max(scores.get(name, 0.0), float(found.score))
    return scores


def brightened(image: Pixels) -> Pixels:
    """A dark image (BGR) made as light as one of the day, and smoothed where that makes its noise seen."""
    gain = min(MOST_GAIN, BRIGHT / max(1.0, float(np.percentile(image, 97))))
    if gain <= 1:
        return np.ascontiguousarray(image)
    return np.asarray(cv2.GaussianBlur(cv2.convertScaleAbs(image, alpha=gain), (3, 3), 0), np.uint8)


def _pixels(incident: Incident, frame: Frame) -> list[Box]:
    wide, high = frame.width, frame.height
    return [Box(x * wide, y * high, width * wide, height * high) for x, y, width, height in incident.boxes]


def _group(boxes: Iterable[Box]) -> Box:
    """The largest box with those near it: one body is often seen in parts."""
    group, *others = sorted(boxes, key=lambda box: -box.area)
    for box in others:
        x, y = min(group.x, box.x), min(group.y, box.y)
        right, bottom = max(group.x + group.width, box.x + box.width), max(group.y + group.height, box.y + box.height)
        if max(right - x, bottom - y) <= JOINED * max(group.width, group.height):
            group = Box(x, y, right - x, bottom - y)
    return group


def _square(box: Box, width: int, height: int) -> tuple[int, int, int]:
    """Left, top and side of the square about a box, moved into the frame; at the most as large as the frame."""
    side = round(min(max(MARGIN * max(box.width, box.height), SMALLEST), max(width, height)))
    x, y = box.centre
    left, top = (round(min(max(0.0, at - side / 2), max(0, size - side))) for at, size in ((x, width), (y, height)))
    return left, top, side


def _is_of(found: Box, change: Box) -> bool:
    """Whether a finding is what changed, or a good part of it, and not something that stands beside."""
    overlap = found.overlap(change)
    common = overlap / (1 + overlap) * (found.area + change.area)
    return overlap > 0.25 or (common > 0.7 * found.area and found.area > 0.1 * change.area)
