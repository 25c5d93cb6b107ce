"""Back-off, files that are whole or not there, and times."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import vidframe.tools
from vidframe.testing import FakeClock
from vidframe.tools import Backoff, iso_time, write_atomically


def test_waits_double_up_to_the_longest_and_begin_anew_after_a_success() -> None:
    backoff = Backoff(0.5, 3.0)

    assert [backoff.failed() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    backoff.succeeded()
    assert (backoff.failures, backoff.failed()) == (0, 0.5)


def test_a_failure_long_after_the_last_counts_as_the_first() -> None:
    with FakeClock(vidframe.tools) as clock:
        backoff = Backoff(1.0, 60.0, forget_after=10.0)
        assert [backoff.failed(), backoff.failed()] == [1.0, 2.0]

        clock.advance(11.0)  # two of them are the wait itself
        assert backoff.failed() == 4.0
        clock.advance(4.0 + 10.1)
        assert backoff.failed() == 1.0


def test_waits_are_shortened_by_chance_by_no_more_than_the_spread() -> None:
    waits = [Backoff(10.0, 10.0, spread=0.2).failed() for _ in range(200)]

    assert 8.0 <= min(waits) < 9.0 < max(waits) <= 10.0


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.json"
    write_atomically(path, "old")
    (path.parent / f"state.json.{os.getpid()}.part").write_text("of a crash")

    write_atomically(path, b"new", mode=0o600)

    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    write_atomically(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, "new")

    assert path.read_text() == "old"


def test_times_are_utc_with_microseconds() -> None:
    moment = datetime(2026, 11, 22, 2, 14, 7, 120000, timezone(timedelta(hours=1)))

    assert iso_time(moment) == "2026-11-22T01:14:07.120000Z" == iso_time(moment.astimezone(UTC))
