"""The moments of a plugin's life: the whole contract between vidframe and its plugins.

A plugin is a class. The arguments of its constructor are its settings, its attributes `needs` and
`adds` say what it reads from and writes to a frame, and its methods marked with `@hookimpl`
are called at these moments. Each names only the arguments that it wants.
"""

import pluggy

from vidframe.core.frame import Camera, Event, Frame

hookspec = pluggy.HookspecMarker("vidframe")
hookimpl = pluggy.HookimplMarker("vidframe")


@hookspec
def open_camera(camera: Camera) -> None:
    """Called once before the first frame. Load models and heavy libraries here, not on import."""


@hookspec
def process_frame(frame: Frame) -> None:
    """Called for each frame that is due. Read what you need, add what you said, report what happened."""


@hookspec
def handle_event(event: Event) -> None:
    """Called for each event that any step of the camera reported, after the frame's last step."""


@hookspec
def close_camera() -> None:
    """Called once at the end, also if the opening failed half-way or never came."""
