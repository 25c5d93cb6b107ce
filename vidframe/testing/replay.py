"""Golden replay: a clip through a chain, and its events beside those that a file keeps."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from vidframe.core.model.events import Event
from vidframe.pipeline import Pipeline

_DIGITS = 4  # of numbers in facts: decoders and processors differ in what comes after
_SILENT = ("camera.state", "camera.closing")  # say how a run went, not what was found
_UPDATE = "VIDFRAME_UPDATE"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
# Names that are made of a time or by chance: of facts, and what such an id looks like anywhere.
_ID_FACTS = frozenset({"id", "event", "incident", "incidents", "visit", "visits", "clip", "clips", "file"})
_ID = re.compile(r".*(\d{8}T\d{6}|[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{16}).*")


def replay(
    clip: str | Path,
    chain: str | Path | Iterable[Any] | Mapping[str, Any],
    expected: str | Path,
    *,
    update: bool = False,
) -> None:
    """Runs a chain over a clip and compares its events with those in `expected`; AssertionError shows the difference.

    The chain is a YAML file, or instances of plugins (a list, or a mapping of step names to instances), run as
    `vidframe run` does, strictly. A step that fails is an AssertionError. `expected` has a line of JSON for each event:
    seconds since the first frame, kind, reporter, facts, roles of its files. Times in facts are seconds, too; ids that
    differ from run to run are numbered; numbers have four digits after the point.

    `update`, the environment variable VIDFRAME_UPDATE=1 or pytest's `--vidframe-update` writes `expected` anew.
    """
    path = Path(expected)
    found = _played(clip, chain)
    if update or os.environ.get(_UPDATE) == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in found), encoding="utf-8")
        return
    way_out = "pytest --vidframe-update (or VIDFRAME_UPDATE=1) writes it"
    assert path.exists(), f"{path} is not there yet; {way_out}"
    wanted = path.read_text(encoding="utf-8").splitlines()
    if wanted != found:
        diff = "\n".join(difflib.unified_diff(wanted, found, str(path), f"events of {clip}", n=2, lineterm=""))
        raise AssertionError(f"{clip} brings other events than {path} has. If they are right, {way_out} anew.\n{diff}")


def _played(clip: str | Path, chain: Any) -> list[str]:
    events: list[Event] = []
    first: datetime | None = None
    with Pipeline(chain, source=clip, strict=True) as frames:
        for frame in frames:
            first = first or frame.time
            events += frame.events
    for failure in frames.failures:
        raise AssertionError(
            f"{clip}: step {failure.step} failed in {failure.hook}: {failure.error!r}"
        ) from failure.error
    assert first is not None, f"{clip} has no frame"
    stable = _Stable(first)
    told = (event for event in (*events, *frames.closing_events) if event.kind not in _SILENT)
    return [json.dumps(stable.event(event), ensure_ascii=False) for event in told]


class _Stable:
    """Events without what is different at each run."""

    def __init__(self, first: datetime) -> None:
        self._first = first
        self._numbers: dict[str, str] = {}  # id -> what stands for it
        self._counts: dict[str, int] = {}

    def event(self, event: Event) -> dict[str, Any]:
        """The event as plain JSON values."""
        self._numbered("event", event.id)
        found = {
            "seconds": self._seconds(event.time),
            "kind": event.kind,
            "reporter": event.reporter,
            "facts": {name: self._plain(name, value) for name, value in event.facts.items()},
        }
        return found | ({"files": [file.role for file in event.files]} if event.files else {})

    def _plain(self, name: str, value: Any) -> Any:
        if isinstance(value, float):
            return round(value, _DIGITS)
        if isinstance(value, Mapping):
            return {key: self._plain(key, each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._plain(name, each) for each in value]
        if not isinstance(value, str):
            return value
        if _TIME.fullmatch(value):
            return self._seconds(datetime.fromisoformat(value))
        is_id = name in _ID_FACTS or value in self._numbers or _ID.fullmatch(value)
        return self._numbered(name, value) if is_id else value

    def _numbered(self, name: str, value: str) -> str:
        if value not in self._numbers:
            what = name.removesuffix("s")
            self._counts[what] = self._counts.get(what, 0) + 1
            self._numbers[value] = f"{what}-{self._counts[what]}"
        return self._numbers[value]

    def _seconds(self, moment: datetime) -> float:
        return round((moment - self._first).total_seconds(), 3)
