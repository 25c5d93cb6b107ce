"""For steps that copy the camera's own encoded video: `needs = ("packets",)` fills `frame.packets`."""

from vidframe.core.model.packets import Encoding, Packet

__all__ = ["Encoding", "Packet"]
