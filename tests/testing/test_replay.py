"""A clip through a chain, and its events beside those of a file."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest

from tests.clips import write_clip
from tests.testing.plugins_of_tests import Counter, Failing, Finder
from vidframe import Attachment, Frame, hookimpl
from vidframe.testing import replay

YAML = """\
plugins: [./bright.py]
cameras: {door: clip.mp4}
always: [{bright: {threshold: 10}}]
"""
PLUGIN = '''\
from dataclasses import dataclass
from vidframe import hookimpl

@dataclass
class Bright:
    """Reports bright frames."""
    threshold: float = 10.0

    @hookimpl
    def process_frame(self, frame):
        if frame.index % 10 == 0 and frame.gray.mean() > self.threshold:
            frame.report("bright.seen", luma=round(float(frame.gray.mean())) // 20)
'''


class Visits:
    """Reports what is never the same: ids, times, names of files."""

    def __init__(self) -> None:
        self._visit = ""

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        if frame.index == 0:
            self._visit = f"door.{frame.time:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
            frame.report("visits.begun", visit=self._visit, start=frame.time, share=1 / 3)
        if frame.index == 20:
            clip = f"{secrets.token_hex(16)}.mp4"
            snapshot = Attachment("snapshot", "image/jpeg", b"1")
            others = [secrets.token_hex(4)]
            frame.report("visits.over", snapshot, visit=self._visit, incidents=[self._visit, *others], name=clip)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4")


def test_what_differs_at_each_run_is_made_stable(clip: Path, tmp_path: Path) -> None:
    expected = tmp_path / "golden" / "visits.jsonl"

    replay(clip, [Visits()], expected, update=True)
    replay(clip, [Visits()], expected)

    assert [json.loads(line) for line in expected.read_text().splitlines()] == [
        {
            "seconds": 0.0,
            "kind": "visits.begun",
            "reporter": "visits",
            "facts": {"visit": "visit-1", "start": 0.0, "share": 0.3333},
        },
        {
            "seconds": 2.0,
            "kind": "visits.over",
            "reporter": "visits",
            "facts": {"visit": "visit-1", "incidents": ["visit-1", "incident-1"], "name": "name-1"},
            "files": ["snapshot"],
        },
    ]


def test_a_yaml_file_with_a_plugin_of_its_own_is_a_chain(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "bright.py").write_text(PLUGIN)
    (tmp_path / "shop.yaml").write_text(YAML)
    expected = tmp_path / "bright.jsonl"

    replay(clip, tmp_path / "shop.yaml", expected, update=True)
    replay(clip, tmp_path / "shop.yaml", expected)

    assert len(expected.read_text().splitlines()) == 3


def test_a_difference_is_shown(clip: Path, tmp_path: Path) -> None:
    expected = tmp_path / "counts.jsonl"
    replay(clip, [Finder(), Counter()], expected, update=True)
    before = expected.read_text()
    expected.write_text(before.replace('"boxes": 1', '"boxes": 7', 1))

    with pytest.raises(AssertionError) as failed:
        replay(clip, [Finder(), Counter()], expected)

    told = str(failed.value)
    assert "--vidframe-update" in told
    assert [line[0] for line in told.splitlines() if '"boxes"' in line] == ["-", "+", " ", " "]
    assert '"boxes": 15' in before.splitlines()[-1]  # what was reported at the closing


def test_an_expectation_that_is_not_there_is_told(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="not there yet"):
        replay(clip, [Finder()], tmp_path / "none.jsonl")
    assert not (tmp_path / "none.jsonl").exists()


def test_the_environment_can_ask_for_an_update(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDFRAME_UPDATE", "1")

    replay(clip, [Finder(), Counter()], tmp_path / "counts.jsonl")

    assert len((tmp_path / "counts.jsonl").read_text().splitlines()) == 16


def test_a_step_that_fails_is_a_failed_test(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="step failing failed in process_frame"):
        replay(clip, [Failing()], tmp_path / "none.jsonl", update=True)
    assert not (tmp_path / "none.jsonl").exists()
