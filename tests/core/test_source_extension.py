"""Sources that installed packages bring: live and recorded, lost and found again, wrong and refused."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cameras import wait_for
from tests.conftest import InstallPlugin
from tests.core.test_source_live import Watcher, assert_grows
from vidframe.cli import doctor
from vidframe.core.config.reading import CameraConfig, ConfigError, load
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.run.loop import run_camera
from vidframe.core.run.resources import ResourceCache
from vidframe.core.sources.address import address_problem
from vidframe.core.sources.decoded import DecodedFrame, SourceError, State, StateChange, decoded_frames
from vidframe.core.sources.opening import open_source

# A ring of one place: the number of the image, its time in seconds, then 120 x 160 x 3 bytes of BGR.
RING = '''
    """Images that another process writes into shared memory."""

    from multiprocessing import resource_tracker
    from multiprocessing.shared_memory import SharedMemory

    import numpy as np

    from vidframe.sources import SourceError


    def open_ring(address, options):
        """`ring://NAME`"""
        try:
            memory = SharedMemory(address.removeprefix("ring://"))
        except FileNotFoundError:
            raise SourceError("nobody writes to it; start the writer") from None
        resource_tracker.unregister(memory._name, "shared_memory")  # it is the writer's
        head = np.frombuffer(memory.buf, np.float64, 2)
        image = np.frombuffer(memory.buf, np.uint8, 120 * 160 * 3, 16).reshape(120, 160, 3)
        seen = 0.0
        try:
            while not options.closed.wait(0.005):
                if head[0] != seen:
                    seen = float(head[0])
                    yield image.copy(), float(head[1])
        finally:
            del head, image
            memory.close()
'''

WRITER = """
import sys, time
from multiprocessing.shared_memory import SharedMemory
import numpy as np
from tests.clips import moving_square

try:
    memory = SharedMemory(sys.argv[1], create=True, size=16 + 120 * 160 * 3)
except FileExistsError:
    memory = SharedMemory(sys.argv[1])
head = np.frombuffer(memory.buf, np.float64, 2)
image = np.frombuffer(memory.buf, np.uint8, 120 * 160 * 3, 16).reshape(120, 160, 3)
number = 0
while True:
    for picture in moving_square(30):
        number += 1
        image[:] = picture
        head[1] = number / 20
        head[0] = number
        time.sleep(1 / 20)
"""

GENERATORS = '''
    import time
    import av
    import numpy as np
    from vidframe.sources import recording

    CALLS = []


    def squares(count):
        for index in range(count):
            image = np.full((48, 64, 3), 20, np.uint8)
            image[8:24, index : index + 16] = 220
            yield image


    @recording
    def film(address, options):
        CALLS.append((address, options.credentials))
        for index, image in enumerate(squares(6)):
            yield image, 100 + index / 4


    @recording
    def bare(address, options):
        yield from squares(6)


    @recording
    def empty(address, options):
        yield from ()


    @recording
    def breaks(address, options):
        yield from squares(2)
        raise ValueError(f"cannot read {address}")


    class Odd:
        """Not a generator, grey, and from PyAV."""

        is_live = False
        closed = 0

        def __init__(self, address, options):
            pass

        def __iter__(self):
            yield np.zeros((48, 64), np.uint8)
            yield av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="bgr24")

        def close(self):
            Odd.closed += 1


    def lossy(address, options):
        """Three images a connection, then the line is cut."""
        CALLS.append(address)
        if len(CALLS) == 2:
            raise ConnectionResetError(104, "Connection reset by peer")
        for index, image in enumerate(squares(3)):
            yield image
            time.sleep(0.02)


    def fast(address, options):
        while True:
            for image in squares(40):
                yield image
                time.sleep(0.005)


    def blocked(address, options):
        """Does not look at options.closed for long."""
        CALLS.append(address)
        yield from squares(1)
        time.sleep(2.5)
        yield from squares(1)


    def wrong(address, options):
        yield np.zeros((48, 64, 3))


    def late(address, options):
        """Right once, then wrong."""
        yield from squares(1)
        time.sleep(0.1)
        yield {"none": None, "float": np.zeros((48, 64, 3)), "four": np.zeros((48, 64, 4), np.uint8)}[address[7:]]


    @recording
    def turned(address, options):
        """Not contiguous."""
        for image in squares(2):
            yield image[:, ::-1]
            yield np.asfortranarray(image)


    def unready(address, options):
        raise RuntimeError(f"{address} {options.credentials} is busy")
'''

ACME_SDK = """
import time
import numpy as np

STORY = []


class connect:
    def __init__(self, serial, login):
        STORY.extend([serial, login])
        self.seconds = 0.0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        STORY.append("closed")

    def grab(self, timeout):
        time.sleep(0.02)
        self.seconds += 0.02
        return np.random.default_rng().integers(0, 255, (48, 64, 3), dtype=np.uint8)
"""

SCHEMES = ["film", "bare", "empty", "breaks", "lossy", "fast", "blocked", "wrong", "late", "turned", "unready"]


@pytest.fixture
def generators(install_plugin: InstallPlugin) -> None:
    install_plugin(
        GENERATORS,
        distribution="generators",
        group="vidframe.sources",
        odd="Odd",
        **{name: name for name in SCHEMES},
    )


def calls() -> list[Any]:
    found: list[Any] = sys.modules["generators_plugin"].CALLS
    return found


@pytest.mark.usefixtures("generators")
def test_a_wrapped_generator_is_a_recording_with_its_own_time() -> None:
    with open_source("film://reel/1", credentials="ann:secret") as source:
        frames = list(decoded_frames(source))

    assert (source.name, source.is_live) == ("film://reel/1", False)
    assert [decoded.seconds for decoded in frames] == [0, 0.25, 0.5, 0.75, 1, 1.25]
    assert frames[2].picture.bgr()[10, 2].tolist() == [220, 220, 220]
    assert calls() == [("film://reel/1", "ann:secret")]


@pytest.mark.usefixtures("generators")
def test_images_without_a_time_follow_each_other_at_the_rate_of_the_config() -> None:
    with open_source("bare://", fps=4) as source:
        assert [decoded.seconds for decoded in decoded_frames(source)] == [0, 0.25, 0.5, 0.75, 1, 1.25]


@pytest.mark.usefixtures("generators")
def test_a_class_that_yields_grey_arrays_and_frames_of_pyav_is_a_source_and_is_closed() -> None:
    with open_source("odd://") as source:
        frames = list(decoded_frames(source))

    assert [decoded.picture.bgr().shape for decoded in frames] == [(48, 64, 3), (48, 64, 3)]
    assert sys.modules["generators_plugin"].Odd.closed == 1


@pytest.mark.usefixtures("generators")
@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("empty://x", "door: empty://x brought no image"),
        ("breaks://x", "door: breaks://x failed: ValueError: cannot read breaks://x"),
    ],
)
def test_a_recording_that_fails_ends_its_camera_and_says_why(url: str, message: str, tmp_path: Path) -> None:
    metrics = CameraMetrics("door")

    camera = CameraConfig("door", url)
    run_camera(camera, state=tmp_path, shared=ResourceCache(), metrics=metrics, stop=threading.Event())

    assert (metrics.state, metrics.error) == ("ended", message)


@pytest.mark.usefixtures("generators")
def test_a_live_source_is_opened_again_after_each_loss() -> None:
    with Watcher("lossy://door") as door:
        wait_for(lambda: len(calls()) >= 3 and door.told.count(State.LIVE) == 2)

    assert door.states[:5] == [
        (State.CONNECTING, ""),
        (State.LIVE, ""),
        (State.CONNECTING, "the stream ended"),
        (State.DOWN, "connection reset by peer"),
        (State.LIVE, ""),
    ]
    assert_grows(door.frames)


@pytest.mark.usefixtures("generators")
def test_of_a_live_source_the_newest_image_is_taken_and_the_others_are_counted() -> None:
    with open_source("fast://x") as source:
        frames = decoded_frames(source)
        next(frames)
        time.sleep(0.5)

        assert next(frames).dropped > 20


@pytest.mark.usefixtures("generators")
def test_a_source_that_is_silent_is_stalled_although_it_does_not_come_back() -> None:
    with Watcher("blocked://x", timeout=0.2) as door:
        assert door.wait_for_state(State.STALLED, 2) == "no data for 0.2 s"
        wait_for(lambda: len(calls()) == 2)  # once it came back it was opened again
        wait_for(lambda: door.told[-2:] == [State.LIVE, State.STALLED])


@pytest.mark.usefixtures("generators")
def test_what_is_no_image_is_told_with_what_would_do() -> None:
    with Watcher("wrong://x") as door:
        reason = door.wait_for_state(State.DOWN)

    assert reason.startswith(
        "wrong://x brought no image: an image is a uint8 array, height x width or height x width x 3 (BGR), or a PyAV"
    )
    assert reason.endswith("found float64 of shape (48, 64, 3)")


@pytest.mark.usefixtures("generators")
@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("late://none", "found NoneType"),
        ("late://float", "found float64 of shape (48, 64, 3)"),
        ("late://four", "found uint8 of shape (48, 64, 4)"),
    ],
)
def test_a_camera_whose_source_turns_wrong_is_down_with_a_warning(
    url: str, found: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stop, metrics = threading.Event(), CameraMetrics("door")
    options: dict[str, Any] = {"state": tmp_path, "shared": ResourceCache(), "metrics": metrics, "stop": stop}
    thread = threading.Thread(target=run_camera, args=(CameraConfig("door", url),), kwargs=options)
    thread.start()
    try:
        wait_for(lambda: metrics.state == "down")
        reason = metrics.reason
    finally:
        stop.set()
        thread.join()

    assert reason.startswith(f"{url} brought no image: an image is a uint8 array")
    assert reason.endswith(found)
    assert ("WARNING", f"camera door is down: {reason}") in [(each.levelname, each.message) for each in caplog.records]


@pytest.mark.usefixtures("generators")
def test_an_image_that_is_not_contiguous_is_taken_as_it_looks() -> None:
    with open_source("turned://x") as source:
        turned, column_major = (decoded.picture.bgr() for decoded in list(decoded_frames(source))[:2])

    assert (turned.flags.c_contiguous, column_major.flags.c_contiguous) == (True, True)
    assert turned[10, 60].tolist() == column_major[10, 3].tolist() == [220, 220, 220]


@pytest.mark.usefixtures("generators")
def test_a_reason_holds_no_secret() -> None:
    with Watcher("unready://ann:hidden@host/1?token=hidden", credentials="bob:s3cret") as door:
        reason = door.wait_for_state(State.DOWN)

    assert reason == "RuntimeError: unready://host/1?token=*** *** is busy"
    assert "hidden" not in door.source.name


@pytest.mark.usefixtures("generators")
def test_closing_leaves_no_thread_of_a_source_that_waits_for_its_end() -> None:
    with Watcher("fast://x") as door:
        door.wait_for_picture()
    assert "source fast://x" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.usefixtures("generators")
def test_check_knows_the_schemes_that_packages_bring(tmp_path: Path) -> None:
    config = tmp_path / "shop.yaml"
    config.write_text("cameras: {a: 'film:///reel', b: 'flim://reel', c: 'bare:/x'}\n")

    with pytest.raises(ConfigError) as caught:
        load(config)

    assert [problem.message for problem in caught.value.problems] == [
        f"unknown kind of address 'flim'; did you mean 'film'? (known: {', '.join(known())})",
        "an address begins with bare://",
    ]


def known() -> list[str]:
    own = ["rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "rtp", "srt", "udp", "tcp"]
    return [*own, *sorted([*SCHEMES, "odd"])]


@pytest.mark.usefixtures("generators")
def test_an_unknown_scheme_names_the_known_ones() -> None:
    with pytest.raises(SourceError, match=f"'ndi'; known are {', '.join(known())}$"):
        open_source("ndi://studio", camera="door")


def test_a_package_does_not_take_over_a_scheme_of_vidframe(install_plugin: InstallPlugin) -> None:
    install_plugin(GENERATORS, group="vidframe.sources", http="fast")

    assert address_problem("http:///") == "the address names no host; such as http://10.0.0.11/stream"
    assert open_source("http://127.0.0.1:9/x").frame_count is None  # a camera, and no call of the package's
    assert "outsider_plugin" not in sys.modules


def test_a_source_of_a_package_that_is_never_called_is_named(install_plugin: InstallPlugin, tmp_path: Path) -> None:
    install_plugin(GENERATORS, group="vidframe.sources", rtsp="fast")
    config = tmp_path / "shop.yaml"
    config.write_text("cameras:\n  a: 'rtsp://10.0.0.11/1'\n  b: clip.mp4\n")

    (warning,) = load(config).warnings

    assert warning.mark.line == 2
    assert warning.message.endswith(
        "vidframe reads rtsp itself, so that the source of outsider 1.0 is never called; it needs another scheme"
    )


BROKEN_SOURCES = {
    "nothing to import": ("import nothing_of_that_name", "does not load: ModuleNotFoundError: No module named"),
    "an exit": ("import sys; sys.exit(3)", "does not load: SystemExit: 3"),
    "no function": ("opened = 3", "must be a function of (address, options), found int"),
    "a coroutine": ("async def opened(address, options): yield 1", "is a coroutine"),
    "one argument": ("def opened(address): yield 1", "is called with (address, options): too many positional"),
}


@pytest.mark.parametrize(("code", "reason"), BROKEN_SOURCES.values(), ids=BROKEN_SOURCES.keys())
def test_check_refuses_a_source_that_cannot_work(
    install_plugin: InstallPlugin, tmp_path: Path, code: str, reason: str
) -> None:
    install_plugin(code, group="vidframe.sources", broken="opened")
    config = tmp_path / "shop.yaml"
    config.write_text("cameras:\n  a: 'broken://x'\n")

    with pytest.raises(ConfigError) as caught:
        load(config)

    (problem,) = caught.value.problems
    assert problem.mark.line == 2
    assert problem.message.startswith("source broken of outsider 1.0 ")
    assert reason in problem.message


def test_a_broken_source_is_harmless_where_no_camera_names_it(install_plugin: InstallPlugin, tmp_path: Path) -> None:
    install_plugin("import nothing_of_that_name", group="vidframe.sources", broken="opened")
    config = tmp_path / "shop.yaml"
    config.write_text("cameras: {a: clip.mp4}\n")

    assert load(config).warnings == ()


def test_the_scheme_of_a_package_may_have_capitals(install_plugin: InstallPlugin) -> None:
    install_plugin(GENERATORS, group="vidframe.sources", NDI="bare")

    with open_source("NDI://studio", fps=4) as source:
        assert len(list(decoded_frames(source))) == 6


def test_two_packages_with_one_scheme_are_refused_by_name(install_plugin: InstallPlugin) -> None:
    install_plugin(GENERATORS, distribution="one", group="vidframe.sources", film="film")
    install_plugin(GENERATORS, distribution="two", group="vidframe.sources", film="bare")

    with pytest.raises(SourceError, match=r"film is claimed by one 1\.0 and two 1\.0; uninstall one of them"):
        open_source("film://x")


def test_a_package_that_does_not_load_ends_its_camera_alone(install_plugin: InstallPlugin) -> None:
    install_plugin("import nothing_of_that_name", group="vidframe.sources", broken="open")

    with pytest.raises(SourceError, match=r"broken of outsider 1\.0 does not load: ModuleNotFoundError: No module"):
        open_source("broken://x")


@pytest.mark.skipif(sys.platform != "linux", reason="shared memory that stays after its writer")
def test_a_ring_in_shared_memory_is_live_down_and_live_again_with_its_writer(install_plugin: InstallPlugin) -> None:
    install_plugin(RING, distribution="rings", group="vidframe.sources", ring="open_ring")
    name = f"vidframe-test-{time.time_ns()}"

    def written() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", WRITER, name], cwd=Path(__file__).parents[2])

    with Watcher(f"ring://{name}", timeout=1) as door:
        assert door.wait_for_state(State.DOWN) == "nobody writes to it; start the writer"
        writer = written()
        try:
            door.wait_for_picture(20)
            assert door.frames[-1].picture.bgr().shape == (120, 160, 3)
            assert np.array_equal(door.frames[-1].picture.bgr() >= 20, np.ones((120, 160, 3), bool))
            writer.kill()
            writer.wait()
            assert door.wait_for_state(State.DOWN, 20) == "nobody writes to it; start the writer"
            writer = written()
            door.wait_for_picture(20)
        finally:
            writer.kill()
            writer.wait()
            Path(f"/dev/shm/{name}").unlink(missing_ok=True)

    assert door.told[:3] == [State.CONNECTING, State.DOWN, State.LIVE]
    assert door.told[-1] == State.LIVE
    assert_grows(door.frames)


@pytest.mark.usefixtures("generators")
def test_doctor_opens_what_packages_bring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "FIRST_FRAME_TIMEOUT", 1.0)
    config = tmp_path / "shop.yaml"
    config.write_text("cameras: {a: 'film://reel', b: 'lossy://door', c: 'unready://door'}\n")

    cameras = {finding.what: finding.problem for finding in doctor.examined(config) if "camera" in finding.what}

    assert cameras == {
        "camera a, 64 x 48 from film://reel": "",
        "camera b, 64 x 48 from lossy://door": "",
        "camera c": "no frame from unready://door within 1 s. RuntimeError: unready://door None is busy",
    }


def test_the_source_of_the_docs_works(install_plugin: InstallPlugin) -> None:
    page = (Path(__file__).parents[2] / "docs/sources.md").read_text()
    [code] = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    folder = install_plugin(code, distribution="acme", group="vidframe.sources", acme="open_acme")
    (folder / "acme_sdk.py").write_text(ACME_SDK)

    with Watcher("acme://17", credentials="ann:secret") as door:
        door.wait_for_picture()

    assert door.told == [State.CONNECTING, State.LIVE]
    assert sys.modules["acme_sdk"].STORY == ["17", "ann:secret", "closed"]


def test_the_moments_of_a_source_are_public() -> None:
    from vidframe import sources

    assert sources.DecodedFrame is DecodedFrame
    assert sources.StateChange is StateChange
