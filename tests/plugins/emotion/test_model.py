"""The network that is shipped, and files that are refused."""

from __future__ import annotations

import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from vidframe_emotion.classes import CLASSES
from vidframe_emotion.model import FACTS, Classifier, ModelError
from vidframe_emotion.plugin import Emotion

from vidframe import Face
from vidframe.cli import cli
from vidframe.testing import make_frame, run_plugin

Pixels = NDArray[Any]


@pytest.fixture(scope="module")
def shipped() -> Classifier:
    return Classifier()


def test_the_shipped_model_sees_that_the_astronaut_smiles(portrait: Pixels, portrait_face: Face) -> None:
    frame = make_frame(portrait, faces=[portrait_face])

    run_plugin(Emotion(), [frame])

    assert portrait_face.expression is not None
    assert portrait_face.expression.label == "happy"
    assert portrait_face.expression.valence > 0.4


def test_light_and_contrast_change_nothing(shipped: Classifier, portrait: Pixels) -> None:
    face = portrait[72:177:2, 178:283:2, 1][:48, :48]
    darker = np.stack([face, (face * 0.4 + 10).astype(np.uint8)])

    bright, dark = shipped(darker)

    assert dark == pytest.approx(bright, abs=0.05)


def test_many_threads_get_each_their_own_answer(shipped: Classifier) -> None:
    random = np.random.default_rng(0)
    pictures = random.integers(0, 255, (12, 3, 48, 48), dtype=np.uint8)
    expected = [shipped(faces) for faces in pictures]
    answers: list[Pixels | None] = [None] * len(pictures)

    def ask(index: int) -> None:
        answers[index] = shipped(pictures[index])

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(len(pictures))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    for answer, right in zip(answers, expected, strict=True):
        assert answer == pytest.approx(right, abs=1e-4)


def test_no_faces_give_no_answers(shipped: Classifier) -> None:
    assert shipped(np.zeros((0, 48, 48), np.uint8)).shape == (0, len(CLASSES))


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no model .*mine\.keras"):
        Classifier(tmp_path / "mine.keras")


def test_a_config_that_names_a_missing_model_is_refused_with_its_line(tmp_path: Path) -> None:
    config = tmp_path / "shop.yaml"
    config.write_text("cameras: {a: {source: a.mp4}}\nday:\n  - faces\n  - emotion: {model: mine.keras}\n")

    result = CliRunner().invoke(cli, ["check", str(config)])

    assert result.exit_code == 2
    assert f"shop.yaml:4:5: emotion: there is no model {tmp_path / 'mine.keras'}" in result.output


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.keras").write_text("not a model")

    with pytest.raises(ModelError, match=r"mine\.keras is no \.keras file"):
        Classifier(tmp_path / "mine.keras")


@pytest.mark.parametrize(
    ("shape", "outputs", "reason"),
    [((48, 48, 3), 7, "takes .*grey"), ((48, 48, 1), 5, "7 probabilities are expected"), ((9,), 7, "takes")],
)
def test_a_model_of_other_shape_is_refused(
    shipped: Classifier, tmp_path: Path, shape: tuple[int, ...], outputs: int, reason: str
) -> None:
    import keras

    picture = keras.Input(shape)
    answers = keras.layers.Dense(outputs, activation="softmax")(keras.layers.Flatten()(picture))
    keras.Model(picture, answers).save(tmp_path / "mine.keras")

    with pytest.raises(ModelError, match=reason):
        Classifier(tmp_path / "mine.keras")


def small_model(path: Path, outputs: int, activation: str | None) -> None:
    import keras

    picture = keras.Input((32, 32, 1))
    answers = keras.layers.Dense(outputs, activation=activation)(keras.layers.Flatten()(picture))
    keras.Model(picture, answers).save(path)


def test_a_model_without_a_softmax_is_refused(shipped: Classifier, tmp_path: Path) -> None:
    small_model(tmp_path / "mine.keras", 7, activation=None)

    with pytest.raises(ModelError, match="gives probabilities: let it end in a softmax"):
        Classifier(tmp_path / "mine.keras")


def test_a_model_of_other_classes_and_another_size_names_them_in_its_file(shipped: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "mine.keras"
    small_model(path, 2, activation="softmax")
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(FACTS, '{"classes": ["interested", "bored"]}')

    mine = Classifier(path)

    assert (mine.side, mine.classes) == (32, ("interested", "bored"))
    assert mine(np.zeros((3, 32, 32), np.uint8)).shape == (3, 2)


@pytest.mark.parametrize("facts", ["[]", '{"classes": "angry"}', '{"classes": []}', "no json"])
def test_class_names_that_are_none_are_refused(tmp_path: Path, facts: str) -> None:
    path = tmp_path / "mine.keras"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(FACTS, facts)

    with pytest.raises(ModelError, match=r"mine\.keras"):
        Classifier(path)


def test_a_second_backend_in_one_process_is_refused(shipped: Classifier) -> None:
    with pytest.raises(ModelError, match="already runs Keras on openvino"):
        Classifier(backend="torch")


def test_the_plugin_module_imports_nothing_heavy() -> None:
    code = "import sys, vidframe_emotion.plugin; print([m for m in ('keras', 'cv2', 'openvino') if m in sys.modules])"

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert shown.stdout.strip() == "[]"
