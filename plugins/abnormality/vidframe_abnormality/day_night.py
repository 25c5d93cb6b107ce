"""Tells day from night: by opening hours, by the sun, by the picture, by hand, or by several of them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from vidframe import Camera, Event, Frame, Seconds, hookimpl
from vidframe_abnormality import manual_mode, picture, schedule

Mode = Literal["day", "night"]
Reason = Literal["hand", "schedule", "sun", "picture"]
Intervals = str | list[str]


class Place(BaseModel):
    """Where the shop stands, for sunset and sunrise."""

    model_config = ConfigDict(extra="forbid")

    latitude: Annotated[float, Field(ge=-90, le=90, description="degrees, north is positive")]
    longitude: Annotated[float, Field(ge=-180, le=180, description="degrees, east is positive")]
    sun_below: Annotated[float, Field(ge=-18, le=10, description="degrees: -0.833 is sunset, -6 is dark")] = (
        schedule.SUNSET
    )


@dataclass
class DayNight:
    """Sets `frame.mode` to `day` or `night`, and reports each switch as `mode.changed`.

    What is given is asked: `night` or `open` the clock, `place` the sun, `dark_below` and `infrared` the picture.
    Where nothing is given, the picture is asked.
    """

    adds = ("mode",)
    renamed: ClassVar = {"hold": "confirm_for", "stay": "min_interval"}

    night: Annotated[
        Intervals | dict[str, Intervals] | None,
        Field(description="hours of the night: 22:00-06:00, a list of such, or a mapping of weekdays"),
    ] = None
    open: Annotated[
        Intervals | dict[str, Intervals] | None, Field(description="opening hours; outside of them it is night")
    ] = None
    holidays: Annotated[list[date], Field(description="days on which the shop stays closed")] = field(
        default_factory=list
    )
    timezone: Annotated[str | None, Field(description="such as Europe/Vienna; default: the machine's")] = None
    place: Annotated[Place | None, Field(description="where the camera is, for sunset and sunrise")] = None
    dark_below: Annotated[float | None, Field(gt=0, lt=255, description="mean luma, 0 to 255")] = None
    bright_above: Annotated[float | None, Field(gt=0, lt=255, description="default: 20 more than dark_below")] = None
    infrared: Annotated[bool, Field(description="an image without colour means night")] = False
    confirm_for: Annotated[
        Seconds, Field(ge=0, description="how long brightness or colour must hold before the mode switches")
    ] = 30.0
    min_interval: Annotated[
        Seconds, Field(ge=0, description="shortest time between two switches by brightness or colour")
    ] = 600.0
    combine: Annotated[
        Literal["any", "all"], Field(description="night if any of the sources says so, or only if all do")
    ] = "any"

    def __post_init__(self) -> None:
        zone = schedule.zone(self.timezone)
        self._night = schedule.Timetable(schedule.weekly(self.night), zone) if self.night is not None else None
        self._open = (
            schedule.Timetable(schedule.weekly(self.open), zone, self.holidays) if self.open is not None else None
        )
        if self.holidays and self.open is None:
            raise ValueError("holidays need opening hours; set open, too")
        asks_nothing = not (self.night or self.open or self.place or self.infrared)
        dark = 45.0 if self.dark_below is None and asks_nothing else self.dark_below
        bright = self.bright_above if self.bright_above is not None else (dark or 0) + 20
        if dark is not None and bright <= dark:
            raise ValueError(f"bright_above ({bright:g}) must be more than dark_below ({dark:g})")
        self._darkness = picture.Darkness(dark, bright) if dark is not None else None

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        self._camera = camera
        self._mode: Mode | None = None
        self._votes: dict[Reason, bool] = {}
        self._dark = picture.Debounced(self.confirm_for, self.min_interval)
        self._colourless = picture.Debounced(self.confirm_for, self.min_interval)
        self._asked_at = float("-inf")

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        if frame.seconds - self._asked_at >= 1 or self._mode is None:
            self._asked_at = frame.seconds
            self._decide(frame)
        frame.mode = self._mode

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if event.kind == "mode.requested":
            manual_mode.choose(self._camera.state, event.facts["mode"])
            self._asked_at = float("-inf")  # decided with the next frame

    def _decide(self, frame: Frame) -> None:
        mode, reason = self._asked(frame)
        if mode != self._mode:
            previous, self._mode = self._mode, mode
            frame.report("mode.changed", mode=mode, reason=reason, previous=previous)

    def _asked(self, frame: Frame) -> tuple[Mode, Reason]:
        votes = self._all_votes(frame)
        by = manual_mode.chosen(self._camera.state)
        if by is not None:
            return by, "hand"
        is_night = any(votes.values()) if self.combine == "any" else all(votes.values())
        turned = [reason for reason, vote in votes.items() if self._votes.get(reason) != vote]
        agreeing = [reason for reason, vote in votes.items() if vote == is_night]
        self._votes = votes
        reason = next((reason for reason in agreeing if reason in turned), agreeing[0])
        return ("night" if is_night else "day"), reason

    def _all_votes(self, frame: Frame) -> dict[Reason, bool]:
        votes: dict[Reason, bool] = {}
        now = frame.time
        if self._night is not None or self._open is not None:
            votes["schedule"] = self._is_closed(now)
        if self.place is not None:
            height = schedule.sun_height(self.place.latitude, self.place.longitude, now)
            votes["sun"] = height < self.place.sun_below
        if self._darkness is not None or self.infrared:
            votes["picture"] = self._is_dark(frame)
        return votes

    def _is_closed(self, now: datetime) -> bool:
        if self._night is not None and self._night.holds(now):
            return True
        return self._open is not None and not self._open.holds(now)

    def _is_dark(self, frame: Frame) -> bool:
        answers = []
        if self._darkness is not None:
            answers.append(self._dark.update(self._darkness.is_dark(frame), frame.seconds))
        if self.infrared:
            answers.append(self._colourless.update(picture.is_infrared(frame), frame.seconds))
        return any(answers)
