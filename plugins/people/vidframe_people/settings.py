"""What a shop can set of the `people` step; docs/plugins/people.md says what each setting costs and gains."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from vidframe import Seconds


@dataclass(kw_only=True, eq=False)
class Settings:
    """By name alone; each has its unit and range in its annotation."""

    detector: Annotated[str, Field(min_length=1, description="Name of an installed detector")] = "coco_ssd"
    confidence: Annotated[float, Field(ge=0.2, le=0.95, description="Score from which a body begins a track")] = 0.42
    motion: Annotated[
        float,
        Field(ge=1, le=255, description="Change of mean luma, 0 to 255, from which a part of the picture is searched"),
    ] = 8
    search_every: Annotated[Seconds, Field(gt=0, description="Least time between two searches")] = 0.3
    recheck: Annotated[Seconds, Field(gt=0, description="Time between two searches where people stand still")] = 3.0
    lost_after: Annotated[
        Seconds, Field(ge=0, description="How long a hidden person keeps the number; not in frame.people meanwhile")
    ] = 5.0
