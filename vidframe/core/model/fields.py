"""Every name that a frame can carry, once: how to find, clear, check, compare and pack what it stands for.

Whoever has to interpret a name such as "faces.head_pose" asks here: the registry, the chain, isolated plugins,
the test kit, the schema and `explain`.
"""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from numbers import Real
from operator import attrgetter, is_not
from typing import Any

import numpy as np

from vidframe.core.model.deprecated import deprecated
from vidframe.core.model.frames import Frame
from vidframe.core.model.geometry import Box
from vidframe.core.model.people import Detection, Expression, Face, HeadPose, Person

NOTE = re.compile(r"notes\.[a-z][a-z0-9_]*")
NOTES = "notes."
LONGEST_LABEL = 200  # characters, of a detection
MOST_ITEMS = 5000  # of a list: each later step compares each of them
RENAMED = {"faces.emotion": "faces.expression", "faces.gaze": "faces.head_pose"}

# Attributes of what a list holds, in the order in which snapshots keep them.
PARTS: Mapping[type, tuple[str, ...]] = {
    Face: ("box", "score", "track", "keypoints", "landmarks", "expression", "head_pose"),
    Person: ("box", "score", "track", "face", "facing", "seen_by"),
    Detection: ("box", "label", "score", "track"),
}
_VALUES: Mapping[type, Callable[[Any], tuple[Any, ...]]] = {kind: attrgetter(*names) for kind, names in PARTS.items()}


class Field:
    """One name. `is_present` is asked right after a step that adds it."""

    is_shared = False  # several steps may add it
    is_source = False  # every frame has it

    def __init__(self, name: str) -> None:
        self.name = name

    def is_present(self, frame: Frame) -> bool:
        """Whether the frame really has it."""
        raise NotImplementedError

    def holds(self, frame: Frame) -> bool:
        """Whether `when: NAME` is met: there is something, and it is not empty, zero or false."""
        return self.is_present(frame)

    def check(self, frame: Frame) -> None:
        """TypeError or ValueError where what the frame has is not of the field's type."""

    def protect(self, frame: Frame) -> None:
        """Shows arrays to later steps as views that cannot be written to; who added them keeps the array itself."""

    def pack(self, frame: Frame) -> Any:
        """What another process needs to know of it; goes through pickle."""
        raise NotImplementedError

    def unpack(self, frame: Frame, packed: Any) -> None:
        """Puts what `pack` returned into a frame."""
        raise NotImplementedError


class SourceField(Field):
    """What the source or the framework puts into every frame."""

    is_source = True

    def is_present(self, frame: Frame) -> bool:
        return True

    def pack(self, frame: Frame) -> Any:
        if self.name == "packets":
            return tuple(frame.packets)
        return frame.canvas if self.name == "canvas" else None

    def unpack(self, frame: Frame, packed: Any) -> None:
        if self.name == "packets":
            frame.packets = packed
        elif self.name == "canvas":
            frame.draw_steps = lambda _, canvas: canvas.shapes.extend(packed.shapes)


class ValueField(Field):
    """An attribute of the frame that is None until a step sets it."""

    def __init__(self, name: str, wrong: Callable[[Any], str]) -> None:
        super().__init__(name)
        self._wrong = wrong

    def is_present(self, frame: Frame) -> bool:
        return getattr(frame, self.name) is not None

    def holds(self, frame: Frame) -> bool:
        return bool(getattr(frame, self.name))

    def check(self, frame: Frame) -> None:
        value = getattr(frame, self.name)
        if value is not None and (wrong := self._wrong(value)):
            raise TypeError(f"frame.{self.name} must be {wrong}, found {_shown(value)}")

    def pack(self, frame: Frame) -> Any:
        return getattr(frame, self.name)

    def unpack(self, frame: Frame, packed: Any) -> None:
        setattr(frame, self.name, packed)


class MaskedField(Field):
    """The image in which what must not be recognised is not."""

    def is_present(self, frame: Frame) -> bool:
        return frame.masked is not None

    def check(self, frame: Frame) -> None:
        pixels, shape = frame.masked, (frame.height, frame.width, 3)
        if pixels is None:
            return
        if not isinstance(pixels, np.ndarray) or pixels.shape != shape or pixels.dtype != np.uint8:
            raise TypeError(
                f"frame.{self.name} must be an image like frame.image, {shape} of uint8, found {_shown(pixels)}"
            )

    def protect(self, frame: Frame) -> None:
        if frame.masked is not None:
            frame.masked = _read_only(frame.masked)

    def pack(self, frame: Frame) -> Any:
        return frame.masked

    def unpack(self, frame: Frame, packed: Any) -> None:
        frame.masked = packed


class ListField(Field):
    """A list of one type of findings. Present where a step that adds it read or set it, be it empty."""

    def __init__(self, name: str, kind: type, *, is_shared: bool = False) -> None:
        super().__init__(name)
        self.kind = kind
        self.is_shared = is_shared

    def is_present(self, frame: Frame) -> bool:
        return self.name in frame.touched

    def holds(self, frame: Frame) -> bool:
        return bool(frame.lists.get(self.name))

    def check(self, frame: Frame) -> None:
        if self.name not in frame.lists:
            return
        items = frame.lists[self.name]
        if type(items) is not list:  # one of a class of its own may do anything when it is read
            raise TypeError(f"frame.{self.name} must be a list of {self.kind.__name__}, found {type(items).__name__}")
        if len(items) > MOST_ITEMS:
            raise ValueError(f"frame.{self.name} must have at most {MOST_ITEMS:,} items, found {len(items):,}")
        for i, item in enumerate(items):
            if not isinstance(item, self.kind):
                raise TypeError(
                    f"frame.{self.name} must be a list of {self.kind.__name__}, found {_shown(item)} at {i}"
                )
            _check_item(f"frame.{self.name}[{i}]", item)

    def protect(self, frame: Frame) -> None:
        for item in frame.lists.get(self.name, ()):
            for part in _ARRAYS.get(self.kind, ()):
                _protect(item, part)

    def pack(self, frame: Frame) -> Any:
        return frame.lists.get(self.name)

    def unpack(self, frame: Frame, packed: Any) -> None:
        if packed is not None:
            frame.lists[self.name] = packed
            frame.touched.add(self.name)


class PartField(Field):
    """An attribute of each item of a list. Present where some item has it, or the list is empty."""

    def __init__(self, name: str, wrong: Callable[[Any], str]) -> None:
        super().__init__(name)
        self.list_name, self.part = name.split(".")
        self._wrong = wrong

    def _items(self, frame: Frame) -> list[Any]:
        return frame.lists.get(self.list_name) or []

    def is_present(self, frame: Frame) -> bool:
        items = self._items(frame)
        return not items or any(getattr(item, self.part, None) is not None for item in items)

    def holds(self, frame: Frame) -> bool:
        return any(getattr(item, self.part, None) is not None for item in self._items(frame))

    def check(self, frame: Frame) -> None:
        for i, item in enumerate(self._items(frame)):
            value = getattr(item, self.part, None)
            if value is not None and (wrong := self._wrong(value)):
                raise TypeError(f"frame.{self.list_name}[{i}].{self.part} must be {wrong}, found {_shown(value)}")

    def protect(self, frame: Frame) -> None:
        for item in self._items(frame):
            _protect(item, self.part)

    def pack(self, frame: Frame) -> Any:
        return [getattr(item, self.part) for item in self._items(frame)]

    def unpack(self, frame: Frame, packed: Any) -> None:
        for item, value in zip(self._items(frame), packed, strict=True):
            setattr(item, self.part, value)


class NoteField(Field):
    """An entry of `frame.notes`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.key = name.removeprefix(NOTES)

    def is_present(self, frame: Frame) -> bool:
        return self.key in frame.notes

    def holds(self, frame: Frame) -> bool:
        note = frame.notes.get(self.key)
        return bool(note.size) if isinstance(note, np.ndarray) else bool(note)

    def protect(self, frame: Frame) -> None:
        note = frame.notes.get(self.key)
        if isinstance(note, np.ndarray):
            frame.notes[self.key] = _read_only(note)

    def pack(self, frame: Frame) -> Any:
        return (frame.notes[self.key],) if self.key in frame.notes else ()

    def unpack(self, frame: Frame, packed: Any) -> None:
        if packed:
            frame.notes[self.key] = packed[0]


def _read_only(array: Any) -> Any:
    """A view of an array that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


def _protect(item: Any, part: str) -> None:
    value = getattr(item, part)
    if isinstance(value, np.ndarray) and value.flags.writeable:
        setattr(item, part, _read_only(value))


def _expression(value: Any) -> str:
    if not isinstance(value, Expression):
        return "of type Expression"
    shares = value.probabilities
    is_right = isinstance(shares, Mapping) and bool(shares) and all(map(_is_share, shares.values()))
    is_right = is_right and _is_finite(value.valence) and abs(value.valence) < 1 + _ROUNDING
    return "" if is_right else "an Expression of probabilities from 0 to 1 and a valence from -1 to 1"


def _is_share(value: Any) -> bool:
    return _is_finite(value) and -_ROUNDING < value < 1 + _ROUNDING


def _head_pose(value: Any) -> str:
    if not isinstance(value, HeadPose):
        return "of type HeadPose"
    are_finite = all(map(_is_finite, (value.yaw, value.pitch, value.roll, value.sigma)))
    return "" if are_finite else "a HeadPose of finite numbers of degrees"


def _share(value: Any) -> str:
    return "" if _is_finite(value) and 0 <= float(value) <= 1 else "a number from 0 to 1"


def _mode(value: Any) -> str:
    return "" if value in ("day", "night") else "day or night"


def _array(columns: int) -> Callable[[Any], str]:
    def wrong(value: Any) -> str:
        has_shape = isinstance(value, np.ndarray) and value.ndim == 2 and value.shape[1] == columns
        if has_shape and value.dtype.kind in "fiu" and bool(np.isfinite(value).all()):
            return ""
        return f"an array of N x {columns} finite numbers"

    return wrong


def _is_finite(value: Any) -> bool:
    """Whether it is a number that a float can hold."""
    if type(value) is float:  # the common case, for each number of each box of each frame
        return math.isfinite(value)
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _track(value: Any) -> str:
    return "" if isinstance(value, int | np.integer) and not isinstance(value, bool) else "a whole number"


def _facing(value: Any) -> str:
    is_pair = isinstance(value, tuple) and len(value) == 2 and all(map(_is_finite, value))
    return "" if is_pair else "a pair of degrees and their standard error"


_ROUNDING = 0.001  # by which what a network computes may leave its range
_landmarks = _array(3)
_ARRAYS: Mapping[type, tuple[str, ...]] = {Face: ("keypoints", "landmarks")}
# Parts that a list's items may have when they are added, checked then.
_PART_CHECKS: Mapping[type, tuple[tuple[str, Callable[[Any], str]], ...]] = {
    Face: (
        ("keypoints", _array(2)),
        ("landmarks", _landmarks),
        ("expression", _expression),
        ("head_pose", _head_pose),
    ),
    Person: (("face", lambda value: "" if isinstance(value, Face) else "of type Face"), ("facing", _facing)),
    Detection: (),
}
_FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        SourceField("image"),
        SourceField("packets"),
        SourceField("canvas"),
        ValueField("mode", _mode),
        ValueField("motion", _share),
        MaskedField("masked"),
        ListField("faces", Face),
        PartField("faces.landmarks", _landmarks),
        PartField("faces.expression", _expression),
        PartField("faces.head_pose", _head_pose),
        ListField("people", Person),
        PartField("people.facing", _facing),
        ListField("detections", Detection, is_shared=True),
        PartField("detections.track", _track),
    )
}
NAMES = tuple(_FIELDS)
SOURCE_NAMES = frozenset(name for name, field in _FIELDS.items() if field.is_source)
_LISTS = tuple(field for field in _FIELDS.values() if isinstance(field, ListField))


def is_known(name: str) -> bool:
    """Whether a frame can carry something of this name (a deprecated one included)."""
    return name in _FIELDS or name in RENAMED or bool(NOTE.fullmatch(name))


@cache
def field(name: str) -> Field:
    """The field of a name, as of `notes.queue`; KeyError for what no frame carries."""
    if NOTE.fullmatch(name):
        return NoteField(name)
    return _FIELDS[name]


def current(name: str) -> str:
    """The name that is used now for one that may be deprecated."""
    new = RENAMED.get(name, name)
    if new != name:
        deprecated(name, new)
    return new


class Snapshot:
    """A frame's findings before a step, to compare with what it leaves behind, and to take back what it may not keep.

    Values are compared by identity. Of what a step changes inside of them, `Contents` tells.
    """

    __slots__ = ("_attributes", "_frame", "_items", "_lists", "_notes", "notes")

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._attributes = frame.__dict__.copy()
        self.notes = notes = frame.notes  # the dict itself
        self._notes = notes.copy() if notes else _EMPTY
        self._lists = {name: (items, items.copy()) for name, items in frame.lists.items()} if frame.lists else _EMPTY
        self._items = (
            [(item, _values_of(item)) for _, items in self._lists.values() for item in items] if frame.lists else ()
        )
        frame.touched.clear()

    def changed(self) -> set[str]:
        """Names of what is not as it was."""
        frame = self._frame
        found = self._changed_attributes(frame)
        if frame.notes or self._notes:
            found |= self._changed_notes(frame)
        if frame.lists or self._lists:
            found |= self._changed_lists(frame)
        return found

    def _changed_attributes(self, frame: Frame) -> set[str]:
        """Of the frame itself, such as `mode` or `index`, and what was hung on it."""
        now, before = frame.__dict__, self._attributes
        if now == before:  # the common case: values are compared by identity first
            return set()
        names = now.keys() | before.keys()
        return {
            name for name in names - _FREE if name not in now or name not in before or now[name] is not before[name]
        }

    def _changed_notes(self, frame: Frame) -> set[str]:
        now, before = frame.notes, self._notes
        if not isinstance(now, dict):
            return {f"{NOTES}{name}" for name in before} or {f"{NOTES}*"}
        gone = {f"{NOTES}{name}" for name in before.keys() - now.keys()}
        return gone | {f"{NOTES}{name}" for name, note in now.items() if name not in before or before[name] is not note}

    def _changed_lists(self, frame: Frame) -> set[str]:
        found = set()
        for name in frame.lists.keys() | self._lists.keys():
            now = frame.lists.get(name, [])
            _, before = self._lists.get(name, _NO_LIST)
            if not isinstance(now, list) or len(now) != len(before) or any(map(is_not, now, before)):
                found.add(name)
        for item, kept in self._items:
            values = _values_of(item)
            if any(map(is_not, values, kept)):
                kind = _listed_kind(type(item))
                name, parts = _LIST_OF[kind], PARTS[kind]
                found |= {f"{name}.{part}" for part, a, b in zip(parts, values, kept, strict=True) if a is not b}
        return found

    def restore(self, names: Iterable[str] | None = None) -> None:
        """Puts back what the frame had under these names; without names, everything."""
        frame = self._frame
        if names is None:
            self._restore_all(frame)
            return
        for name in names:
            head, _, tail = name.partition(".")
            if head == "notes":
                self._restore_note(frame, tail)
            elif head in self._attributes:
                frame.__dict__[head] = self._attributes[head]
            elif head not in _LIST_NAMES:
                frame.__dict__.pop(head, None)
                frame.lists.pop(head, None)
            elif not tail:
                self._restore_list(frame, head)
            else:
                self._restore_part(head, tail)

    def keep_earlier(self, name: str) -> None:
        """Puts items of a shared list back that the step left out."""
        _, before = self._lists.get(name, _NO_LIST)
        now = self._frame.lists.get(name)
        if before and now is not None and isinstance(now, list):
            there = set(map(id, now))
            now[:0] = [item for item in before if id(item) not in there]

    def _restore_all(self, frame: Frame) -> None:
        """Whatever was done to the frame: attributes first, then what they hold."""
        frame.__dict__.clear()
        frame.__dict__.update(self._attributes)
        frame.notes.clear()
        frame.notes.update(self._notes)
        frame.lists.clear()
        for name, (items, before) in self._lists.items():
            items[:] = before
            frame.lists[name] = items
        for item, values in self._items:
            for part, value in zip(PARTS.get(_listed_kind(type(item)), ()), values, strict=True):
                setattr(item, part, value)

    def _restore_note(self, frame: Frame, key: str) -> None:
        if not isinstance(frame.notes, dict):
            frame.notes = dict(self._notes)
        elif key in self._notes:
            frame.notes[key] = self._notes[key]
        else:
            frame.notes.pop(key, None)

    def _restore_list(self, frame: Frame, name: str) -> None:
        if name in self._lists:
            items, before = self._lists[name]
            items[:] = before
            frame.lists[name] = items
        else:
            frame.lists.pop(name, None)

    def _restore_part(self, list_name: str, part: str) -> None:
        for item, before in self._items:
            kind = _listed_kind(type(item))
            if _LIST_OF.get(kind) == list_name:
                setattr(item, part, before[PARTS[kind].index(part)])


_EMPTY: dict[str, Any] = {}
_LIST_NAMES = tuple(listed.name for listed in _LISTS)
_FREE = frozenset({"notes"})  # attributes of a frame that may be replaced
_NO_LIST: tuple[list[Any], list[Any]] = ([], [])
_LIST_OF = {listed.kind: listed.name for listed in _LISTS}


def _values_of(item: Any) -> tuple[Any, ...]:
    values = _VALUES.get(type(item)) or _VALUES.get(_listed_kind(type(item)))
    return values(item) if values is not None else ()


def _listed_kind(kind: type) -> type:
    """Face, Person or Detection, where it is one or made of one; itself where it is none."""
    return kind if kind in PARTS else next((known for known in PARTS if issubclass(kind, known)), kind)


class Contents:
    """What is inside of others' notes, arrays and expressions, to see what a step changes there in place.

    Costs a pickle of each, so that it is for tests and for strict runs.
    """

    def __init__(self, frame: Frame, may_write: AbstractSet[str]) -> None:
        self._may_write = may_write
        self._before = self._fingerprints(frame)

    def changed(self, frame: Frame) -> set[str]:
        """Names of what is there as before, and no longer the same inside."""
        now = self._fingerprints(frame)
        return {at[0] for at, before in self._before.items() if now.get(at, before) != before}

    def _fingerprints(self, frame: Frame) -> dict[tuple[str, int], bytes]:
        found = {(f"{NOTES}{key}", id(note)): note for key, note in frame.notes.items()}
        for face in frame.lists.get("faces", ()):
            found |= {
                (f"faces.{part}", id(value)): value
                for part in ("keypoints", "landmarks", "expression")
                if (value := getattr(face, part, None)) is not None
            }
        return {at: fingerprint(value) for at, value in found.items() if at[0] not in self._may_write}


def fingerprint(value: Any) -> bytes:
    """Bytes that differ where two values do."""
    try:
        return pickle.dumps(value)
    except Exception:  # a lock, a lambda
        return repr(value).encode()


def covered(adds: Iterable[str]) -> frozenset[str]:
    """Every name that a step may write that adds these: who adds a list, adds all that its items have."""
    names = set(adds)
    for listed in _LISTS:
        if listed.name in names:
            names |= {f"{listed.name}.{part}" for part in PARTS[listed.kind]}
    return frozenset(names)


def _check_item(where: str, item: Any) -> None:
    box = item.box
    if not isinstance(box, Box):
        raise TypeError(f"{where}.box must be a Box, found {_shown(box)}")
    if not all(map(_is_finite, box)) or box.width < 0 or box.height < 0:
        raise ValueError(f"{where}.box must hold four finite numbers of pixels, found {_shown(tuple(box))}")
    for part, wrong_part in _PART_CHECKS[_listed_kind(type(item))]:
        if (value := getattr(item, part)) is not None and (wrong := wrong_part(value)):
            raise TypeError(f"{where}.{part} must be {wrong}, found {_shown(value)}")
    if item.track is not None and (wrong := _track(item.track)):
        raise TypeError(f"{where}.track must be {wrong}, found {_shown(item.track)}")
    if not _is_share(item.score):
        raise TypeError(f"{where}.score must be a number from 0 to 1, found {_shown(item.score)}")
    if isinstance(item, Detection) and (not isinstance(item.label, str) or len(item.label) > LONGEST_LABEL):
        raise TypeError(f"{where}.label must be text of at most {LONGEST_LABEL} characters, found {_shown(item.label)}")


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, str | Real | tuple | None):
        try:
            return repr(value)[:60]
        except ValueError:  # a whole number too long to be written
            return f"{type(value).__name__} without end"
    return type(value).__name__
