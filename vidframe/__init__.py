"""Video analytics from plugins: a camera, a chain of steps, and events for those who act on them."""

from vidframe.core.frame import Attachment, Box, Camera, Emotion, Encoding, Event, Face, Frame, Gaze, Packet
from vidframe.core.hookspecs import hookimpl
from vidframe.core.settings import Seconds

__all__ = [
    "Attachment",
    "Box",
    "Camera",
    "Emotion",
    "Encoding",
    "Event",
    "Face",
    "Frame",
    "Gaze",
    "Packet",
    "Seconds",
    "hookimpl",
]
