"""Every Python and YAML block of docs/writing-a-plugin.md runs, and brings what the page says.

The first line of a block names its file.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import vidframe
from tests.clips import Pixels, write_clip
from tests.plugins.webhook.receivers import Receiver
from vidframe.core.model.kinds import KINDS
from vidframe.core.plugin.registry import load_file
from vidframe.testing import conformance, make_camera

PAGE = (Path(__file__).parents[2] / "docs/writing-a-plugin.md").read_text()
FILES = {
    name: f"# {name}\n{text}"
    for name, text in re.findall(r"^```\w+\n# (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
}
ZONE = [(0.0, 0.0), (160.0, 0.0), (160.0, 120.0), (0.0, 120.0)]
SETTINGS: dict[str, dict[str, Any]] = {
    "crowd": {"zone": ZONE},
    "lamp": {"url": "http://127.0.0.1:9/"},
    "line_counter": {"start": (70.0, 0.0), "end": (70.0, 120.0)},
}


def squares(count: int = 40) -> list[Pixels]:
    """Dark at first, then two light squares, one of which goes to the right; the other one up and down."""
    images = []
    for index in range(count):
        image = np.full((120, 160, 3), 0 if index < 10 else 40, np.uint8)
        if index >= 15:
            image[20:50, 10 + 3 * (index - 15) :][:, :30] = 220
            image[70 + 4 * (index % 2) :, 110:140][:30] = 220
        images.append(image)
    return images


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Every block of the page as its file, beside a clip."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    write_clip(tmp_path / "clip.mp4", squares())
    return tmp_path


def test_every_block_has_a_file_and_a_test() -> None:
    kinds = re.findall(r"^```(\w+)\n", PAGE, re.MULTILINE)

    assert sum(kind in ("python", "yaml") for kind in kinds) == len(FILES)
    assert set(FILES) == {
        *("mine.py", "shop.yaml", "example.py", "crowd.py", "crowd.yaml", "line_counter.py", "line.yaml"),
        *("lamp.py", "settings.py", "test_dark.py", "test_replay.py"),
    }


def run(folder: Path, *arguments: str) -> str:
    """What a module of this Python writes in the folder; fails with it."""
    command = [sys.executable, "-m", *arguments]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_first_example_runs_from_the_command_line(folder: Path) -> None:
    commands = re.findall(r"^\$ vidframe (.*)$", PAGE, re.MULTILINE)
    assert len(commands) == 2

    for command in commands:
        run(folder, "vidframe", *command.split())

    assert (folder / "events.jsonl").read_text().count('"dark.seen"') == 10


@pytest.mark.parametrize("name", [name for name in FILES if re.fullmatch(r"(?!test_)\w+\.py", name)])
def test_the_plugins_of_the_page_load_and_run(folder: Path, name: str) -> None:
    (plugin,) = load_file(folder / name)
    settings = SETTINGS.get(plugin.name, {})

    if name in ("mine.py", "example.py", "lamp.py", "settings.py"):
        conformance(plugin.kind, **settings)
    plugin.kind(**settings)


def test_the_crowd_is_counted_reported_and_drawn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    shapes: dict[int, list[Any]] = {}
    reported = []

    with vidframe.Pipeline("crowd.yaml") as frames:
        for frame in frames:
            shapes[frame.index] = frame.canvas.shapes
            reported += [(frame.index, event.kind, event.facts) for event in frame.events]

    assert not frames.failures
    assert [(kind, facts) for _, kind, facts in reported][:1] == [("crowd.formed", {"count": 2})]
    index = reported[0][0]
    texts = [shape.text for shape in shapes[index] if hasattr(shape, "text")]
    outlines = [shape.corners for shape in shapes[index] if hasattr(shape, "corners")]
    assert texts == ["2 in zone", "moving", "moving"]
    assert outlines[0] == tuple(ZONE)
    assert len(outlines) == 3
    with av.open("crowd.mp4") as clip:
        written = [frame.to_ndarray(format="bgr24") for frame in clip.decode(video=0)]
    assert len(written) == 40
    assert written[index][:, :, 1].max() > squares()[index][:, :, 1].min() + 60


def test_the_line_counter_counts_what_crosses_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)

    with vidframe.Pipeline("line.yaml") as frames:
        events = [event for frame in frames for event in frame.events if event.kind == "line_counter.crossed"]

    assert [event.facts["total"] for event in events] == [1]
    assert frames.metrics["line_counter"] == {"crossed_total": 1}


def test_the_lamp_is_told_of_an_alert_that_came_while_it_was_away(folder: Path, tmp_path: Path) -> None:
    (plugin,) = load_file(folder / "lamp.py")
    camera = make_camera("door", state=tmp_path / "state")
    lamp = plugin.kind("http://127.0.0.1:9/")
    lamp.open_camera(camera)
    lamp.handle_event(camera.report("incident.opened", **KINDS["incident.opened"].example))
    lamp.close_camera()

    receiver = Receiver()
    again = plugin.kind(receiver.url)
    again.open_camera(camera)
    try:
        while not receiver.requests:
            time.sleep(0.02)
    finally:
        again.close_camera()
        receiver.stop()


def test_the_tests_of_the_page_pass(folder: Path) -> None:
    tests = ("pytest", "-q", "-p", "no:cacheprovider", "test_dark.py", "test_replay.py")

    run(folder, *tests, "--vidframe-update")
    assert "3 passed" in run(folder, *tests)
    assert (folder / "crowd.jsonl").read_text().count("crowd.formed") >= 1


@pytest.mark.slow
def test_the_types_of_the_page_are_right(folder: Path) -> None:
    run(folder, "mypy", "--strict", *(name for name in FILES if name.endswith(".py")))


@pytest.mark.parametrize(("names", "most"), [(("crowd.py", "crowd.yaml"), 30), (("line_counter.py",), 25)])
def test_the_examples_are_short(names: tuple[str, ...], most: int) -> None:
    lines = [line for name in names for line in FILES[name].splitlines()[1:] if line.strip()]

    assert len(lines) <= most


def test_the_pyprojects_of_the_page_are_toml() -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

    groups = {group for block in blocks for group in tomllib.loads(block)["project"]["entry-points"]}

    assert groups == {"vidframe.plugins", "vidframe.detectors"}


def test_its_sentences_are_short() -> None:
    prose = re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^\|.*$|^#.*$", "", prose, flags=re.MULTILINE)
    lengths = [len(sentence.split()) for sentence in re.split(r"[.:;]\s+|\n\n|\n- ", prose) if sentence.split()]

    assert statistics.median(lengths) <= 15
    assert max(lengths) <= 32
