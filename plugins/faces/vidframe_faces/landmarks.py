"""Carries landmarks along with a face between two calls of the landmarker; knows no camera and no time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vidframe_faces.detector import Detection

TURNED = 0.025  # of the face's width: how far off its keypoints are, root mean square, when a head has turned


def carried(then: Detection, now: Detection) -> Detection | None:
    """The face of now with its landmarks of then, moved, scaled and tilted as its keypoints were.

    None where there were no landmarks, and where the keypoints say that the head has turned since.
    """
    if then.landmarks is None:
        return None
    before, after = _plane(then.keypoints), _plane(now.keypoints)
    origin, target = before.mean(), after.mean()
    spread = float(np.vdot(before - origin, before - origin).real)
    if spread == 0:
        return None
    factor = np.vdot(before - origin, after - target) / spread
    off = after - target - factor * (before - origin)
    if np.sqrt((np.abs(off) ** 2).mean()) > TURNED * now.box.width:
        return None
    places = factor * (_plane(then.landmarks) - origin) + target
    moved = np.column_stack([places.real, places.imag, abs(factor) * then.landmarks[:, 2]]).astype(np.float32)
    moved.setflags(write=False)
    return replace(now, landmarks=moved)


def _plane(points: NDArray[np.float32]) -> NDArray[np.complex128]:
    """The first two coordinates of each point as one complex number: turning and scaling are then a product."""
    return points[:, 0].astype(np.float64) + 1j * points[:, 1]
