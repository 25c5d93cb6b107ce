"""Each promise of `conformance` has a plugin that breaks it and is failed; what is allowed passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
from pydantic import Field

from vidframe import Box, Camera, Canvas, Detection, Event, Frame, hookimpl
from vidframe.core.model.kinds import KINDS
from vidframe.core.plugin.registry import PluginError
from vidframe.geometry import BoxTracker
from vidframe.testing import conformance

SEEN: list[int] = []
CACHE: dict[str, int] = {}


class Wrong:
    """Base of plugins with a mistake each; `says` is part of what they are told."""

    says = ""


class ListOfTheClass(Wrong):
    """Counts in a list that all instances share."""

    says = "ListOfTheClass.seen"
    seen: list[int] = []  # noqa: RUF012

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        self.seen.append(frame.index)


class NumberOfTheClass(Wrong):
    """Counts in a number that all instances share, and reports it."""

    says = "share state"
    count = 0

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        type(self).count += 1
        frame.report("wrong.count", count=self.count)


class TrackerOfTheClass(Wrong):
    """Mixes the cameras' tracks."""

    says = "share"
    tracker = BoxTracker()
    needs = ("detections",)
    adds = ("detections.track",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        self.tracker.update(frame.detections, frame.seconds)


class GlobalList(Wrong):
    """Counts in the module."""

    says = "SEEN"

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        SEEN.append(frame.index)


class ObjectOfAllCameras(Wrong):
    """Keeps in a shared object what is one camera's."""

    says = "share state"

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        self._counts: list[int] = camera.share("counts", list)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        self._counts.append(frame.index)
        frame.report("wrong.count", count=len(self._counts))


class UndeclaredNote(Wrong):
    """Writes what it does not add."""

    says = "notes.secret"

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.notes["secret"] = 1


class UndeclaredTrack(Wrong):
    """Renumbers others' faces."""

    says = "faces.track"
    needs = ("faces",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        for face in frame.faces:
            face.track = 99


class UndeclaredRead(Wrong):
    """Reads what it does not need, so that `isolate: process` sends none of it."""

    says = "frame.faces"

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        len(frame.faces)


class ImageWritten(Wrong):
    """Writes into the image."""

    says = "read-only"

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.image[:1] = 0


class ImageForced(Wrong):
    """Makes the image writeable first."""

    says = "made an image writeable"

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.image.flags.writeable = True
        frame.image[:1] += 1


class LandmarksWritten(Wrong):
    """Shifts landmarks in place."""

    says = "changed faces.landmarks in place"
    needs = ("faces", "faces.landmarks")

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        for face in frame.faces:
            assert face.landmarks is not None
            face.landmarks += 1


class KeypointsWrittenByDraw(Wrong):
    """Shifts keypoints in place when it draws."""

    says = "changed keypoints in place"

    @hookimpl
    def draw(self, frame: Frame, canvas: Canvas) -> None:
        for face in frame.faces:
            if face.keypoints is not None:
                face.keypoints += 1


class ExpressionWritten(Wrong):
    """Changes the probabilities of an expression in place."""

    says = "changed faces.expression in place"
    needs = ("faces", "faces.expression")

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        for face in frame.faces:
            assert face.expression is not None
            face.expression.probabilities["happy"] = 1.0  # type: ignore[index]


class FactsWritten(Wrong):
    """Changes an event that others get, too."""

    says = "changed the facts of camera.closing"

    @hookimpl
    def handle_event(self, event: Event) -> None:
        event.facts["seen"] = True  # type: ignore[index]


class UndeclaredReadOfANote(Wrong):
    """Looks at a note, if it is there, that it does not name."""

    says = "reads notes.objects"

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.notes.get("objects")


class OnePixel(Wrong):
    """Divides by a width that may be 0."""

    says = "ZeroDivisionError"

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        1 / (frame.width // 2)


class WantsColour(Wrong):
    """Takes the Cb plane for granted."""

    says = "TypeError"

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        _, _ = frame.chroma()  # type: ignore[misc]


class OneSize(Wrong):
    """Compares with the last image, whatever its size."""

    says = "ValueError"

    def __init__(self) -> None:
        self._last: Any = None

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        if self._last is not None:
            np.subtract(frame.gray, self._last)
        self._last = frame.gray


class MissingNote(Wrong):
    """Reads somebody's note without a need for it."""

    says = "KeyError: 'objects'"

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        len(frame.notes["objects"])


class OptionalNote(Wrong):
    """Can do without, it says."""

    says = "KeyError: 'objects'"
    needs = ("notes.objects?",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        len(frame.notes["objects"])


class UnknownEvent(Wrong):
    """Knows a fact of every event."""

    says = "handle_event of unheard.of"

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if not event.kind.startswith(tuple(KINDS)):
            event.facts["zone"]


class KnownEvent(Wrong):
    """Trips over an event that vidframe has."""

    says = "handle_event of storage.low"

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if event.kind.startswith("storage"):
            event.facts["clip"]


class ClosedTwice(Wrong):
    """Forgets that closing may come twice."""

    says = "close_camera the second time"

    def __init__(self) -> None:
        self._held: list[object] = [object()]

    @hookimpl
    def close_camera(self) -> None:
        self._held.pop()


class ClosedUnopened(Wrong):
    """Forgets that opening may never come."""

    says = "close_camera before it was opened"

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        self._camera = camera

    @hookimpl
    def close_camera(self) -> None:
        self._camera.metric("open", 0)


class ClosesWhatIsShared(Wrong):
    """Closes what the other camera still uses."""

    says = "ValueError: closed"

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        self._model: _Model = camera.share("model", _Model)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        self._model.use()

    @hookimpl
    def close_camera(self) -> None:
        if hasattr(self, "_model"):
            self._model.is_closed = True


class _Model:
    is_closed = False

    def use(self) -> None:
        if self.is_closed:
            raise ValueError("closed")


@dataclass
class Undescribed(Wrong):
    """Says nothing of its setting."""

    says = "the settings limit have no description"
    limit: int = 3

    @hookimpl
    def process_frame(self, frame: Frame) -> None: ...


class Untyped(Wrong):
    """Its setting takes whatever the YAML has."""

    says = "the settings limit have no type"

    def __init__(self, limit=3) -> None:  # type: ignore[no-untyped-def]
        self.limit = limit

    @hookimpl
    def process_frame(self, frame: Frame) -> None: ...


class LocalNote(Wrong):
    """Adds what no process can send to another."""

    says = "cannot leave its process"
    adds = ("notes.local_note",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.notes["local_note"] = lambda: 1


class WithoutDocstring(Wrong):
    says = "has no docstring"

    @hookimpl
    def process_frame(self, frame: Frame) -> None: ...


@dataclass
class DataclassWithoutDocstring(Wrong):
    says = "has no docstring"
    limit: Annotated[int, Field(description="of nothing")] = 3

    @hookimpl
    def process_frame(self, frame: Frame) -> None: ...


class DrawsNaN(Wrong):
    """Draws at no place."""

    says = "two finite numbers"

    @hookimpl
    def draw(self, canvas: Canvas) -> None:
        canvas.box(Box(float("nan"), 0, 1, 1))


class HeatNaN(Wrong):
    """Draws heat that is no number."""

    says = "heat takes finite numbers"

    @hookimpl
    def draw(self, canvas: Canvas) -> None:
        canvas.heat(np.full((2, 2), np.nan, np.float32))


class DrawsWithAWrongColour(Wrong):
    """Takes a word for a colour."""

    says = "a colour is (red, green, blue)"

    @hookimpl
    def draw(self, canvas: Canvas) -> None:
        canvas.box(Box(0, 0, 5, 5), colour="green")  # type: ignore[arg-type]


class DrawsWhatWasSkipped(Wrong):
    """Takes for granted that the frame that it draws into went through it."""

    says = "AttributeError"
    needs = ("faces",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.faces[0].box  # noqa: B018

    @hookimpl
    def draw(self, frame: Frame, canvas: Canvas) -> None:
        canvas.box(next(iter(frame.faces), None).box)  # type: ignore[union-attr]


class AddsByDrawing(Wrong):
    """Adds something when it is drawn."""

    says = "draw changes notes.adds_by_drawing"
    adds = ("notes.adds_by_drawing",)

    @hookimpl
    def draw(self, frame: Frame, canvas: Canvas) -> None:
        frame.notes["adds_by_drawing"] = 1


class MetricOfText(Wrong):
    """Gives a word for a number."""

    says = "metric queue"

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.camera.metric("queue", "many")  # type: ignore[arg-type]


class MetricOfAnOddName(Wrong):
    """Gives a metric a name that no database takes."""

    says = "Queue Length"

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.camera.metric("Queue Length", 1)


class FactOfNoNumber(Wrong):
    """Reports NaN."""

    says = "nan"

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.report("wrong.fact", value=float("nan"))


class KindOfItsOwnTaste(Wrong):
    """Reports a kind with a space."""

    says = "My Event!"

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.report("My Event!")


class HiddenReturn(Wrong):
    """Returns what a helper returns."""

    says = "returned a value"

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        return self._find()  # type: ignore[no-any-return]

    def _find(self) -> Any:
        return {"boxes": []}


class HiddenReturnOfAnEvent(Wrong):
    """Returns what a helper returns, of an event."""

    says = "returned a value, which is not used, in handle_event"

    @hookimpl
    def handle_event(self, event: Event) -> None:
        return self._send()  # type: ignore[no-any-return]

    def _send(self) -> Any:
        return {"sent": True}


class Exits(Wrong):
    """Ends Python."""

    says = "SystemExit: 3"

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        raise SystemExit(3)


class RaisesABaseException(Wrong):
    """Raises what `except Exception` does not see."""

    says = "in open_camera"

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        raise BaseException("no licence")


class AddsOfTheInstance(Wrong):
    """Decides in its constructor what it adds."""

    says = "sets adds in its constructor"

    def __init__(self) -> None:
        self.adds = ("notes.adds_of_the_instance",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None: ...


class WrongBox(Wrong):
    """Adds what comes from a model as it is."""

    says = "must be a list of Detection"
    adds = ("detections",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.detections.append({"box": (1, 2, 3, 4)})  # type: ignore[arg-type]


class ChecksWithWords(Wrong):
    """Tells `vidframe doctor` a sentence."""

    says = "check_machine must yield pairs"

    @hookimpl
    def check_machine(self) -> Iterator[Any]:
        yield "all is well"


class PendingFiles(Wrong):
    """Says what is pending, not whether."""

    says = "has_pending must return a bool"

    @hookimpl
    def has_pending(self, state: Path) -> Any:
        return [*state.iterdir()]


@pytest.mark.parametrize("kind", Wrong.__subclasses__(), ids=lambda kind: kind.__name__)
def test_a_plugin_that_breaks_a_promise_is_failed(kind: type[Wrong]) -> None:
    with pytest.raises((AssertionError, PluginError)) as failed:
        conformance(kind)

    assert kind.says in str(failed.value)
    assert kind.__name__ in str(failed.value)


class Note:
    """What a plugin of another package puts on a frame."""

    def __init__(self) -> None:
        self.values = [1, 2]


class ChangesANote:
    """Writes into another's note."""

    needs = ("notes.objects",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.notes["objects"].values.append(3)


def test_a_note_that_is_changed_in_place_is_seen_where_an_example_is_given() -> None:
    with pytest.raises(AssertionError, match=r"changed notes\.objects in place"):
        conformance(ChangesANote, {"objects": Note()})


class CountsANote:
    """Counts in a note that it may take for granted."""

    needs = ("notes.objects",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.report("counts_a_note.seen", objects=len(frame.notes["objects"]))


def test_what_a_plugin_needs_it_may_take_for_granted() -> None:
    conformance(CountsANote)
    conformance(CountsANote, {"objects": [1, 2]})


@dataclass
class Everything:
    """Keeps to the contract: state in itself, a cache of the module that changes nothing, text that is never the same."""

    limit: Annotated[int, Field(ge=0, description="boxes that are let be")] = 1
    names: Annotated[list[str], Field(description="of labels")] = field(default_factory=list)

    LABELS = {"person": 1}  # noqa: RUF012
    api = 2
    needs = ("faces?", "notes.objects?", "image")
    adds = ("detections", "notes.everything")

    def __post_init__(self) -> None:
        self._tracker = BoxTracker()
        self._count = 0

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        self._count += 1
        own = [Detection(face.box, "person") for face in frame.faces]
        frame.notes.get("objects")
        self._tracker.update(own, frame.seconds)
        frame.detections += own
        frame.notes["everything"] = {"count": self._count, "at": str(id(frame))}
        frame.camera.metric("boxes_total", self._count)
        if len(own) > self.limit - 1:
            frame.report("everything.found", count=self._count, at=str(id(frame)))

    @hookimpl
    def draw(self, frame: Frame, canvas: Canvas) -> None:
        for each in frame.detections:
            canvas.box(each.box, each.label)


def test_a_plugin_that_keeps_the_contract_passes() -> None:
    conformance(Everything)


@dataclass
class Required:
    """Has a setting without default."""

    url: Annotated[str, Field(description="where to")]

    @hookimpl
    def process_frame(self, frame: Frame) -> None: ...


def test_settings_without_default_are_given() -> None:
    conformance(Required, url="http://127.0.0.1:9")
    with pytest.raises(AssertionError, match="in its constructor"):
        conformance(Required)
