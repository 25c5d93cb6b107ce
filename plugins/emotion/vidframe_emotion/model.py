"""A trained network for inference: loaded from a `.keras` file, called with faces, shared by all cameras."""

from __future__ import annotations

import json
import os
import sys
import threading
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidframe_emotion.classes import CLASSES

OURS = Path(__file__).with_name("models") / "expression.keras"
FACTS = "vidframe.json"  # inside the .keras file: class names and how it was trained


class ModelError(Exception):
    """A model file cannot be used; the message says which and why."""


def use_backend(name: str) -> None:
    """Makes Keras run on `name` in this process; ModelError if it already runs on another backend."""
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = name
    try:
        import keras
    except ImportError as error:
        raise ModelError(f"Keras does not start on {name}: {error}") from error
    if keras.backend.backend() != name:
        raise ModelError(
            f"this process already runs Keras on {keras.backend.backend()}, and one process has one backend: "
            f"set `backend: {keras.backend.backend()}` instead of {name}, or import keras later"
        )


def read_facts(path: Path) -> dict[str, Any]:
    """What was written beside the weights; empty for a file that Keras alone has saved."""
    try:
        with zipfile.ZipFile(path) as file:
            facts = json.loads(file.read(FACTS)) if FACTS in file.namelist() else {}
    except FileNotFoundError as error:
        raise ModelError(f"there is no model {path}") from error
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path} is no .keras file: {error}") from error
    names = facts.get("classes", list(CLASSES)) if isinstance(facts, dict) else None
    if not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
        raise ModelError(f'{FACTS} in {path} names no classes: {{"classes": ["bored", ...]}} is expected')
    return dict(facts)


@dataclass(slots=True)
class _Request:
    faces: NDArray[np.float32]
    answer: NDArray[np.float32] | None = None
    failure: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Classifier:
    """Faces to probabilities. Safe to call from several threads.

    What other cameras ask for while the network is busy waits, and then goes through it in one batch.
    """

    def __init__(self, path: Path = OURS, backend: str = "openvino") -> None:
        facts = read_facts(path)
        use_backend(backend)
        self.path = path
        self._model = load(path)
        self.side = _side(path, self._model)
        self.classes = _classes(path, self._model, facts)
        self._busy = threading.Lock()
        self._waiting: list[_Request] = []
        self._waiting_lock = threading.Lock()
        self._try_out()

    @property
    def parameters(self) -> int:
        """How many numbers the network has learnt."""
        return int(self._model.count_params())

    def __call__(self, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
        """N x classes probabilities of N x side x side grey faces."""
        if not len(faces):
            return np.zeros((0, len(self.classes)), np.float32)
        request = _Request(faces.astype(np.float32)[..., None])
        with self._waiting_lock:
            self._waiting.append(request)
        with self._busy:
            if not request.done.is_set():
                self._answer_all()
        if request.failure is not None:
            raise request.failure
        assert request.answer is not None
        return request.answer

    def _answer_all(self) -> None:
        with self._waiting_lock:
            requests, self._waiting = self._waiting, []
        try:
            answers = self._run(np.concatenate([request.faces for request in requests]))
        except Exception as error:
            for request in requests:
                request.failure = error
        else:
            ends = np.cumsum([len(request.faces) for request in requests])
            for request, answer in zip(requests, np.split(answers, ends[:-1]), strict=True):
                request.answer = answer
        for request in requests:
            request.done.set()

    def _try_out(self) -> None:
        """Lets the backend compile before the first frame, and refuses what gives no probabilities."""
        noise = np.random.default_rng(0).uniform(0, 255, (2, self.side, self.side, 1)).astype(np.float32)
        answers = self._run(noise)
        if not (answers.min() >= 0 and np.allclose(answers.sum(axis=1), 1, atol=0.01)):
            raise ModelError(
                f"{self.path} gives {np.array2string(answers[0], precision=2, separator=', ')} for a picture of noise; "
                "a model for faces gives probabilities: let it end in a softmax"
            )

    def _run(self, faces: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(self._model.predict_on_batch(faces), np.float32)


def load(path: Path) -> Any:
    """The Keras model of a file; ModelError where Keras cannot open it."""
    import keras

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        first_line = str(error).strip().partition("\n")[0]
        raise ModelError(f"Keras cannot open {path}: {first_line}") from error


def _side(path: Path, model: Any) -> int:
    shape = getattr(model, "input_shape", None)
    if isinstance(shape, tuple) and len(shape) == 4 and shape[3] == 1 and shape[1] == shape[2] and shape[1]:
        return int(shape[1])
    raise ModelError(f"{path} takes {shape}; a model for faces takes (None, side, side, 1), grey values 0 to 255")


def _classes(path: Path, model: Any, facts: dict[str, Any]) -> tuple[str, ...]:
    names = tuple(facts.get("classes", CLASSES))
    if model.output_shape == (None, len(names)):
        return names
    raise ModelError(
        f"{path} gives {model.output_shape}; {len(names)} probabilities are expected: {', '.join(names)}. "
        f'A model of other classes names them in a member {FACTS} of the file: {{"classes": ["bored", ...]}}'
    )
