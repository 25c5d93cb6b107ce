"""The kit runs plugins as production does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tests.testing import plugins_of_tests
from tests.testing.plugins_of_tests import Counter, Failing, Finder, Listener
from vidframe import Frame, hookimpl
from vidframe.core.plugin.registry import PluginError
from vidframe.testing import FakeClock, film, make_camera, make_event, make_frame, run_chain, run_plugin, stepwise
from vidframe.testing.frames import START


def test_steps_run_in_their_order_and_are_skipped_where_a_need_is_missing() -> None:
    run = run_chain([Finder(), Counter()], film(5))
    backwards = run_chain([Counter(), Finder()], film(5))

    assert run.kinds() == ["counter.seen"] * 3 + ["camera.closing", "counter.sum"]
    assert run.calls == {"finder": 5, "counter": 3}
    assert run.skipped == {"finder": 0, "counter": 2}
    assert backwards.calls == {"counter": 0, "finder": 5}


def test_what_is_on_a_made_frame_counts_as_added_before() -> None:
    assert len(run_plugin(Counter(), film(3, detections=[]))) == 4
    assert len(run_plugin(Counter(), film(3))) == 1


def test_the_closing_reaches_the_steps_and_what_they_report_then_is_kept() -> None:
    listener = Listener()

    run = run_chain([Finder(), Counter(), listener], film(3))

    assert run.events[-1].kind == "counter.sum"
    assert run.events[-1].facts == {"boxes": 2}
    assert run.events[-1].reporter == "counter"
    assert [kind for kind, _, _ in listener.heard][-2:] == ["camera.closing", "counter.sum"]


def test_the_state_folder_is_there_and_is_the_cameras() -> None:
    camera = make_camera()

    run_chain([Finder(), Counter()], film(3, camera=camera))

    assert (camera.state / "sum").read_text() == "2"


def test_metrics_are_kept_by_step_and_with_the_camera() -> None:
    camera = make_camera()

    run = run_chain({"find": Finder(), "count": Counter()}, film(3, camera=camera))

    assert run.metrics["count"] == {"boxes_total": 2}
    assert camera.metrics == {"boxes_total": 2}
    assert [event.kind for event in camera.events] == ["counter.seen", "counter.seen", "counter.sum"]


def test_two_instances_of_a_class_are_two_steps() -> None:
    run = run_chain([Finder(), Counter(), Counter()], film(1))

    assert [event.reporter for event in run.events if event.kind == "counter.seen"] == ["counter", "counter-2"]
    assert run.metrics["counter-2"] == {"boxes_total": 1}


def test_frames_of_several_cameras_lose_no_event() -> None:
    frames = [make_frame(index=i, detections=[]) for i in range(5)]  # each has a camera of its own

    assert [event.kind for event in run_plugin(Counter(), frames)] == ["counter.seen"] * 5 + ["counter.sum"]
    assert len(run_plugin(Counter(), film(5, detections=[]), camera=make_camera("door"))) == 6


def test_two_cameras_can_be_run_in_turn() -> None:
    one, other = Counter(), Counter()
    first = stepwise(one, film(3, detections=[], camera=make_camera("first")))
    second = stepwise(other, film(2, detections=[], camera=make_camera("second")))

    cameras = [[event.camera for event in events] for pair in zip(first, second, strict=False) for events in pair]

    assert cameras == [["first"], ["second"]] * 3


def test_stepwise_tells_what_each_frame_brought_and_last_the_closing() -> None:
    steps = list(stepwise(Counter(), film(2, detections=[])))

    assert [[event.kind for event in events] for events in steps] == [
        ["counter.seen"],
        ["counter.seen"],
        ["counter.sum"],
    ]


def test_a_frame_can_be_drawn_while_the_chain_is_open() -> None:
    drawn = []

    def frames() -> object:
        for frame in film(2):
            yield frame
            drawn.append(len(frame.canvas.shapes))

    run_chain([Finder(), Counter()], frames())  # type: ignore[arg-type]

    assert drawn == [1, 1]


def test_a_failure_is_raised() -> None:
    with pytest.raises(KeyError, match="boxes"):
        run_chain([Failing()], film(5))
    with pytest.raises(KeyError, match="boxes"):
        run_plugin(Failing(), film(5))


def test_a_failure_is_kept_where_it_shall_not_be_raised_and_costs_its_result_alone() -> None:
    run = run_chain([Failing(), Finder()], film(4), fail=False)

    assert [(failure.step, failure.hook) for failure in run.failures] == [("failing", "process_frame")] * 2
    assert [dict(frame.notes) for frame in run.frames] == [{"failing": 0}, {}, {"failing": 2}, {}]
    assert run.calls["finder"] == 4


class Undeclared:
    """Writes what it does not add."""

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.motion = 0.5


def test_an_undeclared_write_is_a_failure_or_is_taken_back() -> None:
    with pytest.raises(Exception, match="motion"):
        run_chain([Undeclared()], film(1))
    assert run_chain([Undeclared()], film(1), strict=False).frames[0].motion is None


def test_plugins_run_in_processes_of_their_own() -> None:
    run = run_chain([Finder(), Counter()], film(4), isolate=True)

    assert run.kinds("counter") == ["counter.seen", "counter.seen", "counter.sum"]
    assert run.metrics["counter"] == {"boxes_total": 2}
    assert [len(frame.detections) for frame in run.frames] == [1, 0, 1, 0]


def test_without_a_frame_a_plugin_is_opened_and_closed() -> None:
    assert [event.facts for event in run_plugin(Counter(), [])] == [{"boxes": 0}]


@dataclass
class Says:
    """Reports what it was told to."""

    kind: str
    facts: dict[str, object]

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.report(self.kind, **self.facts)


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("My Event!", {}),
        ("x" * 41, {}),
        ("queue.long", {"value": float("nan")}),
        ("queue.long", {"value": np.zeros(2)}),
        ("queue.long", {"value": "x" * 40_000}),
        ("incident.opened", {"change": "none"}),
    ],
)
def test_kinds_and_facts_are_checked_as_in_production(kind: str, facts: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        run_plugin(Says(kind, facts), film(1))
    with pytest.raises((ValueError, TypeError)):
        make_event(kind, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "value"), [("Queue", 1), ("queue", "many"), ("queue", float("inf")), ("q", None)])
def test_metrics_are_checked_as_in_production(name: str, value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        make_camera().metric(name, value)  # type: ignore[arg-type]


def test_a_class_that_breaks_the_contract_is_refused() -> None:
    class Typo:
        """Nothing."""

        @hookimpl
        def proces_frame(self, frame: Frame) -> None: ...

    with pytest.raises(PluginError, match="did you mean 'process_frame'"):
        run_chain([Typo()], film(1))


def test_film_numbers_and_times_the_frames_of_one_camera() -> None:
    frames = film([np.zeros((4, 6), np.uint8)] * 3, fps=2, mode="night", notes={"a": 1})

    assert [(frame.index, frame.seconds) for frame in frames] == [(0, 0.0), (1, 0.5), (2, 1.0)]
    assert {id(frame.camera) for frame in frames} == {id(frames[0].camera)}
    assert (frames[0].width, frames[0].height, frames[0].mode) == (6, 4, "night")
    assert frames[0].notes is not frames[1].notes
    assert (frames[2].time - START).total_seconds() == 1.0


def test_events_can_be_made_for_a_sink() -> None:
    listener = Listener()
    listener.handle_event(make_event("queue.long", camera="till", people=3))

    assert listener.heard[0][:2] == ("queue.long", "till")
    assert make_event("queue.long", people=np.int64(3)).facts == {"people": 3}
    assert make_event("a").id != make_event("a").id


def test_the_clock_goes_when_it_is_told_to_also_for_names_that_were_imported() -> None:
    import time

    listener = Listener()
    with FakeClock(plugins_of_tests) as clock:
        listener.handle_event(make_event("a"))
        clock.advance(5)
        time.sleep(2.5)
        listener.handle_event(make_event("b"))
        assert (time.monotonic(), time.perf_counter(), (clock.now - START).total_seconds()) == (7.5, 7.5, 7.5)

    assert [seconds for _, _, seconds in listener.heard] == [0.0, 7.5]
    assert vars(plugins_of_tests)["monotonic"] is time.monotonic
    assert time.monotonic() != 7.5


def test_the_clock_does_not_go_back() -> None:
    with FakeClock() as clock, pytest.raises(ValueError, match="moved back"):
        clock.advance(-1)


def test_shared_objects_are_made_once_and_closed_at_the_end() -> None:
    made: list[str] = []

    class Model:
        def close(self) -> None:
            made.append("closed")

    def make() -> Model:
        made.append("made")
        return Model()

    camera = make_camera()
    assert camera.share("model", make) is camera.share("model", make)
    run_chain([Finder()], film(1, camera=camera))

    assert made == ["made", "closed"]
