"""The annotated clip: what steps draw is in it, readable on frames of any size, red while an incident is open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_output.annotate import Annotate

from vidframe import Canvas, Frame, hookimpl
from vidframe.core.model.kinds import KINDS
from vidframe.testing import conformance, film, make_camera, make_frame, run_chain

Events = dict[int, tuple[str, dict[str, Any]]]


class Drawer:
    """Draws a white box and a label, and reports what the script says."""

    def __init__(self, script: Events, fails: bool = False) -> None:
        self.script = script
        self.fails = fails

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        if frame.index in self.script:
            kind, facts = self.script[frame.index]
            frame.report(kind, **facts)

    @hookimpl
    def draw(self, frame: Frame, canvas: Canvas) -> None:
        canvas.polygon([(10, 30), (40, 30), (40, 60), (10, 60)], "box", (255, 255, 255))
        if self.fails:
            raise RuntimeError("half drawn")


def annotated(path: Path, script: Events, *shapes: tuple[int, ...]) -> list[NDArray[np.uint8]]:
    """The images of a clip of black frames."""
    frames = film([np.zeros(shape, np.uint8) for shape in shapes], mode="night", camera=make_camera("door"))
    run_chain([Drawer(script), Annotate(file=path)], frames)
    return images(path)


def images(path: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(path)) as clip:
        return [np.asarray(picture.to_ndarray(format="bgr24"), np.uint8) for picture in clip.decode(video=0)]


def red(image: NDArray[np.uint8]) -> int:
    """Pixels in the colour of an alert."""
    blue, green, redness = (image[:, :, channel].astype(int) for channel in range(3))
    return int(((redness > 150) & (green < 110) & (blue < 110)).sum())


def test_it_keeps_the_contract(tmp_path: Path) -> None:
    conformance(Annotate, file=tmp_path / "clip.mp4")


@pytest.mark.parametrize("shape", [(1, 1, 3), (49, 65, 3), (120, 160), (720, 1280, 3)], ids=str)
def test_frames_of_any_size_are_annotated(tmp_path: Path, shape: tuple[int, ...]) -> None:
    assert len(annotated(tmp_path / "a.mp4", {}, shape, shape)) == 2


def test_what_a_step_draws_is_in_the_clip(tmp_path: Path) -> None:
    first = annotated(tmp_path / "a.mp4", {}, *[(240, 320, 3)] * 3)[0]

    assert first[58:62, 12:38].max() > 150
    assert first[200:, 200:].max() < 40


def test_a_drawing_that_fails_is_left_out_and_costs_nothing_else(tmp_path: Path) -> None:
    frames = film(3, camera=make_camera("door"))

    run = run_chain({"bad": Drawer({}, fails=True), "annotate": Annotate(file=tmp_path / "a.mp4")}, frames, fail=False)

    assert {(failure.step, failure.hook) for failure in run.failures} == {("bad", "draw")}
    assert len(images(tmp_path / "a.mp4")) == 3
    assert images(tmp_path / "a.mp4")[0][58:62, 12:38].max() < 60


def test_the_clip_is_red_while_an_incident_is_open(tmp_path: Path) -> None:
    opened = ("incident.opened", KINDS["incident.opened"].example | {"incident": "a"})
    closed = ("incident.closed", KINDS["incident.closed"].example | {"incident": "a"})

    pictures = annotated(tmp_path / "a.mp4", {10: opened, 60: closed}, *[(240, 320, 3)] * 80)

    assert [red(pictures[index]) > 100 for index in (5, 15, 55, 75)] == [False, True, True, False]


def test_every_camera_has_a_clip_of_its_own(tmp_path: Path) -> None:
    for name in ("door", "till"):
        frame = make_frame(camera=make_camera(name))
        run_chain([Annotate(file=tmp_path / "new" / "{camera}.mp4")], [frame])

    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["door.mp4", "till.mp4"]
