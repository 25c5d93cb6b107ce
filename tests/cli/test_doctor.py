"""`vidframe doctor` names what is missing and what would get it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

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

        @hookimpl
        def check_machine(self):
            if self.address:
                yield f"lamp {self.address}", "it does not shine; switch it on"
"""


def problems(config: Path | None = None) -> dict[str, str]:
    return {finding.what: finding.problem for finding in examined(config) if finding.problem}


def test_a_missing_system_library_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(preflight.LIBRARIES, "libEGL.so.999", ("libegl999", "mediapipe"))

    assert "libEGL.so.999 (for mediapipe) missing" in problems()["system libraries"]
    assert "apt-get install libegl999" in problems()["system libraries"]


def test_make_names_npm_where_it_is_missing_and_the_models_were_never_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("VIDFRAME_CACHE", str(tmp_path))
    monkeypatch.delenv("VIDFRAME_PEOPLE_PACKAGES", raising=False)

    (line,) = preflight.build_problems()
    assert "npm is missing" in line
    assert "apt-get install npm" in line

    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "coco_ssd.pb").touch()
    assert preflight.build_problems() == []


def test_a_camera_that_gives_no_picture_is_named(tmp_path: Path) -> None:
    write_clip(tmp_path / "good.mp4")
    (tmp_path / "bad.mp4").write_text("no video")
    (tmp_path / "shop.yaml").write_text("cameras: {good: good.mp4, bad: bad.mp4}\n")

    found = problems(tmp_path / "shop.yaml")

    assert "camera bad" in found
    assert "camera good" not in found


def test_a_plugins_own_check_gets_the_settings_of_its_step(tmp_path: Path, install_plugin: InstallPlugin) -> None:
    install_plugin(CHECKED, distribution="lamps", lamp="Lamp")
    write_clip(tmp_path / "a.mp4")
    (tmp_path / "shop.yaml").write_text("cameras: {door: a.mp4}\nalways: [{lamp: {address: north}}]\n")

    assert problems(tmp_path / "shop.yaml")["lamp north"] == "it does not shine; switch it on"


def test_a_second_wheel_of_opencv_is_named_with_what_repairs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "opencv_python_headless-4.12.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: opencv-python-headless\nVersion: 4.12.0\n")
    (info / "top_level.txt").write_text("cv2\n")
    assert "OpenCV" not in problems()

    monkeypatch.syspath_prepend(tmp_path)

    problem = problems()["OpenCV"]
    assert "cv2 comes from opencv-contrib-python and opencv-python-headless, which overwrite each other" in problem
    assert "pip install --force-reinstall --no-deps opencv-contrib-python" in problem


def test_a_broken_opencv_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", ModuleType("cv2"))  # an empty folder, as an uninstalled wheel leaves it

    assert "cv2 is broken" in problems()["OpenCV"]


def test_no_check_of_an_installed_plugin_fails_by_itself() -> None:
    assert not [problem for problem in problems().values() if "its check failed" in problem]
