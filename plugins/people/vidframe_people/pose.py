"""Finds the joints of one body: MoveNet SinglePose Lightning."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe import Box
from vidframe_people.model_files import POSE
from vidframe_people.network import Network

SIDE = 192  # pixels of the network's square input
MARGIN = 1.25  # of the body's longer side

NOSE, LEFT_EYE, RIGHT_EYE, LEFT_EAR, RIGHT_EAR, LEFT_SHOULDER, RIGHT_SHOULDER = range(7)
LEFT_HIP, RIGHT_HIP = 11, 12

Joints = NDArray[np.float32]  # 17 x 3: x, y in pixels of the image, score 0..1; the order is COCO's


class Pose:
    """Joints of a body whose box is known."""

    def __init__(self) -> None:
        self._network = Network(POSE)

    def joints(self, image: NDArray[np.uint8], box: Box) -> Joints:
        """Of one body in an image (height x width x 3, BGR)."""
        side = max(box.width, box.height) * MARGIN
        (x, y), scale = box.centre, SIDE / side
        # What lies beyond the image is black.
        move = np.array([[scale, 0, (side / 2 - x) * scale], [0, scale, (side / 2 - y) * scale]], np.float32)
        square = cv2.warpAffine(image, move, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
        found = self._network(cv2.cvtColor(square, cv2.COLOR_BGR2RGB)[None].astype(np.int32))[0].reshape(17, 3)
        joints = np.empty((17, 3), np.float32)
        joints[:, 0] = found[:, 1] * side + x - side / 2
        joints[:, 1] = found[:, 0] * side + y - side / 2
        joints[:, 2] = found[:, 2]
        return joints
