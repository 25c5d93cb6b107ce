"""Faces for training out of footage: only with consent, none of them twice, sorted by people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from vidframe_emotion.classes import CLASSES
from vidframe_lab.emotion.collector import FaceCollector
from vidframe_lab.emotion.datasets import PUBLIC_TEST, TRAINING, DataError, load

from tests.needs import need_module
from vidframe import Face
from vidframe.cli import cli
from vidframe.testing import make_camera, make_frame, run_plugin

Pixels = NDArray[Any]
MakeFace = Callable[..., Face]


def pictures(count: int) -> list[Pixels]:
    random = np.random.default_rng(0)
    coarse = random.integers(0, 255, (count, 12, 16), dtype=np.uint8)
    return [cv2.resize(picture, (320, 240), interpolation=cv2.INTER_CUBIC) for picture in coarse]


def _picture(file: Path) -> Pixels:
    return np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE))


def collect(folder: Path, shown: list[Pixels], make_face: MakeFace, **settings: Any) -> FaceCollector:
    camera = make_camera()
    collector = FaceCollector(folder, consent=True, **settings)
    run_plugin(
        collector,
        (make_frame(p, camera=camera, index=i, seconds=float(i), faces=[make_face()]) for i, p in enumerate(shown)),
    )
    return collector


def test_without_consent_nothing_can_be_collected(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="consent is not set"):
        FaceCollector(tmp_path)


def test_each_face_is_kept_once_in_the_folder_of_the_unsorted(tmp_path: Path, make_face: MakeFace) -> None:
    first, second, third = pictures(3)
    lighter = np.clip(second.astype(int) + 6, 0, 255).astype(np.uint8)

    collector = collect(tmp_path, [first, second, lighter, second, third], make_face)

    files = list((tmp_path / "unsorted").glob("*.png"))
    assert len(files) == collector.kept == 3
    assert {_picture(file).shape for file in files} == {(96, 96)}
    assert all((tmp_path / name).is_dir() for name in CLASSES)


def test_a_new_folder_of_faces_is_closed_to_other_users(tmp_path: Path, make_face: MakeFace) -> None:
    collect(tmp_path / "mine" / "faces", pictures(1), make_face)

    assert (tmp_path / "mine" / "faces").stat().st_mode & 0o077 == 0


def test_faces_of_an_earlier_day_are_known(tmp_path: Path, make_face: MakeFace) -> None:
    collect(tmp_path, pictures(3), make_face)

    again = collect(tmp_path, pictures(3), make_face)

    assert again.kept == 0


def test_one_person_who_stands_still_does_not_fill_the_folder(tmp_path: Path, make_face: MakeFace) -> None:
    collector = collect(tmp_path, pictures(9), make_face, interval=4.0)

    assert collector.kept == 3  # at 0, 4 and 8 s


def test_labelled_folders_are_a_data_set_with_a_part_held_out(tmp_path: Path, make_face: MakeFace) -> None:
    collect(tmp_path, pictures(12), make_face)
    for file in (tmp_path / "unsorted").glob("*.png"):
        file.rename(tmp_path / "sad" / file.name)

    training, held_out = load(tmp_path, TRAINING), load(tmp_path, PUBLIC_TEST)

    assert (len(training), len(held_out)) == (10, 2)
    assert training.pictures.shape[1:] == (48, 48)
    assert set(training.labels) == {CLASSES.index("sad")}


def test_a_folder_without_labels_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no labelled faces"):
        load(tmp_path, TRAINING)


def test_collect_stops_where_nobody_confirms(tmp_path: Path) -> None:
    arguments = ["collect", "video.mp4", "--out", str(tmp_path / "faces")]

    no = CliRunner().invoke(cli, arguments, input="no\n")
    silent = CliRunner().invoke(cli, arguments, input="")

    for result in (no, silent):
        assert result.exit_code != 0
        assert "nothing collected" in result.output
    assert not (tmp_path / "faces").exists()


def test_collect_takes_a_face_out_of_a_picture(tmp_path: Path, portrait: Pixels) -> None:
    need_module("vidframe_faces")
    (tmp_path / "footage").mkdir()
    for index in range(3):
        cv2.imwrite(str(tmp_path / "footage" / f"{index}.png"), portrait)

    result = CliRunner().invoke(
        cli, ["collect", str(tmp_path / "footage"), "--out", str(tmp_path / "faces"), "--consent"]
    )

    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "faces" / "unsorted").glob("*.png"))) == 1
    assert "confirmed for footage" in (tmp_path / "faces" / "CONSENT.txt").read_text()


def test_collect_searches_each_picture_of_a_folder(tmp_path: Path, portrait: Pixels) -> None:
    need_module("vidframe_faces")
    (tmp_path / "footage").mkdir()
    for index in range(4):  # the same place with other people: here one who is mirrored, and moved about
        picture = portrait if index % 2 else portrait[:, ::-1]
        cv2.imwrite(str(tmp_path / "footage" / f"{index}.png"), np.roll(picture, 30 * index, axis=1))

    result = CliRunner().invoke(
        cli,
        ["collect", str(tmp_path / "footage"), "--out", str(tmp_path / "faces"), "--consent", "--distance", "0"],
    )

    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "faces" / "unsorted").glob("*.png"))) >= 3


def test_collect_names_footage_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(cli, ["collect", "missing.mp4", "--out", "faces", "--consent"])

    assert result.exit_code != 0
    assert "missing.mp4 does not exist" in result.output
    assert gettempdir() not in result.output.replace(str(tmp_path), "")  # it is not looked for beside our own config
    assert not Path("faces").exists()
