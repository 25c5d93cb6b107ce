"""Steps run in the order of the config, apart from each other's failures."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from vidframe import Box, Camera, Event, Face, Frame, HeadPose, Person, hookimpl
from vidframe.core.config.keys import Every, OnError
from vidframe.core.config.model import CameraConfig, StepConfig
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.plugin.registry import inspected
from vidframe.core.run.chain import Chain
from vidframe.core.run.event_queue import EventQueue
from vidframe.core.run.step import StepFailed
from vidframe.testing import make_camera, make_frame


def step(kind: type[Any], name: str = "", **options: Any) -> StepConfig:
    return StepConfig(name or kind.__name__.lower(), inspected(kind.__name__.lower(), kind), **options)


class Running:
    """A chain of steps on a made camera."""

    def __init__(self, *always: StepConfig, is_live: bool = False, **chains: Iterable[StepConfig]) -> None:
        mode = next(iter(chains.pop("mode", ())), None)
        config = CameraConfig(
            "door", "", mode=mode, chains={"always": always, **{k: tuple(v) for k, v in chains.items()}}
        )
        made: Camera = make_camera("door", needed=config.needed, is_live=is_live)
        self.reports = EventQueue("door", made.utc)
        self.camera = replace(made, report=self.reports.by("vidframe"))
        self.metrics = CameraMetrics("door")
        self.chain = Chain(config, self.camera, self.reports, self.metrics)

    def run(self, frames: int = 1) -> list[Frame]:
        self.chain.open()
        done = []
        for index in range(frames):
            frame = make_frame(camera=self.camera, index=index)
            self.chain.process(frame)
            done.append(frame)
        return done


class Finder:
    adds = ("faces",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.faces = [Face(Box(0, 0, 10, 10), track=frame.index)]


class Turner:
    needs = ("faces",)
    adds = ("faces.head_pose",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        for face in frame.faces:
            face.head_pose = HeadPose(10, 0, 0, 5)
        if frame.index % 10 == 9:
            raise RuntimeError("every tenth frame")


class Sink:
    """Keeps what it sees; `seen` is shared by its instances and emptied by each test."""

    seen: list[Any] = []  # noqa: RUF012

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        self.seen.append([face.head_pose for face in frame.faces])


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    Sink.seen.clear()


def test_hooks_run_in_the_order_of_the_config() -> None:
    order: list[str] = []

    def named(name: str) -> StepConfig:
        class Named:
            @hookimpl
            def process_frame(self) -> None:
                order.append(name)

        return step(Named, name)

    Running(named("first"), named("second"), named("third")).run()

    assert order == ["first", "second", "third"]


def test_a_step_that_fails_on_every_tenth_frame_costs_only_its_own_results(caplog: pytest.LogCaptureFixture) -> None:
    running = Running(step(Finder), step(Turner), step(Sink))

    with caplog.at_level(logging.ERROR):
        running.run(300)

    assert len(Sink.seen) == 300
    absent = [index for index, gazes in enumerate(Sink.seen) if gazes == [None]]
    assert absent == list(range(9, 300, 10))
    assert running.metrics.steps["turner"].errors == 30
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_a_step_whose_need_is_absent_is_skipped_and_does_not_see_yesterdays() -> None:
    class Failing(Finder):
        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            Finder.process_frame(self, frame)
            if frame.index == 1:
                raise RuntimeError

    running = Running(step(Failing), step(Turner))

    frames = running.run(3)

    assert [len(frame.faces) for frame in frames] == [1, 0, 1]
    assert running.metrics.steps["turner"].calls == 2


def test_each_face_is_a_person_where_no_step_adds_people() -> None:
    class Counter:
        needs = ("people",)
        seen: ClassVar[list[list[str]]] = []

        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            self.seen.append([person.seen_by for person in frame.people])
            assert all(person.face in frame.faces for person in frame.people)

    class Bodies:
        adds = ("people",)

        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            if frame.index == 0:  # it rests on the others: whoever needs people rests, too
                frame.people = [Person(Box(0, 0, 9, 9)), Person(Box(9, 0, 9, 9))]

    Running(step(Finder), step(Counter)).run(1)
    Running(step(Finder), step(Bodies), step(Counter)).run(2)

    assert Counter.seen == [["face"], ["body", "body"]]


def test_a_step_is_disabled_after_so_many_failures_and_says_so_in_an_event() -> None:
    class Broken:
        @hookimpl
        def process_frame(self) -> None:
            raise ValueError("no")

    handled: list[Event] = []

    class Listener:
        @hookimpl
        def handle_event(self, event: Event) -> None:
            handled.append(event)

    running = Running(step(Broken, on_error=OnError("disable", 3)), step(Listener))
    running.run(10)

    assert running.metrics.steps["broken"].calls == 3
    assert [(e.kind, e.facts["step"], e.facts["errors"]) for e in handled] == [("step.disabled", "broken", 3)]
    assert running.metrics.failed_steps == {"broken"}


def test_a_step_with_on_error_stop_ends_the_camera() -> None:
    class Broken:
        @hookimpl
        def process_frame(self) -> None:
            raise ValueError("no")

    with pytest.raises(StepFailed, match="step broken failed in process_frame: ValueError: no"):
        Running(step(Broken, on_error=OnError("stop"))).run()


def test_a_step_that_exits_the_process_ends_only_itself() -> None:
    class Quitter:
        @hookimpl
        def process_frame(self) -> None:
            raise SystemExit(3)

    running = Running(step(Quitter), step(Sink))
    running.run(5)

    assert len(Sink.seen) == 5


def test_a_step_that_cannot_be_opened_is_switched_off_and_the_others_go_on() -> None:
    class Closed:
        @hookimpl
        def open_camera(self, camera: Camera) -> None:
            raise OSError("no model")

        @hookimpl
        def process_frame(self) -> None:
            raise AssertionError("was not opened")

    running = Running(step(Closed), step(Sink))
    running.run(2)

    assert len(Sink.seen) == 2
    assert running.metrics.failed_steps == {"closed"}


def test_one_failing_close_leaves_no_other_step_open_and_the_last_opened_closes_first() -> None:
    closed: list[str] = []

    def closing(name: str, fails: bool = False) -> StepConfig:
        class Closing:
            @hookimpl
            def close_camera(self) -> None:
                closed.append(name)
                if fails:
                    raise OSError

        return step(Closing, name)

    running = Running(closing("first"), closing("second", fails=True), closing("third"))
    running.run()
    running.chain.close()

    assert closed == ["third", "second", "first"]


def test_what_a_step_reports_at_the_end_reaches_the_steps_after_it() -> None:
    heard: list[str] = []

    class Holding:
        @hookimpl
        def open_camera(self, camera: Camera) -> None:
            self.camera = camera

        @hookimpl
        def handle_event(self, event: Event) -> None:
            if event.kind == "camera.closing":
                self.camera.report("held.back")

    class Listener:
        @hookimpl
        def handle_event(self, event: Event) -> None:
            heard.append(event.kind)

    running = Running(step(Holding), step(Listener))
    running.run()
    running.chain.close()

    assert heard == ["camera.closing", "held.back"]


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        pytest.param(Every(frames=4), [0, 4, 8], id="frames"),
        pytest.param(Every(seconds=0.3), [0, 3, 6, 9], id="time that the frames hit"),
        pytest.param(Every(seconds=0.25), [0, 3, 5, 8], id="time between the frames keeps its mean"),
    ],
)
def test_a_step_runs_as_often_as_every_says(every: Every, expected: list[int]) -> None:
    ran: list[int] = []

    class Some:
        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            ran.append(frame.index)

    Running(step(Some, every=every)).run(10)

    assert ran == expected


class Clock:
    adds = ("mode",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.mode = "night" if frame.index // 5 % 2 else "day"


def counting(opened: list[str], ran: list[str]) -> Callable[[str], StepConfig]:
    def make(name: str) -> StepConfig:
        class Counted:
            @hookimpl
            def open_camera(self) -> None:
                opened.append(name)

            @hookimpl
            def process_frame(self) -> None:
                ran.append(name)

        return step(Counted, name)

    return make


def test_a_modes_steps_are_opened_when_it_first_comes_and_kept() -> None:
    opened: list[str] = []
    ran: list[str] = []
    make = counting(opened, ran)
    running = Running(make("always"), mode=[step(Clock)], day=[make("by day")], night=[make("by night")])

    running.run(5)
    assert opened == ["always", "by day"]
    running.run(20)

    assert opened == ["always", "by day", "by night"]
    assert (ran.count("by day"), ran.count("by night"), ran.count("always")) == (15, 10, 25)


def test_when_asks_the_mode_or_a_field_of_the_frame() -> None:
    ran: list[str] = []
    make = counting([], ran)

    class Notes:
        adds = ("notes.busy",)

        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            frame.notes["busy"] = frame.index < 2

    steps = [replace(make(when), when=when) for when in ("night", "notes.busy", "faces", "faces.head_pose")]
    Running(step(Notes), step(Finder, every=Every(frames=5)), *steps, mode=[step(Clock)]).run(10)

    assert [ran.count(when) for when in ("night", "notes.busy", "faces", "faces.head_pose")] == [5, 2, 2, 0]


def test_every_step_but_its_reporter_gets_an_event_after_the_last_step_of_the_frame() -> None:
    heard: list[tuple[str, str, str]] = []

    def talker(name: str) -> StepConfig:
        class Talker:
            @hookimpl
            def process_frame(self, frame: Frame) -> None:
                heard.append((name, "ran", ""))
                if frame.index == 0:
                    frame.report(f"hello.{name}")

            @hookimpl
            def handle_event(self, event: Event) -> None:
                heard.append((name, event.kind, event.reporter))

        return step(Talker, name)

    Running(talker("a"), talker("b")).run()

    assert heard == [("a", "ran", ""), ("b", "ran", ""), ("b", "hello.a", "a"), ("a", "hello.b", "b")]


@pytest.mark.parametrize("fact", [np.ones(2), {1, 2}, object(), float("nan")], ids=["NumPy", "set", "object", "NaN"])
def test_facts_that_are_no_json_fail_the_step_that_reports_them_and_no_sink(
    caplog: pytest.LogCaptureFixture, fact: object
) -> None:
    heard = []

    class Careless:
        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            frame.report("careless", value=fact)

    class Sink:
        @hookimpl
        def handle_event(self, event: Event) -> None:
            heard.append(event.kind)

    Running(step(Careless, "careless"), step(Sink, "sink")).run()

    assert heard == []
    assert "step careless failed in process_frame" in caplog.text
    assert "event careless: value must be " in caplog.text


def test_two_steps_that_answer_each_other_for_ever_are_stopped(caplog: pytest.LogCaptureFixture) -> None:
    def answering(name: str) -> StepConfig:
        class Answering:
            @hookimpl
            def open_camera(self, camera: Camera) -> None:
                self.camera = camera

            @hookimpl
            def process_frame(self) -> None:
                self.camera.report("ping")

            @hookimpl
            def handle_event(self) -> None:
                self.camera.report("pong")

        return step(Answering, name)

    running = Running(answering("a"), answering("b"))
    running.run()

    assert running.metrics.events == 1000
    assert "over 1000 events at once" in caplog.text


def test_writing_into_a_frame_raises_and_no_step_copies_it() -> None:
    addresses: list[int] = []

    class Scribbler:
        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            addresses.append(frame.gray.__array_interface__["data"][0])
            frame.image[0, 0] = 1

    running = Running(*(step(Scribbler, f"s{n}") for n in range(6)))
    running.run()

    assert all(metrics.errors == 1 for metrics in running.metrics.steps.values())
    assert len(set(addresses)) == 1


def test_ids_of_two_runs_differ() -> None:
    ids = [EventQueue("door", make_camera().utc).create("x").id for _ in range(2)]

    assert len(set(ids)) == 2
    assert all(len(identity) <= 64 for identity in ids)


def test_events_from_other_threads_are_delivered_too() -> None:
    import threading

    heard: list[str] = []

    class Worker:
        @hookimpl
        def open_camera(self, camera: Camera) -> None:
            thread = threading.Thread(target=lambda: camera.report("late"))
            thread.start()
            thread.join()

    class Listener:
        @hookimpl
        def handle_event(self, event: Event) -> None:
            heard.append(event.reporter)

    Running(step(Worker), step(Listener)).run()

    assert heard == ["worker"]


def test_a_frame_is_scaled_once_and_shared() -> None:
    frame = make_frame(np.zeros((100, 200, 3), np.uint8))

    assert frame.scaled_gray(50) is frame.scaled_gray(50)
    assert frame.scaled(50).shape == (25, 50, 3)
    assert frame.scaled(500) is frame.image
