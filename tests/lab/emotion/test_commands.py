"""The commands, as people call them: good input, and one line for bad input."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from vidframe_emotion.classes import CLASSES
from vidframe_emotion.model import FACTS, OURS, read_facts

from tests.needs import need_module
from vidframe.cli import cli


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture
def faces_file(tmp_path: Path) -> Path:
    """84 drawn faces, half of them held out; the first held-out one also stands in the training part."""
    random = np.random.default_rng(0)
    images = random.integers(0, 255, (84, 48, 48), dtype=np.uint8)
    images[42] = images[0]
    votes = np.zeros((84, 10), np.uint8)
    votes[:, 0] = 10
    path = tmp_path / "faces.npz"
    np.savez(path, images=images, labels=np.arange(84) % 7, split=np.arange(84) // 42, ferplus_votes=votes)
    return path


def test_eval_measures_every_model_that_is_named(faces_file: Path, tmp_path: Path) -> None:
    copy = shutil.copy(OURS, tmp_path)  # of the same name, in another folder

    result = call("eval", "emotion", "--data", faces_file, "--model", OURS, "--model", copy, "--json", "-")

    assert result.exit_code == 0, result.output
    first, second = json.loads(result.output)
    assert first["faces"] == 42
    assert first["without_twins"]["faces"] == 41
    assert first["ms_per_face"].keys() == {"1", "8"}
    assert np.sum(first["confusion"]) == 42
    assert first["accuracy"] == second["accuracy"]


def test_eval_measures_on_every_face_of_data_that_no_model_has_seen(faces_file: Path) -> None:
    result = call("eval", "emotion", "--data", faces_file, "--all", "--json", "-")

    (reached,) = json.loads(result.output)
    low, high = reached["accuracy_interval"]
    assert reached["faces"] == 84
    assert reached["without_twins"] is None
    assert low < reached["accuracy"] < high


def test_eval_shows_a_table_and_draws(faces_file: Path, tmp_path: Path) -> None:
    need_module("matplotlib")

    result = call("eval", "emotion", "--data", faces_file, "--plot", tmp_path / "drawn.png")

    assert result.exit_code == 0, result.output
    assert "balanced accuracy" in result.output
    assert cv2.imread(str(tmp_path / "drawn.png")) is not None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "there is no data"),
        (b"not a zip", "is no folder of faces and no .npz file"),
    ],
)
def test_eval_says_in_one_line_what_is_wrong_with_the_data(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "data.npz"
    if content is not None:
        path.write_bytes(content)

    result = call("eval", "emotion", "--data", path)

    assert result.exit_code != 0
    assert reason in result.output
    assert "Traceback" not in result.output


def test_data_without_labels_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", images=np.zeros((2, 48, 48), np.uint8))

    result = call("eval", "emotion", "--data", tmp_path / "data.npz")

    assert "has no array labels, split; it holds images" in result.output


def test_train_refuses_a_name_that_keras_cannot_save(faces_file: Path, tmp_path: Path) -> None:
    result = call("train", "emotion", "--data", faces_file, "--out", tmp_path / "model.h5")

    assert result.exit_code != 0
    assert "must end in .keras" in result.output


@pytest.mark.slow
def test_train_writes_a_model_that_eval_takes(faces_file: Path, tmp_path: Path) -> None:
    need_module("torch")
    out = tmp_path / "mine.keras"
    command = [sys.executable, "-m", "vidframe.cli", "train", "emotion", "--data", faces_file, "--out", out]
    code = "from vidframe.cli import main; main()"
    command = [sys.executable, "-W", "ignore", "-c", code, *command[3:]]

    run = subprocess.run(
        [*map(str, command), "--epochs", "1", "--batch", "16", "--threads", "1"], timeout=300, check=False
    )

    assert run.returncode == 0
    assert read_facts(out)["classes"] == list(CLASSES)
    result = call("eval", "emotion", "--data", faces_file, "--model", out, "--json", "-")
    assert json.loads(result.output)[0]["faces"] == 42


@pytest.mark.slow
def test_a_training_that_cannot_be_kept_says_so_before_it_starts(faces_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "taken").write_text("a file where the checkpoints should go")
    arguments = ["train", "emotion", "--data", faces_file, "--out", tmp_path / "mine.keras", "--batch", "16"]
    arguments += ["--epochs", "1", "--threads", "1", "--checkpoints", tmp_path / "taken"]

    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "vidframe", *map(str, arguments)],
        timeout=300,
        check=False,
        capture_output=True,
        text=True,
    )

    assert run.returncode == 2
    assert f"cannot write {tmp_path / 'taken'}: File exists" in run.stderr
    assert "Traceback" not in run.stderr


def test_the_shipped_model_tells_how_it_was_trained() -> None:
    facts = read_facts(OURS)

    assert facts["classes"] == list(CLASSES)
    assert facts["parameters"] <= 2_000_000
    assert facts["recipe"]["seed"] is not None
    assert FACTS == "vidframe.json"
