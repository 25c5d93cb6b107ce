"""Options of a source. Those that a config can set are described here, for the check and the docs."""

from __future__ import annotations

from threading import Event
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from vidframe.core.plugin.settings import Seconds

Duration = Annotated[Seconds, Field(gt=0)]


def _credentials(value: str) -> str:
    if ":" not in value:
        raise PydanticCustomError("sentence", "credentials must be user:password, found no colon")
    return value


class SourceKeys(BaseModel):
    """How the source of a camera is read, as the config says."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    credentials: Annotated[str, AfterValidator(_credentials)] | None = Field(default=None, repr=False)
    """`user:password` for a stream. Better `!env NAME`, and never in the address"""
    pace: Literal["fast", "real"] = "fast"
    """for recordings: `fast` or `real`"""
    fps: Annotated[float, Field(gt=0)] | None = None
    """frames per second of a folder of images, of raw frames from a pipe, or asked of a webcam"""
    timeout: Duration = 5.0
    """a live camera that brings no frame for that long is connected again. Must be longer than the time between two
    frames"""
    frozen_after: Duration = 60.0
    """a live camera whose image stays the same in every pixel for that long counts as stalled"""
    rotate: Literal[0, 90, 180, 270] = 0
    """degrees by which its images are turned clockwise to stand upright: `180` for a camera that hangs upside down,
    `90` or `270` for one in corridor format. All steps see them turned; see [sources.md](sources.md#turned-cameras)"""


class Options(SourceKeys):
    """All that a source has to know of its camera."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    camera: str = "camera"
    wants_packets: bool = False
    threads: int = 1
    """that decode one recording"""
    stop: Event = Field(default_factory=Event)
    """ends the iteration within a fraction of a second when it is set"""
