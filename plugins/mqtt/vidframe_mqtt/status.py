"""What is so at a camera now, told when it changes."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from vidframe import Event, Frame

METRICS_EVERY = 10.0  # seconds


class Status:
    """Follows frames and events. `show(name, value)` is called with each value, changed or not."""

    def __init__(self, show: Callable[[str, object], None], off_after: float) -> None:
        self.show = show
        self._off_after = off_after
        self._incidents: dict[Any, Any] = {}  # that are open, and who each is
        self._last = {"motion": float("-inf"), "person": float("-inf")}  # seen, monotonic seconds
        self._snoozed_until = 0.0
        self._frames = 0
        self._counted_from = monotonic()

    @property
    def is_snoozed(self) -> bool:
        """Whether incidents are to be kept quiet."""
        return monotonic() < self._snoozed_until

    def snooze(self, minutes: int) -> None:
        """Keeps quiet about incidents for some minutes; 0 ends that."""
        self._snoozed_until = monotonic() + 60 * minutes
        self.show("snooze", minutes)

    def take_frame(self, frame: Frame) -> None:
        """What a frame shows."""
        now = monotonic()
        if frame.motion or self._incidents:
            self._last["motion"] = now
        if frame.people or "person" in self._incidents.values():
            self._last["person"] = now
        self.show("mode", frame.mode or "none")
        self.show("armed", _switch(frame.mode == "night"))
        self._show_seen(now)
        self._frames += 1
        if now >= self._counted_from + METRICS_EVERY:
            self.show("fps", round(self._frames / (now - self._counted_from), 1))
            self.show("people", len(frame.people))
            self._frames, self._counted_from = 0, now

    def take_event(self, event: Event) -> None:
        """What an event says."""
        facts = event.facts
        if event.kind in ("incident.opened", "incident.updated") and facts.get("severity") == "alert":
            self._incidents[facts.get("incident")] = facts.get("who")
        elif event.kind == "incident.closed":
            self._incidents.pop(facts.get("incident"), None)
        elif event.kind == "mode.changed":
            self._incidents.clear()
            self.show("requested", facts["mode"] if facts.get("reason") == "hand" else "auto")
        elif event.kind == "camera.state":
            self.show("state", facts.get("state"))
            if facts.get("state") != "live":  # nobody knows what is there
                self._last = dict.fromkeys(self._last, float("-inf"))
                self._show_seen(monotonic())

    def _show_seen(self, now: float) -> None:
        for name, last in self._last.items():
            self.show(name, _switch(now - last <= self._off_after and not self.is_snoozed))
        if self._snoozed_until and not self.is_snoozed:
            self.snooze(0)
            self._snoozed_until = 0.0


def _switch(is_on: bool) -> str:
    return "ON" if is_on else "OFF"
