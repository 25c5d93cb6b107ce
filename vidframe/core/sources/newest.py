"""Hands the newest shot from the thread that reads a camera to the one that looks at it."""

from __future__ import annotations

from threading import Condition

from vidframe.core.model.packets import Packet
from vidframe.core.sources.decoded import DecodedFrame, State


class Newest:
    """Room for one shot, the packets since the last one that was taken, and news of the camera's state."""

    def __init__(self, packet_bytes: int = 64_000_000) -> None:
        self.dropped = 0
        self._changed = Condition()
        self._shot: DecodedFrame | None = None
        self._packets: list[Packet] = []
        self._bytes = 0
        self._room = packet_bytes
        self._needs_keyframe = False
        self._states: list[tuple[State, str]] = []

    def put_shot(self, shot: DecodedFrame) -> None:
        """Replaces a shot that nobody took."""
        with self._changed:
            self.dropped += self._shot is not None
            self._shot = shot
            self._changed.notify()

    def put_packet(self, packet: Packet) -> None:
        """Keeps a packet. Where nobody takes them for long, all are let go up to the next keyframe."""
        with self._changed:
            if self._bytes + len(packet.data) > self._room:
                self._packets, self._bytes, self._needs_keyframe = [], 0, True
            if packet.is_keyframe:
                self._needs_keyframe = False
            if not self._needs_keyframe:
                self._packets.append(packet)
                self._bytes += len(packet.data)

    def put_state(self, state: State, reason: str) -> None:
        """Keeps a change of state until it is told."""
        with self._changed:
            self._states.append((state, reason))
            self._changed.notify()

    def take(self, timeout: float) -> tuple[list[tuple[State, str]], DecodedFrame | None]:
        """What came since the last call; waits up to `timeout` seconds for something."""
        with self._changed:
            if self._shot is None and not self._states:
                self._changed.wait(timeout)
            states, self._states = self._states, []
            shot, self._shot = self._shot, None
            if shot is not None:
                shot = DecodedFrame(shot.picture, shot.seconds, tuple(self._packets))
                self._packets, self._bytes = [], 0
            return states, shot
