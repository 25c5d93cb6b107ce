"""Recordings: every picture with its time; damaged ones say what is wrong in one line."""

import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import copy_packets, moving_square, write_clip, write_sound
from vidframe.core.sources.decoded import DecodedFrame, SourceError, State, StateChange, decoded_frames
from vidframe.core.sources.opening import open_source


def frames_of(path: Path, **options: Any) -> list[DecodedFrame]:
    with open_source(str(path), camera="door", **options) as source:
        return list(decoded_frames(source))


def test_a_recording_is_live_once_and_then_yields_its_frames(tmp_path: Path) -> None:
    with open_source(str(write_clip(tmp_path / "clip.mp4", fps=10))) as source:
        first, *rest = source

    assert first == StateChange(State.LIVE)
    assert len(rest) == len(list(decoded_frames(rest))) == 30


def test_every_picture_of_a_recording_comes_with_its_time(tmp_path: Path) -> None:
    frames = frames_of(write_clip(tmp_path / "clip.mp4", fps=10))

    assert [round(decoded.seconds, 3) for decoded in frames] == [round(index / 10, 3) for index in range(30)]


def test_a_variable_frame_rate_keeps_its_real_times(tmp_path: Path) -> None:
    times = [0, 0.04, 0.08, 1.5, 1.54, 4.0]
    clip = write_clip(tmp_path / "clip.mp4", moving_square(6), times=times)

    assert [decoded.seconds for decoded in frames_of(clip)] == pytest.approx(times, abs=0.001)


def test_gray_is_the_decoders_own_plane(tmp_path: Path) -> None:
    with open_source(str(write_clip(tmp_path / "clip.mp4"))) as source:
        picture = next(decoded_frames(source)).picture
        plane = picture.decoded.planes[0]  # type: ignore[attr-defined]

        assert picture.gray().__array_interface__["data"][0] == plane.buffer_ptr
        assert not picture.gray().flags.writeable


def test_pictures_stay_whole_after_their_source_was_closed(tmp_path: Path) -> None:
    drawn = list(moving_square())
    grays = [decoded.picture.gray() for decoded in frames_of(write_clip(tmp_path / "clip.mp4", drawn))]

    for gray, picture in zip(grays, drawn, strict=True):
        assert np.abs(gray.astype(float).mean() - (16 + picture.mean() * 219 / 255)) < 3


def test_the_recorders_clock_is_believed(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", metadata={"creation_time": "2026-03-01T20:15:00Z"})

    with open_source(str(clip)) as source:
        assert source.utc(1.5) == datetime(2026, 3, 1, 20, 15, 1, 500000, tzinfo=UTC)


def test_without_its_clock_a_recording_ended_when_it_was_last_written(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4")
    os.utime(clip, (1_800_000_000, 1_800_000_000))

    with open_source(str(clip)) as source:
        assert source.utc(3.0) == datetime.fromtimestamp(1_800_000_000, UTC)


def test_at_real_pace_pictures_come_no_faster_than_they_were_recorded(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", moving_square(6))
    began = time.monotonic()

    frames_of(clip, pace="real")

    assert time.monotonic() - began >= 0.5


def test_a_stop_ends_a_recording_at_real_pace_at_once(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", moving_square(3), times=[0, 60, 120])
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()

    assert len(frames_of(clip, pace="real", stop=stop)) == 1


def test_threads_change_nothing_but_the_time_it_takes(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", options={"preset": "medium", "bf": "3"})

    alone, together = frames_of(clip), frames_of(clip, threads=3)

    assert [decoded.seconds for decoded in alone] == [decoded.seconds for decoded in together]
    assert all(np.array_equal(a.picture.gray(), b.picture.gray()) for a, b in zip(alone, together, strict=True))


def test_what_is_known_of_a_recording_is_known_before_its_first_picture(tmp_path: Path) -> None:
    with open_source(str(write_clip(tmp_path / "clip.mp4"))) as source:
        assert (source.fps, source.frame_count) == (10, 30)
        assert not source.is_live


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"door: .*missing\.mp4 does not exist; give"):
        frames_of(tmp_path / "missing.mp4")


def test_sound_without_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"has audio \(aac\) but no video"):
        frames_of(write_sound(tmp_path / "sound.mp4"))


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        pytest.param("clip.mp4", "libx264", {}, id="H.264 as MP4 holds it"),
        pytest.param("clip.ts", "libx264", {}, id="H.264 as cameras send it"),
        pytest.param("clip.mkv", "libx264", {"preset": "medium", "bf": "3"}, id="H.264 with B-frames"),
        pytest.param("clip.mp4", "libx265", {"x265-params": "log-level=none"}, id="H.265"),
        pytest.param("clip.avi", "mjpeg", {}, id="Motion JPEG"),
    ],
)
def test_packets_can_be_copied_into_an_mp4_that_plays_to_its_end(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    frames = frames_of(write_clip(tmp_path / name, codec=codec, options=options, pixels=pixels), wants_packets=True)
    packets = [packet for decoded in frames for packet in decoded.packets]

    copied = frames_of(copy_packets(packets, tmp_path / "copy.mp4"))

    assert [decoded.seconds for decoded in copied] == pytest.approx([decoded.seconds for decoded in frames], abs=0.001)
    assert all(np.array_equal(one.picture.gray(), two.picture.gray()) for one, two in zip(frames, copied, strict=True))


@pytest.mark.parametrize("noted", [0, 90])
@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_copy_of_a_turned_cameras_packets_is_shown_turned(tmp_path: Path, rotate: int, noted: int) -> None:
    frames = frames_of(write_clip(tmp_path / "clip.mp4", rotation=noted), wants_packets=True, rotate=rotate)

    copied = frames_of(
        copy_packets([packet for decoded in frames for packet in decoded.packets], tmp_path / "copy.mp4")
    )

    assert all(np.array_equal(one.picture.bgr(), two.picture.bgr()) for one, two in zip(frames, copied, strict=True))
    assert {packet.encoding.rotate for packet in frames[0].packets} == {rotate}


def test_a_copy_of_a_rotated_recording_is_shown_upright_too(tmp_path: Path) -> None:
    frames = frames_of(write_clip(tmp_path / "phone.mp4", rotation=-90), wants_packets=True)

    copied = frames_of(
        copy_packets([packet for decoded in frames for packet in decoded.packets], tmp_path / "copy.mp4")
    )

    assert (copied[0].picture.width, copied[0].picture.height) == (120, 160)
