"""Fixtures that many tests share."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.needs import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

InstallPlugin = Callable[..., Path]

hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is no mistake
hypothesis.settings.load_profile("untimed")


@pytest.fixture
def install_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InstallPlugin:
    """Installs plugins from source text, for this process and the ones that it starts, until the test ends."""
    folder = tmp_path / "site"

    def install(
        code: str,
        *,
        distribution: str = "outsider",
        version: str = "1.0",
        group: str = "vidframe.plugins",
        **entry_points: str,
    ) -> Path:
        """`install(code, brightness="Brightness")` makes the class Brightness in `code` the plugin brightness.

        `group` is that of other entry points, such as `vidframe.sources`.
        """
        module = distribution.replace("-", "_") + "_plugin"
        folder.mkdir(exist_ok=True)
        (folder / f"{module}.py").write_text(dedent(code))
        info = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        lines = [f"{name} = {module}:{attribute}" for name, attribute in entry_points.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]) + "\n")
        monkeypatch.syspath_prepend(folder)
        monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        monkeypatch.delitem(sys.modules, module, raising=False)
        return folder

    return install


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The distribution's Chromium."""
    from playwright.sync_api import expect, sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        expect.set_options(timeout=20_000)  # a loaded machine is no reason to fail
        yield browser
        browser.close()


EXAMPLE_PLUGINS = '''
    """A detector, two that build on it, and one that needs nothing."""

    from dataclasses import dataclass
    from pathlib import Path
    from typing import Annotated, Literal

    from pydantic import BaseModel, Field

    from vidframe import Box, Face, Frame, HeadPose, Seconds, hookimpl


    @dataclass
    class Eyes:
        """Finds one face in every frame."""

        min_size: Annotated[int, Field(ge=1, le=500, description="px")] = 20
        landmarks: bool = True
        adds = ("faces", "faces.landmarks")

        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            frame.faces = [Face(Box(10, 10, self.min_size, self.min_size), track=1)]


    class Zone(BaseModel, extra="forbid"):
        name: str
        polygon: list[tuple[float, float]]


    @dataclass
    class Look:
        """Says where each face looks."""

        zones: list[Zone] | None = None
        model: Path | None = None
        method: Literal["fast", "good"] = "fast"
        needs = ("faces", "faces.landmarks")
        adds = ("faces.head_pose",)

        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            for face in frame.faces:
                face.head_pose = HeadPose(0, 0, 0, 5)


    @dataclass
    class Brightness:
        """Reports `dark` where the mean pixel value is below `threshold`."""

        threshold: Annotated[float, Field(ge=0, le=255)]
        bright_above: float = 256
        hold: Seconds = 2.0

        def __post_init__(self) -> None:
            if self.threshold > self.bright_above:
                raise ValueError("threshold must not be higher than bright_above")

        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            if frame.gray.mean() < self.threshold:
                frame.report("dark", brightness=float(frame.gray.mean()))


    @dataclass
    class Clock:
        """Night in every second ten frames."""

        adds = ("mode",)

        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            frame.mode = "night" if frame.index // 10 % 2 else "day"
'''


@pytest.fixture
def example_plugins(install_plugin: InstallPlugin) -> None:
    """Installs eyes, look, brightness and clock."""
    install_plugin(
        EXAMPLE_PLUGINS, distribution="examples", eyes="Eyes", look="Look", brightness="Brightness", clock="Clock"
    )
