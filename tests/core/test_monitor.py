"""Metrics of a run over HTTP, as Prometheus, a service manager and `vidframe top` ask for them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from tests.cameras import RtspCamera, free_port, wait_for
from tests.clips import moving_square, write_clip, write_long_clip
from tests.conftest import InstallPlugin

ODD = """
    from time import sleep
    from vidframe import hookimpl

    class Slow:
        "Takes 40 ms a frame."
        @hookimpl
        def process_frame(self, frame): sleep(0.04)

    class Failing:
        "Fails at every second frame, and counts them."
        @hookimpl
        def open_camera(self, camera): self.camera = camera
        @hookimpl
        def process_frame(self, frame):
            self.camera.metric("frames_seen_total", frame.index + 1)
            self.camera.metric("queue", 7)
            if frame.index % 2: raise ValueError("odd")
            frame.report("even")

    class Stuck:
        "Does not come back from the tenth frame."
        @hookimpl
        def process_frame(self, frame):
            if frame.index == 10: sleep(1000)
"""
Samples = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def folder(tmp_path: Path, install_plugin: InstallPlugin) -> Path:
    install_plugin(ODD, slow="Slow", failing="Failing", stuck="Stuck")
    write_long_clip(tmp_path / "clip.mp4")
    return tmp_path


@contextmanager
def running(folder: Path, config: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A vidframe of that config, once it is ready, and where its metrics are."""
    address = f"127.0.0.1:{free_port()}"
    (folder / "shop.yaml").write_text(f"metrics: {address}\n{config}\n")
    command = [sys.executable, "-m", "vidframe", "run", "shop.yaml"]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: status(address, "/readyz")[0] == 200, 60)
        yield process, address
    finally:
        process.kill()
        process.communicate()


def status(address: str, page: str, **headers: str) -> tuple[int, str, str]:
    """Status, media type and body of a page; status 0 where nobody listens."""
    try:
        with urlopen(Request(f"http://{address}{page}", headers=headers), timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()
    except OSError:
        return 0, "", ""


def samples(address: str) -> Samples:
    found = {}
    for family in prometheus(status(address, "/metrics")[2]):
        for sample in family.samples:
            found[sample.name, tuple(sample.labels.values())] = sample.value
    return found


def test_the_figures_are_those_of_what_happened(folder: Path) -> None:
    chain = "cameras: {door: clip.mp4, till: clip.mp4}\nalways: [slow, failing]"
    with running(folder, chain) as (_, address):
        wait_for(lambda: samples(address)["vidframe_camera_frames_analysed_total", ("door",)] > 20, 60)

        found = samples(address)

    who = ("door", "failing")
    frames = found["vidframe_camera_frames_analysed_total", ("door",)]
    assert found["vidframe_camera_state", ("door", "live")] == 1
    assert found["vidframe_camera_state", ("door", "down")] == 0
    assert found["vidframe_camera_frames_in_total", ("till",)] > 0
    assert found["vidframe_camera_frames_dropped_total", ("door",)] == 0
    assert abs(found["vidframe_step_errors_total", who] - frames / 2) <= 1
    assert abs(found["vidframe_camera_events_total", ("door", "even")] - frames / 2) <= 1
    assert found["vidframe_step_seconds_bucket", ("door", "0.03", "slow")] == 0
    assert found["vidframe_step_seconds_sum", ("door", "slow")] >= 0.04 * frames
    assert abs(found["vidframe_plugin_failing_frames_seen_total", who] - frames) <= 1
    assert found["vidframe_plugin_failing_queue", who] == 7
    assert found["vidframe_process_up", ("supervisor",)] == 1
    assert found["vidframe_process_memory_bytes", ("supervisor",)] > 10e6


def test_openmetrics_is_sent_to_whoever_asks_for_it(folder: Path) -> None:
    with running(folder, "cameras: {door: clip.mp4}\nalways: [slow]") as (_, address):
        _, plain, _ = status(address, "/metrics")
        _, media_type, text = status(address, "/metrics", Accept="application/openmetrics-text; version=1.0.0")

    assert plain.startswith("text/plain")
    assert media_type.startswith("application/openmetrics-text")
    assert "vidframe_camera_frames_in" in {family.name for family in openmetrics(text)}  # type: ignore[no-untyped-call]


def test_a_camera_that_is_away_keeps_vidframe_neither_from_being_ready_nor_healthy(folder: Path) -> None:
    chain = f"cameras: {{door: 'rtsp://viewer:hunter2@127.0.0.1:{free_port()}/a?token=hunter2'}}\nalways: [slow]"
    with running(folder, chain) as (_, address):
        wait_for(lambda: samples(address)["vidframe_camera_state", ("door", "down")] == 1)
        code, _, body = status(address, "/readyz")

        assert code == 200
        assert json.loads(body)["cameras"]["door"]["reason"] == "connection refused; is it on, and is the port right?"
        assert status(address, "/healthz")[0] == 200
        assert "hunter2" not in body + status(address, "/metrics")[2]


def test_a_step_that_does_not_come_back_makes_vidframe_unhealthy(folder: Path, install_plugin: InstallPlugin) -> None:
    (folder / "site" / "sitecustomize.py").write_text("import vidframe.core.observe.metrics as m; m.STUCK = 0.5\n")
    with running(folder, "cameras: {door: clip.mp4}\nalways: [stuck]") as (_, address):
        wait_for(lambda: status(address, "/healthz")[0] == 503, 30)

        assert "camera door: step stuck has been blocked" in status(address, "/healthz")[2]
        assert samples(address)["vidframe_step_stuck", ("door", "stuck")] == 1


def test_a_camera_that_has_ended_by_a_failure_is_told_by_health_and_readiness(folder: Path) -> None:
    chain = "cameras: {door: clip.mp4, till: {source: clip.mp4, exclude: [failing]}}\nalways: [slow, {failing: {on_error: stop}}]"
    with running(folder, chain) as (_, address):
        wait_for(lambda: status(address, "/healthz")[0] == 503, 30)
        _, _, healthy = status(address, "/healthz")
        code, _, ready = status(address, "/readyz")
        going_on = samples(address)["vidframe_camera_frames_analysed_total", ("till",)]
        wait_for(lambda: samples(address)["vidframe_camera_frames_analysed_total", ("till",)] > going_on)

    assert "camera door has ended: step failing failed in process_frame: ValueError: odd" in healthy
    assert (code, json.loads(ready)["ready"]) == (503, False)


def test_it_is_not_ready_before_its_cameras_are_known(folder: Path) -> None:
    late = """
        import time
        import vidframe.core.run.supervisor as supervisor
        apply = supervisor.Cameras.apply
        supervisor.Cameras.apply = lambda cameras, configs: (time.sleep(1), apply(cameras, configs))
    """
    (folder / "site" / "sitecustomize.py").write_text(textwrap.dedent(late))
    with running(folder, "cameras: {door: clip.mp4}\nalways: [slow]") as (_, address):
        assert ("vidframe_camera_frames_analysed_total", ("door",)) in samples(address)


def test_a_page_that_cannot_be_made_is_a_line_in_the_log_and_spares_the_others(
    folder: Path, install_plugin: InstallPlugin
) -> None:
    broken = "import vidframe.core.observe.prometheus as p\np._of_plugins = lambda steps: 1 / 0\n"
    (folder / "site" / "sitecustomize.py").write_text(broken)
    with running(folder, "cameras: {door: clip.mp4}\nalways: [slow]") as (process, address):
        code, _, body = status(address, "/metrics")
        healthy = status(address, "/healthz")[0]
        process.kill()
        log = process.stderr.read() if process.stderr else ""

    assert (code, healthy) == (500, 200)
    assert "ZeroDivisionError" in body
    assert "cannot render /metrics" in log


def test_pages_that_are_not_there_are_named(folder: Path) -> None:
    with running(folder, "cameras: {door: clip.mp4}\nalways: [slow]") as (_, address):
        code, _, body = status(address, "/")

    assert code == 404
    assert "/metrics, /healthz, /readyz" in body


def test_a_port_that_is_taken_is_one_line_and_exit_code_2(folder: Path) -> None:
    with running(folder, "cameras: {door: clip.mp4}\nalways: [slow]") as (_, address):
        done = vidframe("run", "shop.yaml", cwd=folder)

    assert done.returncode == 2
    assert done.stderr == f"vidframe: shop.yaml: metrics: cannot listen on {address}: address already in use\n"


def test_top_shows_cameras_steps_and_processes(folder: Path) -> None:
    with running(folder, "cameras: {door: clip.mp4}\nalways: [slow, failing]"):
        done = vidframe("top", "shop.yaml", "--once", cwd=folder)

    assert done.returncode == 0, done.stderr
    words = done.stdout.split()
    assert {"door", "live", "slow", "failing", "failing_queue", "supervisor"} <= set(words)


def test_top_without_a_run_is_one_line(folder: Path) -> None:
    (folder / "shop.yaml").write_text("cameras: {door: clip.mp4}\nalways: [slow]\n")

    done = vidframe("top", "shop.yaml", cwd=folder)

    assert (done.returncode, done.stderr) == (2, "vidframe: shop.yaml: no running instance has its state folder\n")


def test_reload_says_that_it_was_done_or_why_not(folder: Path) -> None:
    with running(folder, "cameras: {door: clip.mp4}\nalways: [slow]") as (process, address):
        text = (folder / "shop.yaml").read_text()
        (folder / "shop.yaml").write_text(text.replace("[slow]", "[slow, failing]") + "workers: 2\n")
        done = vidframe("reload", "shop.yaml", cwd=folder)
        assert (done.returncode, done.stdout) == (0, "shop.yaml: reloaded\n"), done.stderr
        assert samples(address)["vidframe_config_reloads_total", ("done",)] == 1

        (folder / "shop.yaml").write_text(text.replace("[slow]", "[slwo]"))
        done = vidframe("reload", "shop.yaml", cwd=folder)
        assert done.returncode == 2
        assert "did you mean 'slow'?" in done.stderr
        assert samples(address)["vidframe_camera_state", ("door", "live")] == 1
        process.terminate()
        assert "changes of workers take effect at the next start" in process.communicate(timeout=20)[1]


def test_a_reload_that_the_run_refuses_is_told_to_whoever_asked(folder: Path) -> None:
    with running(folder, "cameras: {door: clip.mp4}\nalways: [slow]") as (
        process,
        address,
    ):
        (folder / "shop.yaml").write_text("cameras: {door: nothing.mp4}\nalways: [slwo]\n")
        process.send_signal(signal.SIGHUP)

        wait_for(lambda: samples(address)["vidframe_config_reloads_total", ("refused",)] == 1)


def test_logs_can_be_json(folder: Path) -> None:
    (folder / "shop.yaml").write_text(f"cameras: {{door: 'http://127.0.0.1:{free_port()}/a'}}\nalways: [slow]\n")
    command = [sys.executable, "-m", "vidframe", "run", "shop.yaml", "--log-format", "json", "--verbose"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        records = [json.loads(process.stderr.readline()) for _ in range(2)]
        process.kill()

    assert [record["level"] for record in records] == ["info", "warning"]
    assert records[1]["message"].startswith("camera door is down: connection refused")
    assert records[1]["thread"] == "door"


def vidframe(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vidframe", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.slow
def test_a_password_that_changes_is_told_and_taken_up_by_a_reload(folder: Path) -> None:
    stream = write_clip(folder / "a.h264", moving_square(40, 320, 240))
    (folder / "door.secret").write_text("viewer:old-0ne")
    with RtspCamera(stream, user="viewer", password="old-0ne") as camera:
        camera.switch_on()
        chain = f"cameras: {{door: {{source: '{camera.url}', credentials: !include door.secret}}}}\nalways: [slow]"
        with running(folder, chain) as (_, address):
            wait_for(lambda: samples(address)["vidframe_camera_state", ("door", "live")] == 1, 30)
            camera.kill()
            camera.switch_on(password="new-0ne")
            wait_for(lambda: "password is wrong" in status(address, "/readyz")[2], 30)

            (folder / "door.secret").write_text("viewer:new-0ne")
            done = vidframe("reload", "shop.yaml", cwd=folder)

            assert done.returncode == 0, done.stderr
            wait_for(lambda: samples(address)["vidframe_camera_state", ("door", "live")] == 1, 10)
            assert "0ne" not in status(address, "/readyz")[2] + status(address, "/metrics")[2] + done.stdout
