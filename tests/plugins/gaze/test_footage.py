"""Visits on real footage, counted by bodies: VIDFRAME_DATA names the folder with the videos."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import pytest
from vidframe_gaze.interest import Interest
from vidframe_gaze.zones import Zone

from tests.needs import need_module
from vidframe import Camera, Frame
from vidframe.testing import START, make_camera, make_frame, run_chain

DATA = Path(os.environ.get("VIDFRAME_DATA", "nowhere"))
ROOM, AISLE = DATA / "night" / "intel_one_by_one.mp4", DATA / "videos" / "store-aisle-detection.gif"
# By eye: in view from .. to, and seconds at the table, from the last step on the way there to the first one away.
VISITS: Final = [
    (6.0, 19.8, 10.2), (22.7, 44.9, 18.8), (50.2, 70.0, 16.0), (74.4, 86.9, 8.3), (92.1, 120.0, 23.7), (123.4, 136.0, 8.8),
]  # fmt: skip
TABLE = Zone(name="table", polygon=[(0.50, 0.17), (0.69, 0.17), (0.69, 0.37), (0.50, 0.37)])
CUPS = Zone(
    name="cups",
    polygon=[(0.36, 0.12), (0.52, 0.12), (0.58, 0.45), (0.67, 0.78), (0.67, 1), (0.25, 1), (0.30, 0.6)],
)
BOWLS = Zone(name="bowls", polygon=[(0.60, 0.08), (0.78, 0), (1, 0), (1, 1), (0.93, 1), (0.66, 0.34)])

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOM.is_file() and AISLE.is_file()), reason="VIDFRAME_DATA names no footage of people"),
]


def frames_of(video: Path, camera: Camera) -> Iterator[Frame]:
    with av.open(str(video)) as container:
        for index, picture in enumerate(container.decode(video=0)):
            pixels = np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)
            yield make_frame(pixels, camera=camera, index=index, seconds=float(picture.time or 0.0))


def told(video: Path, *zones: Zone) -> list[Any]:
    need_module("vidframe_people")
    from vidframe_people.plugin import People

    camera = make_camera(video.stem)
    run = run_chain([People(), Interest(list(zones))], frames_of(video, camera), camera=camera, keep_frames=False)
    return [event.facts for event in run.events if event.kind == "interest.visit"]


def seconds(moment: str) -> float:
    return (datetime.fromisoformat(moment) - START).total_seconds()


def test_six_people_who_show_no_face_are_six_visits() -> None:
    visits = sorted(told(ROOM, TABLE), key=lambda visit: str(visit["start"]))

    assert len(visits) == len(VISITS)
    for visit, (begin, end, stood) in zip(visits, VISITS, strict=True):
        assert seconds(visit["start"]) == pytest.approx(begin, abs=1)
        assert seconds(visit["end"]) == pytest.approx(end, abs=1)
        assert visit["stopped_seconds"] == pytest.approx(stood, rel=0.2)
        assert visit["turned_seconds"] > 0.8 * stood


def test_three_shoppers_in_an_aisle_stop_and_reach_each_for_what_is_before_them() -> None:
    visits = told(AISLE, CUPS, BOWLS)

    assert len({visit["visit"] for visit in visits}) == 3
    assert all(any(v["stopped_seconds"] >= 1 for v in visits if v["visit"] == visit["visit"]) for visit in visits)
    assert sorted((visit["zone"], visit["reaches"]) for visit in visits if visit["reaches"]) == [
        ("bowls", 1),
        ("cups", 1),
        ("cups", 1),
    ]
