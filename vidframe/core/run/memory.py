"""Memory without a name that two processes share; it vanishes with the last of them."""

from __future__ import annotations

import mmap
import os
import tempfile

from vidframe.core.sources.packed import Packed


def nameless_memory() -> int:
    """A descriptor of empty memory, to be closed by who asked; OSError where there is none."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("vidframe")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class ImageMemory:
    """Holds one image at a time, and grows with the images."""

    def __init__(self) -> None:
        self.descriptor = nameless_memory()
        self._size = 0
        self._map: mmap.mmap | None = None

    def take(self, packed: Packed) -> None:
        """Holds this image from now on; OSError where there is no memory."""
        if packed.layout.size > self._size:
            os.posix_fallocate(self.descriptor, 0, packed.layout.size)  # or writing to it would kill this process
            self._size = packed.layout.size
            self._map = mmap.mmap(self.descriptor, self._size)
        packed.write(self._map)

    def close(self) -> None:
        """Closes it here; who still has it open keeps it."""
        self._map = None
        os.close(self.descriptor)
