"""What the log shows of a plugin's words: no line of their own, no terminal escape, no password."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from vidframe.core.observe.logs import Form, set_up

log = logging.getLogger("vidframe.test")
HOSTILE = "no\nERROR camera door has ended\x1b]0;title\x07\x9b31m rtsp://ann:hidden@10.0.0.11/1?token=hidden pin-4711"


@pytest.fixture
def form(request: pytest.FixtureRequest) -> Iterator[Form]:
    """Sets the log up, and puts back what was there."""
    before, level = logging.getLogger().handlers[:], logging.getLogger().level
    yield request.param
    for handler in logging.getLogger().handlers:
        if handler not in before:
            handler.close()
    logging.getLogger().handlers[:] = before
    logging.getLogger().setLevel(level)


def fail(text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError as error:
        log.error("step p failed: %s", text, exc_info=error, extra={"secrets": ("pin-4711", "1")})


@pytest.mark.parametrize("form", ["text"], indirect=True)
def test_a_text_of_a_plugin_stays_on_its_line(form: Form, capfd: pytest.CaptureFixture[str]) -> None:
    set_up(form)

    fail(HOSTILE)

    first, *traceback = capfd.readouterr().err.splitlines()
    shown = r"no\nERROR camera door has ended\x1b]0;title\x07\x9b31m rtsp://10.0.0.11/1?token=*** ***"
    assert first == f"ERROR step p failed: {shown}"
    assert all(line.startswith("  ") for line in traceback)
    assert traceback[0] == "  Traceback (most recent call last):"
    assert traceback[-1] == f"  ValueError: {shown}"


@pytest.mark.parametrize("form", ["text"], indirect=True)
def test_a_text_without_end_is_cut(form: Form, capfd: pytest.CaptureFixture[str]) -> None:
    set_up(form)

    try:
        raise ValueError("x" * 1_000_000)
    except ValueError as error:
        log.error("step p failed", exc_info=error)

    assert 2000 < len(capfd.readouterr().err) < 5000


@pytest.mark.parametrize("form", ["json"], indirect=True)
def test_a_json_line_has_no_password(form: Form, capfd: pytest.CaptureFixture[str]) -> None:
    set_up(form)

    fail(HOSTILE)

    (line,) = capfd.readouterr().err.splitlines()
    record = json.loads(line)
    assert record["message"].endswith("rtsp://10.0.0.11/1?token=*** ***")
    assert record["traceback"].endswith("rtsp://10.0.0.11/1?token=*** ***")
    assert "hidden" not in line


@pytest.mark.parametrize("form", ["text"], indirect=True)
def test_the_log_goes_on_when_a_plugin_closes_standard_error(
    form: Form, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = open(2, "w", closefd=False)  # noqa: SIM115
    monkeypatch.setattr(sys, "stderr", stream)
    set_up(form)
    stream.close()

    log.warning("still here")

    assert capfd.readouterr().err == "WARNING still here\n"
