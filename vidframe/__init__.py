"""Video analytics from plugins: a camera, a chain of steps, and events for those who act on them."""

from typing import TYPE_CHECKING, Any

from vidframe.core.model.camera import Camera
from vidframe.core.model.canvas import Canvas
from vidframe.core.model.events import Attachment, Event
from vidframe.core.model.frames import Frame
from vidframe.core.model.geometry import Box
from vidframe.core.model.people import Detection, Expression, Face, HeadPose, Person
from vidframe.core.plugin.contract import API_VERSION
from vidframe.core.plugin.hookspecs import hookimpl
from vidframe.core.plugin.settings import Seconds

if TYPE_CHECKING:
    from vidframe.core.sources.opening import open_source
    from vidframe.pipeline import Pipeline, load_config

__all__ = [
    "Attachment",
    "Box",
    "Camera",
    "Canvas",
    "Detection",
    "Event",
    "Expression",
    "Face",
    "Frame",
    "HeadPose",
    "Person",
    "Pipeline",
    "Seconds",
    "hookimpl",
    "load_config",
    "open_source",
]

__api_version__ = API_VERSION  # that a plugin may ask for: `api = 2`


def __getattr__(name: str) -> Any:
    """Names that are imported at their first use, and those that moved, for one minor version."""
    from importlib import import_module

    late = {  # they load what runs a chain, which a plugin does without
        "Pipeline": "vidframe.pipeline",
        "load_config": "vidframe.pipeline",
        "open_source": "vidframe.core.sources.opening",
    }
    if name in late:
        return getattr(import_module(late[name]), name)

    from vidframe.core.model.deprecated import deprecated

    moved = {
        "Bus": ("vidframe.bus", "EventBus"),
        "Emotion": ("vidframe", "Expression"),
        "Encoding": ("vidframe.packets", "Encoding"),
        "Gaze": ("vidframe", "HeadPose"),
        "Letter": ("vidframe.bus", "Envelope"),
        "Packet": ("vidframe.packets", "Packet"),
    }
    if name not in moved:
        raise AttributeError(f"module 'vidframe' has no attribute {name!r}")
    module, new = moved[name]
    deprecated(f"vidframe.{name}", f"{module}.{new}")
    return getattr(import_module(module), new)
