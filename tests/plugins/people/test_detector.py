"""The real detector and the real step, on a portrait that scikit-image ships and on real footage."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data
from vidframe_people.plugin import People
from vidframe_people.regions import share_inside

import vidframe
from vidframe import Box, Detection, Frame, hookimpl
from vidframe.detectors import make_detector

DATA = Path(os.environ.get("VIDFRAME_DATA", "nowhere"))
TRUTH = DATA / "people" / "truth.json"
NEEDS_DATA = pytest.mark.skipif(not TRUTH.is_file(), reason="VIDFRAME_DATA names no people/truth.json")
PEOPLE = {"aisle": 3, "room": 6, "walk": 2, "pause": 3, "class": 4, "worker": 1}  # by eye


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    picture: Any = data.astronaut()
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)


def test_a_person_is_found_where_it_is(portrait: NDArray[np.uint8]) -> None:
    scene = np.full((720, 720, 3), 90, np.uint8)
    scene[200:712, 100:612] = portrait

    found = [each for each in make_detector("coco_ssd").detect(scene) if each.label == "person"]

    assert len(found) == 1
    assert found[0].score > 0.7
    assert share_inside(found[0].box, Box(100, 200, 512, 512)) > 0.9


def test_nothing_is_found_in_nothing() -> None:
    found: list[Detection] = make_detector("coco_ssd").detect(np.full((300, 300, 3), 128, np.uint8))

    assert found == []


class NeedsFacing:
    """So that facing is worked out."""

    needs = ("people.facing",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        pass


def _matched(frame: Frame, boxes: list[Any]) -> list[tuple[Any, vidframe.Person | None]]:
    """Each labelled person with whom the step told there (overlap 0.5)."""
    left = list(frame.people)
    pairs = []
    for label in boxes:
        x1, y1, x2, y2 = label["box"]
        best = max(left, key=lambda person: person.box.overlap(Box(x1, y1, x2 - x1, y2 - y1)), default=None)
        if best is not None and best.box.overlap(Box(x1, y1, x2 - x1, y2 - y1)) >= 0.5:
            left.remove(best)
        else:
            best = None
        pairs.append((label, best))
    return pairs


@NEEDS_DATA
@pytest.mark.slow
def test_people_on_real_footage_are_followed_each_under_one_number() -> None:
    views: dict[str, dict[int, Any]] = defaultdict(dict)
    for label in json.loads(TRUTH.read_text()).values():
        views[label["view"]][label["frame"]] = label
    counted: Counter[str] = Counter()
    tracks = {}
    for view, labels in views.items():
        seen: dict[int | None, list[float]] = defaultdict(list)
        with vidframe.Pipeline([People(), NeedsFacing()], source=DATA / next(iter(labels.values()))["clip"]) as frames:
            for frame in frames:
                for person in frame.people:
                    seen[person.track].append(frame.seconds)
                if frame.index in labels:
                    pairs = _matched(frame, labels[frame.index]["people"])
                    counted["labelled"] += len(pairs)
                    counted["found"] += sum(person is not None for _, person in pairs)
                    counted["false"] += len(frame.people) - sum(person is not None for _, person in pairs)
                    counted += _facings(pairs)
        tracks[view] = sum(times[-1] - times[0] >= 0.5 for times in seen.values())

    assert tracks == PEOPLE
    assert counted["found"] / counted["labelled"] >= 0.85
    assert counted["false"] / sum(map(len, views.values())) <= 0.2
    assert counted["facing right"] / counted["facing"] >= 0.8
    assert counted["facing opposite"] / counted["facing"] <= 0.03


def _facings(pairs: list[tuple[Any, vidframe.Person | None]]) -> Counter[str]:
    degrees = {"c": 0, "r": 90, "a": 180, "l": -90}
    counted: Counter[str] = Counter()
    for label, person in pairs:
        if person is None or person.facing is None or label["facing"] not in degrees:
            continue
        off = {side: abs((person.facing[0] - yaw + 180) % 360 - 180) for side, yaw in degrees.items()}
        counted["facing"] += 1
        counted["facing right"] += min(off, key=off.__getitem__) == label["facing"]
        counted["facing opposite"] += off[label["facing"]] > 135
    return counted


@NEEDS_DATA
@pytest.mark.slow
def test_somebody_who_stands_for_ten_minutes_keeps_the_number() -> None:
    capture = cv2.VideoCapture(str(DATA / "night" / "intel_one_by_one.mp4"))
    film = [capture.read()[1] for _ in range(680)][520:]
    coming, standing = film[:40], film[40:]
    swaying = (standing + standing[::-1]) * 25  # ten minutes of ten frames a second: there and back again

    seen: dict[int | None, list[float]] = defaultdict(list)
    with vidframe.Pipeline([People()], images=[*coming, *swaying], fps=10) as frames:
        for frame in frames:
            for person in frame.people:
                seen[person.track].append(frame.seconds)

    assert list(seen) == [1]
    assert seen[1][-1] > 590
    assert len(seen[1]) > 5900
