"""Which step each camera of a process is in, readable by another process also when this one has died."""

from __future__ import annotations

import mmap
import os

from vidframe.core.run.memory import nameless_memory

SLOTS = 256  # cameras of one process
LENGTH = 128  # bytes of a slot: "camera NAME: step NAME"


class Trace:
    """A piece of memory that two processes share: a slot a camera, empty while none of its steps runs."""

    def __init__(self, descriptor: int | None = None) -> None:
        self.descriptor = nameless_memory() if descriptor is None else descriptor
        if descriptor is None:
            os.ftruncate(self.descriptor, SLOTS * LENGTH)
        self._map = mmap.mmap(self.descriptor, SLOTS * LENGTH)
        self._taken = 0

    def slot(self) -> memoryview:
        """A slot for one more camera, `LENGTH` bytes; beyond `SLOTS` cameras the last one is shared."""
        start = min(self._taken, SLOTS - 1) * LENGTH
        self._taken += 1
        return memoryview(self._map)[start : start + LENGTH]

    def running(self) -> list[str]:
        """What every camera was in, as "camera door: step faces"."""
        slots = [self._map[i * LENGTH : (i + 1) * LENGTH] for i in range(SLOTS)]
        return [slot.split(b"\0")[0].decode("utf-8", "replace") for slot in slots if slot[0]]

    def close(self) -> None:
        """Lets the memory go."""
        os.close(self.descriptor)


def entry(camera: str, step: str) -> bytes:
    """What a slot holds while that step runs."""
    return f"camera {camera}: step {step}".encode()[: LENGTH - 1].ljust(LENGTH, b"\0")
