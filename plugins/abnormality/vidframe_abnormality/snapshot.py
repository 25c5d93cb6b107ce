"""The picture that goes with an incident: what the camera sees, with the change marked."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe import Attachment, Frame

WIDEST = 1280  # pixels
_RED, _WHITE = (40, 40, 230), (255, 255, 255)


def snapshot(frame: Frame, boxes: Iterable[tuple[float, float, float, float]], label: str = "") -> Attachment:
    """A JPEG of the frame with a rectangle around each box (0..1 of the picture's width and height).

    The label stands above the largest box.
    """
    picture = np.array(frame.scaled_shown(WIDEST))
    height, width = picture.shape[:2]
    line = max(2, round(width / 400))
    boxes = list(boxes)
    for x, y, w, h in boxes:
        corners = (round(x * width), round(y * height)), (round((x + w) * width), round((y + h) * height))
        # White below red is seen on dark and on light ground.
        cv2.rectangle(picture, *corners, _WHITE, line * 2)
        cv2.rectangle(picture, *corners, _RED, line)
    if label and boxes:
        x, y, _, _ = max(boxes, key=lambda box: box[2] * box[3])
        _write(picture, label, round(x * width), round(y * height), line)
    done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
    if not done:
        raise RuntimeError(f"OpenCV could not write a {width}x{height} JPEG")
    return Attachment("snapshot", "image/jpeg", jpeg.tobytes())


def _write(picture: NDArray[np.uint8], text: str, left: int, bottom: int, line: int) -> None:
    """Writes white on red above a point, moved into the picture."""
    width = picture.shape[1]
    scale = width / 900
    (wide, high), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, line)
    left = max(0, min(left, width - wide))
    bottom = max(high + 2 * below, bottom)
    cv2.rectangle(picture, (left, bottom - high - 2 * below), (left + wide, bottom), _RED, cv2.FILLED)
    cv2.putText(picture, text, (left, bottom - below), cv2.FONT_HERSHEY_SIMPLEX, scale, _WHITE, line, cv2.LINE_AA)
