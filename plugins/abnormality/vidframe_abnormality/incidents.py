"""From looks to incidents: when one opens, what is reported while it goes on, and when it is over.

Knows no frame: it hears, look by look, how much changed and where.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

Change = Literal["motion", "left", "gone", "tampering", "light"]
Cause = Literal["covered", "blinded", "blurred", "moved"]  # of tampering
Moment = Literal["opened", "updated", "closed"]
Box = tuple[float, float, float, float]  # left, top, width, height: each 0..1 of the frame

NEAR = 0.35  # of its own size: as far as somebody who runs comes from one look to the next

# What an incident is called when it was several things: the gravest.
GRAVITY: tuple[Change, ...] = ("light", "motion", "gone", "left", "tampering")


@dataclass
class Seen:
    """What one look says to the incidents."""

    seconds: float
    area: float = 0.0  # share of the frame that changed, 0..1
    boxes: tuple[Box, ...] = ()
    change: Change = "motion"
    cause: Cause | None = None
    at_once: bool = False  # opens an incident without waiting for more looks


@dataclass
class Incident:
    """Something that does not belong there, from its first to its last frame."""

    id: str
    start: float  # seconds of the first changed frame
    last: float  # seconds of the last changed frame
    change: Change
    peak_area: float = 0.0
    boxes: tuple[Box, ...] = ()  # as last seen
    reported_at: float = 0.0  # seconds of the last event about it
    cause: Cause | None = None

    def take_in(self, seen: Seen) -> bool:
        """Adds what was seen; True if the incident is now called something graver."""
        self.last = seen.seconds
        self.peak_area = max(self.peak_area, seen.area)
        self.boxes = seen.boxes or self.boxes
        self.cause = seen.cause or self.cause
        if GRAVITY.index(seen.change) <= GRAVITY.index(self.change):
            return False
        self.change = seen.change
        return True


@dataclass
class Incidents:
    """The incidents of one camera, one at a time."""

    frames: int = 3  # looks of the last `window` that must show a change before an incident opens
    window: int = 5
    close_after: float = 1.5  # seconds without a change after which it closes
    update_every: float = 10.0  # seconds between two updates
    current: Incident | None = None
    _recent: deque[Seen] = field(default_factory=deque)

    def see(self, seen: Seen, new_id: Callable[[], str]) -> Iterator[tuple[Moment, Incident]]:
        """Takes in one look; yields what is to be reported. `new_id` names an incident that opens."""
        self._recent.append(seen)
        while len(self._recent) > self.window:
            self._recent.popleft()
        if self.current is None:
            if self._is_opening(seen):
                yield "opened", self._open(new_id())
        elif seen.area and self._is_going_on():
            if self.current.take_in(seen) or seen.seconds - self.current.reported_at >= self.update_every:
                self.current.reported_at = seen.seconds
                yield "updated", self.current
        elif seen.seconds - self.current.last >= self.close_after:
            yield from self.close()

    def close(self) -> Iterator[tuple[Moment, Incident]]:
        """Ends the open incident, if there is one."""
        self._recent.clear()
        if self.current is not None:
            closed, self.current = self.current, None
            yield "closed", closed

    def _is_going_on(self) -> bool:
        """One changed look among quiet ones keeps no incident open: a leaf, an insect."""
        return sum(1 for look in list(self._recent)[-3:] if look.area) >= min(2, self.frames)

    def _is_opening(self, seen: Seen) -> bool:
        return bool(seen.area) and (seen.at_once or len(self._followed()) >= self.frames)

    def _followed(self) -> list[Seen]:
        """The changed looks that lead to the last one, each with something near where the next has something.

        Rain, sparks of noise and insects are now here, now there.
        """
        followed: list[Seen] = []
        at = 0
        for back, look in enumerate(reversed(self._recent)):
            if look.area and (not followed or _are_near(look.boxes, followed[0].boxes, back - at)):
                followed.insert(0, look)
                at = back
        return followed

    def _open(self, new_id: str) -> Incident:
        changed = self._followed()
        last = changed[-1]
        incident = Incident(new_id, changed[0].seconds, last.seconds, last.change, reported_at=last.seconds)
        for look in changed:
            incident.take_in(look)
        self.current = incident
        return incident


def _are_near(boxes: Iterable[Box], others: Iterable[Box], looks: int) -> bool:
    """Whether one of the boxes touches one of the others, made larger by what something moves in so many looks."""
    return any(_touch(box, other, looks * NEAR) for box in boxes for other in others)


def _touch(one: Box, other: Box, slack: float) -> bool:
    (x, y, width, height), (x2, y2, width2, height2) = one, other
    far, high = slack * max(width, width2), slack * max(height, height2)
    return x - far < x2 + width2 and x2 - far < x + width and y - high < y2 + height2 and y2 - high < y + height
