"""kill -9 in the middle of a clip: what was written plays, and the next start finishes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import av
import pytest
from vidframe_recorder.plugin import Recorder

from tests.clips import moving_square, write_clip
from tests.disks import power_cut
from vidframe.testing import make_camera

# Records a camera at 25 pictures a second, in real time, with an incident from the first second on.
VICTIM = """
import sys, time
from pathlib import Path
from vidframe import Frame
from vidframe.core.sources.decoded import decoded_frames
from vidframe.core.model.kinds import KINDS
from vidframe.core.sources.opening import open_source
from vidframe.testing import make_camera
from vidframe_recorder.plugin import Recorder

camera = make_camera(state=Path(sys.argv[2]))
recorder = Recorder(before=1)
recorder.open_camera(camera)
began = time.monotonic()
with open_source(sys.argv[1], wants_packets=sys.argv[3] == "copied") as source:
    for index, decoded in enumerate(decoded_frames(source)):
        time.sleep(max(0, began + decoded.seconds - time.monotonic()))
        camera.report.seconds = decoded.seconds
        recorder.process_frame(Frame(decoded.picture, camera, index, decoded.seconds, decoded.packets))
        if index == 25:
            recorder.handle_event(camera.report("incident.opened", **KINDS["incident.opened"].example | {"incident": "a"}))
        print(f"{decoded.seconds:.3f}", flush=True)
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "camera.mp4"
    return write_clip(path, moving_square(500, 160, 120), fps=25)


def killed(recording: Path, how: str, state: Path, after: float) -> float:
    """Lets a recorder run for `after` seconds of video and kills it; the seconds that it had taken in."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", VICTIM, str(recording), str(state), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if float(line) >= after:
                break
        time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split()
    return float(rest[-1] if rest else line)


def pictures(clip: Path) -> list[float]:
    """Times of all pictures; av.error.InvalidDataError if one is damaged."""
    with av.open(str(clip), options={"err_detect": "explode"}) as container:
        return [picture.time for picture in container.decode(video=0) if picture.time is not None]


@pytest.mark.parametrize("how", ["copied", "encoded"])
@pytest.mark.parametrize(
    "moments",
    [
        (4.7, 2.5),
        *(pytest.param(some, marks=pytest.mark.slow) for some in ((8.0, 6.2, 5.1, 3.0), (7.45, 6.8, 3.33, 1.9))),
    ],
    ids=str,
)
def test_after_a_kill_the_clip_plays_to_its_last_second(
    recording: Path, tmp_path: Path, how: str, moments: tuple[float, ...]
) -> None:
    states = [tmp_path / f"killed after {after}" for after in moments]
    with ThreadPoolExecutor(len(moments)) as beside:  # they record in real time
        taken_in = list(beside.map(partial(killed, recording, how), states, moments))

    for state, seconds in zip(states, taken_in, strict=True):
        assert_plays_to_its_end(state, seconds)


def assert_plays_to_its_end(state: Path, taken_in: float, lost: float = 1.3) -> None:
    """What was written plays as it is, and the next start makes a clip of it that lacks no more than its end."""
    (part,) = (state / "clips").glob("*.part.mp4")
    with av.open(str(part)) as container:
        assert any(True for _ in container.demux(video=0))
    camera = make_camera(state=state)
    recorder = Recorder()
    recorder.open_camera(camera)
    recorder.close_camera()

    (ready,) = camera.events
    assert ready.kind == "clip.ready"
    assert ready.facts["recovered"] is True
    assert ready.facts["incidents"] == ["a"]
    (clip,) = (state / "clips").glob("*.mp4")
    times = pictures(clip)
    assert times[0] + taken_in - times[-1] <= lost  # a fragment, a lump, and what the killed thread had in hand


@pytest.mark.parametrize("after", [3.1, pytest.param(5.4, marks=pytest.mark.slow)])
def test_after_a_power_cut_the_clip_still_belongs_to_its_incident(
    recording: Path, tmp_path: Path, after: float
) -> None:
    """The burglar pulls the fuse: what had not reached the device is gone, notes and names of files included."""
    with power_cut(tmp_path / "disk", tmp_path / "disk.img") as cut:
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[3])}
        command = [sys.executable, "-c", VICTIM, str(recording), str(tmp_path / "disk/state"), "copied"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            seconds = next(float(line) for line in process.stdout if float(line) >= after)
            state = cut(tmp_path / "after") / "state"
            process.kill()
        assert_plays_to_its_end(state, seconds, lost=2.5)


def test_a_part_that_somebody_is_writing_is_left_alone(recording: Path, tmp_path: Path) -> None:
    from vidframe_recorder.storage import ClipFile, Storage

    folder = tmp_path / "clips"
    folder.mkdir()
    file = ClipFile(folder / "20260101T000000Z-abcdef.part.mp4", Storage(folder))
    camera = make_camera(state=tmp_path)
    recorder = Recorder()

    recorder.open_camera(camera)
    recorder.close_camera()
    file.close()

    assert (folder / "20260101T000000Z-abcdef.part.mp4").exists()


def test_a_part_without_a_picture_goes_and_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / "20260101T000000Z-abcdef.part.mp4").write_bytes(b"\0\0\0\x20ftyp")
    camera = make_camera(state=tmp_path)
    recorder = Recorder()

    recorder.open_camera(camera)
    recorder.close_camera()

    assert [event.kind for event in camera.events] == ["clip.failed"]
    assert list(folder.iterdir()) == []
