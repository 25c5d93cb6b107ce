"""Pictures of every kind: upright, in the right colours, and without a copy where there is none to be made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from tests.clips import Pixels, moving_square, write_clip
from vidframe.core.model.frames import Picture
from vidframe.core.sources.array import ArrayPicture
from vidframe.core.sources.decoded import decoded_frames
from vidframe.core.sources.opening import open_source
from vidframe.core.sources.picture import DecodedPicture, turned


def picture_of(path: Path) -> Picture:
    with open_source(str(path)) as source:
        return next(decoded_frames(source)).picture


def corner(width: int = 160, height: int = 120) -> list[Pixels]:
    """Black, with a white upper left corner."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 4, : width // 4] = 255
    return [picture] * 3


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "size"),
    [
        ("clip.mp4", "libx264", "yuv420p", (160, 120)),
        ("clip.mp4", "libx264", "yuv422p", (160, 120)),
        ("clip.mp4", "libx264", "yuv444p", (161, 121)),
        ("clip.mkv", "ffv1", "yuv420p", (161, 121)),
        ("clip.mkv", "ffv1", "gray", (160, 120)),
        ("clip.avi", "mjpeg", "yuvj420p", (160, 120)),
        ("clip.avi", "mjpeg", "yuvj422p", (160, 120)),
        ("clip.mp4", "libx264", "yuv444p", (1, 1)),
        ("clip.mkv", "ffv1", "gray", (1, 1)),
    ],
)
def test_gray_and_chroma_are_the_decoders_own_planes(
    tmp_path: Path, name: str, codec: str, pixels: str, size: tuple[int, int]
) -> None:
    picture = picture_of(write_clip(tmp_path / name, moving_square(3, *size), codec=codec, pixels=pixels))
    assert isinstance(picture, DecodedPicture)
    planes = picture.decoded.planes
    views = [picture.gray(), *(picture.chroma() or ())]

    assert [address(view) for view in views] == [plane.buffer_ptr for plane in planes]
    assert [view.shape for view in views] == [(plane.height, plane.width) for plane in planes]
    assert not any(view.flags.writeable for view in views)


def address(view: Pixels) -> int:
    return int(view.__array_interface__["data"][0])


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        pytest.param("clip.mp4", "libx264", "yuv420p", id="limited range"),
        pytest.param("clip.avi", "mjpeg", "yuvj420p", id="full range"),
        pytest.param("clip.mp4", "libx264", "yuv420p10le", id="10 bit"),
        pytest.param("clip.mp4", "libx264", "yuv422p10le", id="10 bit 4:2:2"),
        pytest.param("clip.mkv", "ffv1", "gray16le", id="16 bit grey"),
        pytest.param("clip.avi", "rawvideo", "bgr24", id="RGB"),
        pytest.param("clip.avi", "rawvideo", "yuyv422", id="packed YUV"),
        pytest.param("clip.mkv", "ffv1", "bgr0", id="RGB with a spare byte"),
    ],
)
def test_every_pixel_format_shows_what_was_drawn(tmp_path: Path, name: str, codec: str, pixels: str) -> None:
    drawn = corner()
    picture = picture_of(write_clip(tmp_path / name, drawn, codec=codec, pixels=pixels))

    assert np.abs(picture.bgr().astype(int) - drawn[0]).mean() < 4
    assert picture.gray().shape == (120, 160)
    assert picture.gray().dtype == np.uint8
    assert int(picture.gray()[5, 5]) - int(picture.gray()[100, 100]) > 200
    chroma = picture.chroma()
    assert chroma is None or all(abs(int(plane.mean()) - 128) < 3 for plane in chroma)


def test_nv12_is_looked_at_in_place() -> None:
    decoded = av.VideoFrame.from_ndarray(corner()[0], format="bgr24").reformat(format="nv12")
    picture = DecodedPicture(decoded)
    chroma = picture.chroma()

    assert chroma is not None
    assert [address(picture.gray()), address(chroma[0])] == [plane.buffer_ptr for plane in decoded.planes]
    assert address(chroma[1]) == decoded.planes[1].buffer_ptr + 1
    assert [plane.shape for plane in chroma] == [(60, 80), (60, 80)]


@pytest.mark.parametrize(
    ("rotation", "size", "white"),
    [
        pytest.param(90, (120, 160), (-5, 5), id="a quarter to the left"),
        pytest.param(-90, (120, 160), (5, -5), id="a quarter to the right"),
        pytest.param(180, (160, 120), (-5, -5), id="upside down"),
    ],
)
def test_a_phones_recording_is_shown_upright(
    tmp_path: Path, rotation: float, size: tuple[int, int], white: tuple[int, int]
) -> None:
    clip = write_clip(tmp_path / "phone.mp4", corner(), rotation=rotation)
    with open_source(str(clip)) as source:
        picture = next(decoded_frames(source)).picture

        assert (picture.width, picture.height) == size
    assert picture.gray().shape == picture.bgr().shape[:2] == size[::-1]
    assert picture.gray()[white] > 200
    assert picture.bgr()[white].min() > 200
    assert (picture.bgr().mean(axis=2) > 128).mean() == pytest.approx(1 / 16, abs=0.01)


@pytest.mark.parametrize("rotation", [0, 90])
def test_a_smaller_image_comes_straight_at_its_size(tmp_path: Path, rotation: float) -> None:
    picture = picture_of(write_clip(tmp_path / "clip.mp4", corner(), rotation=rotation))

    small = picture.bgr(40)

    assert small.shape == (round(picture.height * 40 / picture.width), 40, 3)
    assert np.abs(small.mean() - picture.bgr().mean()) < 2


@pytest.mark.parametrize("rotate", [90, 180, 270])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p", "gray", "bgr24"])
@pytest.mark.parametrize("noted", [0, 90])
def test_a_turned_camera_shows_every_view_turned(tmp_path: Path, rotate: int, pixels: str, noted: int) -> None:
    codec = "rawvideo" if pixels == "bgr24" else "ffv1"
    name = "clip.avi" if pixels == "bgr24" else "clip.mkv"
    clip = write_clip(tmp_path / name, moving_square(3), codec=codec, pixels=pixels, rotation=noted)
    straight = picture_of(clip)

    assert_turned(straight, first_picture(str(clip), rotate=rotate), rotate)


def test_a_picture_from_an_array_is_turned_like_a_decoded_one() -> None:
    straight = ArrayPicture(corner()[0])

    for rotate in (90, 180, 270):
        assert_turned(straight, turned(straight, rotate), rotate)
    assert turned(straight, 0) is straight


def test_turns_of_a_phone_and_of_its_camera_add_up(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "phone.mp4", corner(), rotation=90)
    straight = picture_of(write_clip(tmp_path / "straight.mp4", corner()))

    assert np.array_equal(first_picture(str(clip), rotate=90).bgr(), straight.bgr())


def test_a_folder_of_images_is_turned(tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "1.png"), corner()[0])

    assert np.array_equal(first_picture(str(tmp_path), rotate=180).bgr(), corner()[0][::-1, ::-1])


def first_picture(url: str, **options: Any) -> Picture:
    with open_source(url, **options) as source:
        return next(decoded_frames(source)).picture


def assert_turned(straight: Picture, turned: Picture, clockwise: int) -> None:
    def expected(view: Pixels) -> Pixels:
        return np.rot90(view, -clockwise // 90)

    size = straight.width, straight.height
    assert (turned.width, turned.height) == (size if clockwise == 180 else size[::-1])
    assert np.array_equal(turned.gray(), expected(straight.gray()))
    assert np.array_equal(turned.bgr(), expected(straight.bgr()))
    planes, before = turned.chroma(), straight.chroma()
    assert (planes is None) == (before is None)
    for plane, straight_plane in zip(planes or (), before or (), strict=True):
        assert np.array_equal(plane, expected(straight_plane))
    small = turned.bgr(40)
    assert small.shape == (round(turned.height * 40 / turned.width), 40, 3)
    assert np.abs(small.mean() - straight.bgr().mean()) < 4


def test_a_size_that_changes_midway_is_followed(tmp_path: Path) -> None:
    clip = tmp_path / "both.ts"
    first = write_clip(tmp_path / "first.ts", moving_square(10, 160, 120))
    second = write_clip(tmp_path / "second.ts", moving_square(10, 320, 240))
    clip.write_bytes(first.read_bytes() + second.read_bytes())

    with open_source(str(clip), wants_packets=True) as source:
        frames = list(decoded_frames(source))

    assert [decoded.picture.bgr().shape for decoded in frames] == [(120, 160, 3)] * 10 + [(240, 320, 3)] * 10
    assert [decoded.seconds for decoded in frames] == pytest.approx([index / 10 for index in range(20)], abs=0.01)
    assert {packet.encoding.width for decoded in frames for packet in decoded.packets} == {160, 320}
