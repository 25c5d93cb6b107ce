"""Recordings: every picture with its time; damaged ones say what is wrong in one line."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.clips import moving_square, write_clip, write_sound
from vidframe.core.source import Shot, SourceError, open_source


def shots_of(path: Path, **options: object) -> list[Shot]:
    with open_source(str(path), camera="door", **options) as source:  # type: ignore[arg-type]
        return list(source)


def test_every_picture_of_a_recording_comes_with_its_time(tmp_path: Path) -> None:
    shots = shots_of(write_clip(tmp_path / "clip.mp4", fps=10))

    assert [round(shot.seconds, 3) for shot in shots] == [round(index / 10, 3) for index in range(30)]


def test_a_variable_frame_rate_keeps_its_real_times(tmp_path: Path) -> None:
    times = [0, 0.04, 0.08, 1.5, 1.54, 4.0]
    clip = write_clip(tmp_path / "clip.mp4", moving_square(6), times=times)

    assert [shot.seconds for shot in shots_of(clip)] == pytest.approx(times, abs=0.001)


def test_gray_is_the_decoders_own_plane(tmp_path: Path) -> None:
    with open_source(str(write_clip(tmp_path / "clip.mp4"))) as source:
        picture = next(iter(source)).picture
        plane = picture._decoded.planes[0]  # type: ignore[attr-defined]

        assert picture.gray().__array_interface__["data"][0] == plane.buffer_ptr
        assert not picture.gray().flags.writeable


def test_pictures_stay_whole_after_their_source_was_closed(tmp_path: Path) -> None:
    drawn = list(moving_square())
    grays = [shot.picture.gray() for shot in shots_of(write_clip(tmp_path / "clip.mp4", drawn))]

    for gray, picture in zip(grays, drawn, strict=True):
        assert np.abs(gray.astype(float).mean() - (16 + picture.mean() * 219 / 255)) < 3


def test_the_recorders_clock_is_believed(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", metadata={"creation_time": "2026-03-01T20:15:00Z"})

    with open_source(str(clip)) as source:
        assert source.utc(1.5) == datetime(2026, 3, 1, 20, 15, 1, 500000, tzinfo=UTC)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"door: .*missing\.mp4 does not exist; give"):
        shots_of(tmp_path / "missing.mp4")


def test_sound_without_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"has sound \(aac\) but no picture"):
        shots_of(write_sound(tmp_path / "sound.mp4"))
