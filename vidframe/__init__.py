"""Video analytics from plugins: a camera, a chain of steps, and events for those who act on them."""

from vidframe.core.frame import (
    Attachment,
    Box,
    Bus,
    Camera,
    Emotion,
    Encoding,
    Event,
    Face,
    Frame,
    Gaze,
    Letter,
    Packet,
)
from vidframe.core.hookspecs import hookimpl
from vidframe.core.settings import Seconds

__all__ = [
    "Attachment",
    "Box",
    "Bus",
    "Camera",
    "Emotion",
    "Encoding",
    "Event",
    "Face",
    "Frame",
    "Gaze",
    "Letter",
    "Packet",
    "Seconds",
    "hookimpl",
]
