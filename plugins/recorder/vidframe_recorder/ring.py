"""The last seconds of a stream, encoded, so that a clip can start before its cause."""

import itertools
from collections import deque
from collections.abc import Iterator

from vidframe import Frame
from vidframe.packets import Encoding, Packet
from vidframe_recorder.muxing import jpeg

MOST_BYTES = 96 * 1024 * 1024  # of packets; a stream without keyframes would fill the memory


class Ring:
    """Keeps the packets of the last `seconds`, from a keyframe on."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._packets: deque[Packet] = deque()
        self._bytes = 0

    def append(self, packet: Packet) -> None:
        """Takes in a packet and lets go of what is no longer needed; before the first keyframe nothing is kept."""
        if not self._packets and not packet.is_keyframe:
            return
        self._packets.append(packet)
        self._bytes += len(packet.data)
        if packet.is_keyframe:
            self._let_go(packet.seconds - self._seconds)

    def since(self, seconds: float) -> Iterator[Packet]:
        """From the last keyframe at or before `seconds`; from the first one, if there is none so early."""
        start = 0
        for index, packet in enumerate(self._packets):
            if packet.is_keyframe and packet.seconds <= seconds:
                start = index
        return (packet for index, packet in enumerate(self._packets) if index >= start)

    def after(self, seconds: float | None) -> Iterator[Packet]:
        """What was decoded later than that; all of it for None."""
        return (packet for packet in self._packets if seconds is None or packet.decode_seconds > seconds)

    def clear(self) -> None:
        """Forgets everything."""
        self._packets.clear()
        self._bytes = 0

    def _let_go(self, seconds: float) -> None:
        """Drops whole groups of pictures that end before `seconds`, and the oldest while memory is short."""
        keyframes = [index for index, packet in enumerate(self._packets) if packet.is_keyframe]
        for first, second in itertools.pairwise(keyframes):
            if self._packets[second - first].seconds > seconds and self._bytes < MOST_BYTES:
                return
            self._drop(second - first)
            keyframes = keyframes[1:]

    def _drop(self, count: int) -> None:
        for _ in range(count):
            self._bytes -= len(self._packets.popleft().data)


def packet_of(frame: Frame) -> Packet:
    """The picture of a source that brings no packets, as a JPEG, which is a keyframe by itself."""
    encoding = Encoding("mjpeg", frame.width, frame.height, b"")
    return Packet(jpeg(frame.shown, 90), frame.seconds, frame.seconds, True, encoding)
