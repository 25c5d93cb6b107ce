"""Whether a plugin class keeps the contract: what vidframe and other plugins count on, tried one by one."""

from __future__ import annotations

import copy
import pickle
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from vidframe.core.model import fields
from vidframe.core.model.canvas import Canvas
from vidframe.core.model.events import Event
from vidframe.core.model.fields import Snapshot, fingerprint
from vidframe.core.model.frames import Frame
from vidframe.core.model.kinds import KINDS
from vidframe.core.plugin import registry
from vidframe.core.plugin.calling import Hooks
from vidframe.testing.difficult import difficult_frames
from vidframe.testing.frames import SharedObjects, TestCamera, make_camera, make_event
from vidframe.testing.running import Run, run_chain, stepwise


def conformance(kind: type[Any], notes: Mapping[str, Any] | None = None, /, **settings: Any) -> None:
    """Checks that a plugin class keeps the contract; AssertionError or PluginError says what it breaks.

    `settings` are those that have no default. `notes` are examples of other plugins' notes that it needs; without
    them, it is skipped on every frame, as in production.

    The plugin meets, in the real chain and strictly, frames of odd sizes, of one pixel and without colour, a size
    that changes midway, frames with and without what it needs, and events of every kind and of none that it knows.
    It may change nothing that it does not add, read no list that it does not need, and draw what can be painted.
    A second camera, whose frames come in between and which ends earlier, must change nothing for the first. It is
    closed twice and unopened. What it adds must survive `isolate: process`. It must have a docstring, and settings
    must have a type and a description.
    """
    plugin = registry.inspected(registry.snake_case(kind.__name__), kind)
    _check_words(plugin)
    trial = _Trial(plugin, settings, notes or {})
    trial.check_unopened()
    trial.check_cameras()
    trial.check_events()


def _check_words(plugin: registry.Plugin) -> None:
    name, doc = plugin.kind.__name__, vars(plugin.kind).get("__doc__") or ""
    # A dataclass without a docstring is given its signature for one.
    has_doc = bool(doc.strip()) and not (is_dataclass(plugin.kind) and doc.startswith(f"{name}("))
    assert has_doc, f"{name} has no docstring; `vidframe plugins` shows its first line"
    settings = plugin.settings.model_fields.items()
    untyped = _listed(name for name, setting in settings if setting.annotation is Any)
    assert not untyped, f"{name}: the settings {untyped} have no type, so that nothing checks them"
    bare = _listed(name for name, setting in settings if not setting.description)
    assert not bare, f"{name}: the settings {bare} have no description; write Annotated[..., Field(description=...)]"


class _Trial:
    """A plugin class on trial."""

    def __init__(self, plugin: registry.Plugin, settings: Mapping[str, Any], notes: Mapping[str, Any]) -> None:
        self._plugin = plugin
        self._name = plugin.kind.__name__
        self._settings = settings
        self._notes = notes
        self._now = ""  # what the plugin meets

    def check_unopened(self) -> None:
        """Made and closed; asked what needs no camera."""
        instance = self._make()
        for attribute in ("needs", "adds"):
            own, declared = (tuple(getattr(each, attribute, ())) for each in (instance, self._plugin.kind))
            assert own == declared, f"{self._name} sets {attribute} in its constructor; vidframe reads it of the class"
        hooks = Hooks(instance)
        self._call(hooks, "close_camera", "before it was opened")
        with tempfile.TemporaryDirectory() as folder, self._naming("in has_pending, of an empty folder"):
            pending = hooks.call("has_pending", state=Path(folder))
        assert isinstance(pending, bool | None), f"{self._name}: has_pending must return a bool, found {pending!r}"
        with self._naming("in check_machine"):
            told = list(hooks.call("check_machine") or ())
        are_pairs = all(isinstance(each, tuple) and [type(part) for part in each] == [str, str] for each in told)
        assert are_pairs, f"{self._name}: check_machine must yield pairs of text (what, problem), found {told!r}"

    def check_cameras(self) -> None:
        """One camera alone, then beside a second one: both times the same must come of it."""
        before = _shared_values(self._plugin.kind)
        alone = self._run(make_camera("first"))
        together = self._run(make_camera("first"), beside=True)
        for one, other in zip(alone, together, strict=True):
            assert one == other, (
                f"{self._name} does other things where a second camera runs beside the first, so its instances share "
                f"state; keep it in self. Alone: {one}; beside another: {other}"
            )
        after = _shared_values(self._plugin.kind)
        changed = _listed(name for name, value in before.items() if after.get(name) != value)
        assert not changed, (
            f"{self._name} changes {changed}, which all of its instances share; keep it in self, "
            "or take camera.share(key, make) for what cameras may share"
        )

    def check_events(self) -> None:
        """Opened, told of every kind of event and of one that nobody knows, closed twice."""
        hooks, camera = Hooks(self._make()), make_camera()
        self._call(hooks, "open_camera", "", camera=camera)
        examples = [make_event(kind, reporter=known.reporter, **known.example) for kind, known in KINDS.items()]
        for event in (*examples, make_event("unheard.of", anything=1), make_event("unheard.of")):
            before = copy.deepcopy(event.facts)
            self._call(hooks, "handle_event", f"of {event.kind}", event=event)
            assert event.facts == before, f"{self._name} changed the facts of an event, which other steps see too"
        self._call(hooks, "handle_event", "", event=make_event("camera.closing", reporter="vidframe"))
        self._call(hooks, "close_camera", "")
        self._call(hooks, "close_camera", "the second time")
        camera.close()

    def _run(self, camera: TestCamera, *, beside: bool = False) -> list[Any]:
        """What came of the difficult frames: of each frame, then the events."""
        instance = self._make()
        seen: list[Any] = []
        second = self._second(camera) if beside else iter(())
        hooks = Hooks(instance)

        def frames() -> Iterator[Frame]:
            for frame in self._frames(camera):
                next(second, None)
                self._now = f"on a frame of {frame.width} x {frame.height}"
                frame.notes = _Notes(frame.notes)
                shared = [(what, value, fingerprint(value)) for what, value in _shared(frame, self._plugin.adds)]
                is_due = "process_frame" in hooks and self._has_needs(frame)
                yield frame
                if is_due:
                    self._check_reads(frame)
                    self._check_travels(frame)
                shapes = self._drawn(hooks, frame)
                for what, value, before in shared:
                    assert fingerprint(value) == before, (
                        f"{self._name} changed {what} in place, which other steps see too"
                    )
                added = {name: _numbers(fields.field(name).pack(frame)) for name in self._plugin.adds}
                seen.append((f"frame {frame.index}", added, shapes))
            self._now = "when it is closed"

        run, self._now = Run(), ""
        with self._naming():
            run = run_chain({"plugin": instance}, frames(), camera=camera)
            deque(second, maxlen=0)
        # Metrics are left out: free disk space and the times of threads are never the same.
        return [*seen, [(event.kind, _numbers(dict(event.facts))) for event in run.events]]

    def _second(self, camera: TestCamera) -> Iterator[list[Event]]:
        """Another camera of the process, with frames of its own; ends some frames before the first."""
        other = make_camera("second", share=_Lent(camera.share))
        frames = list(self._frames(other, seed=7))[:-3]
        return stepwise(self._make(), frames, camera=other)

    def _frames(self, camera: TestCamera, seed: int = 0) -> Iterator[Frame]:
        own = {name for name in self._plugin.adds if not fields.field(name).is_shared}
        return difficult_frames(camera, own=own, notes=self._notes, seed=seed)

    def _make(self) -> Any:
        with self._naming("in its constructor"):
            return self._plugin.kind(**self._settings)

    def _has_needs(self, frame: Frame) -> bool:
        needs = [need for need in self._plugin.needs if not need.endswith("?")]
        return all(fields.field(need).is_present(frame) for need in needs)

    def _check_reads(self, frame: Frame) -> None:
        named = {name.removesuffix("?").partition(".")[0] for name in (*self._plugin.needs, *self._plugin.adds)}
        unnamed = _listed(f"frame.{name}" for name in frame.touched - named)
        if isinstance(frame.notes, _Notes):
            notes = frame.notes.read - {*self._plugin.needs, *self._plugin.adds}
            unnamed = unnamed or _listed(name for name in notes if f"{name}?" not in self._plugin.needs)
        assert not unnamed, f"{self._name} reads {unnamed}, which its `needs` does not name"

    def _check_travels(self, frame: Frame) -> None:
        for name in self._plugin.adds:
            packed = fields.field(name).pack(frame)
            try:
                pickle.loads(pickle.dumps(packed))
            except Exception as error:
                raise AssertionError(
                    f"{self._name} adds {name}, which cannot leave its process (isolate: process): {error}"
                ) from error

    def _drawn(self, hooks: Hooks, frame: Frame) -> list[Any]:
        """What it draws into a frame, also into one for which it was skipped."""
        canvas, before = Canvas(frame.width, frame.height), Snapshot(frame)
        where = f"into a frame of {frame.width} x {frame.height}"
        self._call(hooks, "draw", where, frame=frame, canvas=canvas)
        changed = _listed(before.changed())
        assert not changed, f"{self._name}: draw changes {changed}; it may only draw"
        with self._naming(f"draws what cannot be painted {where}"):
            canvas.paint(frame.image)
        return [_numbers(shape) for shape in canvas.shapes]

    def _call(self, hooks: Hooks, hook: str, when: str, **arguments: Any) -> None:
        """Calls a hook that must neither raise nor return something."""
        where = f"{hook} {when}".strip()
        with self._naming(f"in {where}"):
            returned = hooks.call(hook, **arguments)
        assert returned is None, f"{self._name}: {where} returned {returned!r}, which is not used"

    @contextmanager
    def _naming(self, where: str = "") -> Iterator[None]:
        try:
            yield
        except (AssertionError, KeyboardInterrupt):
            raise
        except BaseException as error:  # SystemExit, for one: a plugin must not end the tests
            notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
            reason = f"{type(error).__name__}: {error}{notes}"
            raise AssertionError(f"{self._name} fails {where or self._now}: {reason}") from error


class _Lent(SharedObjects):
    """Objects that another camera shares, and that are closed after that one."""

    def __init__(self, owner: SharedObjects) -> None:
        super().__init__()
        self._owner = owner

    def __call__(self, key: Hashable, make: Callable[[], Any], /) -> Any:
        return self._owner(key, make)


class _Notes(dict[str, Any]):
    """The notes of a frame, and which of them were asked for."""

    def __init__(self, notes: Mapping[str, Any]) -> None:
        super().__init__(notes)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.read.add(f"{fields.NOTES}{name}")
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.read.add(f"{fields.NOTES}{name}")
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(f"{fields.NOTES}{name}")
        return super().get(name, default)


def _shared(frame: Frame, adds: tuple[str, ...]) -> list[tuple[str, Any]]:
    """What can be written into although others see it."""
    found: list[tuple[str, Any]] = [("frame.image", frame.image), ("frame.gray", frame.gray)]
    for face in frame.lists.get("faces", ()):
        found += [("landmarks", face.landmarks), ("keypoints", face.keypoints), ("an expression", face.expression)]
    return found + [
        (name, note) for note_name, note in frame.notes.items() if (name := fields.NOTES + note_name) not in adds
    ]


def _shared_values(kind: type[Any]) -> dict[str, bytes]:
    """What can change in the class, its bases and their modules, by name."""
    found = {}
    for base in kind.__mro__[:-1]:
        if base.__module__ == "builtins":
            continue
        module = sys.modules.get(base.__module__)
        spaces = [(base.__name__, vars(base)), (base.__module__, vars(module) if module else {})]
        for owner, space in spaces:
            for name, value in list(space.items()):
                if not name.startswith("__") and _can_change(value, base.__module__):
                    found[f"{owner}.{name}"] = fingerprint(value)
    return found


def _can_change(value: Any, module: str) -> bool:
    if isinstance(value, type) or callable(value):
        return False
    own = type(value).__module__.partition(".")[0] in {module.partition(".")[0], "vidframe"}
    return own or isinstance(value, list | dict | set | bytearray | deque | int | float | np.ndarray)


def _numbers(value: Any) -> Any:
    """The numbers in something, and its shape; text may be an id, which is never the same."""
    if isinstance(value, bool | None):
        return value
    if isinstance(value, Real):
        return round(float(value), 6)
    if isinstance(value, np.ndarray):
        return (value.shape, _numbers(float(value.sum())) if value.dtype.kind in "biuf" and value.size else 0)
    if isinstance(value, Mapping):
        return {key: _numbers(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_numbers(each) for each in value]
    if is_dataclass(value):
        return [_numbers(getattr(value, field.name)) for field in dataclass_fields(value)]
    return type(value).__name__


__all__ = ["conformance"]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
