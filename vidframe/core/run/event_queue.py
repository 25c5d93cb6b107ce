"""Events on their way from the step that reports them to the steps that handle them."""

from __future__ import annotations

import logging
import secrets
from collections import Counter, deque
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from time import time_ns
from typing import Any

from vidframe.core.model.events import Attachment, Event, Report
from vidframe.core.model.kinds import KINDS

log = logging.getLogger(__name__)

OWN_KINDS = frozenset(kind for kind, definition in KINDS.items() if definition.reporter == "vidframe")
MOST_AT_ONCE = 1000  # events of one frame; two steps that answer each other's events would go on for ever


class EventQueue:
    """The events of one camera. Reporting is safe from any thread."""

    def __init__(self, camera: str, utc: Callable[[float], datetime]) -> None:
        self.seconds = 0.0  # of the frame that runs now
        self.is_closed = False  # nobody handles events any more
        self.dropped: Counter[str] = Counter()  # by the step that reported them
        self._camera = camera
        self._utc = utc
        # Milliseconds since 1970 and chance: two runs of one camera never share ids.
        self._run = f"{time_ns() // 1_000_000:x}{secrets.token_hex(2)}"
        self._numbers = count()
        self._waiting: deque[Event] = deque()

    def by(self, reporter: str) -> Report:
        """A `report` in the name of one step."""

        def report(kind: str, /, *files: Attachment, **facts: Any) -> Event:
            if reporter != "vidframe" and kind in OWN_KINDS:
                raise ValueError(f"event {kind}: vidframe alone reports it; name a kind after your plugin")
            contents = [getattr(file, "content", None) for file in files]
            missing = [str(path) for path in contents if isinstance(path, Path) and not path.is_file()]
            if missing:
                raise ValueError(f"event {kind}: there is no file {', '.join(missing)}")
            if self.is_closed:
                log.warning(
                    "camera %s: step %s reported %s when the camera was closed; it is lost",
                    self._camera,
                    reporter,
                    kind,
                )
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
        """The waiting events, and those that come while they are handled; at most so many, and others are dropped."""
        for _ in range(MOST_AT_ONCE):
            if not self._waiting:
                return
            yield self._waiting.popleft()
        if self._waiting:
            self.dropped.update(event.reporter for event in self._waiting)
            self._waiting.clear()
