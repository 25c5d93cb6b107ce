"""Files that are not what they should be: what can be read is read, and one line says what is wrong."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.clips import moving_square, write_clip, write_sound
from vidframe.core.sources.decoded import SourceError, decoded_frames
from vidframe.core.sources.opening import open_source

FASTSTART = {"movflags": "faststart"}


def count_of(path: Path) -> int:
    with open_source(str(path), camera="door") as source:
        return sum(1 for _ in decoded_frames(source))


def cut(path: Path, share: float = 0.6) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [("clip.mp4", FASTSTART), ("clip.mkv", {}), ("clip.avi", {}), ("clip.flv", {})],
)
def test_a_cut_recording_gives_what_it_has_and_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, options: dict[str, str]
) -> None:
    clip = cut(write_clip(tmp_path / name, moving_square(60, 320, 240), container_options=options))

    assert 20 < count_of(clip) < 50
    assert f"door: {clip} ends after" in caplog.text
    assert ": it is cut off" in caplog.text


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.avi", "clip.ts", "clip.flv", "clip.mov"])
@pytest.mark.parametrize("options", [{}, {"preset": "medium", "bf": "3"}], ids=["", "B-frames"])
def test_a_whole_recording_gives_no_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, options: dict[str, str]
) -> None:
    caplog.set_level(logging.WARNING)

    assert count_of(write_clip(tmp_path / name, options=options)) == 30
    assert caplog.messages == []


@pytest.mark.parametrize("name", ["picture.jpg", "picture.png"])
def test_a_single_picture_is_a_recording_of_one(tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str) -> None:
    Image.fromarray(next(moving_square())).save(tmp_path / name)

    assert count_of(tmp_path / name) == 1
    assert caplog.messages == []


def test_damage_in_the_middle_costs_pictures_and_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clip = write_clip(tmp_path / "clip.mp4", moving_square(60, 320, 240), container_options=FASTSTART)
    content = bytearray(clip.read_bytes())
    start = content.index(b"mdat") + 3000
    for at in range(start, start + 6000, 7):
        content[at] ^= 0xFF
    clip.write_bytes(content)

    count = count_of(clip)

    assert 30 < count < 60
    assert f"door: {clip}: {60 - count} of 60 frames are damaged and were skipped" in caplog.text


def text(path: Path) -> Path:
    path.write_text("Not a video.\n" * 1000)
    return path


def noise(path: Path) -> Path:
    path.write_bytes(np.random.default_rng(0).bytes(100_000))
    return path


def nothing(path: Path) -> Path:
    path.touch()
    return path


def recording_that_was_cut_off(path: Path) -> Path:
    return cut(write_clip(path))


def only_the_start(path: Path) -> Path:
    return cut(write_clip(path), 0.001)


def animated_webp(path: Path) -> Path:
    ground, other = (Image.fromarray(picture) for picture in moving_square(2))
    ground.save(path, save_all=True, append_images=[other])
    return path


def named_pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def playlist_of_other_machines(path: Path) -> Path:
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n")
    return path


def list_of_other_files(path: Path) -> Path:
    path.write_text("ffconcat version 1.0\nfile '/etc/hostname'\n")
    return path


@pytest.mark.parametrize(
    ("make", "name", "message"),
    [
        pytest.param(text, "text.mp4", "is not a video that FFmpeg can read", id="text named mp4"),
        pytest.param(text, "notes.txt", "has no video", id="text"),
        pytest.param(noise, "noise.mp4", "is not a video that FFmpeg can read", id="noise"),
        pytest.param(nothing, "empty.mp4", "is empty (0 bytes)", id="zero bytes"),
        pytest.param(write_sound, "sound.mp4", "has audio (aac) but no video", id="sound only"),
        pytest.param(recording_that_was_cut_off, "cut.mp4", "or its recording was cut off", id="without its index"),
        pytest.param(
            only_the_start, "start.mkv", "is not a video that FFmpeg can read", id="the first bytes of Matroska"
        ),
        pytest.param(
            only_the_start, "start.ts", "is not a video that FFmpeg can read", id="the first bytes of MPEG-TS"
        ),
        pytest.param(animated_webp, "moving.webp", "an animated WebP, which FFmpeg cannot read", id="animated WebP"),
        pytest.param(named_pipe, "pipe", "is a pipe; name the source - and give it", id="named pipe"),
        pytest.param(playlist_of_other_machines, "list.m3u8", "is not a video", id="a playlist of other machines"),
        pytest.param(list_of_other_files, "list.mp4", "cannot be opened", id="a list of other files"),
        pytest.param(lambda path: path, "missing.mp4", "does not exist", id="missing"),
        pytest.param(lambda path: path.mkdir() or path, "folder", "is a folder without images", id="empty folder"),
    ],
)
def test_a_useless_file_is_named_in_one_line(
    tmp_path: Path, make: Callable[[Path], Path], name: str, message: str
) -> None:
    path = make(tmp_path / name)

    with pytest.raises(SourceError) as raised:
        open_source(str(path), camera="door")

    assert str(raised.value).startswith(f"door: {path} ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_title_in_another_character_set_does_not_matter(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", metadata={"title": "TITLE"})
    clip.write_bytes(clip.read_bytes().replace(b"TITLE", b"T\xe9t\xe9\xff"))

    assert count_of(clip) == 30


def test_a_wrong_extension_does_not_matter(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4")

    assert count_of(clip.rename(tmp_path / "clip.jpg")) == 30
    assert count_of((tmp_path / "clip.jpg").rename(tmp_path / "clip.txt")) == 30


def test_ffmpeg_does_not_write_to_the_terminal(tmp_path: Path) -> None:
    clip = cut(write_clip(tmp_path / "clip.mp4", moving_square(60, 320, 240), container_options=FASTSTART))
    code = f"from vidframe.core.sources.opening import open_source\nlist(open_source({str(clip)!r}, camera='door'))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == ""
    assert [line.startswith(f"door: {clip}") for line in done.stderr.splitlines()] == [True] * 2
