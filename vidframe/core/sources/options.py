"""Keys of a camera that its source reads, with what they mean: the check and the docs are made from them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vidframe.core.plugin.settings import Seconds

Duration = Annotated[Seconds, Field(gt=0)]


def _credentials(value: str) -> str:
    if ":" not in value:
        raise ValueError("must be user:password, found no colon")
    return value


class SourceOptions(BaseModel):
    """How a source is opened and read, as the config of its camera says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    credentials: Annotated[str, AfterValidator(_credentials)] | None = Field(
        None, repr=False, description="`user:password` for a stream. Better `!env NAME`, and never in the address"
    )
    pace: Literal["fast", "real"] = Field("fast", description="for recordings: `fast` or `real`")
    fps: float | None = Field(
        None,
        gt=0,
        description="frames per second of a folder of images, of raw frames from a pipe, or asked of a webcam",
    )
    timeout: Duration = Field(
        "5s",
        validate_default=True,
        description="a live camera that brings no frame for that long is connected again. "
        "Must be longer than the time between two frames",
    )
    frozen_after: Duration = Field(
        "60s",
        validate_default=True,
        description="a live camera whose image stays the same in every pixel for that long counts as stalled",
    )
