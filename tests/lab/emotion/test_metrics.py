"""The metrics that models are compared by, against values worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from vidframe_emotion.classes import CLASSES, FERPLUS
from vidframe_emotion.model import Classifier
from vidframe_lab.emotion.datasets import PUBLIC_TEST, Faces, load_fer2013
from vidframe_lab.emotion.metrics import calibration_error, fitted_temperature, interval, metrics, softmax

ANGRY, HAPPY, SAD = (CLASSES.index(name) for name in ("angry", "happy", "sad"))


def faces(*labels: int, votes: np.ndarray | None = None) -> Faces:
    return Faces(np.zeros((len(labels), 48, 48), np.uint8), np.array(labels), votes)


def sure(*answers: int, of: float = 1.0) -> np.ndarray:
    """Probabilities: `of` for the answer, the rest for the other six."""
    rows = np.full((len(answers), 7), (1 - of) / 6, np.float32)
    rows[np.arange(len(answers)), answers] = of
    return rows


def test_a_rare_class_counts_as_much_as_a_frequent_one_in_the_balanced_metrics() -> None:
    reached = metrics(sure(HAPPY, HAPPY, HAPPY, HAPPY), faces(HAPPY, HAPPY, HAPPY, SAD))

    assert reached.accuracy == 0.75
    assert reached.balanced_accuracy == 0.5  # of the classes that are there
    assert reached.macro_f1 == pytest.approx((6 / 7 + 0) / 2)
    assert reached.confusion[SAD][HAPPY] == 1


def test_agreement_counts_faces_with_a_majority_of_votes_only() -> None:
    votes = np.zeros((3, 10), np.float32)
    votes[0, FERPLUS.index("sad")] = 9  # labelled happy, but people see it as the model does
    votes[1, [FERPLUS.index("sad"), FERPLUS.index("happy")]] = 5
    votes[2, FERPLUS.index("contempt")] = 10  # a majority for what is none of our classes

    reached = metrics(sure(SAD, ANGRY, ANGRY), faces(HAPPY, HAPPY, HAPPY, votes=votes))

    assert (reached.accuracy, reached.agreement) == (0, 1)


def test_a_model_is_calibrated_if_it_is_right_as_often_as_it_is_sure() -> None:
    labels = np.array([HAPPY] * 8 + [SAD] * 2)

    assert calibration_error(sure(*[HAPPY] * 10, of=0.8), labels) == pytest.approx(0, abs=1e-6)
    assert calibration_error(sure(*[HAPPY] * 10, of=1.0), labels) == pytest.approx(0.2, abs=1e-6)


def test_the_temperature_makes_a_boastful_model_as_sure_as_it_is_right() -> None:
    labels = np.array([HAPPY] * 8 + [SAD] * 2)
    logits = np.log(sure(*[HAPPY] * 10, of=0.99))

    temperature = fitted_temperature(logits, labels)

    assert temperature > 1
    assert softmax(logits / temperature)[0, HAPPY] == pytest.approx(0.8, abs=0.1)


def test_few_faces_leave_a_wide_interval() -> None:
    assert interval(5, 10) == pytest.approx((0.237, 0.763), abs=0.001)
    assert interval(3, 3)[0] == pytest.approx(0.438, abs=0.001)
    assert interval(3, 3)[1] == 1
    low, high = interval(2430, 3534)
    assert high - low == pytest.approx(0.0305, abs=0.001)


@pytest.mark.slow
def test_the_shipped_model_is_as_good_as_its_card_says(fer2013: Path) -> None:
    shipped = Classifier()
    faces = load_fer2013(fer2013, PUBLIC_TEST)
    answers = np.concatenate([shipped(faces.pictures[at : at + 64]) for at in range(0, len(faces), 64)])

    reached = metrics(answers, faces)

    assert reached.accuracy >= 0.698  # of both, 0.2 points for processors that round otherwise
    assert reached.agreement is not None
    assert reached.agreement >= 0.783
    assert reached.calibration_error <= 0.03
