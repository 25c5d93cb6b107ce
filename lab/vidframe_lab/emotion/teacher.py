"""What a trained network answers about the training faces, as a target for the next one (distillation).

A teacher sees each face several times, mirrored, moved and scaled, and answers with the mean: that costs too much in a
shop, but here it is paid once, and the pupil gives such answers in one pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from vidframe_emotion.classes import CLASSES
from vidframe_emotion.model import ModelError, load, read_facts

from vidframe_lab.emotion.architectures import ARCHITECTURES
from vidframe_lab.emotion.torch_graph import TorchGraph

VIEWS = ((1.0, 0.0), (0.92, 2.0), (1.08, -2.0))  # scale, shift to the right in pixels; each also mirrored


def answers(path: Path, pictures: NDArray[np.uint8], device: Any = "cpu", batch: int = 256) -> NDArray[np.float32]:
    """N x 7 probabilities of the model `path`; ModelError if it is not one that was trained here."""
    import torch

    graph = _graph(path, device)
    rows = []
    with torch.no_grad(), torch.autocast(torch.device(device).type, torch.bfloat16):
        for start in range(0, len(pictures), batch):
            logits = [graph(_tensor(view, device), training=False) for view in views(pictures[start : start + batch])]
            rows.append(torch.stack(logits).float().mean(0).softmax(1).cpu().numpy())
    return np.concatenate(rows)


def views(pictures: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """The pictures as the teacher sees them, N x side x side each."""
    for scale, shift in VIEWS:
        moved = np.stack([_moved(picture, scale, shift) for picture in pictures])
        yield moved
        yield np.ascontiguousarray(moved[:, :, ::-1])


def _graph(path: Path, device: Any) -> TorchGraph:
    model, facts = load(path), read_facts(path)
    if facts.get("architecture") not in ARCHITECTURES or facts.get("classes") != list(CLASSES):
        raise ModelError(f"{path} cannot teach: it was not trained by `vidframe train emotion`")
    model.to(device)
    return TorchGraph(model)


def _tensor(pictures: NDArray[np.uint8], device: Any) -> Any:
    import torch

    x = torch.from_numpy(pictures[:, None].astype(np.float32))
    return x.to(device).contiguous(memory_format=torch.channels_last)


def _moved(picture: NDArray[np.uint8], scale: float, shift: float) -> NDArray[np.uint8]:
    if (scale, shift) == (1.0, 0.0):
        return picture
    side = picture.shape[0]
    stays = (1 - scale) * (side - 1) / 2  # the middle of the picture stays where it is
    matrix = np.array([[scale, 0, stays + shift], [0, scale, stays]])
    return np.asarray(cv2.warpAffine(picture, matrix, (side, side), borderMode=cv2.BORDER_REFLECT_101), np.uint8)
