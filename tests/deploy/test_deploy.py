"""The files for service managers name commands, options, metrics and paths that exist."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest
import yaml

from tests.clips import write_long_clip
from tests.conftest import InstallPlugin
from vidframe.cli import cli
from vidframe.core.config.reading import load
from vidframe.core.observe.metrics import CameraMetrics, Metrics, own_process
from vidframe.core.observe.prometheus import exposition

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
BOARD = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
ALERTS = yaml.safe_load((DEPLOY / "alerts.yml").read_text())


def shown_metrics() -> set[str]:
    """The names of all metrics of a run with every bundled plugin."""
    camera = CameraMetrics("door")
    camera.step("faces", "faces")
    camera.done(0.1)
    camera.kinds["interest"] = 1
    of_sinks = (ROOT / "vidframe/outbox/sending.py").read_text()
    for source in (ROOT / "plugins").rglob("*.py"):
        plugin, text = source.parent.name.removeprefix("vidframe_"), source.read_text()
        for name in re.findall(r'metric\("(\w+)"', text + of_sinks if "vidframe.outbox" in text else text):
            camera.step(plugin, plugin).own[name] = 1
    shown = exposition(Metrics([camera], [own_process("supervisor")]), "text/plain")[0].decode()
    return set(re.findall(r"^(vidframe_\w+)", shown, re.MULTILINE))


def expressions() -> list[str]:
    """All queries of the dashboard and of the alerts."""
    of_panels = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
    of_variables = [variable["query"] for variable in BOARD["templating"]["list"]]
    of_alerts = [rule["expr"] for group in ALERTS["groups"] for rule in group["rules"]]
    return [*of_panels, *of_variables, *of_alerts]


def test_every_metric_of_the_dashboard_and_of_the_alerts_is_shown() -> None:
    named = {name for expression in expressions() for name in re.findall(r"vidframe_\w+", expression)}

    assert len(named) > 20
    # `vidframe_camera_state` names its own label, too; the job of Prometheus is called vidframe.
    assert named - shown_metrics() == set()


def test_every_metric_is_documented() -> None:
    text = (ROOT / "docs/operating.md").read_text()
    names = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in shown_metrics()}

    assert [name for name in sorted(names) if not re.search(rf"`({name}|{_ending(name)})`", text)] == []


def _ending(name: str) -> str:
    """The docs shorten what follows its own kind: `_outbox_files`."""
    return re.sub(r"^vidframe_(process|plugin_[a-z]+)", "", name)


def test_queries_have_as_many_brackets_open_as_closed() -> None:
    for expression in expressions():
        for opened, closed in ("()", "{}", "[]"):
            assert expression.count(opened) == expression.count(closed), expression


def unit() -> RawConfigParser:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # its keys are case-sensitive
    parser.read(DEPLOY / "vidframe.service")
    return parser


@pytest.mark.parametrize("key", ["ExecStartPre", "ExecStart", "ExecReload"])
def test_the_unit_calls_commands_with_options_that_exist(key: str) -> None:
    program, name, *arguments = unit()["Service"][key].split()

    assert program == "/opt/vidframe/.venv/bin/vidframe"
    command = cli.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    known = {option for parameter in command.params for option in parameter.opts}
    assert {argument for argument in arguments if argument.startswith("--")} <= known
    assert "/etc/vidframe/shop.yaml" in arguments


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("unit", ["vidframe.service", "vidframe-shop.service"])
def test_systemd_knows_every_line_of_the_unit(tmp_path: Path, unit: str) -> None:
    copy = tmp_path / unit
    copy.write_text(re.sub(r"/opt/vidframe/\.venv/bin/[a-z-]+", "/bin/true", (DEPLOY / unit).read_text()))

    done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)

    assert unit not in done.stderr
    assert done.returncode == 0


def test_the_config_for_services_passes_the_check() -> None:
    config = load(DEPLOY / "shop.yaml", environ={"SHOP_TOKEN": "token"})

    assert config.state == Path("/var/lib/vidframe")
    assert config.metrics == ("127.0.0.1", 9477)


def test_what_the_dockerfile_copies_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    for line in (DEPLOY / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for name in line.split()[1:-1]:
                assert (ROOT / name).exists()
                assert name in kept
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    build = compose["services"]["vidframe"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).exists()


def test_a_service_manager_hears_that_vidframe_is_ready_alive_and_ending(
    tmp_path: Path, install_plugin: InstallPlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
        from time import sleep
        from vidframe import hookimpl
        class Slow:
            "Takes its time."
            @hookimpl
            def process_frame(self, frame): sleep(0.05)
    """
    install_plugin(code, slow="Slow")
    write_long_clip(tmp_path / "clip.mp4")
    (tmp_path / "shop.yaml").write_text("cameras: {door: clip.mp4}\nalways: [slow]\n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        process = subprocess.Popen([sys.executable, "-m", "vidframe", "run", "shop.yaml"], cwd=tmp_path)

        first = manager.recv(1000).decode().splitlines()
        process.terminate()
        last = manager.recv(1000).decode()
        process.wait(10)

    assert first[:2] == ["READY=1", "WATCHDOG=1"]
    assert re.fullmatch(r"STATUS=\d of 1 cameras live", first[2])
    assert last == "STOPPING=1"
