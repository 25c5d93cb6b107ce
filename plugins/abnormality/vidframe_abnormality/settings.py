"""What a shop can set of the `abnormality` step; docs/plugins/abnormality.md has the settings, measured one by one."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from vidframe import Seconds

Share = Annotated[float, Field(ge=0, le=1)]
ZoneName = Annotated[str, Field(min_length=1, max_length=60)]
Polygon = Annotated[list[tuple[Share, Share]], Field(min_length=3)]


@dataclass
class Settings:
    """ValueError if two of them contradict each other."""

    method: Annotated[
        Literal["reference", "running", "mog2", "knn"],
        Field(description="compare with the picture taken at the switch, or with a model that follows the scene"),
    ] = "reference"
    threshold: Annotated[float, Field(gt=0, le=255, description="grey levels; in the dark less is taken")] = 20.0
    min_area: Annotated[float, Field(gt=0, le=1, description="changed share of the picture from which it counts")] = (
        0.006
    )
    frames: Annotated[int, Field(ge=1, le=100, description="looks of the last `of` that must show a change")] = 3
    of: Annotated[int, Field(ge=1, le=100, description="see frames")] = 5
    quiet: Annotated[Seconds, Field(gt=0, description="without a change before an incident is over")] = 1.5
    warm_up: Annotated[Seconds, Field(ge=0, description="at least, before the reference is taken")] = 3.0
    settle_limit: Annotated[Seconds, Field(gt=0, description="at most, until the exposure has settled")] = 10.0
    stays: Annotated[Seconds, Field(gt=0, description="standing still, after which a thing is `left` or `gone`")] = 10.0
    light: Annotated[Literal["ignore", "report"], Field(description="a light switched on or off")] = "ignore"
    tampering: Annotated[bool, Field(description="report a camera that is covered, moved or blinded")] = True
    masks: Annotated[list[Polygon], Field(description="where changes do not count; x, y from 0 to 1")] = field(
        default_factory=list
    )
    zones: Annotated[
        dict[ZoneName, Polygon], Field(max_length=50, description="where alone changes count; none: everywhere")
    ] = field(default_factory=dict)
    update_every: Annotated[Seconds, Field(gt=0, description="between two updates of an incident")] = 10.0
    look_every: Annotated[Seconds, Field(ge=0, description="shortest time between two looks")] = 0.055

    def __post_init__(self) -> None:
        if self.frames > self.of:
            raise ValueError(f"frames must not be more than of: {self.frames} of {self.of}")
        if self.warm_up > self.settle_limit:
            raise ValueError("warm_up must not be longer than settle_limit")
