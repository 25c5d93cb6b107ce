"""By night, reports what does not belong in the picture: somebody came in, something fell, the camera was covered."""

import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vidframe import Camera, Event, Frame, Seconds, hookimpl
from vidframe.tools import iso_time
from vidframe_abnormality import unfinished
from vidframe_abnormality.incidents import SEVERITY, Box, Incident, Incidents, Moment

log = logging.getLogger(__name__)

MOST_BOXES = 50  # of one event, as docs/events.md says

Share = Annotated[float, Field(ge=0, le=1)]
ZoneName = Annotated[str, Field(min_length=1, max_length=60)]
Polygon = Annotated[list[tuple[Share, Share]], Field(min_length=3)]


@dataclass
class Abnormality:
    """Reports an incident where the picture differs from the one taken at the switch to night.

    Threshold background subtraction; docs/plugins/abnormality.md has the settings, measured one by one.
    """

    adds = ("notes.changed",)

    method: Annotated[
        Literal["reference", "running", "mog2", "knn"],
        Field(description="compare with the picture taken at the switch, or with a model that follows the scene"),
    ] = "reference"
    threshold: Annotated[float, Field(gt=0, le=255, description="grey levels; in the dark less is taken")] = 20.0
    min_area: Annotated[float, Field(gt=0, le=1, description="changed share of the picture from which it counts")] = (
        0.006
    )
    frames: Annotated[int, Field(ge=1, le=100, description="looks of the last `of` that must show a change")] = 3
    of: Annotated[int, Field(ge=1, le=100)] = 5
    quiet: Annotated[Seconds, Field(gt=0, description="without a change before an incident is over")] = 1.5
    warm_up: Annotated[Seconds, Field(ge=0, description="at least, before the reference is taken")] = 3.0
    settle_limit: Annotated[Seconds, Field(gt=0, description="at most, until the exposure has settled")] = 10.0
    stays: Annotated[Seconds, Field(gt=0, description="standing still, after which a thing is `left` or `gone`")] = 10.0
    light: Annotated[Literal["ignore", "report"], Field(description="a light switched on or off")] = "ignore"
    tampering: Annotated[bool, Field(description="report a camera that is covered, moved or blinded")] = True
    masks: Annotated[list[Polygon], Field(description="where changes do not count; x, y from 0 to 1")] = field(
        default_factory=list
    )
    zones: Annotated[
        dict[ZoneName, Polygon], Field(max_length=50, description="where alone changes count; none: everywhere")
    ] = field(default_factory=dict)
    update_every: Annotated[Seconds, Field(gt=0, description="between two updates of an incident")] = 10.0
    look_every: Annotated[Seconds, Field(ge=0, description="shortest time between two looks")] = 0.055

    def __post_init__(self) -> None:
        if self.frames > self.of:
            raise ValueError(f"frames must not be more than of: {self.frames} of {self.of}")
        if self.warm_up > self.settle_limit:
            raise ValueError("warm_up must not be longer than settle_limit")

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        import cv2

        from vidframe_abnormality.watch import Watch

        # Pictures of 320 pixels are done before a second thread has started.
        cv2.setNumThreads(1)
        self._camera = camera
        self._watch = Watch(self)
        self._incidents = Incidents(self.frames, self.of, self.quiet, self.update_every)
        self._looked_at = float("-inf")
        self._changed = 0.0
        if (facts := unfinished.take(camera.state)) is not None:
            try:
                camera.report("incident.closed", **facts)
            except (TypeError, ValueError) as error:  # of another release, or damaged
                log.warning("camera %s: cannot close the incident that a crash left: %s", camera.name, error)

    @property
    def measured(self) -> float:
        """Share of the picture that changed at the last look, also below `min_area`: by it a threshold is chosen."""
        return max(self._changed, self._watch.measured)

    @hookimpl
    def has_pending(self, state: Path) -> bool:
        """Whether a crash left an open incident of the camera with this state folder."""
        return unfinished.is_there(state)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        # More than ten looks a second are of use only while it is open whether what stirs is an incident.
        is_open = self._incidents.current is None and not self._watch.is_calm
        pause = self.look_every if is_open else max(self.look_every, 0.095)
        if frame.seconds - self._looked_at >= pause:
            self._looked_at = frame.seconds
            self._look(frame)
        frame.notes["changed"] = self._changed

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if event.kind in ("mode.changed", "camera.closing") and hasattr(self, "_watch"):
            self._close_incident()
            self._watch.forget()

    @hookimpl
    def close_camera(self) -> None:
        if hasattr(self, "_incidents"):
            self._close_incident()

    def _look(self, frame: Frame) -> None:
        seen = self._watch.look(frame, goes_on=self._incidents.current is not None)
        self._changed = seen.area
        for moment, incident in self._incidents.see(seen, lambda: self._new_id(frame)):
            self._tell(moment, incident, frame)

    def _close_incident(self) -> None:
        for moment, incident in self._incidents.close():
            self._tell(moment, incident, None)

    def _tell(self, moment: Moment, incident: Incident, frame: Frame | None) -> None:
        from vidframe_abnormality.snapshot import snapshot

        files = [snapshot(frame, incident.boxes)] if frame is not None and moment != "closed" else []
        facts = self._facts(incident)
        if moment == "closed":
            self._camera.report("incident.closed", **facts)
            unfinished.forget(self._camera.state)
        else:
            event = self._camera.report(f"incident.{moment}", *files, **facts | {"end": None})
            unfinished.note(self._camera.state, {**event.facts, "end": iso_time(facts["end"])})

    def _facts(self, incident: Incident) -> dict[str, Any]:
        return {
            "incident": incident.id,
            "change": incident.change,
            "cause": incident.cause,
            "severity": SEVERITY[incident.change],
            "start": self._camera.utc(incident.start),
            "end": self._camera.utc(incident.last),
            "peak_area": round(incident.peak_area, 4),
            "boxes": [[round(value, 4) for value in box] for box in _largest(incident.boxes)],
            "zones": self._zones_of(incident.boxes),
        }

    def _zones_of(self, boxes: Iterable[Box]) -> list[str]:
        """Names of the zones in which the changes stand, by the middle of each change's lower edge."""
        feet = [(x + width / 2, y + height) for x, y, width, height in boxes]
        return [name for name, polygon in self.zones.items() if any(_is_inside(polygon, *foot) for foot in feet)]

    def _new_id(self, frame: Frame) -> str:
        return f"{self._camera.name}.{frame.time:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def _largest(boxes: Iterable[Box]) -> list[Box]:
    """As many as an event holds; sensitive settings find more parts in a busy picture."""
    return sorted(boxes, key=lambda box: box[2] * box[3], reverse=True)[:MOST_BOXES]


def ignored(settings: Abnormality, height: int, width: int) -> NDArray[np.bool_] | None:
    """True where changes do not count; None if they count everywhere."""
    import cv2

    if not settings.masks and not settings.zones:
        return None
    size = np.array([width, height])
    counts = np.full((height, width), 0 if settings.zones else 1, np.uint8)
    for polygon in settings.zones.values():
        cv2.fillPoly(counts, [np.rint(np.array(polygon) * size).astype(np.int32)], 1)
    for polygon in settings.masks:
        cv2.fillPoly(counts, [np.rint(np.array(polygon) * size).astype(np.int32)], 0)
    return np.asarray(counts == 0)


def _is_inside(polygon: Polygon, x: float, y: float) -> bool:
    """Whether a ray from the point crosses the polygon's outline an odd number of times."""
    inside = False
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
            inside = not inside
    return inside
