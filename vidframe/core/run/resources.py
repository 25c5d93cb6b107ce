"""What the cameras of one process share: models are loaded once and closed after the last camera."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from vidframe.core.model.camera import Share


class ResourceCache:
    """Objects by key, each with the number of cameras that use it.

    Where it `keeps` them, what nobody uses is closed by `evict_unused`, so that a camera that is restarted finds it.
    """

    def __init__(self, *, keeps: bool = False) -> None:
        self._keeps = keeps
        self._lock = threading.RLock()
        self._objects: dict[Hashable, Any] = {}
        self._users: dict[Hashable, int] = {}

    @contextmanager
    def for_camera(self) -> Iterator[Share]:
        """A `share` for one camera; its end is that of the camera."""
        used: set[Hashable] = set()

        def share(key: Hashable, make: Callable[[], Any], /) -> Any:
            with self._lock:
                if key not in self._objects:
                    self._objects[key] = make()
                if key not in used:
                    used.add(key)
                    self._users[key] = self._users.get(key, 0) + 1
                return self._objects[key]

        try:
            yield share
        finally:
            self._release(used)

    def evict_unused(self) -> None:
        """Closes what no camera uses any more."""
        with self._lock:
            for key in [key for key, users in self._users.items() if not users]:
                del self._users[key]
                unused = self._objects.pop(key)
                if hasattr(unused, "close"):
                    unused.close()

    def _release(self, used: set[Hashable]) -> None:
        with self._lock:
            for key in used:
                self._users[key] -= 1
        if not self._keeps:
            self.evict_unused()
