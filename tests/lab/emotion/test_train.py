"""The training: what it learns from, that it can stop and go on, and that its torch code is the Keras model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vidframe_emotion.classes import CLASSES, FERPLUS
from vidframe_lab.emotion.augment import Augmentation
from vidframe_lab.emotion.datasets import Faces
from vidframe_lab.emotion.train import Recipe, targets

from tests.needs import need_module


def faces(count: int = 32, seed: int = 0, votes: bool = True) -> Faces:
    random = np.random.default_rng(seed)
    return Faces(
        random.integers(0, 255, (count, 48, 48), dtype=np.uint8),
        random.integers(0, 7, count),
        random.multinomial(10, np.ones(10) / 10, count).astype(np.float32) if votes else None,
    )


def in_torch(code: str) -> str:
    """Runs code in a process of its own, since Keras has one backend a process; what it prints."""
    setup = (
        "from vidframe_emotion.model import use_backend; use_backend('torch'); import torch; torch.set_num_threads(1)"
    )
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"{setup}\n{code}"], capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_targets_are_distributions_and_favour_the_label() -> None:
    its = faces()

    labels, votes = targets(its, Recipe())

    assert labels.sum(axis=1) == pytest.approx(np.ones(len(its)), abs=1e-5)
    assert votes.sum(axis=1) == pytest.approx(np.ones(len(its)), abs=1e-5)
    assert (labels.argmax(axis=1) == its.labels).all()


def test_faces_without_votes_teach_their_label_alone() -> None:
    its = faces(votes=False)

    labels, votes = targets(its, Recipe(smoothing=0.14))

    assert labels.max(axis=1) == pytest.approx(np.full(len(its), 0.88), abs=1e-6)
    assert votes.shape == (len(its), len(FERPLUS))
    assert not votes.any()


def test_votes_for_what_is_often_mislabelled_soften_the_label() -> None:
    votes = np.zeros((4, 10), np.float32)
    votes[:, FERPLUS.index("fear")] = 10
    its = Faces(
        np.zeros((4, 48, 48), np.uint8), np.array([CLASSES.index("fear")] * 3 + [CLASSES.index("surprise")]), votes
    )

    labels, _ = targets(its, Recipe(label_weight=0.5))

    assert labels[0, CLASSES.index("fear")] == pytest.approx(0.5 + 0.5 * 0.75)
    assert labels[0, CLASSES.index("surprise")] == pytest.approx(0.5 * 0.25)


def test_the_learning_rate_is_level_and_then_falls_to_nothing() -> None:
    recipe = Recipe(epochs=100, cooldown=0.4)

    assert recipe.rate_at(0) < 0.1
    assert [recipe.rate_at(epoch) for epoch in (1, 60, 80, 100)] == pytest.approx([1, 1, 0.5, 0])


def test_pictures_grow_over_the_training_to_their_full_size() -> None:
    recipe = Recipe(epochs=8, sizes=(36, 48))

    assert [recipe.size(epoch) for epoch in range(8)] == [36] * 4 + [48] * 4


def test_augmentation_is_the_same_for_the_same_seed_and_keeps_the_range() -> None:
    pictures = faces(8).pictures

    first = Augmentation()(pictures, 40, np.random.default_rng(3))
    again = Augmentation()(pictures, 40, np.random.default_rng(3))

    assert first.shape == (8, 40, 40)
    assert (first == again).all()
    assert first.min() >= 0
    assert first.max() <= 255


@pytest.mark.slow
def test_the_torch_graph_gives_what_keras_gives_and_no_network_is_too_large() -> None:
    need_module("torch")
    code = """
import keras, numpy
from vidframe_lab.emotion.architectures import ARCHITECTURES, build
from vidframe_lab.emotion.torch_graph import TorchGraph
keras.utils.set_random_seed(1)
pictures = numpy.random.default_rng(1).integers(0, 255, (4, 48, 48)).astype("float32")
for name in ARCHITECTURES:
    model = build(name, 17)
    with torch.no_grad():
        mine = TorchGraph(model)(torch.from_numpy(pictures[:, None]), training=False)
        theirs = model(pictures[..., None], training=False)
    print(name, float(abs(mine - theirs).max()), model.count_params())
"""
    rows = [line.split() for line in in_torch(code).splitlines()]

    assert [name for name, *_ in rows] == ["mini_xception", "vgg", "residual", "aligned"]
    assert max(float(difference) for _, difference, _ in rows) < 1e-4
    assert max(int(parameters) for *_, parameters in rows) <= 2_000_000


TRAIN = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from test_train import faces
from vidframe_lab.emotion.train import Recipe, Trainer
def train(epochs, folder):
    trainer = Trainer(Recipe(epochs=epochs, cooldown=0.5, batch=16, sizes=(36,), seed=3), faces(), Path(folder))
    trainer.resume()
    trainer.run(lambda *_: None, lambda _: dict())
    return trainer
"""


def trained(code: str, **values: Any) -> str:
    return in_torch((TRAIN + code).format(tests=str(Path(__file__).parent), **values))


@pytest.mark.slow
def test_the_same_seed_trains_the_same_network_and_another_goes_elsewhere(tmp_path: Path) -> None:
    need_module("torch")
    code = """
first, again = train(2, {a!r}), train(2, {b!r})
print(first.history[-1]["loss"] == again.history[-1]["loss"])
print(all((a == b).all() for a, b in zip(first.averaged_weights(), again.averaged_weights())))
"""

    assert trained(code, a=str(tmp_path / "a"), b=str(tmp_path / "b")).split() == ["True", "True"]


@pytest.mark.slow
def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    need_module("torch")
    code = """
whole = train(4, {a!r})
class Stopped(Exception): pass
def stop(trainer):
    if trainer.epoch == 3: raise Stopped  # before the checkpoint of its third epoch
    return dict()
half = Trainer(Recipe(epochs=4, cooldown=0.5, batch=16, sizes=(36,), seed=3), faces(), Path({b!r}))
try: half.run(lambda *_: None, stop)
except Stopped: pass
rest = train(4, {b!r})
print([entry["epoch"] for entry in rest.history], rest.history[-1]["loss"] - whole.history[-1]["loss"])
"""

    shown = trained(code, a=str(tmp_path / "a"), b=str(tmp_path / "b"))

    assert shown.startswith("[1, 2, 3, 4] ")
    assert abs(float(shown.rpartition(" ")[2])) < 1e-3


@pytest.mark.slow
def test_a_much_longer_training_goes_on_before_the_learning_rate_fell(tmp_path: Path) -> None:
    need_module("torch")
    code = """
class Stopped(Exception): pass
def stop(trainer):
    if trainer.epoch == 9: raise Stopped  # the checkpoint of the eighth epoch is the last
    return dict()
def of(epochs): return Trainer(Recipe(epochs=epochs, cooldown=0.5, batch=32, sizes=(36,), seed=3), faces(), Path({a!r}))
try: of(10).run(lambda *_: None, stop)
except Stopped: pass
for epochs in (10, 11, 40):
    trainer = of(epochs)
    print(trainer.resume(), trainer.epoch)
"""

    assert trained(code, a=str(tmp_path / "a")).split() == ["True", "8", "True", "8", "True", "5"]


@pytest.mark.slow
def test_a_full_disk_is_named_and_the_last_checkpoint_stays(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    code = """
import resource
train(1, {folder!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try: train(2, {folder!r})
except OSError as error: print(error.strerror)
trainer = Trainer(Recipe(epochs=2, batch=16), faces(), Path({folder!r}))
print(trainer.resume(), trainer.epoch)
try: Trainer(Recipe(architecture="aligned"), faces(), Path({folder!r})).resume()
except ValueError as error: print(error)
"""

    shown = trained(code, folder=str(tmp_path)).splitlines()

    assert shown == ["File too large", "True 1", "it is of vgg, not of aligned"]


@pytest.mark.slow
def test_a_pupil_learns_what_its_teachers_answer_about_each_face_and_its_mirror_image(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    code = """
from vidframe_lab.emotion.export import export
from vidframe_emotion.model import OURS
from vidframe_lab.emotion.teacher import answers
its, folder = faces(), Path({folder!r})
def of(**choices): return Trainer(Recipe(batch=16, sizes=(36,), epochs=1, **choices), its, folder)
alone, taught, other = of(), of(teacher_weight=0.25), Path({folder!r}) / "other.keras"
export(alone, its, other)
taught.ask([OURS, other])
one, another = (answers(path, its.pictures) for path in (OURS, other))
said = (one + another) / 2
print(abs(taught._targets.numpy() - 0.75 * alone._targets.numpy() - 0.25 * said).max() < 1e-6)
print(abs(answers(OURS, its.pictures[:, :, ::-1]) - one).max() < 0.1, (said.argmax(1) != its.labels).any())
taught.run(lambda *_: None, lambda _: dict())
later = of(teacher_weight=0.25)
print(later.resume() and (later._targets == taught._targets).all().item())
"""

    assert trained(code, folder=str(tmp_path)).split() == ["True"] * 4


@pytest.mark.slow
def test_a_training_can_begin_with_the_shipped_model() -> None:
    need_module("torch")
    code = """
import numpy
from vidframe_lab.emotion.export import joined
from vidframe_lab.emotion.metrics import softmax
from vidframe_emotion.model import OURS, Classifier, read_facts
trainer = Trainer(Recipe(architecture=read_facts(OURS)["architecture"]), faces(), Path({a!r}))
trainer.start_from(OURS)
pictures = faces().pictures
logits = joined(trainer.logits(pictures), 0.0) / read_facts(OURS)["temperature"]
print(abs(softmax(logits) - Classifier(OURS, "torch")(pictures)).max())
"""

    assert float(trained(code, a="unused")) < 0.05  # one of them runs in half precision
