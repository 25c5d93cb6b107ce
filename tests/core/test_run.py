"""Whole runs on real clips: frames, events, signals, exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import av
import pytest

from tests.clips import moving_square, write_clip
from tests.conftest import InstallPlugin

pytestmark = pytest.mark.usefixtures("example_plugins")


def vidframe(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vidframe", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write_clip(tmp_path / "clip.mp4", moving_square(30))
    (tmp_path / "shop.yaml").write_text(
        dedent(
            """
            cameras: {door: clip.mp4}
            always:
              - eyes
              - look
              - brightness: {threshold: 255}
            """
        )
    )
    return tmp_path


def test_a_run_takes_every_frame_through_the_chain_and_writes_events_and_a_clip(shop: Path) -> None:
    done = vidframe("run", "shop.yaml", "--events", "out/e.jsonl", "--annotate", "out/a.mp4", "--profile", cwd=shop)

    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in (shop / "out/e.jsonl").read_text().splitlines()]
    assert [event["kind"] for event in events].count("dark") == 30
    assert len({event["id"] for event in events}) == len(events)
    with av.open(str(shop / "out/a.mp4")) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == 30
    assert "brightness" in done.stdout
    assert "out/e.jsonl" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["chekc", "shop.yaml"], "vidframe: no command 'chekc'; did you mean 'check'? (see vidframe --help)"),
        (["run"], "vidframe run: Missing argument 'CONFIG' (see vidframe run --help)"),
        (
            ["run", "shop.yaml", "--frames", "0"],
            "vidframe run: Invalid value for '--frames': 0 is not in the range x>=1",
        ),
        (
            ["run", "shop.yaml", "--source", "htp://x/"],
            "vidframe run: Invalid value for '--source': unknown kind of address",
        ),
        (["run", "shop.yaml", "--source", ""], "vidframe run: Invalid value for '--source': it is empty"),
        (["eval", "nothing"], "vidframe eval: No such command 'nothing'"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2_and_one_line(shop: Path, arguments: list[str], line: str) -> None:
    done = vidframe(*arguments, cwd=shop)

    assert done.returncode == 2
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1


def test_frames_ends_the_run_after_so_many(shop: Path) -> None:
    done = vidframe("run", "shop.yaml", "--frames", "7", "--events", "e.jsonl", cwd=shop)

    assert done.returncode == 0
    assert (shop / "e.jsonl").read_text().count('"dark"') == 7


def test_source_replaces_the_source_of_the_config(shop: Path) -> None:
    write_clip(shop / "other.mp4", moving_square(5))

    done = vidframe("run", "shop.yaml", "--source", "other.mp4", "--events", "e.jsonl", cwd=shop)

    assert done.returncode == 0
    assert (shop / "e.jsonl").read_text().count('"dark"') == 5


def test_a_wrong_config_is_exit_code_2_with_a_line_and_no_traceback(shop: Path) -> None:
    (shop / "shop.yaml").write_text("cameras: {door: clip.mp4}\nalways: [eye]\n")

    for command in ("check", "run", "explain"):
        done = vidframe(command, "shop.yaml", cwd=shop)

        assert done.returncode == 2
        assert done.stderr.startswith("shop.yaml:2:10: no plugin named 'eye' is installed; did you mean 'eyes'?")
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(lambda path: None, "clip.mp4", id="missing file"),
        pytest.param(lambda path: path.write_bytes(b""), "clip.mp4", id="empty file"),
        pytest.param(lambda path: path.write_text("just words"), "clip.mp4", id="no video"),
    ],
)
def test_a_camera_that_cannot_be_opened_is_exit_code_1_and_one_line(shop: Path, make: object, expected: str) -> None:
    (shop / "clip.mp4").unlink()
    make(shop / "clip.mp4")  # type: ignore[operator]

    done = vidframe("run", "shop.yaml", cwd=shop)

    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failing_step_is_exit_code_1_at_the_end(shop: Path, install_plugin: InstallPlugin) -> None:
    install_plugin(
        """
        from vidframe import hookimpl
        class Unopenable:
            @hookimpl
            def open_camera(self): raise OSError("no model")
        """,
        unopenable="Unopenable",
    )
    (shop / "shop.yaml").write_text("cameras: {door: clip.mp4}\nalways: [unopenable, eyes]\n")

    done = vidframe("run", "shop.yaml", cwd=shop)

    assert done.returncode == 1
    assert "step unopenable failed" in done.stderr


def test_check_imports_no_heavy_library(shop: Path) -> None:
    code = (
        "import sys; from vidframe.cli import cli; cli(['check', 'shop.yaml'], standalone_mode=False);"
        "heavy = {'cv2', 'av', 'mediapipe', 'keras', 'tensorflow', 'openvino', 'torch', 'scipy', 'matplotlib'};"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=shop, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


ENDLESS = """
    import os
    from pathlib import Path
    from time import sleep
    from vidframe import hookimpl

    class First:
        @hookimpl
        def process_frame(self): sleep(0.05)
        @hookimpl
        def close_camera(self): Path("closed").open("a").write("first ")

    class Second:
        @hookimpl
        def process_frame(self): Path("running").touch()
        @hookimpl
        def close_camera(self): Path("closed").open("a").write("second ")

    class Stuck:
        @hookimpl
        def close_camera(self): sleep(30)
"""


def started(shop: Path, chain: str) -> subprocess.Popen[str]:
    write_clip(shop / "clip.mp4", moving_square(400))
    (shop / "shop.yaml").write_text(f"cameras: {{door: clip.mp4}}\nalways: {chain}\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "vidframe", "run", "shop.yaml", "--events", "e.jsonl", "--annotate", "a.mp4"],
        cwd=shop,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    for _ in range(200):
        if (shop / "running").exists():
            return process
        time.sleep(0.05)
    process.kill()
    raise AssertionError("the run did not start")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_every_plugin_in_reverse_order_and_ends(
    shop: Path, install_plugin: InstallPlugin, number: signal.Signals
) -> None:
    install_plugin(ENDLESS, first="First", second="Second")
    process = started(shop, "[first, second]")

    process.send_signal(number)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 0, errors
    assert (shop / "closed").read_text() == "second first "
    with av.open(str(shop / "a.mp4")) as clip:
        assert sum(1 for _ in clip.decode(video=0)) > 0


def test_a_plugin_that_will_not_close_holds_nobody_for_more_than_5_seconds(
    shop: Path, install_plugin: InstallPlugin
) -> None:
    install_plugin(ENDLESS, first="First", second="Second", stuck="Stuck")
    process = started(shop, "[first, second, stuck]")

    process.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    process.communicate(timeout=60)

    assert time.monotonic() - asked < 6
    assert process.returncode == 1


def test_a_second_run_on_the_same_state_folder_is_refused_by_name_and_one_after_a_kill_is_not(
    shop: Path, install_plugin: InstallPlugin
) -> None:
    install_plugin(ENDLESS, first="First", second="Second")
    process = started(shop, "[first, second]")

    second = vidframe("run", "shop.yaml", cwd=shop)
    (shop / "other.yaml").write_text("state: elsewhere\n" + (shop / "shop.yaml").read_text())
    other = vidframe("run", "other.yaml", "--frames", "3", cwd=shop)
    process.kill()
    process.communicate(timeout=60)
    third = vidframe("run", "shop.yaml", "--frames", "3", cwd=shop)

    assert second.returncode == 2
    assert f"the vidframe with pid {process.pid} runs with the state folder" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1
    assert (other.returncode, third.returncode) == (0, 0)


def test_a_second_signal_ends_at_once(shop: Path, install_plugin: InstallPlugin) -> None:
    install_plugin(ENDLESS, first="First", second="Second", stuck="Stuck")
    process = started(shop, "[first, second, stuck]")

    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert time.monotonic() - asked < 2
    assert process.returncode == 128 + signal.SIGINT


def test_a_run_leaves_opencv_one_thread_and_a_library_alone(tmp_path: Path, install_plugin: InstallPlugin) -> None:
    code = """
        from vidframe import hookimpl

        class Threads:
            "Reports how many threads OpenCV has."
            @hookimpl
            def process_frame(self, frame):
                import cv2
                frame.camera.metric("opencv_threads", cv2.getNumThreads())
                frame.report("threads.seen", count=cv2.getNumThreads())
    """
    install_plugin(code, threads="Threads")
    write_clip(tmp_path / "clip.mp4", moving_square(3, 64, 48))
    (tmp_path / "chain.yaml").write_text("cameras: {door: clip.mp4}\nalways: [threads]\n")

    done = vidframe("run", "chain.yaml", "--events", "events.jsonl", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    counts = re.findall(r'"count": (\d+)', (tmp_path / "events.jsonl").read_text())
    assert counts == ["1", "1", "1"]


@pytest.mark.parametrize(
    ("body", "arguments", "code"),
    [
        pytest.param("raise ValueError('always')", (), 1, id="a step that failed on every frame"),
        pytest.param("if frame.index == 1: raise ValueError('once')", (), 0, id="a step that failed once"),
        pytest.param("if frame.index == 1: raise ValueError('once')", ("--strict",), 1, id="once, strictly"),
        pytest.param("frame.notes['mine'] = 1", (), 0, id="an undeclared write"),
        pytest.param("frame.notes['mine'] = 1", ("--strict",), 1, id="an undeclared write, strictly"),
        pytest.param("pass", ("--strict",), 0, id="nothing wrong, strictly"),
    ],
)
def test_the_exit_code_tells_of_failed_steps(
    tmp_path: Path, install_plugin: InstallPlugin, body: str, arguments: tuple[str, ...], code: int
) -> None:
    source = f"""
        from vidframe import hookimpl

        class Odd:
            "Fails as it is told."
            @hookimpl
            def process_frame(self, frame):
                {body}
    """
    install_plugin(source, odd="Odd")
    write_clip(tmp_path / "clip.mp4", moving_square(3, 64, 48))
    (tmp_path / "chain.yaml").write_text("cameras: {door: clip.mp4}\nalways: [odd]\n")

    done = vidframe("run", "chain.yaml", *arguments, cwd=tmp_path)

    assert done.returncode == code, done.stderr
    assert ("step odd failed" in done.stderr) == (code == 1 or "once" in body)


TAKES_OUTPUT = {
    "closed": ("sys.stdout.close()", "standard output"),
    "none": ("sys.stdout = None", "standard output"),
    "another": ("sys.stdout = open(os.devnull, 'w')", "standard output"),
    "descriptor": ("os.close(1)", "standard output"),
    "error closed": ("sys.stderr.close()", "standard error"),
}


@pytest.mark.parametrize(("body", "name"), TAKES_OUTPUT.values(), ids=TAKES_OUTPUT.keys())
def test_a_step_that_takes_the_output_does_not_end_the_run(
    install_plugin: InstallPlugin, shop: Path, body: str, name: str
) -> None:
    code = f"""
        import os, sys
        from vidframe import hookimpl
        class Taker:
            @hookimpl
            def process_frame(self, frame):
                if frame.index == 3:
                    {body}
        class Broken:
            @hookimpl
            def process_frame(self, frame): raise ValueError(f"late {{frame.index}}") if frame.index > 5 else OSError
    """
    install_plugin(code, distribution="takers", taker="Taker", broken="Broken")
    (shop / "shop.yaml").write_text("cameras: {door: clip.mp4}\nalways: [taker, broken]\n")

    done = vidframe("run", "shop.yaml", cwd=shop)

    assert done.returncode == 1
    assert "Traceback" not in done.stdout
    assert f"WARNING a plugin closed or replaced {name}" in done.stderr
    assert "camera door: step broken failed on every frame" in done.stderr
    assert "what happened" in done.stdout
    assert "30" in done.stdout


@pytest.mark.parametrize(
    "start",
    ["threading.Thread(target=self.pump, daemon=False).start()", "ThreadPoolExecutor().submit(self.pump)"],
    ids=["a thread", "an executor"],
)
def test_a_thread_that_a_step_leaves_behind_does_not_keep_the_run_from_ending(
    install_plugin: InstallPlugin, shop: Path, start: str
) -> None:
    code = f"""
        import threading, time
        from concurrent.futures import ThreadPoolExecutor
        from vidframe import hookimpl
        class Pump:
            @hookimpl
            def open_camera(self): {start}
            def pump(self):
                while True: time.sleep(1)
    """
    install_plugin(code, distribution="pumps", pump="Pump")
    (shop / "shop.yaml").write_text("cameras: {door: clip.mp4}\nalways: [pump]\n")

    done = vidframe("run", "shop.yaml", cwd=shop)

    assert done.returncode == 1
    assert "ERROR threads of plugins still run: Thread" in done.stderr
    assert "what happened" in done.stdout


def test_a_step_that_fails_in_every_drawing_is_exit_code_1(install_plugin: InstallPlugin, shop: Path) -> None:
    code = """
        from vidframe import hookimpl
        class Drawer:
            @hookimpl
            def draw(self): raise ValueError("no font")
    """
    install_plugin(code, distribution="drawers", drawer="Drawer")
    (shop / "shop.yaml").write_text("cameras: {door: clip.mp4}\nalways: [drawer]\n")

    done = vidframe("run", "shop.yaml", "--annotate", "a.mp4", cwd=shop)

    assert done.returncode == 1
    assert "camera door: step drawer failed on every drawing" in done.stderr
