"""One camera, from open_camera to close_camera: how often it is looked at, and what is reported of it."""

import logging
import secrets
from collections.abc import Iterable
from typing import Any

from vidframe import Camera, Frame
from vidframe.kinds import MAX_BOXES
from vidframe.tools import iso_time
from vidframe_abnormality import unfinished
from vidframe_abnormality.incidents import Box, Incident, Incidents, Moment
from vidframe_abnormality.settings import Settings
from vidframe_abnormality.snapshot import snapshot
from vidframe_abnormality.watch import Watch
from vidframe_abnormality.witness import Who, Witness, find_detector, severity
from vidframe_abnormality.zones import zones_of

log = logging.getLogger(__name__)

SHOWN_FOR = 2.5  # seconds for which the place of a change is drawn
LOOK_EVERY = 0.095  # seconds between two looks, at least, while it is clear whether there is an incident


class CameraSession:
    """Passes on what is seen to the incidents, and what becomes of these to the camera as events."""

    def __init__(self, settings: Settings, camera: Camera) -> None:
        self._settings = settings
        self._camera = camera
        self._watch = Watch(settings)
        self._incidents = Incidents(settings.frames, settings.window, settings.close_after, settings.update_every)
        self._witness = Witness(find_detector(settings.detector, camera))
        self._is_told = False  # whether the open incident was reported
        self._told_who: Who | None = None
        self._told_severity = ""
        self._looked_at = float("-inf")  # seconds
        self._changed = 0.0  # share of the frame at the last look
        if (facts := unfinished.take(camera.state)) is not None:
            try:
                camera.report("incident.closed", **facts)
            except (TypeError, ValueError) as error:  # of another release, or damaged
                log.warning("camera %s: cannot close the incident that a crash left: %s", camera.name, error)

    @property
    def measured(self) -> float:
        """Share of the frame that changed at the last look, also below `min_area`."""
        return max(self._changed, self._watch.measured)

    def process(self, frame: Frame) -> float:
        """Looks at the frame if it is time to; the share of the frame, 0..1, that changed at the last look."""
        # More than ten looks a second are of use only while it is open whether what stirs is an incident.
        is_open = self._incidents.current is None and not self._watch.is_calm
        pause = self._settings.look_every if is_open else max(self._settings.look_every, LOOK_EVERY)
        if frame.seconds - self._looked_at >= pause:
            self._looked_at = frame.seconds
            self._look(frame)
        return self._changed

    def shown_label(self) -> str:
        """What the open incident is, as far as it was recognised."""
        incident = self._incidents.current
        return "" if incident is None else self._label(incident)

    def shown_boxes(self, seconds: float) -> tuple[Box, ...]:
        """Where the open incident was last seen (0..1 of the frame), while that is not out of date."""
        incident = self._incidents.current
        return incident.boxes if incident is not None and seconds - incident.last < SHOWN_FOR else ()

    def start_anew(self) -> None:
        """Closes the open incident and forgets the scene, as at the switch to night."""
        self.close()
        self._watch = Watch(self._settings)

    def close(self) -> None:
        """Closes the open incident, if there is one."""
        for moment, incident in self._incidents.close():
            self._tell(moment, incident, None)

    def _look(self, frame: Frame) -> None:
        seen = self._watch.look(frame, goes_on=self._incidents.current is not None)
        self._changed = seen.area
        for moment, incident in self._incidents.see(seen, lambda: self._new_id(frame)):
            if moment == "opened":
                self._witness.forget()
                self._is_told = False
            if moment != "closed":
                self._witness.ask(frame, incident)
            self._tell(moment, incident, frame)
        current = self._incidents.current
        if current is not None and seen.area and self._witness.is_due(frame.seconds):
            self._witness.ask(frame, current)
            if self._is_urgent(current):
                current.reported_at = frame.seconds
                self._tell("updated", current, frame)

    def _is_urgent(self, incident: Incident) -> bool:
        """Whether a guard should hear at once what the detector said last: it is a person, or no animal after all."""
        who, _ = self._witness.who(incident)
        is_new_person = who == "person" and self._told_who != "person"
        return not self._is_told or is_new_person or severity(incident, who) == "alert" != self._told_severity

    def _tell(self, moment: Moment, incident: Incident, frame: Frame | None) -> None:
        """Reports an incident, unless it is one to be ignored; what was held back until now is opened first."""
        if self._is_told:
            self._report(moment, incident, frame)
        elif not self._is_ignored(moment, incident):
            self._is_told = True
            self._report("opened", incident, frame)
            if moment == "closed":
                self._report(moment, incident, frame)

    def _is_ignored(self, moment: Moment, incident: Incident) -> bool:
        """Whether animals are ignored and it is one, or may turn out to be one within a second."""
        if not self._settings.ignore_animals or incident.change == "tampering":
            return False
        may_become = moment != "closed" and self._witness.may_become_animal
        return may_become or self._witness.who(incident)[0] == "animal"

    def _report(self, moment: Moment, incident: Incident, frame: Frame | None) -> None:
        files = (
            [snapshot(frame, incident.boxes, self._label(incident))] if frame is not None and moment != "closed" else []
        )
        facts = self._facts(incident)
        self._told_who, self._told_severity = facts["who"], facts["severity"]
        if moment == "closed":
            self._camera.report("incident.closed", **facts)
            unfinished.forget(self._camera.state)
        else:
            event = self._camera.report(f"incident.{moment}", *files, **facts | {"end": None})
            unfinished.note(self._camera.state, {**event.facts, "end": iso_time(facts["end"])})

    def _facts(self, incident: Incident) -> dict[str, Any]:
        who, probability = self._witness.who(incident)
        return {
            "incident": incident.id,
            "change": incident.change,
            "cause": incident.cause,
            "severity": severity(incident, who),
            "start": self._camera.utc(incident.start),
            "end": self._camera.utc(incident.last),
            "peak_area": round(incident.peak_area, 4),
            "boxes": [[round(value, 4) for value in box] for box in _largest(incident.boxes)],
            "zones": zones_of(incident.boxes, self._settings.zones),
            "who": who,
            "who_probability": None if probability is None else round(probability, 4),
        }

    def _label(self, incident: Incident) -> str:
        """What is drawn beside the change; nothing where nothing was recognised."""
        who, probability = self._witness.who(incident)
        return "" if who in (None, "unknown") else f"{who} {probability:.0%}"

    def _new_id(self, frame: Frame) -> str:
        return f"{self._camera.name}.{frame.time:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def _largest(boxes: Iterable[Box]) -> list[Box]:
    """As many as an event holds; sensitive settings find more parts in a busy picture."""
    return sorted(boxes, key=lambda box: box[2] * box[3], reverse=True)[:MAX_BOXES]
