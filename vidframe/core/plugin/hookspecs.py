"""The moments of a plugin's life: the whole contract between vidframe and its plugins.

A plugin is a class. The arguments of its constructor are its settings, its attributes `needs` and
`adds` name what it reads from and writes to a frame, and its methods marked with `@hookimpl`
are called at these moments. Each names only the arguments that it wants.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pluggy

from vidframe.core.model.camera import Camera
from vidframe.core.model.canvas import Canvas
from vidframe.core.model.events import Event
from vidframe.core.model.frames import Frame

hookspec = pluggy.HookspecMarker("vidframe")
hookimpl = pluggy.HookimplMarker("vidframe")


@hookspec
def open_camera(camera: Camera) -> None:
    """Called once before the first frame. Load models and heavy libraries here, not on import."""


@hookspec
def process_frame(frame: Frame) -> None:
    """Called for each frame that is due. Read what you need, add what you declared, report what happened."""


@hookspec
def handle_event(event: Event) -> None:
    """Called for each event that any step of the camera reported, after the frame's last step."""


@hookspec
def draw(frame: Frame, canvas: Canvas) -> None:
    """Called where somebody shows the frame. Draw what you found, in the pixels of the frame."""


@hookspec
def close_camera() -> None:
    """Called once at the end, also if the opening failed half-way or never came."""


@hookspec
def check_machine() -> Iterable[tuple[str, str]]:  # type: ignore[empty-body]
    """Called by `vidframe doctor`, without a camera. Yield (what, problem); an empty problem means that it is well."""


@hookspec
def has_pending(state: Path) -> bool:  # type: ignore[empty-body]
    """Called in a cluster: whether the camera with this state folder has pending work, such as events to deliver."""


@hookspec
def deliver_events(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:  # type: ignore[empty-body]
    """Called in a cluster, on the machine that delivers, with events in the form of docs/events.md.

    Returns by id `{"status": "taken" | "known" | "refused" | "failed"}`; ConnectionError while the receiver is unreachable.
    """


NAMES = frozenset(name for name, each in dict(globals()).items() if hasattr(each, "vidframe_spec"))
RETURNING = frozenset({"check_machine", "has_pending", "deliver_events"})  # what the others return is a mistake
