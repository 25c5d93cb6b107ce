"""What a shop can set of the `faces` step; docs/plugins/faces.md says what each setting costs and gains."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from vidframe import Seconds


@dataclass(kw_only=True, eq=False)
class Settings:
    """By name alone; each has its unit and range in its annotation."""

    min_face: Annotated[
        int, Field(ge=12, le=400, description="Width in pixels of the smallest face to be found, brow to chin")
    ] = 28
    confidence: Annotated[
        float, Field(ge=0.5, le=1, description="Least score, 0.5 to 1, of a face without landmarks")
    ] = 0.7
    motion: Annotated[
        float,
        Field(
            ge=0,
            le=255,
            description="Change of mean luma, 0 to 255, from which a cell is searched again; 0: search everywhere",
        ),
    ] = 8
    search_every: Annotated[Seconds, Field(ge=0, description="Least time between two searches of the same place")] = 0.3
    full_pass: Annotated[
        Seconds, Field(ge=0, description="Time from one search of the whole frame to the next; 0 for never")
    ] = 120.0
    recheck: Annotated[Seconds, Field(ge=0, description="Time between two checks that a tracked face still is one")] = (
        1.0
    )
    refresh: Annotated[
        Seconds,
        Field(
            ge=0,
            description="How long landmarks are moved along with a face before they are computed anew; 0: each frame",
        ),
    ] = 0.2
    lost_after: Annotated[
        Seconds, Field(ge=0, description="How long a hidden face keeps its track; it is not in frame.faces meanwhile")
    ] = 2.0
