"""Nobody can be recognised in what is kept or shown: clips are looked at frame by frame, pictures pixel by pixel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_abnormality.snapshot import snapshot
from vidframe_blur.plugin import Blur
from vidframe_output.annotate import Annotate
from vidframe_recorder.plugin import Recorder
from vidframe_shop.plugin import _jpeg

from tests.clips import write_clip
from vidframe import Box, Event, Face, Frame, Person, Pipeline, hookimpl
from vidframe.core.config.reading import ConfigError, load
from vidframe.testing import conformance, film, make_frame, run_chain

WIDTH, HEIGHT, FACE = 320, 240, 48
Pixels = NDArray[np.uint8]


def place(index: int) -> Box:
    """Where the face is on a frame."""
    return Box(20 + 4 * index % 200, 40 + 2 * index % 100, FACE, FACE)


def scene(count: int) -> Iterator[Pixels]:
    """Grey, with a face of fine detail that moves: any pixel of it that shows through is seen."""
    face = np.kron(np.random.default_rng(1).integers(0, 2, (12, 12, 1), np.uint8) * 255, np.ones((4, 4, 3), np.uint8))
    for index in range(count):
        picture = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
        box = place(index)
        picture[int(box.y) : int(box.y) + FACE, int(box.x) : int(box.x) + FACE] = face
        yield picture


def detail(image: NDArray[Any], box: Box) -> float:
    """Mean change from a pixel to the next within a box, of 255: 30 and more for the face, under 10 without it."""
    part = image[int(box.y) : int(box.y + box.height), int(box.x) : int(box.x + box.width)].astype(float).mean(axis=2)
    return float(np.abs(np.diff(part, axis=1)).mean())


def finest(image: NDArray[Any]) -> float:
    """The largest `detail` of a square of 24 pixels anywhere."""
    changes = np.abs(np.diff(image.astype(np.float32).mean(axis=2), axis=1))
    return float(cv2.blur(changes, (24, 24))[12:-12, 12:-12].max())


class Finder:
    """Finds the face of `scene`, less those frames on which it does not; and tells an incident."""

    adds = ("faces",)

    def __init__(self, misses: tuple[int, ...] = (), fails: tuple[int, ...] = ()) -> None:
        self.misses, self.fails = misses, fails

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        if frame.index in self.fails:
            raise RuntimeError("no detector")
        frame.faces = [] if frame.index in self.misses else [Face(place(frame.index), 0.9, track=1)]


class Reporter:
    """Reports an incident with a snapshot from frame 20 on, and keeps what the shop's live view would be sent."""

    def __init__(self) -> None:
        self.live: list[bytes] = []

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        self.live.append(_jpeg(frame, 160))
        if frame.index == 20:
            facts = json.loads((Path(__file__).parents[2] / "contract" / "incident.opened.json").read_text())["facts"]
            frame.report("incident.opened", snapshot(frame, [(0.1, 0.1, 0.2, 0.2)]), **facts)


def decoded(path: Path) -> list[Pixels]:
    """All pictures of a clip."""
    with av.open(str(path)) as clip:
        return [np.asarray(picture.to_ndarray(format="bgr24"), np.uint8) for picture in clip.decode(video=0)]


def read(jpeg: bytes) -> Pixels:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def kept(tmp_path: Path, *steps: Any) -> tuple[list[Pixels], list[Event]]:
    """The frames of the clip that the recorder makes of a recording whose packets it could copy, and the events."""
    source = write_clip(tmp_path / "camera.mp4", scene(60), fps=10)
    events: list[Event] = []
    recorder = Recorder(before=1.0, after=2.0, folder=tmp_path / "clips")
    with Pipeline([*steps, recorder], source=str(source), state=tmp_path / "state") as pipeline:
        for frame in pipeline:
            events += frame.events
    [clip] = (tmp_path / "clips").rglob("*.mp4")
    return decoded(clip), events + pipeline.closing_events


def test_it_keeps_the_contract() -> None:
    conformance(Blur)


def test_no_unblurred_pixel_of_a_face_reaches_a_clip_a_snapshot_a_thumbnail_or_the_live_view(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reporter = Reporter()
    pictures, events = kept(tmp_path, Finder(misses=(14, 15, 24, 25, 26)), Blur(), reporter)

    files = {file.role: file.read() for event in events for file in event.files}
    assert len(pictures) >= 30
    assert [one.message for one in caplog.records if one.levelname == "WARNING"] == [
        "camera camera: clips are encoded, as packets cannot be masked"
    ]
    assert min(finest(picture) for picture in scene(60)) > 20  # the control
    assert max(finest(picture) for picture in pictures) < 10
    assert finest(read(files["thumbnail"])) < 10
    assert finest(read(files["snapshot"])[80:]) < 10  # the label stands at the top
    assert max(finest(read(jpeg)) for jpeg in reporter.live) < 10


def test_without_the_step_packets_are_copied_and_the_face_is_seen(tmp_path: Path) -> None:
    pictures, _ = kept(tmp_path, Finder(), Reporter())

    assert min(finest(picture) for picture in pictures) > 20


def test_a_frame_on_which_nobody_could_be_looked_for_is_coarse_as_a_whole(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "camera.mp4", scene(6), fps=10)
    shown = {}
    with Pipeline([Finder(fails=(3,)), Blur()], source=str(source)) as pipeline:
        for frame in pipeline:
            shown[frame.index] = (frame.shown.copy(), frame.image.copy())

    assert detail(shown[3][0], place(3)) < 10 < detail(shown[3][1], place(3))
    columns = np.unique(shown[3][0].reshape(HEIGHT, WIDTH // 20, 20, 3).std(axis=2))
    assert columns.max() < 1  # 16 columns of one colour each
    assert detail(shown[2][0], place(2)) < 10 < detail(shown[2][1], place(2))


def test_the_frames_own_image_stays_as_it_is_and_later_steps_see_it() -> None:
    class Looks:
        needs = ("masked?",)

        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            seen.append((detail(frame.image, place(0)), detail(frame.shown, place(0)), frame.shown.flags.writeable))

    seen: list[tuple[float, float, bool]] = []
    run_chain([Finder(), Blur(), Looks()], film(list(scene(1))))

    [(image, shown, is_writeable)] = seen
    assert shown < 10 < image
    assert not is_writeable


def test_bodies_are_hidden_whole_or_at_the_head_alone() -> None:
    body = Person(Box(100, 40, 60, 180), 0.9, track=1)
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    head, legs, wall = Box(100, 40, 60, 40), Box(100, 140, 60, 70), Box(220, 40, 60, 100)

    def details(what: Any) -> list[bool]:
        frame = make_frame(noise, people=[body])
        Blur(what=what).process_frame(frame)
        assert frame.masked is not None
        return [detail(frame.masked, box) > 20 for box in (head, legs, wall)]

    assert details("bodies") == [False, False, True]
    assert details("heads") == [False, True, True]


def test_who_is_lost_for_a_moment_stays_hidden_and_not_for_ever() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    blur = Blur(hold=1.0)
    hidden = []
    for index in range(20):
        frame = make_frame(
            noise, index=index, people=[Person(Box(100, 40, 60, 180), 0.9, track=1)] if index < 3 else []
        )
        blur.process_frame(frame)
        assert frame.masked is not None
        hidden.append(detail(frame.masked, Box(100, 40, 60, 180)) < 20)

    assert hidden == [True] * 13 + [False] * 7


@pytest.mark.parametrize(
    "box",
    [Box(-50, -50, 60, 60), Box(315, 235, 500, 500), Box(-9, 1000, 5, 5), Box(3, 3, 0, 0), Box(5.5, 5.5, 0.4, 0.4)],
)
def test_boxes_at_and_beyond_the_edges_do_no_harm(box: Box) -> None:
    frame = make_frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8), people=[Person(box, 0.9)])

    Blur().process_frame(frame)

    assert frame.masked is not None
    assert frame.masked.shape == frame.image.shape


@pytest.mark.parametrize("isolate", [False, True])
def test_in_processes_of_their_own_the_mask_travels(isolate: bool, tmp_path: Path) -> None:
    annotate = Annotate(file=tmp_path / "a.mp4")
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    frames = film([noise], people=[Person(Box(100, 60, 60, 160), 0.9)])

    run_chain([Blur(), annotate], frames, isolate=isolate)

    [picture] = decoded(tmp_path / "a.mp4")
    assert detail(picture, Box(100, 60, 60, 160)) < 20
    assert detail(picture, Box(220, 60, 60, 160)) > 20  # not coarse as a whole


def test_a_step_that_keeps_images_before_they_are_masked_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("cameras: {door: a.mp4}\nalways: [faces, recorder, blur]\n")

    with pytest.raises(ConfigError) as refused:
        load(path)

    assert "recorder keeps or shows images before blur masks them (line 2): move blur up" in str(refused.value)


def test_a_chain_that_finds_nobody_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("cameras: {door: a.mp4}\nalways: [blur, recorder]\n")

    with pytest.raises(ConfigError, match="blur needs people, which no step before it adds"):
        load(path)
