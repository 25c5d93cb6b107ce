"""When it is night: by the clock, the sun, the picture and by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from vidframe_abnormality.day_night import DayNight, Place
from vidframe_abnormality.manual_mode import choose, chosen, mode
from vidframe_abnormality.schedule import Timetable, hours, weekly, zone

from vidframe import Event, Frame, hookimpl
from vidframe.testing import film, make_camera, make_frame, run_chain, run_plugin

VIENNA = zone("Europe/Vienna")


def table(text: object, never: tuple[date, ...] = ()) -> Timetable:
    return Timetable(weekly(text), VIENNA, never)  # type: ignore[arg-type]


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIENNA).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "is_night"),
    [
        pytest.param("2026-11-20T21:59:59", False, id="before"),
        pytest.param("2026-11-20T22:00:00", True, id="from the first second on"),
        pytest.param("2026-11-21T00:00:00", True, id="past midnight"),
        pytest.param("2026-11-21T05:59:59", True, id="to the last"),
        pytest.param("2026-11-21T06:00:00", False, id="after"),
    ],
)
def test_a_night_goes_past_midnight(at: str, is_night: bool) -> None:
    assert table("22:00-06:00").holds(local(at)) is is_night


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    friday_only = table({"fri": "22:00-06:00"})

    assert friday_only.holds(local("2026-11-21T05:00:00"))  # Saturday morning
    assert not friday_only.holds(local("2026-11-20T05:00:00"))


def test_a_shop_that_closes_at_noon_has_two_intervals() -> None:
    opening = table({"mon-fri": ["09:00-12:00", "14:00-18:00"], "sat,sun": "closed"})

    assert opening.holds(local("2026-11-20T11:59:00"))
    assert not opening.holds(local("2026-11-20T13:00:00"))
    assert not opening.holds(local("2026-11-21T11:00:00"))


def test_a_holiday_has_no_opening_hours() -> None:
    opening = table("09:00-18:00", (date(2026, 12, 25),))

    assert not opening.holds(local("2026-12-25T12:00:00"))
    assert opening.holds(local("2026-12-24T12:00:00"))


def switches(timetable: Timetable, start: datetime, minutes: int) -> list[tuple[datetime, bool]]:
    found: list[tuple[datetime, bool]] = []
    for minute in range(minutes):
        now = start + timedelta(minutes=minute)
        if not found or found[-1][1] != timetable.holds(now):
            found.append((now, timetable.holds(now)))
    return found


def test_the_hour_that_comes_twice_in_autumn_switches_once() -> None:
    found = switches(table("22:00-02:30"), datetime(2026, 10, 24, 19, tzinfo=UTC), 12 * 60)

    assert [is_night for _, is_night in found] == [False, True, False]


def test_the_hour_that_is_missing_in_spring_switches_once() -> None:
    found = switches(table("22:00-02:30"), datetime(2026, 3, 28, 19, tzinfo=UTC), 12 * 60)

    assert [is_night for _, is_night in found] == [False, True, False]
    assert found[2][0] == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["22-06", "25:00-06:00", "22:00-06:60", "evening"])
def test_hours_that_no_clock_shows_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        hours(text)


def test_days_that_are_no_days_are_refused() -> None:
    with pytest.raises(ValueError, match="names no days"):
        weekly({"monday": "09:00-18:00"})


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="Europe/Wien"):
        DayNight(night="22:00-06:00", timezone="Europe/Wien")


def watch(plugin: DayNight, start: datetime, seconds: int, state: Path | None = None, **picture: object) -> list[Event]:
    camera = make_camera(start=start, state=state)
    pixels = np.full((90, 160, 3), picture.get("shade", 120), np.uint8)
    return run_plugin(plugin, (make_frame(pixels, camera=camera, index=i, seconds=float(i)) for i in range(seconds)))


def test_the_switch_is_an_event_with_its_reason() -> None:
    events = watch(DayNight(night="22:00-06:00", timezone="Europe/Vienna"), local("2026-11-20T21:59:55"), 10)

    assert [event.facts["mode"] for event in events] == ["day", "night"]
    assert events[1].facts == {"mode": "night", "reason": "schedule", "previous": "day"}


def test_every_frame_knows_its_mode() -> None:
    plugin, camera = DayNight(night="00:00-24:00"), make_camera()
    frames = [make_frame(camera=camera, index=index) for index in range(5)]

    run_plugin(plugin, frames)

    assert [frame.mode for frame in frames] == ["night"] * 5


def test_the_sun_sets_in_vienna() -> None:
    vienna = Place(latitude=48.21, longitude=16.37)
    start = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # sunset is at 15:10:42

    events = watch(DayNight(place=vienna), start, 15 * 60)

    assert [event.facts["mode"] for event in events] == ["day", "night"]
    assert abs((events[1].time - datetime(2026, 11, 20, 15, 10, 42, tzinfo=UTC)).total_seconds()) <= 60
    assert events[1].facts["reason"] == "sun"


def test_where_the_sun_does_not_set_it_stays_day() -> None:
    tromso = Place(latitude=69.65, longitude=18.96)

    events = watch(DayNight(place=tromso), datetime(2026, 6, 21, 22, 30, tzinfo=UTC), 60)

    assert [event.facts["mode"] for event in events] == ["day"]


def shades(plugin: DayNight, shade: list[int], seconds_each: int) -> list[Event]:
    camera = make_camera()
    pixels = [np.full((90, 160, 3), value, np.uint8) for value in shade for _ in range(seconds_each)]
    return run_plugin(plugin, [make_frame(p, camera=camera, index=i, seconds=float(i)) for i, p in enumerate(pixels)])


def test_a_dark_picture_is_night_once_it_stays_dark() -> None:
    plugin = DayNight(dark_below=40, confirm_for=10, min_interval=0)

    assert [event.facts["mode"] for event in shades(plugin, [120, 20, 120], 5)] == ["day"]
    assert [event.facts["mode"] for event in shades(plugin, [120, 20], 15)] == ["day", "night"]


def test_dusk_between_the_thresholds_does_not_flicker() -> None:
    plugin = DayNight(dark_below=40, bright_above=60, confirm_for=2, min_interval=0)

    assert [event.facts["mode"] for event in shades(plugin, [120, 50, 30, 50, 55, 45, 70], 10)] == [
        "day",
        "night",
        "day",
    ]


def test_an_infrared_lamp_does_not_make_it_day_again() -> None:
    camera = make_camera()
    coloured = np.full((90, 160, 3), (200, 100, 60), np.uint8)
    dark = np.full((90, 160, 3), 20, np.uint8)
    infrared = np.full((90, 160, 3), 120, np.uint8)
    pictures = [coloured] * 5 + [dark] * 20 + [infrared] * 60
    frames = [make_frame(p, camera=camera, index=i, seconds=float(i)) for i, p in enumerate(pictures)]

    events = run_plugin(DayNight(dark_below=40, confirm_for=5, min_interval=0), frames)

    assert [event.facts["mode"] for event in events] == ["day", "night"]


def test_a_choice_by_hand_counts_more_than_the_clock(tmp_path: Path) -> None:
    choose(tmp_path, "night")

    events = watch(DayNight(night="22:00-06:00", timezone="UTC"), datetime(2026, 11, 20, 12, tzinfo=UTC), 5, tmp_path)

    assert events[0].facts == {"mode": "night", "reason": "hand", "previous": None}


def test_a_mode_that_any_step_requests_is_kept_whatever_the_steps_are_called(tmp_path: Path) -> None:
    class Guard:
        """Requests night in frame 2."""

        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            if frame.index == 2:
                frame.report("mode.requested", mode="night")

    def run() -> list[str | None]:
        camera = make_camera(start=datetime(2026, 11, 20, 12, tzinfo=UTC), state=tmp_path)
        chain = {"clock": DayNight(night="22:00-06:00", timezone="UTC"), "guard": Guard()}
        return [frame.mode for frame in run_chain(chain, film(5, camera=camera)).frames]

    assert run() == ["day", "day", "day", "night", "night"]
    assert run()[0] == "night"  # also after a restart


def test_a_choice_by_hand_is_seen_within_two_seconds_and_auto_ends_it(tmp_path: Path) -> None:
    camera = make_camera(start=datetime(2026, 11, 20, 12, tzinfo=UTC), state=tmp_path)

    def hands() -> object:
        for second in range(12):
            if second == 3:
                choose(tmp_path, "night")
            if second == 8:
                choose(tmp_path, "auto")
            yield make_frame(camera=camera, index=second, seconds=float(second))

    events = run_plugin(DayNight(night="22:00-06:00", timezone="UTC"), hands())  # type: ignore[arg-type]

    assert [(event.facts["mode"], event.facts["reason"]) for event in events] == [
        ("day", "schedule"),
        ("night", "hand"),
        ("day", "schedule"),
    ]


def test_the_command_writes_what_the_step_reads(tmp_path: Path) -> None:
    done = CliRunner().invoke(mode, ["door", "night", "--state", str(tmp_path)])

    assert done.exit_code == 0
    assert chosen(tmp_path / "door") == "night"


def test_the_command_refuses_a_name_that_leads_elsewhere(tmp_path: Path) -> None:
    done = CliRunner().invoke(mode, ["../door", "night", "--state", str(tmp_path)])

    assert done.exit_code != 0
    assert list(tmp_path.parent.glob("door*")) == []


def test_all_must_agree_where_that_is_asked_for() -> None:
    plugin = DayNight(night="22:00-06:00", timezone="UTC", dark_below=40, confirm_for=0, min_interval=0, combine="all")

    events = watch(plugin, datetime(2026, 11, 20, 23, tzinfo=UTC), 5, shade=120)

    assert [event.facts["mode"] for event in events] == ["day"]


def test_a_clock_that_jumps_is_followed() -> None:
    jumps = [timedelta(0), timedelta(hours=12), timedelta(0)]
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    camera = make_camera(utc=lambda seconds: noon + jumps[int(seconds) // 5 % 3] + timedelta(seconds=seconds))
    frames = [make_frame(camera=camera, index=second, seconds=float(second)) for second in range(15)]

    events = run_plugin(DayNight(night="22:00-06:00", timezone="UTC"), frames)

    assert [event.facts["mode"] for event in events] == ["day", "night", "day"]
