"""Folders of pictures and pipes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clips import moving_square, write_clip
from vidframe.core.sources.decoded import SourceError, decoded_frames
from vidframe.core.sources.opening import open_source


def gray_picture(path: Path, value: int) -> None:
    cv2.imwrite(str(path), np.full((40, 60, 3), value, np.uint8))


def test_pictures_come_in_the_order_in_which_people_count(tmp_path: Path) -> None:
    for number, value in ((10, 200), (2, 100), (1, 50)):
        gray_picture(tmp_path / f"decoded{number}.png", value)
    (tmp_path / "notes.txt").write_text("not a picture")

    with open_source(str(tmp_path), fps=4) as source:
        frames = list(decoded_frames(source))

        assert (source.frame_count, source.fps) == (3, 4)
    assert [int(decoded.picture.bgr().mean()) for decoded in frames] == [50, 100, 200]
    assert [decoded.seconds for decoded in frames] == [0, 0.25, 0.5]


def test_a_damaged_picture_is_left_out_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    gray_picture(tmp_path / "1.png", 50)
    (tmp_path / "2.png").write_bytes(b"no")
    gray_picture(tmp_path / "3.png", 50)
    (tmp_path / "folder.png").mkdir()

    with open_source(str(tmp_path), camera="door") as source:
        assert [decoded.seconds for decoded in decoded_frames(source)] == [0, 0.2]
    assert f"door: {tmp_path}: 1 of 3 images cannot be read: 2.png" in caplog.text


def test_a_folder_of_damaged_pictures_only_is_named(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"no")

    with pytest.raises(SourceError, match="has 1 images, and none can be read"):
        open_source(str(tmp_path))


PIPED = """
import sys
from vidframe.core.sources.decoded import decoded_frames
from vidframe.core.sources.opening import open_source
with open_source(sys.argv[1], fps=10, wants_packets=True) as source:
    frames = list(decoded_frames(source))
print(len(frames), (frames[0].picture.width, frames[0].picture.height), round(frames[-1].seconds, 2), int(frames[0].picture.gray().mean()))
"""


def piped(content: bytes, url: str = "-") -> str:
    done = subprocess.run([sys.executable, "-c", PIPED, url], input=content, capture_output=True, timeout=60)
    return (done.stdout or done.stderr.splitlines()[-1]).decode().strip()


def test_a_pipe_of_jpeg_pictures_is_read_to_its_end() -> None:
    jpegs = b"".join(cv2.imencode(".jpg", picture)[1].tobytes() for picture in moving_square(20))

    assert piped(jpegs).startswith("20 (160, 120) ")


@pytest.mark.parametrize("name", ["clip.mkv", "clip.ts", "clip.h264"])
def test_a_pipe_of_encoded_video_is_read_to_its_end(tmp_path: Path, name: str) -> None:
    assert piped(write_clip(tmp_path / name).read_bytes()).startswith("30 (160, 120) ")


@pytest.mark.parametrize(("pixels", "mean"), [("bgr24", 100), ("gray", 100)])
def test_a_pipe_of_raw_pictures_is_read_to_its_end(pixels: str, mean: int) -> None:
    picture = np.full((48, 64, 3) if pixels == "bgr24" else (48, 64), 100, np.uint8)

    assert piped(picture.tobytes() * 20, f"-:64x48:{pixels}") == f"20 (64, 48) 1.9 {mean}"


@pytest.mark.parametrize(
    ("content", "url", "message"),
    [
        pytest.param(b"", "-", "standard input ended before the first frame", id="nothing"),
        pytest.param(b"", "-:64x48:gray", "standard input has no frame that can be decoded", id="nothing, raw"),
        pytest.param(b"word " * 5000, "-", "does not bring video that FFmpeg knows", id="text"),
        pytest.param(b"\0" * 9000, "-:64:gray", "raw frames need -:WIDTHxHEIGHT:PIXELS, found", id="wrong size"),
        pytest.param(b"\0" * 9000, "-:64x48:grau", "raw frames need -:WIDTHxHEIGHT:PIXELS, found", id="wrong format"),
    ],
)
def test_a_useless_pipe_is_named_in_one_line(content: bytes, url: str, message: str) -> None:
    assert message in piped(content, url)


def test_a_pipe_that_falls_silent_is_left_within_a_fraction_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb", buffering=0) as reader, os.fdopen(write_end, "wb", buffering=0) as writer:
        monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": reader}))
        writer.write(bytes(64 * 48 * 5))
        stop = threading.Event()
        with open_source("-:64x48:gray", stop=stop) as source:
            threading.Timer(0.3, stop.set).start()
            began = time.monotonic()
            list(source)
    assert time.monotonic() - began < 1
