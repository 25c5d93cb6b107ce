"""Hands the newest frame from the thread that reads a camera to the one that analyses it."""

from __future__ import annotations

from threading import Condition

from vidframe.core.model.packets import Packet
from vidframe.core.sources.decoded import DecodedFrame, StateChange


class Newest:
    """Room for one frame, the packets since the last one that was taken, and changes of the camera's state."""

    def __init__(self, packet_bytes: int = 64_000_000) -> None:
        self._changed = Condition()
        self._decoded: DecodedFrame | None = None
        self._dropped = 0  # since the last frame that was taken
        self._packets: list[Packet] = []
        self._bytes = 0
        self._room = packet_bytes
        self._needs_keyframe = False
        self._states: list[StateChange] = []

    def put_frame(self, decoded: DecodedFrame) -> None:
        """Replaces a frame that was not taken."""
        with self._changed:
            self._dropped += self._decoded is not None
            self._decoded = decoded
            self._changed.notify()

    def put_packet(self, packet: Packet) -> None:
        """Keeps a packet. If they are not taken for long, all are dropped up to the next keyframe."""
        with self._changed:
            if self._bytes + len(packet.data) > self._room:
                self._packets, self._bytes, self._needs_keyframe = [], 0, True
            if packet.is_keyframe:
                self._needs_keyframe = False
            if not self._needs_keyframe:
                self._packets.append(packet)
                self._bytes += len(packet.data)

    def put_state(self, change: StateChange) -> None:
        """Keeps a change of state until it is taken."""
        with self._changed:
            self._states.append(change)
            self._changed.notify()

    def take(self, timeout: float) -> list[StateChange | DecodedFrame]:
        """What came since the last call, the frame last; waits up to `timeout` seconds for something."""
        with self._changed:
            if self._decoded is None and not self._states:
                self._changed.wait(timeout)
            came: list[StateChange | DecodedFrame] = [*self._states]
            self._states.clear()
            if (decoded := self._decoded) is not None:
                came.append(DecodedFrame(decoded.picture, decoded.seconds, tuple(self._packets), self._dropped))
                self._packets, self._bytes, self._decoded, self._dropped = [], 0, None, 0
            return came
