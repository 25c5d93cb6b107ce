"""What a shop can set of the `abnormality` step; docs/plugins/abnormality.md has the settings, measured one by one."""

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from vidframe import Seconds

Share = Annotated[float, Field(ge=0, le=1)]
ZoneName = Annotated[str, Field(min_length=1, max_length=60)]
Polygon = Annotated[list[tuple[Share, Share]], Field(min_length=3)]


def _switch(value: Any) -> Any:
    """What `light` took before it became `report_lights`."""
    return value == "report" if value in ("ignore", "report") else value


@dataclass
class Settings:
    """ValueError if two of them contradict each other."""

    renamed: ClassVar = {
        "of": "window",
        "quiet": "close_after",
        "stays": "stationary_after",
        "light": "report_lights",
    }

    method: Annotated[
        Literal["reference", "running", "mog2", "knn"],
        Field(description="compare with the image taken at the switch, or with a model that follows the scene"),
    ] = "reference"
    threshold: Annotated[
        float, Field(gt=0, le=255, description="grey levels by which a pixel must differ; lower in the dark")
    ] = 20.0
    min_area: Annotated[float, Field(gt=0, le=1, description="changed share of the image from which it counts")] = 0.006
    frames: Annotated[
        int, Field(ge=1, le=100, description="analysed frames, of the last `window`, that must show a change")
    ] = 3
    window: Annotated[int, Field(ge=1, le=100, description="analysed frames among which `frames` are counted")] = 5
    close_after: Annotated[Seconds, Field(gt=0, description="time without a change that ends an incident")] = 1.5
    warm_up: Annotated[Seconds, Field(ge=0, description="shortest time before the reference is taken")] = 3.0
    settle_limit: Annotated[Seconds, Field(gt=0, description="longest wait for the exposure to settle")] = 10.0
    stationary_after: Annotated[
        Seconds, Field(gt=0, description="time without movement after which an object is `left` or `gone`")
    ] = 10.0
    report_lights: Annotated[
        bool, BeforeValidator(_switch), Field(description="report a light switched on or off, severity `info`")
    ] = False
    tampering: Annotated[bool, Field(description="report a camera that is covered, moved or blinded")] = True
    masks: Annotated[list[Polygon], Field(description="where changes do not count; x, y from 0 to 1")] = field(
        default_factory=list
    )
    zones: Annotated[
        dict[ZoneName, Polygon],
        Field(max_length=50, description="the only areas where changes count; none: everywhere"),
    ] = field(default_factory=dict)
    detector: Annotated[
        str | None,
        Field(min_length=1, description="tells people, animals and vehicles apart, if installed; null: none"),
    ] = "coco_ssd"
    ignore_animals: Annotated[
        bool, Field(description="report no incident that is an animal for sure; risky: a detector may be wrong")
    ] = False
    update_every: Annotated[Seconds, Field(gt=0, description="time between two updates of an incident")] = 10.0
    look_every: Annotated[Seconds, Field(ge=0, description="shortest time between two analysed frames")] = 0.055

    def __post_init__(self) -> None:
        if self.frames > self.window:
            raise ValueError(f"frames ({self.frames}) must be at most window ({self.window})")
        if self.warm_up > self.settle_limit:
            raise ValueError(f"warm_up ({self.warm_up:g} s) must be at most settle_limit ({self.settle_limit:g} s)")
