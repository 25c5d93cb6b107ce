"""Times: from 0, never backwards, whatever the stream and the clocks say."""

from __future__ import annotations

import itertools

import pytest

from vidframe.core.sources.timeline import ArrivalTime, RecordedTime, WallClock


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, seconds: float = 100.0) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


def test_a_recording_starts_at_0_wherever_its_stamps_start() -> None:
    time = RecordedTime(step=0.1)

    assert [time.place(stamp, stamp)[0] for stamp in (7.0, 7.1, 7.5)] == pytest.approx([0, 0.1, 0.5])


def test_missing_stamps_are_a_step_apart() -> None:
    time = RecordedTime(step=0.1)

    assert [time.place(None, None)[0] for _ in range(3)] == pytest.approx([0, 0.1, 0.2])


def test_stamps_that_jump_back_go_on_from_where_they_were() -> None:
    time = RecordedTime(step=0.1)

    assert [time.place(stamp, stamp)[0] for stamp in (0, 0.1, 0, 0.1)] == pytest.approx([0, 0.1, 0.2, 0.3])


def test_b_frames_keep_their_distance_between_decoding_and_showing() -> None:
    time = RecordedTime(step=0.1)

    placed = [time.place(shown, decoded) for shown, decoded in ((0.2, 0.0), (0.5, 0.1), (0.3, 0.2), (0.4, 0.3))]

    assert [shown for shown, _ in placed] == pytest.approx([0.0, 0.3, 0.1, 0.2])
    assert [decoded for _, decoded in placed] == pytest.approx([-0.2, -0.1, 0.0, 0.1])


def test_no_two_pictures_have_the_same_time() -> None:
    time = RecordedTime(step=0.1)

    shown = [time.show(seconds) for seconds in (0.0, 0.1, 0.1, 0.05, None, 0.2)]

    assert all(one < two for one, two in itertools.pairwise(shown))
    assert shown[-1] == pytest.approx(0.2)


def test_a_cameras_even_stamps_are_kept_though_they_arrive_unevenly() -> None:
    clock = Clock()
    time = ArrivalTime(clock)
    placed = []
    for index, late in enumerate((0, 0.05, 0.01, 0.08, 0.0, 0.03)):
        clock.seconds = 101 + index * 0.1 + late
        placed.append(time.place(5000 + index * 0.1, None)[0])

    assert placed == pytest.approx([1 + index * 0.1 for index in range(6)], abs=0.001)


def test_a_burst_of_old_pictures_does_not_put_the_later_ones_into_the_future() -> None:
    clock = Clock()
    time = ArrivalTime(clock)
    for index in range(20):  # kept by the camera, sent at once
        time.place(index * 0.1, None)
    clock.seconds += 0.1

    assert time.place(2.0, None)[0] == pytest.approx(0.1)


@pytest.mark.parametrize("jump", [-3600.0, 3600.0, -5.0, 5.0])
def test_a_cameras_clock_that_jumps_moves_nothing(jump: float) -> None:
    clock = Clock()
    time = ArrivalTime(clock)
    placed = []
    for index in range(20):
        clock.seconds = 100 + index * 0.1
        placed.append(time.place(index * 0.1 + (jump if index >= 10 else 0), None)[0])

    assert placed == pytest.approx([index * 0.1 for index in range(20)], abs=0.01)


def test_time_goes_on_over_a_new_connection_whose_stamps_start_again() -> None:
    clock = Clock()
    time = ArrivalTime(clock)
    time.place(5000, None)
    time.reconnect(is_timed=True)
    clock.seconds += 30

    assert time.place(0, None)[0] == pytest.approx(30)


def test_stamps_that_mean_nothing_are_replaced_by_the_arrival() -> None:
    clock = Clock()
    time = ArrivalTime(clock)
    time.reconnect(is_timed=False)
    clock.seconds += 0.5
    time.place(0.0, 0.0)
    clock.seconds += 0.5

    assert time.place(0.04, 0.04)[0] == pytest.approx(1.0)


def test_a_wall_clock_that_is_put_right_changes_the_date_and_not_the_seconds() -> None:
    monotonic, wall = Clock(100), Clock(1000)
    utc = WallClock(monotonic, wall)
    monotonic.seconds, wall.seconds = 110, 1010.001
    utc.check()
    assert utc.of(110) == 1010

    wall.seconds = 5000
    utc.check()
    assert utc.of(110) == 5000
