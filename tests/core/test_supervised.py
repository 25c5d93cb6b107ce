"""Processes that vidframe starts, asks and starts again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from vidframe.core.run import supervised
from vidframe.core.run.supervised import GOOD_LIFE, Child, LostError, Restarts

ECHO = """
import os, signal, time

def work(connection, name):
    while True:
        asked = connection.recv()
        if asked == "exit": os._exit(3)
        if asked == "die": os.kill(os.getpid(), signal.SIGKILL)
        if asked == "sleep": time.sleep(1000)
        connection.send((name, asked))
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Child]:
    (tmp_path / "echo_of_supervised.py").write_text(ECHO)
    monkeypatch.syspath_prepend(str(tmp_path))
    started = Child("echo_of_supervised", "echo")
    yield started
    started.kill()


def test_a_process_answers_what_it_is_asked(child: Child) -> None:
    assert child.ask("one", 60) == ("echo", "one")
    assert child.ask("two", 60) == ("echo", "two")
    assert child.ended == ""


@pytest.mark.parametrize(
    ("asked", "patience", "reason"),
    [
        ("exit", 60, "its process ended with exit code 3"),
        ("die", 60, "its process was killed by SIGKILL"),
        ("sleep", 0.2, "its process did not answer within 0.2 s"),
    ],
)
def test_what_does_not_answer_is_lost_and_it_says_how(child: Child, asked: str, patience: float, reason: str) -> None:
    with pytest.raises(LostError, match=f"^{reason}$"):
        child.ask(asked, patience)


def test_a_process_that_hangs_is_ended(child: Child) -> None:
    assert child.ask("one", 60) == ("echo", "one")
    child.send("sleep")

    child.kill()

    assert child.process.returncode in (-signal.SIGABRT, -signal.SIGKILL)


class Clock:
    """What the time is, seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(supervised, "monotonic", clock)
    return clock


def waits(restarts: Restarts, clock: Clock, lives: list[float]) -> list[float]:
    """The wait after each of these lives."""
    found = []
    for life in lives:
        restarts.began()
        clock.now += life
        found.append(restarts.lost())
    return found


def test_each_loss_doubles_the_wait_up_to_the_longest(clock: Clock) -> None:
    assert waits(Restarts(0.5, 3.0), clock, [1.0] * 5) == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_a_good_life_forgets_the_losses_before(clock: Clock) -> None:
    assert waits(Restarts(0.5, 30.0), clock, [1.0, 1.0, GOOD_LIFE + 1, 1.0]) == [0.5, 1.0, 0.5, 1.0]


def test_a_process_that_never_began_has_no_good_life_however_long_it_was_waited_for(clock: Clock) -> None:
    restarts = Restarts(0.5, 30.0)
    found = []
    for _ in range(3):
        clock.now += 2 * GOOD_LIFE
        found.append(restarts.lost())

    assert found == [0.5, 1.0, 2.0]
