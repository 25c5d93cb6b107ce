"""What the step reports of a drawn shop at night."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_abnormality.incidents import Incident
from vidframe_abnormality.plugin import Abnormality

from tests.plugins.abnormality.scenes import Change, film, frames, incidents, kinds, person, walks_through
from vidframe.testing import make_camera, run_plugin

Pixels = NDArray[Any]


def empty(index: int, picture: Pixels) -> Pixels:
    return picture


def lit(gain: float, first: int) -> Change:
    def change(index: int, picture: Pixels) -> Pixels:
        return np.clip(picture * gain, 0, 255).astype(np.uint8) if index >= first else picture

    return change


def test_an_empty_room_is_no_incident() -> None:
    assert incidents(empty, noise=6) == []


def test_somebody_who_walks_through_is_one_incident_from_first_to_last_picture() -> None:
    events = incidents(walks_through)

    assert kinds(events) == ["opened", "closed"]
    closed = events[-1].facts
    assert closed["start"] == "2026-01-01T00:00:06.000000Z"
    assert closed["end"] == "2026-01-01T00:00:09.900000Z"
    assert closed["change"] == "motion"
    assert closed["severity"] == "alert"


def test_the_alert_comes_with_the_third_changed_picture() -> None:
    opened = incidents(walks_through)[0]

    assert (opened.time - make_camera().utc(0)).total_seconds() == pytest.approx(6.2)
    assert opened.facts["end"] is None


def test_an_event_has_the_largest_boxes_alone_where_there_are_very_many() -> None:
    plugin = Abnormality()
    plugin.open_camera(make_camera())
    boxes = tuple((n / 300, 0.0, n / 300, 0.1) for n in range(255))

    assert plugin._session is not None
    facts = plugin._session._facts(Incident("a", 0.0, 1.0, "motion", boxes=boxes))

    assert len(facts["boxes"]) == 50
    assert facts["boxes"][0] == [0.8467, 0.0, 0.8467, 0.1]


def test_what_a_crash_left_and_is_no_incident_any_more_costs_a_warning_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "incident.json").write_text('{"incident": "a", "severity": "panic"}')
    camera = make_camera(state=tmp_path)

    Abnormality().open_camera(camera)

    assert camera.events == []
    assert "cannot close the incident that a crash left: event incident.closed: " in caplog.text


def test_the_snapshot_shows_the_change_in_a_red_frame() -> None:
    opened = incidents(walks_through)[0]

    picture = cv2.imdecode(np.frombuffer(opened.files[0].read(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    blue, _, red = cv2.split(picture)
    assert (np.asarray(red, int) - blue > 80).any()
    x, y, width, height = opened.facts["boxes"][0]
    assert 0 <= x < x + width <= 1
    assert 0.2 < y < y + height <= 1


@pytest.mark.parametrize("fps", [5, 15, 30])
def test_the_rate_of_the_camera_does_not_matter(fps: int) -> None:
    def walks(index: int, picture: Pixels) -> Pixels:
        seconds = index / fps
        return person(picture, int(10 + 70 * (seconds - 6))) if 6 <= seconds < 10 else picture

    events = incidents(walks, 14 * fps, fps=fps)

    assert kinds(events) == ["opened", "closed"]


@pytest.mark.parametrize("gain", [0.4, 0.7, 1.5])
def test_a_light_that_is_switched_is_no_incident(gain: float) -> None:
    assert incidents(lit(gain, 80)) == []


def test_who_comes_in_with_the_light_is_an_incident_all_the_same() -> None:
    def switches_on_and_walks(index: int, picture: Pixels) -> Pixels:
        return lit(1.4, 60)(index, walks_through(index, picture))

    assert kinds(incidents(switches_on_and_walks)) == ["opened", "closed"]


def test_in_the_dark_somebody_is_still_seen() -> None:
    def dark(index: int, picture: Pixels) -> Pixels:
        return (walks_through(index, picture) * 0.25).astype(np.uint8)

    assert kinds(incidents(dark)) == ["opened", "closed"]


def test_what_happens_under_a_mask_does_not_count() -> None:
    everywhere = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]

    assert incidents(walks_through, masks=[everywhere]) == []


def test_an_incident_names_the_zone_in_which_it_stands() -> None:
    zones = {"left": [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]}

    events = incidents(walks_through, zones=zones)

    assert events[0].facts["zones"] == ["left"]


def test_the_switch_to_day_closes_what_is_open() -> None:
    plugin = Abnormality()
    camera = make_camera()
    events = []
    plugin.open_camera(camera)
    for frame in frames(film(walks_through, 80), camera):
        plugin.process_frame(frame)
    plugin.handle_event(camera.report("mode.changed", mode="day", reason="schedule", previous="night"))
    events = camera.events

    assert kinds(events) == ["opened", "mode.changed", "closed"]


def test_the_reference_waits_until_the_exposure_has_settled() -> None:
    def settles(index: int, picture: Pixels) -> Pixels:
        return np.asarray(np.clip(picture * (1 + 1.2 * np.exp(-index / 10)), 0, 255), np.uint8)

    assert incidents(settles, 200) == []


def test_the_picture_may_change_its_size() -> None:
    camera = make_camera()
    small = frames(film(empty, 40, ground=np.full((120, 160), 90, np.uint8)), camera)
    large = frames(film(empty, 40), camera)

    assert run_plugin(Abnormality(), [*small, *large], camera=camera) == []


def test_more_frames_than_looks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"frames \(6\) must be at most window \(5\)"):
        Abnormality(frames=6, window=5)
