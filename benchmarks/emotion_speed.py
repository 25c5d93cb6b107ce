"""What each architecture costs a face, untrained: processor milliseconds on one core, the least of many calls.

    taskset -c 0 python benchmarks/emotion_speed.py

Untrained networks cost what trained ones do. Processor time is hardly changed by what else the machine does.
"""

from __future__ import annotations

from time import process_time
from typing import Any

import numpy as np
from vidframe_emotion.model import use_backend

BATCHES = (1, 8)


def milliseconds(model: Any, faces: int, calls: int = 60) -> float:
    """A face, the least of all calls."""
    pictures = np.random.default_rng(0).uniform(0, 255, (faces, 48, 48, 1)).astype(np.float32)
    spent = []
    for _ in range(calls):
        started = process_time()
        model.predict_on_batch(pictures)
        spent.append(process_time() - started)
    return min(spent) * 1000 / faces


def main() -> None:
    """Print a line for each architecture."""
    use_backend("openvino")
    from vidframe_lab.emotion.architectures import ARCHITECTURES, build

    for name in ARCHITECTURES:
        model = build(name, 7, softmax=True)
        batch_1, batch_8 = (milliseconds(model, faces) for faces in BATCHES)
        print(
            f"{name:14} {model.count_params():>9,} parameters, ms a face {batch_1:.2f} / {batch_8:.2f} at batch 1 / 8"
        )


if __name__ == "__main__":
    main()
