"""The library door: frames in a `for` loop from YAML, from instances and from arrays; what it opens, it closes."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vidframe
from tests.cameras import free_port, mjpeg_camera
from tests.clips import Pixels, moving_square, write_clip
from vidframe import Box, Camera, Canvas, Event, Face, Frame, Person, hookimpl
from vidframe.pipeline import ConfigError, SourceError, StepFailed


class Squares:
    """Finds one face and the person whose it is; reports the first frame and the closing."""

    adds = ("faces", "people")

    def __init__(self) -> None:
        self.opened = self.closed = 0

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        self.opened += 1
        self.camera = camera
        (camera.state / "opened").touch()

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        face = Face(Box(1, 2, 3, 4), track=1)
        frame.faces = [face]
        frame.people = [Person(Box(0, 0, 9, 9), track=1, face=face)]
        self.camera.metric("frames_total", frame.index + 1)
        if frame.index == 0:
            frame.report("squares.first", width=frame.width)

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if event.kind == "camera.closing":
            self.camera.report("squares.last")

    @hookimpl
    def close_camera(self) -> None:
        self.closed += 1


class Counter:
    """Needs faces."""

    needs = ("faces",)

    def __init__(self) -> None:
        self.faces = 0

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        self.faces += len(frame.faces)


class Broken:
    """Fails on odd frames."""

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        if frame.index % 2:
            raise RuntimeError(f"odd {frame.index}")


class Meddler:
    """Writes what it does not declare."""

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.motion = 0.5


PLUGINS = """
    from vidframe import Box, Face, Frame, hookimpl


    class Eyes:
        '''Finds one face.'''

        adds = ("faces",)

        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            frame.faces = [Face(Box(1, 2, 3, 4), track=1)]


    class Stops:
        '''Fails.'''

        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            raise RuntimeError("no")
"""


def images(count: int = 5) -> Iterator[Pixels]:
    return moving_square(count, 64, 48)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", moving_square(10))


@pytest.fixture
def shop(tmp_path: Path, clip: Path, install_plugin: Any) -> Path:
    install_plugin(PLUGINS, eyes="Eyes", stops="Stops")
    config = tmp_path / "shop.yaml"
    config.write_text(f"cameras: {{aisle: {clip.name}, door: {clip.name}}}\nalways: [eyes]\n")
    return config


def test_a_yaml_file_gives_frames_with_what_was_found(shop: Path) -> None:
    with vidframe.Pipeline(shop, camera="aisle") as frames:
        found = [(frame.index, round(frame.seconds, 3), len(frame.faces)) for frame in frames]

    assert frames.camera == "aisle"
    assert found == [(index, index / 10, 1) for index in range(10)]


def test_of_several_cameras_one_is_said(shop: Path) -> None:
    with pytest.raises(ValueError, match=r"shop.yaml has 2 cameras \(aisle, door\); say which: camera=NAME"):
        vidframe.Pipeline(shop)
    with pytest.raises(ValueError, match=r"shop.yaml has no camera 'till' \(cameras: aisle, door\)"):
        vidframe.Pipeline(vidframe.load_config(shop), camera="till")


def test_a_loaded_config_is_a_chain_and_a_source_stands_in_for_that_of_the_camera(shop: Path, tmp_path: Path) -> None:
    other = write_clip(tmp_path / "other.mp4", moving_square(3))

    with vidframe.Pipeline(vidframe.load_config(str(shop)), camera="door", source=other) as frames:
        assert len(list(frames)) == 3


def test_a_yaml_file_takes_images_too(shop: Path) -> None:
    with vidframe.Pipeline(shop, camera="door", images=images()) as frames:
        assert [len(frame.faces) for frame in frames] == [1] * 5


def test_mistakes_of_a_file_are_told_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("cameras: {door: clip.mp4}\nalwys: []\n")

    with pytest.raises(ConfigError, match=r"shop.yaml:2:1: unknown key"):
        vidframe.Pipeline(tmp_path / "shop.yaml")


def test_instances_run_over_a_clip_in_their_order(clip: Path) -> None:
    squares, counter = Squares(), Counter()

    with vidframe.Pipeline([squares, counter], source=clip) as frames:
        for frame in frames:
            assert frame.people[0].face is frame.faces[0]
            kinds = [event.kind for event in frame.events]
            assert kinds == (["squares.first"] if frame.index == 0 else [])

    assert (counter.faces, squares.opened, squares.closed) == (10, 1, 1)
    assert [event.kind for event in frames.closing_events] == ["camera.closing", "squares.last"]
    assert frames.metrics["squares"] == {"frames_total": 10}


def test_what_the_steps_draw_is_on_the_canvas_of_the_frame() -> None:
    class Draws:
        @hookimpl
        def draw(self, frame: Frame, canvas: Canvas) -> None:
            canvas.label(f"frame {frame.index}", (1, 1))

    with vidframe.Pipeline([Draws()], images=images(2)) as frames:
        assert [frame.canvas.shapes[0].text for frame in frames] == ["frame 0", "frame 1"]  # type: ignore[union-attr]


def test_arrays_and_frames_of_pyav_have_the_time_that_is_given() -> None:
    import av

    array = np.zeros((48, 64), np.uint8)
    given = [(array, 7.0), (av.VideoFrame.from_ndarray(array, format="gray"), 7.5), (np.stack([array] * 3, 2), 8.0)]

    with vidframe.Pipeline([], images=given) as frames:
        assert [(frame.seconds, frame.image.shape) for frame in frames] == [(s, (48, 64, 3)) for s in (0, 0.5, 1)]
    with vidframe.Pipeline([], images=images(3), fps=4) as frames:
        assert [frame.seconds for frame in frames] == [0, 0.25, 0.5]


def test_an_array_is_not_copied_and_not_written_to() -> None:
    array = np.zeros((48, 64, 3), np.uint8)
    with vidframe.Pipeline([], images=[array]) as frames:
        for frame in frames:
            assert np.shares_memory(frame.image, array)
            assert not frame.image.flags.writeable
    assert array.flags.writeable


def test_no_image_is_no_frame() -> None:
    with vidframe.Pipeline([Squares()], images=[]) as frames:
        assert list(frames) == []


def test_what_is_no_image_is_refused_and_all_is_closed() -> None:
    squares = Squares()
    with vidframe.Pipeline([squares], images=[np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 3))]) as frames:
        next(frames)
        with pytest.raises(TypeError, match=r"an image is a uint8 array.*; found float64 of shape \(4, 4, 3\)"):
            next(frames)
    assert squares.closed == 1


def test_what_does_not_fit_together_is_said_before_anything_opens(clip: Path) -> None:
    with pytest.raises(
        ValueError, match=r"^counter needs faces, .*; squares adds it, but only afterwards: move it up$"
    ):
        vidframe.Pipeline([Counter(), Squares()], source=clip)
    with pytest.raises(ValueError, match="a chain of plugins needs source or images"):
        vidframe.Pipeline([Squares()])
    with pytest.raises(ValueError, match="not both"):
        vidframe.Pipeline([Squares()], source=clip, images=[])
    with pytest.raises(ValueError, match="source ndi://x: unknown kind of address 'ndi'"):
        vidframe.Pipeline([Squares()], source="ndi://x")


def test_a_source_that_is_not_there_is_an_error_in_the_loop() -> None:
    missing = vidframe.Pipeline([], source="nowhere.mp4", camera="door")
    with missing as frames, pytest.raises(SourceError, match=r"^door: nowhere.mp4 does not exist"):
        next(frames)


def test_a_break_closes_at_the_end_of_the_with(clip: Path) -> None:
    squares = Squares()
    with vidframe.Pipeline([squares], source=clip) as frames:
        for _ in frames:
            break
        assert squares.closed == 0
    assert squares.closed == 1
    assert frames.closing_events[-1].kind == "squares.last"
    assert list(iter_quietly(frames)) == []


def iter_quietly(frames: vidframe.Pipeline) -> Iterator[Frame]:
    while (frame := next(frames, None)) is not None:
        yield frame


def test_a_mistake_in_the_loop_closes_and_comes_through(clip: Path) -> None:
    squares = Squares()
    with pytest.raises(ZeroDivisionError), vidframe.Pipeline([squares], source=clip) as frames:
        for frame in frames:
            frame.index / 0
    assert squares.closed == 1


def test_without_a_with_it_is_closed_where_it_is_let_go_of(clip: Path) -> None:
    squares = Squares()
    gc.disable()  # no cycle may keep it
    try:
        for _ in vidframe.Pipeline([squares], source=clip):
            break
        assert squares.closed == 1
        frames = vidframe.Pipeline([squares], source=clip)  # the cell of a notebook that runs again
        next(frames)
        frames = vidframe.Pipeline([squares], source=clip)
        assert squares.closed == 2
        next(frames)
        del frames
        assert (squares.opened, squares.closed) == (3, 3)
    finally:
        gc.enable()


def test_a_pipeline_that_is_over_does_not_pretend_to_be_empty(clip: Path) -> None:
    frames = vidframe.Pipeline([], source=clip)
    assert len(list(frames)) == 10

    with pytest.raises(ValueError, match="this pipeline has ended; create a new one"):
        list(frames)


def test_the_state_is_a_temporary_folder_or_the_one_that_is_given(tmp_path: Path, clip: Path) -> None:
    squares = Squares()
    with vidframe.Pipeline([squares], source=clip) as frames:
        next(frames)
        folder = squares.camera.state
        assert (folder / "opened").exists()
        assert folder.is_relative_to(tempfile.gettempdir())
    assert not folder.parent.exists()

    with vidframe.Pipeline([squares], source=clip, state=tmp_path / "state", camera="aisle") as frames:
        next(frames)
    assert (tmp_path / "state/aisle/opened").exists()


def test_a_failing_step_costs_its_results_and_is_kept(clip: Path, caplog: pytest.LogCaptureFixture) -> None:
    counter = Counter()
    with vidframe.Pipeline([Squares(), Broken(), counter], source=clip) as frames:
        assert [len(frame.faces) for frame in frames] == [1] * 10

    assert counter.faces == 10
    assert [(f.step, f.hook, str(f.error)) for f in frames.failures][:2] == [
        ("broken", "process_frame", "odd 1"),
        ("broken", "process_frame", "odd 3"),
    ]
    assert [record.levelno for record in caplog.records if "broken" in record.message] == [logging.ERROR]


def test_failures_do_not_keep_the_images_of_their_frames() -> None:
    import weakref

    kept = []

    class Fails:
        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            image = frame.image
            kept.append(weakref.ref(frame))
            raise RuntimeError(image.shape)

    with vidframe.Pipeline([Fails()], images=images(200)) as frames:
        for _ in frames:
            pass

    assert len(frames.failures) == 100
    assert "in process_frame\n    raise RuntimeError(image.shape)" in frames.failures[99].error.__notes__[0]
    assert sum(ref() is not None for ref in kept) <= 3


def test_strict_makes_an_undeclared_write_a_failure(clip: Path) -> None:
    for strict, failures in ((False, 0), (True, 10)):
        with vidframe.Pipeline({"meddler": Meddler()}, source=clip, strict=strict) as frames:
            assert {frame.motion for frame in frames} == {None}
        assert len(frames.failures) == failures


def test_a_step_with_on_error_stop_ends_the_loop_with_its_error(shop: Path) -> None:
    shop.write_text(shop.read_text().replace("[eyes]", "[eyes, stops: {on_error: stop}]"))

    with pytest.raises(StepFailed, match="step stops failed in process_frame: RuntimeError: no"):
        list(vidframe.Pipeline(shop, camera="door"))


def test_a_live_camera_brings_its_newest_frame_and_leaves_no_thread() -> None:
    with mjpeg_camera(moving_square()) as url:
        with vidframe.Pipeline([Squares()], source=url) as frames:
            for frame in frames:
                assert frame.camera.is_live
                if frame.index == 3:
                    break
            assert f"source {url}" in [thread.name for thread in threading.enumerate()]
        assert f"source {url}" not in [thread.name for thread in threading.enumerate()]


def test_stop_ends_the_loop_on_a_camera_that_is_away() -> None:
    with vidframe.Pipeline([], source=f"http://127.0.0.1:{free_port()}/x") as frames:
        threading.Timer(0.3, frames.stop).start()
        began = time.monotonic()
        assert list(frames) == []
    assert time.monotonic() - began < 5


CTRL_C = """
import signal, sys, threading, os, time
import vidframe
from vidframe import Event, Frame, hookimpl

signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background has ignored
before = signal.getsignal(signal.SIGINT)

class Step:
    @hookimpl
    def handle_event(self, event: Event) -> None:
        print(event.kind, event.facts.get("state", ""), flush=True)
        if event.facts.get("state") == "down":
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

    @hookimpl
    def close_camera(self) -> None:
        print("closed", flush=True)

try:
    with vidframe.Pipeline([Step()], source=sys.argv[1]) as frames:
        assert signal.getsignal(signal.SIGINT) is before
        for frame in frames:
            pass
except KeyboardInterrupt:
    print("interrupted", len(frames.closing_events))
"""


def test_ctrl_c_ends_the_loop_and_closes() -> None:
    url = f"http://127.0.0.1:{free_port()}/x"
    done = subprocess.run([sys.executable, "-c", CTRL_C, url], capture_output=True, text=True, timeout=60)

    lines = done.stdout.splitlines()
    assert lines == ["camera.state connecting", "camera.state down", "camera.closing ", "closed", "interrupted 1"]
    assert done.returncode == 0, done.stderr


def test_importing_the_front_door_loads_neither_decoder_nor_chain() -> None:
    code = "import sys, vidframe; assert not {'av', 'cv2', 'vidframe.core.run.chain'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert {"Pipeline", "load_config", "open_source"} <= set(vidframe.__all__)
    assert len(vidframe.__all__) <= 16


def test_a_source_alone_is_opened_through_the_front_door(clip: Path) -> None:
    from vidframe.sources import decoded_frames

    with vidframe.open_source(str(clip)) as source:
        assert [decoded.picture.bgr().shape for decoded in decoded_frames(source)] == [(120, 160, 3)] * 10
