"""What plugins report in their tests is what the kinds of events allow."""

from __future__ import annotations

from typing import Any

import pytest

from vidframe import Attachment, Event
from vidframe.core.model.kinds import KINDS, check_facts
from vidframe.testing import Reported


@pytest.fixture(autouse=True)
def _checked_events(monkeypatch: pytest.MonkeyPatch) -> None:
    report = Reported.__call__

    def checked(self: Reported, kind: str, /, *files: Attachment, **facts: Any) -> Event:
        check_facts(kind, facts)
        if kind in KINDS:
            assert {file.role for file in files} <= set(KINDS[kind].roles)
        return report(self, kind, *files, **facts)

    monkeypatch.setattr(Reported, "__call__", checked)
