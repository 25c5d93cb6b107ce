"""The tracker on boxes alone."""

from vidframe_faces.tracker import Tracker

from vidframe import Box


def ids(tracker: Tracker, now: float, *boxes: Box) -> list[int]:
    """The number of each box."""
    return [track.id for track in tracker.update(boxes, now)]


def at(x: float, y: float = 100, width: float = 40) -> Box:
    """A face's box."""
    return Box(x, y, width, width)


def test_each_new_face_gets_a_new_number() -> None:
    assert ids(Tracker(), 0, at(0), at(200)) == [1, 2]


def test_a_face_that_moves_by_less_than_its_width_keeps_its_number() -> None:
    tracker = Tracker()

    assert [ids(tracker, step / 10, at(30 * step)) for step in range(5)] == [[1]] * 5


def test_a_face_far_away_is_another() -> None:
    tracker = Tracker()
    ids(tracker, 0, at(0))

    assert ids(tracker, 0.1, at(400)) == [2]


def test_a_face_of_another_size_at_the_same_place_is_another() -> None:
    tracker = Tracker()
    ids(tracker, 0, at(100, width=40))

    assert ids(tracker, 0.1, Box(80, 80, 90, 90)) == [2]


def test_a_number_survives_a_blink_of_the_detector() -> None:
    tracker = Tracker(lost_after=2)
    for step in range(4):
        ids(tracker, step / 10, at(20 * step))
    for step in range(4, 7):
        assert ids(tracker, step / 10) == []

    assert ids(tracker, 0.7, at(140)) == [1]


def test_a_face_given_up_comes_back_under_a_new_number() -> None:
    tracker = Tracker(lost_after=2)
    ids(tracker, 0, at(0))
    ids(tracker, 2.5)

    assert ids(tracker, 2.6, at(0)) == [2]


def test_two_who_cross_keep_their_numbers() -> None:
    tracker = Tracker()

    for step in range(21):
        there = ids(tracker, step / 10, at(12 * step, 100), at(240 - 12 * step, 130))

    assert there == [1, 2]


def test_the_nearer_of_two_boxes_continues_the_track() -> None:
    tracker = Tracker()
    ids(tracker, 0, at(100))

    assert ids(tracker, 0.1, at(135), at(104)) == [2, 1]


def test_the_order_of_the_boxes_does_not_matter() -> None:
    tracker = Tracker()
    ids(tracker, 0, at(0), at(200), at(400))

    assert ids(tracker, 0.1, at(402), at(2), at(198)) == [3, 1, 2]


def test_two_sightings_at_one_time_do_not_divide_by_zero() -> None:
    tracker = Tracker()
    ids(tracker, 1, at(0))

    assert ids(tracker, 1, at(5)) == [1]
    assert tracker.tracks[0].velocity is None


def test_no_number_is_given_twice() -> None:
    tracker = Tracker(lost_after=0.1)

    given = [number for step in range(20) for number in ids(tracker, float(step), at(0))]

    assert given == list(range(1, 21))
