"""The annotated clip: readable on pictures of any size, red while an alert lasts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from vidframe import Box, Event, Expression, Face, HeadPose
from vidframe.core.model.kinds import KINDS
from vidframe.outputs import Annotate
from vidframe.testing import make_camera, make_frame


def annotated(path: Path, events: dict[int, list[tuple[str, dict[str, Any]]]], *shapes: tuple[int, ...]) -> list[Any]:
    """The pictures of a clip of black frames, each followed by the events of its index."""
    camera = make_camera("door")
    plugin = Annotate({"door": path})
    plugin.open_camera(camera)
    for index, shape in enumerate(shapes):
        face = Face(
            Box(-5, -5, 30, 30), track=1, expression=Expression({"happy": 1.0}, 1.0), head_pose=HeadPose(30, 0, 0, 5)
        )
        frame = make_frame(np.zeros(shape, np.uint8), camera=camera, index=index, mode="night", faces=[face])
        plugin.process_frame(frame)
        for kind, facts in events.get(index, []):
            event: Event = camera.report(kind, **facts)
            plugin.handle_event(event)
    plugin.close_camera()
    with av.open(str(path)) as clip:
        return [picture.to_ndarray(format="bgr24") for picture in clip.decode(video=0)]


def red(picture: NDArray[np.uint8]) -> int:
    """Pixels in the colour of an alert."""
    blue, green, redness = (picture[:, :, channel].astype(int) for channel in range(3))
    return int(((redness > 150) & (green < 110) & (blue < 110)).sum())


@pytest.mark.parametrize("shape", [(1, 1, 3), (49, 65, 3), (120, 160), (720, 1280, 3)], ids=str)
def test_pictures_of_any_size_are_annotated(tmp_path: Path, shape: tuple[int, ...]) -> None:
    assert len(annotated(tmp_path / "a.mp4", {}, shape, shape)) == 2


def test_the_clip_is_red_while_an_alert_lasts(tmp_path: Path) -> None:
    opened = ("incident.opened", KINDS["incident.opened"].example | {"boxes": [[0.5, 0.5, 0.2, 0.2]]})
    closed = ("incident.closed", KINDS["incident.closed"].example)

    pictures = annotated(tmp_path / "a.mp4", {10: [opened], 60: [closed]}, *[(240, 320, 3)] * 80)

    assert [red(pictures[index]) > 100 for index in (5, 15, 55, 75)] == [False, True, True, False]
    # The box is where the change was last seen, and goes when that is out of date.
    assert red(pictures[15]) > 1.3 * red(pictures[55])


def test_a_zone_is_outlined_and_takes_on_colour_when_somebody_faces_it(tmp_path: Path) -> None:
    camera, picture = make_camera("door"), np.full((360, 640, 3), 60, np.uint8)
    plugin = Annotate({"door": tmp_path / "zones.mp4"})
    plugin.open_camera(camera)
    for index in range(30):
        frame = make_frame(picture, camera=camera, index=index, seconds=index / 10)
        polygon = [[100, 100], [300, 100], [300, 300], [100, 300]]
        frame.notes["zones"] = [{"name": "tea", "kind": "product", "polygon": polygon, "probability": index >= 15}]
        plugin.process_frame(frame)
    plugin.close_camera()

    with av.open(str(tmp_path / "zones.mp4")) as clip:
        edges = [picture.to_ndarray(format="bgr24")[200, 295:305].astype(int) for picture in clip.decode(video=0)]

    plain, faced = edges[10], edges[25]
    assert plain.max() > 120
    assert (faced[:, 2] - faced[:, 0]).max() > (plain[:, 2] - plain[:, 0]).max() + 60
