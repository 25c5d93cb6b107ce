"""The files of a new plugin: by kind, path -> text. $name, $dashed, $kind and $words stand for those of the plugin."""

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "vidframe-$dashed"
version = "0.1.0"
description = "$words, $noun for vidframe"
requires-python = ">=3.11"
dependencies = ["vidframe>=0.1,<0.3"]

[project.optional-dependencies]
dev = ["mypy", "pytest", "ruff"]

[project.entry-points."$group"]
$entry = "vidframe_$name:$attribute"

[tool.hatch.build.targets.wheel]
packages = ["vidframe_$name"]

[tool.ruff]
line-length = 120

[tool.ruff.lint]
select = ["B", "E", "F", "I", "RUF", "UP"]

[tool.mypy]
strict = true
files = ["vidframe_$name", "tests"]

[tool.pytest.ini_options]
testpaths = ["tests"]
"""

README = """\
# vidframe-$dashed

Where vidframe is installed (`pip install PATH-OR-URL` as long as no registry has it), in the same environment:

```console
pip install -e ".[dev]"
vidframe plugins
pytest
ruff check
ruff format --check
mypy
```

`pytest` also checks the contract of vidframe (`conformance`). In a config:

```yaml
$yaml
```
"""

STEP = '''\
"""$words: say here what it is for."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field
from vidframe import Canvas, Frame, hookimpl


@dataclass
class $kind:
    """Reports `$name.dark` when the image becomes darker than `threshold`."""

    threshold: Annotated[float, Field(ge=0, le=255, description="mean luma, 0 to 255")] = 20
    _was_dark: bool = field(default=False, init=False)

    api = 2
    needs = ("image",)
    adds = ("notes.$name",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        luma = float(frame.gray.mean())
        frame.notes["$name"] = luma
        frame.camera.metric("luma", luma)
        is_dark = luma < self.threshold
        if is_dark and not self._was_dark:
            frame.report("$name.dark", luma=round(luma, 1))
        self._was_dark = is_dark

    @hookimpl
    def draw(self, frame: Frame, canvas: Canvas) -> None:
        if "$name" in frame.notes:
            luma = frame.notes["$name"]
            canvas.label(f"luma {luma:.0f}", (8, 20))
'''

STEP_TEST = """\
import numpy as np
from vidframe.testing import film, run_chain

from vidframe_$name import $kind


def test_it_reports_once_when_it_becomes_dark() -> None:
    images = [np.full((120, 160, 3), luma, np.uint8) for luma in (200, 5, 5, 200)]

    run = run_chain([$kind(threshold=50)], film(images))

    assert run.kinds("$name") == ["$name.dark"]
    assert [frame.notes["$name"] for frame in run.frames] == [200, 5, 5, 200]
    assert run.metrics["$name"] == {"luma": 200}
"""

DETECTOR = '''\
"""$words: say here what it finds."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field
from vidframe import Box, Canvas, Detection, Frame, hookimpl

LABEL = "$dashed"


@dataclass
class $kind:
    """Finds the bright part of the image; put a model in its place, loaded in `open_camera`."""

    threshold: Annotated[float, Field(ge=0, le=255, description="luma from which it is bright")] = 200

    api = 2
    needs = ("image",)
    adds = ("detections",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        rows, columns = np.nonzero(frame.gray >= self.threshold)
        if rows.size:
            x, y = int(columns.min()), int(rows.min())
            box = Box(x, y, int(columns.max()) - x + 1, int(rows.max()) - y + 1)
            frame.detections.append(Detection(box, LABEL, score=1.0))

    @hookimpl
    def draw(self, frame: Frame, canvas: Canvas) -> None:
        for found in frame.detections:
            if found.label == LABEL:
                canvas.box(found.box, f"{found.label} {found.score:.0%}")
'''

DETECTOR_TEST = """\
import numpy as np
from vidframe import Box
from vidframe.testing import film, run_chain

from vidframe_$name import $kind


def test_it_finds_what_is_bright() -> None:
    image = np.zeros((120, 160, 3), np.uint8)
    image[30:50, 40:80] = 255

    (frame,) = run_chain([$kind()], film([image])).frames

    assert [found.box for found in frame.detections] == [Box(40, 30, 40, 20)]
"""

SINK = '''\
"""$words: say here where the events go."""

import json
from dataclasses import dataclass, field
from typing import IO, Annotated

from pydantic import Field
from vidframe import Camera, Event, hookimpl


@dataclass
class $kind:
    """Writes events to a file in the camera's state folder; put the receiver in its place."""

    kinds: Annotated[list[str], Field(description="kinds of events that it takes; none: all")] = field(
        default_factory=list
    )
    _file: IO[str] | None = field(default=None, init=False)

    api = 2

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        self._file = (camera.state / "$name.jsonl").open("a", encoding="utf-8")

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if self._file is not None and (not self.kinds or event.kind in self.kinds):
            self._file.write(json.dumps(event.as_json()) + "\\n")

    @hookimpl
    def close_camera(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
'''

SINK_TEST = """\
import json

from vidframe.testing import make_camera, make_event

from vidframe_$name import $kind


def test_it_takes_the_kinds_that_it_is_told_to() -> None:
    camera, sink = make_camera(), $kind(kinds=["queue.long"])

    sink.open_camera(camera)
    sink.handle_event(make_event("queue.long", people=7))
    sink.handle_event(make_event("door.open"))
    sink.close_camera()

    (line,) = (camera.state / "$name.jsonl").read_text().splitlines()
    assert json.loads(line)["facts"] == {"people": 7}
"""

SOURCE = '''\
"""$words: say here what it reads."""

from collections.abc import Iterator
from time import monotonic

import numpy as np
from numpy.typing import NDArray
from vidframe.sources import SourceError, SourceOptions


def open_source(address: str, options: SourceOptions) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """`$entry://320x240`: grey images of that size; put the camera's SDK in their place."""
    try:
        width, height = (int(part) for part in address.partition("://")[2].split("x"))
    except ValueError:
        raise SourceError(f"an address is $entry://320x240, found {address}") from None
    pause = 1 / (options.fps or 10)
    while not options.closed.wait(pause):
        yield np.full((height, width, 3), 128, np.uint8), monotonic()
'''

SOURCE_TEST = """\
from threading import Event

import pytest
from vidframe.sources import SourceError, SourceOptions

from vidframe_$name import open_source


def options() -> SourceOptions:
    return SourceOptions(camera="test", credentials=None, fps=100, timeout=5, closed=Event())


def test_it_yields_images_of_the_size_asked_for_until_it_is_closed() -> None:
    told = options()
    images = open_source("$entry://32x24", told)

    image, _ = next(images)
    told.closed.set()

    assert image.shape == (24, 32, 3)
    assert list(images) == []


def test_an_address_that_it_cannot_read_is_told() -> None:
    with pytest.raises(SourceError, match="an address is"):
        next(open_source("$entry://somewhere", options()))
"""

MODULES = {"step": STEP, "detector": DETECTOR, "sink": SINK, "source": SOURCE}
TESTS = {"step": STEP_TEST, "detector": DETECTOR_TEST, "sink": SINK_TEST, "source": SOURCE_TEST}
YAML = {
    "step": "cameras: {door: clip.mp4}\nalways:\n  - $name: {threshold: 30}",
    "detector": "cameras: {door: clip.mp4}\nalways:\n  - $name",
    "sink": "cameras: {door: clip.mp4}\nalways:\n  - $name",
    "source": 'cameras: {door: "$entry://320x240"}',
}
NOUNS = {"step": "a plugin", "detector": "a detector", "sink": "a sink of events", "source": "a source"}
