"""`vidframe bench`: what it counts; what it measures is no matter of a test."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from tests.clips import moving_square, write_clip
from vidframe.cli.bench import bench


def test_the_first_frame_is_told_apart_from_the_others(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", moving_square(12, 64, 48))

    done = CliRunner().invoke(
        bench, ["--source", str(tmp_path / "clip.mp4"), "--rounds", "1", "--steps", "2", "--json"]
    )

    told = json.loads(done.output)
    assert (told["frames"], told["steps"]) == (11, 2)
    assert told["opening_ms"] > 0
    assert told["loop_ms"] > 0


def test_a_clip_of_one_frame_is_refused(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", moving_square(1, 64, 48))

    done = CliRunner().invoke(bench, ["--source", str(tmp_path / "clip.mp4"), "--rounds", "1"])

    assert done.exit_code == 1
    assert "has one frame; give a video of two or more" in done.output
