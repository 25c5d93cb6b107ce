"""Events on their way from the step that reports them to the steps that handle them."""

from __future__ import annotations

import logging
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from time import time_ns
from typing import Any

from vidframe.core.model.events import Attachment, Event, Report

log = logging.getLogger(__name__)

MOST_AT_ONCE = 1000  # events of one frame; two steps that answer each other's events would go on for ever


class EventQueue:
    """The events of one camera. Reporting is safe from any thread."""

    def __init__(self, camera: str, utc: Callable[[float], datetime]) -> None:
        self.seconds = 0.0  # of the frame that runs now
        self._camera = camera
        self._utc = utc
        # Milliseconds since 1970 and chance: two runs of one camera never share ids.
        self._run = f"{time_ns() // 1_000_000:x}{secrets.token_hex(2)}"
        self._numbers = count()
        self._waiting: deque[Event] = deque()

    def by(self, reporter: str) -> Report:
        """A `report` in the name of one step."""

        def report(kind: str, /, *files: Attachment, **facts: Any) -> Event:
            event = self.create(kind, *files, reporter=reporter, facts=facts)
            self._waiting.append(event)
            return event

        return report

    def create(
        self, kind: str, /, *files: Attachment, reporter: str = "vidframe", facts: dict[str, Any] | None = None
    ) -> Event:
        """An event that is not enqueued."""
        identity = f"{self._camera}.{self._run}-{next(self._numbers):06d}"
        return Event(identity, kind, self._camera, self._utc(self.seconds), facts or {}, files, reporter)

    def enqueue(self, event: Event) -> None:
        """Takes an event that was created elsewhere."""
        self._waiting.append(event)

    def drain(self) -> Iterator[Event]:
        """The waiting events, and those that come while they are handled."""
        for _ in range(MOST_AT_ONCE):
            if not self._waiting:
                return
            yield self._waiting.popleft()
        if self._waiting:
            log.error("camera %s: over %d events at once; dropped the rest", self._camera, MOST_AT_ONCE)
            self._waiting.clear()
