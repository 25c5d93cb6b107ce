"""The picture that goes with an incident: what the camera sees, with the change marked."""

from collections.abc import Iterable

import cv2
import numpy as np

from vidframe import Attachment, Frame

WIDEST = 1280  # pixels
_RED, _WHITE = (40, 40, 230), (255, 255, 255)


def snapshot(frame: Frame, boxes: Iterable[tuple[float, float, float, float]]) -> Attachment:
    """A JPEG of the frame with a rectangle around each box (0..1 of the picture's width and height)."""
    picture = np.array(frame.scaled(WIDEST))
    height, width = picture.shape[:2]
    line = max(2, round(width / 400))
    for x, y, w, h in boxes:
        corners = (round(x * width), round(y * height)), (round((x + w) * width), round((y + h) * height))
        # White below red is seen on dark and on light ground.
        cv2.rectangle(picture, *corners, _WHITE, line * 2)
        cv2.rectangle(picture, *corners, _RED, line)
    done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
    if not done:
        raise RuntimeError(f"OpenCV could not write a {width}x{height} JPEG")
    return Attachment("snapshot", "image/jpeg", jpeg.tobytes())
