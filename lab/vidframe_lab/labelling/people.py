"""A page on which people draw boxes about people in frames of clips, and mark their visits."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from contextlib import ExitStack, closing
from http import HTTPStatus
from io import StringIO
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

from pydantic import BaseModel, ValidationError

from vidframe.sources import SourceError
from vidframe.tools import write_atomically
from vidframe_lab.evaluation.files import DataError, read_as
from vidframe_lab.gaze.visits import COLUMNS, OPTIONAL, TABLE, Visit, read_clips
from vidframe_lab.labelling.clips import Clip, Shown
from vidframe_lab.local_page import NOT_FOUND, Answer, Page
from vidframe_lab.people.labels import FACES, FACING, FILE, FrameLabel, Labels

HEADER = ("clip", "zone", "start", "end", "stopped_seconds", "looked_seconds", "reached", "taken")
assert set(HEADER) == {*COLUMNS, *OPTIONAL}


class ClipVisits(BaseModel):
    """All visits of one clip, as the page sends them."""

    clip: str
    visits: list[Visit]


class PeoplePage(Page):
    """Shows frames of clips; keeps what is said of them in people.json and visits.csv.

    DataError where a clip or one of these files cannot be used.
    """

    html = ("vidframe_lab.labelling", "people.html")

    def __init__(self, clips: Sequence[Path], folder: Path, step: float = 5.0, port: int = 0) -> None:
        self.folder = folder
        self.step = step
        self._lock = Lock()
        self.labels: Labels = read_as(Labels, folder / FILE) if (folder / FILE).is_file() else {}
        self.visits: dict[str, list[Visit]] = self._read_visits()
        with ExitStack() as opened:
            self._clips = {self._name(path): _opened(path, opened) for path in clips}
            super().__init__(port)
            self._open = opened.pop_all()

    def server_close(self) -> None:
        """Closes the clips, too."""
        super().server_close()
        self._open.close()

    def summary(self) -> str:
        """What is labelled by now."""
        people = sum(len(label.people) for label in self.labels.values())
        visits = sum(map(len, self.visits.values()))
        return f"{self.folder}: labelled frames {len(self.labels)}, people in them {people}, visits {visits}"

    def get(self, path: str, query: str) -> Answer:
        if path == "state":
            return Answer.json(self._state())
        if path == "frame":
            return self._frame({name: values[0] for name, values in parse_qs(query).items()})
        return NOT_FOUND

    def post(self, path: str, content: dict[str, Any]) -> Answer:
        try:
            if path == "people":
                self._keep_people(FrameLabel.model_validate(content))
            elif path == "visits":
                self._keep_visits(ClipVisits.model_validate(content))
            else:
                return NOT_FOUND
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            return Answer.error(HTTPStatus.BAD_REQUEST, f"{where}: {first['msg']}")
        except KeyError as error:
            return Answer.error(HTTPStatus.BAD_REQUEST, f"no clip {error}")
        except OSError as error:
            return Answer.error(HTTPStatus.INTERNAL_SERVER_ERROR, f"cannot write: {error.strerror or error}")
        return Answer.json({})

    def _state(self) -> dict[str, Any]:
        return {
            "clips": list(self._clips),
            "step": self.step,
            "facing": FACING,
            "face": FACES,
            "labels": [label.model_dump() for label in self.labels.values() if label.clip in self._clips],
            "visits": {
                clip: [visit.model_dump() for visit in self.visits.get(clip, [])] for clip in self._clips
            },
        }  # fmt: skip

    def _frame(self, query: dict[str, str]) -> Answer:
        """`clip` with `index` or `seconds`: a JPEG, whose number, time and size are in the headers."""
        try:
            clip = self._clips[query["clip"]]
            shown = clip.at_index(int(query["index"])) if "index" in query else clip.at_seconds(float(query["seconds"]))
        except (KeyError, ValueError):
            return NOT_FOUND
        except SourceError as error:
            return Answer.error(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        return NOT_FOUND if shown is None else _answer(shown)

    def _keep_people(self, label: FrameLabel) -> None:
        self._clips[label.clip]  # KeyError for an unknown one
        with self._lock:
            before = (name for name, old in self.labels.items() if (old.clip, old.frame) == (label.clip, label.frame))
            name = next(before, f"{label.clip}:{label.frame}")
            if name in self.labels:
                label.view = self.labels[name].view
            self.labels[name] = label
            plain = {name: label.model_dump(exclude_none=True) for name, label in self.labels.items()}
            write_atomically(self.folder / FILE, json.dumps(plain, indent=1) + "\n")

    def _keep_visits(self, given: ClipVisits) -> None:
        self._clips[given.clip]
        with self._lock:
            self.visits[given.clip] = sorted(given.visits, key=lambda visit: visit.start)
            text = StringIO()
            table = csv.writer(text, lineterminator="\n")
            table.writerow(HEADER)
            for clip, visits in self.visits.items():
                table.writerows(_cells(clip, visit) for visit in visits)
                if not visits:
                    table.writerow([clip] + [""] * (len(HEADER) - 1))
            write_atomically(self.folder / TABLE, text.getvalue())

    def _read_visits(self) -> dict[str, list[Visit]]:
        if not (self.folder / TABLE).is_file():
            return {}
        return {self._name(clip.path): list(clip.visits) for clip in read_clips(self.folder)}

    def _name(self, clip: Path) -> str:
        """As the files name it: relative to their folder."""
        return Path(os.path.relpath(clip, self.folder)).as_posix()


def _opened(path: Path, held: ExitStack) -> Clip:
    try:
        return held.enter_context(closing(Clip(path)))
    except SourceError as error:
        raise DataError(str(error)) from None


def _answer(shown: Shown) -> Answer:
    width, height = shown.size
    headers = {"Frame-Index": f"{shown.index}", "Frame-Seconds": f"{shown.seconds:.3f}", "Frame-Size": f"{width}x{height}"}  # fmt: skip
    return Answer(shown.jpeg, "image/jpeg", headers=headers)


def _cells(clip: str, visit: Visit) -> list[str]:
    def cell(value: object) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        return "" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)

    return [clip, *(cell(getattr(visit, name)) for name in HEADER[1:])]
