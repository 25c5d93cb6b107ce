"""`vidframe doctor` names what is missing and what would get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clips import write_clip
from tests.conftest import InstallPlugin
from vidframe import preflight
from vidframe.cli.doctor import examined

CHECKED = """
    from vidframe import hookimpl

    class Lamp:
        '''Needs a lamp.'''
        def __init__(self, address: str = "") -> None: self.address = address
        @hookimpl
        def process_frame(self, frame): pass

    def check(settings):
        if settings is not None:
            yield f"lamp {settings['address']}", "it does not shine; switch it on"
"""


def problems(config: Path | None = None) -> dict[str, str]:
    return {finding.what: finding.problem for finding in examined(config) if finding.problem}


def test_a_missing_system_library_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(preflight.LIBRARIES, "libEGL.so.999", ("libegl999", "mediapipe"))

    assert "libEGL.so.999 (for mediapipe) missing" in problems()["system libraries"]
    assert "apt-get install libegl999" in problems()["system libraries"]


def test_a_camera_that_gives_no_picture_is_named(tmp_path: Path) -> None:
    write_clip(tmp_path / "good.mp4")
    (tmp_path / "bad.mp4").write_text("no video")
    (tmp_path / "shop.yaml").write_text("cameras: {good: good.mp4, bad: bad.mp4}\n")

    found = problems(tmp_path / "shop.yaml")

    assert "camera bad" in found
    assert "camera good" not in found


def test_a_plugins_own_check_gets_the_settings_of_its_step(tmp_path: Path, install_plugin: InstallPlugin) -> None:
    folder = install_plugin(CHECKED, distribution="lamps", lamp="Lamp")
    points = folder / "lamps-1.0.dist-info" / "entry_points.txt"
    points.write_text(points.read_text() + "[vidframe.checks]\nlamp = lamps_plugin:check\n")
    write_clip(tmp_path / "a.mp4")
    (tmp_path / "shop.yaml").write_text("cameras: {door: a.mp4}\nalways: [{lamp: {address: north}}]\n")

    assert problems(tmp_path / "shop.yaml")["lamp north"] == "it does not shine; switch it on"


def test_no_check_of_an_installed_plugin_fails_by_itself() -> None:
    assert not [problem for problem in problems().values() if "its check failed" in problem]
