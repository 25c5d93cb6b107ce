"""Cameras that come and go: each trouble is seen, told without secrets, and survived."""

from __future__ import annotations

import itertools
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cameras import RtspCamera, free_port, mjpeg_camera, wait_for
from tests.clips import copy_packets, moving_square, write_clip
from vidframe.core.model.packets import Encoding, Packet
from vidframe.core.sources.decoded import DecodedFrame, State, StateChange, decoded_frames
from vidframe.core.sources.newest import Newest
from vidframe.core.sources.opening import open_source
from vidframe.testing import DrawnPicture


class Watcher:
    """Iterates over a live source in a thread of its own, as the loop does, and keeps what it saw."""

    def __init__(self, url: str, **options: Any) -> None:
        self.frames: list[DecodedFrame] = []
        self.states: list[tuple[State, str]] = []
        self.stop = threading.Event()
        self.source = open_source(url, camera="door", stop=self.stop, **options)
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        with self.source:
            for moment in self.source:
                match moment:
                    case DecodedFrame():
                        self.frames.append(moment)
                    case StateChange(state, reason):
                        self.states.append((state, reason))

    @property
    def told(self) -> list[State]:
        return [state for state, _ in self.states]

    @property
    def state(self) -> State | None:
        return self.states[-1][0] if self.states else None

    def wait_for_picture(self, seconds: float = 10) -> DecodedFrame:
        """The next picture from now on."""
        seen = len(self.frames)
        wait_for(lambda: len(self.frames) > seen, seconds)
        return self.frames[-1]

    def wait_for_state(self, state: State, seconds: float = 10) -> str:
        """The reason that was told with it."""
        wait_for(lambda: self.state == state, seconds)
        return self.states[-1][1]

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join()


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "camera.h264", moving_square(40))


@pytest.fixture
def other_size(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "other.h264", moving_square(40, 320, 240))


def assert_grows(frames: list[DecodedFrame]) -> None:
    seconds = [decoded.seconds for decoded in frames]
    assert all(one < two for one, two in itertools.pairwise(seconds))


def test_a_camera_over_http_is_live_and_its_pictures_carry_the_time() -> None:
    with mjpeg_camera(moving_square()) as url, Watcher(url) as door:
        for _ in range(5):
            decoded = door.wait_for_picture()

        assert door.told == [State.CONNECTING, State.LIVE]
        assert (door.source.is_live, door.source.frame_count) == (True, None)
        assert abs((datetime.now(UTC) - door.source.utc(decoded.seconds)).total_seconds()) < 1
    assert_grows(door.frames)


def test_whoever_is_slow_gets_the_newest_picture_and_the_packets_of_the_dropped_ones() -> None:
    with mjpeg_camera(moving_square(), fps=50) as url, open_source(url, wants_packets=True) as source:
        frames = decoded_frames(source)
        next(frames)
        time.sleep(0.5)
        late = next(frames)

        assert late.dropped > 10
        assert len(late.packets) > 10
        assert late.packets[-1].seconds == late.seconds
        assert next(frames).seconds - late.seconds < 0.2


def test_stopping_a_camera_that_is_away_takes_a_fraction_of_a_second() -> None:
    with Watcher(f"rtsp://127.0.0.1:{free_port()}/x") as door:
        door.wait_for_state(State.DOWN)
        began = time.monotonic()
    assert time.monotonic() - began < 0.5


def test_stopping_a_camera_that_hangs_takes_a_fraction_of_a_second() -> None:
    with silent_server() as url, Watcher(url) as door:
        time.sleep(0.3)
        began = time.monotonic()
        assert door.told == [State.CONNECTING]
    assert time.monotonic() - began < 1


def test_a_camera_that_never_answers_is_down_and_tried_again() -> None:
    with silent_server() as url, Watcher(url, timeout=0.5) as door:
        assert door.wait_for_state(State.DOWN) == "no answer within 0.5 s"


def test_a_camera_that_is_away_says_so_once_however_often_it_is_tried() -> None:
    with Watcher(f"http://127.0.0.1:{free_port()}/x") as door:
        reason = door.wait_for_state(State.DOWN)
        time.sleep(1)

        assert reason == "connection refused; is it on, and is the port right?"
        assert door.told == [State.CONNECTING, State.DOWN]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(np.random.default_rng(0).bytes(300_000), id="noise"),
        pytest.param(b"<html>Please log in</html>" * 1000, id="a web page"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_camera_that_sends_garbage_is_down_and_the_reason_is_one_line(content: bytes) -> None:
    with mjpeg_camera([], content=content) as url, Watcher(url, timeout=1) as door:
        reason = door.wait_for_state(State.DOWN)

        assert reason
        assert "\n" not in reason
        assert door.frames == []


def test_a_camera_that_turns_to_noise_is_stalled_and_connected_again() -> None:
    with mjpeg_camera(moving_square(), spoiled_after=5) as url, Watcher(url, timeout=0.5) as door:
        wait_for(lambda: door.told.count(State.STALLED) == 2)

        assert (State.STALLED, "data arrives, but no frame that can be decoded") in door.states
        assert door.told[:4] == [State.CONNECTING, State.LIVE, State.STALLED, State.LIVE]


def test_a_camera_that_sends_the_same_picture_for_long_is_stalled_but_kept() -> None:
    still = [next(moving_square())]
    with mjpeg_camera(still) as url, Watcher(url, frozen_after=1) as door:
        assert door.wait_for_state(State.STALLED) == "frozen: the image has not changed for 1 s"
        door.wait_for_picture()


def test_a_size_that_changes_midway_is_followed() -> None:
    sizes = [*moving_square(5, 160, 120), *moving_square(5, 320, 240)]
    with mjpeg_camera(sizes) as url, Watcher(url) as door:
        wait_for(lambda: {decoded.picture.bgr().shape for decoded in door.frames} == {(120, 160, 3), (240, 320, 3)})


def test_a_recorder_gets_a_new_beginning_where_the_size_changes_midway(tmp_path: Path) -> None:
    sizes = [(160, 120), (320, 240)]
    parts = [write_clip(tmp_path / f"{width}.ts", moving_square(30, width, height)) for width, height in sizes]
    content = b"".join(part.read_bytes() for part in parts)
    with mjpeg_camera([], content=content) as url, Watcher(url, wants_packets=True) as door:
        wait_for(lambda: (State.CONNECTING, "the frame size changed") in door.states)


def test_nothing_waits_any_more_for_a_camera_that_hangs_once_it_is_closed() -> None:
    def readers() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == f"source {url}"]

    with silent_server() as url:
        with Watcher(url, timeout=30):
            wait_for(lambda: bool(readers()))
            time.sleep(0.3)  # it is inside FFmpeg by now
        assert readers() == []


def test_a_program_ends_at_once_though_a_camera_hangs() -> None:
    code = """
import sys, threading
from vidframe.core.sources.opening import open_source
stop = threading.Event()
threading.Timer(0.3, stop.set).start()
with open_source(sys.argv[1], timeout=30, stop=stop) as source:
    list(source)
"""
    with silent_server() as url:
        done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_webcam_that_is_not_there_is_down_with_its_reason() -> None:
    with Watcher("/dev/video987") as door:
        assert door.wait_for_state(State.DOWN) == "there is no such device"


def test_packets_that_nobody_takes_are_let_go_up_to_a_keyframe() -> None:
    encoding = Encoding("h264", 160, 120, b"")
    newest = Newest(packet_bytes=250)
    for second in range(7):
        newest.put_packet(Packet(b"x" * 100, second, second, second % 5 == 0, encoding))
    newest.put_frame(DecodedFrame(DrawnPicture(next(moving_square())), 6))

    [decoded] = newest.take(timeout=0)

    assert isinstance(decoded, DecodedFrame)
    assert [packet.seconds for packet in decoded.packets] == [5, 6]


def test_a_recording_behind_a_url_is_refused_with_advice(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", container_options={"movflags": "faststart"})
    with mjpeg_camera([], content=clip.read_bytes()) as url, Watcher(url) as door:
        assert door.wait_for_state(State.DOWN) == "it is a recording, not a camera; download it and give its path"


@contextmanager
def silent_server() -> Iterator[str]:
    """Takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/video"


def test_an_rtsp_camera_is_live_with_its_own_time_stamps_and_packets(stream: Path, tmp_path: Path) -> None:
    with RtspCamera(stream) as camera:
        camera.switch_on()
        with Watcher(camera.url, wants_packets=True) as door:
            wait_for(lambda: len(door.frames) > 20)

    steps = np.diff([decoded.seconds for decoded in door.frames][10:])
    assert np.median(steps) == pytest.approx(0.1, abs=0.001)
    assert steps == pytest.approx(np.round(steps, 1), abs=0.01)  # a busy machine may lose a frame, and no time
    packets = [packet for decoded in door.frames for packet in decoded.packets]
    assert len(packets) >= len(door.frames)
    assert packets[0].is_keyframe
    with open_source(str(copy_packets(packets, tmp_path / "copy.mp4"))) as copy:
        assert sum(1 for _ in decoded_frames(copy)) == len(packets)


def test_a_camera_on_its_side_is_shown_upright_and_its_copy_too(stream: Path, tmp_path: Path) -> None:
    with RtspCamera(stream) as camera:
        camera.switch_on()
        with Watcher(camera.url, wants_packets=True, rotate=90) as door:
            wait_for(lambda: len(door.frames) > 5)

    with open_source(str(stream)) as straight:
        lying = next(decoded_frames(straight)).picture
    packets = [packet for decoded in door.frames for packet in decoded.packets]
    with open_source(str(copy_packets(packets, tmp_path / "copy.mp4"))) as copy:
        copied = next(decoded_frames(copy)).picture
    for picture in (door.frames[0].picture, copied):
        assert (picture.width, picture.height) == (lying.height, lying.width)
        assert picture.gray().shape == lying.gray().shape[::-1]


@pytest.mark.slow
def test_a_camera_that_is_off_at_the_start_is_live_within_5_seconds_of_being_on(stream: Path) -> None:
    with RtspCamera(stream) as camera, Watcher(camera.url) as door:
        door.wait_for_state(State.DOWN)
        time.sleep(3)
        camera.switch_on()
        door.wait_for_picture(5)

    assert door.told[:3] == [State.CONNECTING, State.DOWN, State.LIVE]


@pytest.mark.slow
def test_a_camera_that_comes_back_with_another_size_and_codec_is_live_again(tmp_path: Path, stream: Path) -> None:
    changed = write_clip(
        tmp_path / "b.h265", moving_square(40, 320, 240), codec="libx265", options={"x265-params": "log-level=none"}
    )
    with RtspCamera(stream) as camera:
        camera.switch_on()
        with Watcher(camera.url, wants_packets=True) as door:
            door.wait_for_picture()
            camera.kill()
            door.wait_for_state(State.DOWN)
            camera.switch_on(changed)
            door.wait_for_picture(5)
            wait_for(lambda: door.frames[-1].packets != ())

    assert door.told[:5] == [State.CONNECTING, State.LIVE, State.CONNECTING, State.DOWN, State.LIVE]
    assert door.frames[-1].picture.width == 320
    packet = door.frames[-1].packets[-1]
    assert (packet.encoding.codec, packet.encoding.width) == ("hevc", 320)
    assert_grows(door.frames)


@pytest.mark.slow
def test_a_camera_that_hangs_is_stalled_and_live_again_when_it_wakes(stream: Path) -> None:
    with RtspCamera(stream) as camera:
        camera.switch_on()
        with Watcher(camera.url, timeout=1) as door:
            door.wait_for_picture()
            camera.hang()
            assert door.wait_for_state(State.STALLED) == "no data for 1 s"
            door.wait_for_state(State.DOWN)
            camera.wake()
            door.wait_for_picture(5)

    assert_grows(door.frames)


@pytest.mark.parametrize("password", ["C4n@ry", "C4n%40:ry.é"])
def test_the_right_password_opens_a_camera(stream: Path, password: str) -> None:
    with RtspCamera(stream, user="shop.admin", password=password) as camera:
        camera.switch_on()
        with Watcher(camera.url, credentials=f"shop.admin:{password}") as door:
            door.wait_for_picture()


def test_a_wrong_password_is_told_and_not_shown(stream: Path, caplog: pytest.LogCaptureFixture) -> None:
    with RtspCamera(stream, user="shop", password="right") as camera:
        camera.switch_on()
        with Watcher(camera.url.replace("://", "://shop:C4n@ry@")) as door:
            reason = door.wait_for_state(State.DOWN)

    assert reason == "user or password is wrong or missing; set credentials"
    assert "ry" not in repr((door.states, door.source.name, threading.enumerate(), caplog.text))


@pytest.mark.slow
def test_many_losses_leave_no_thread_and_no_descriptor(stream: Path) -> None:
    import psutil

    process = psutil.Process()
    with RtspCamera(stream) as camera:
        camera.switch_on()
        with Watcher(camera.url, timeout=1) as door:
            door.wait_for_picture()
            before = process.num_threads(), process.num_fds()
            for _ in range(5):
                camera.kill()
                camera.switch_on()
                door.wait_for_picture(5)

            assert (process.num_threads(), process.num_fds()) <= (before[0], before[1] + 1)
    assert door.told.count(State.LIVE) == 6
