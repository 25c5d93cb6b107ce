"""The places of a shop as one camera sees them: settings of the `interest` step, and their shapes in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Polygon = Annotated[list[tuple[float, float]], Field(min_length=3)]
Corners = NDArray[np.float64]


class Zone(BaseModel):
    """A part of the shop that faces are set against.

    Corners of polygons are (x, y) as parts of the picture's width and height (0..1), or pixels where any of them is
    greater than 1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=60)
    kind: Literal["product", "service", "staff"] = Field(
        default="product",
        description="product: can be looked at; service: people wait here; staff: faces here do not count",
    )
    polygon: Polygon | None = Field(default=None, description="its outline in the picture")
    sector: tuple[float, float] | None = Field(
        default=None,
        description="for a camera on the shelf itself: head yaws from..to in degrees, positive to the right",
    )
    distance: float | list[float] | None = Field(
        default=None,
        description="metres from the camera, of the polygon or of each of its corners; needs field_of_view",
    )
    height: float | list[float] | None = Field(
        default=None,
        description="metres above the floor, of the polygon or of each of its corners, in place of distance; needs the "
        "camera's mounting",
    )
    area: Polygon | None = Field(
        default=None, description="where the heads of those are who stand at it; without it: beside the polygon"
    )
    product: str | None = Field(default=None, max_length=160, description="SKU or name")
    shelf: str | None = Field(default=None, max_length=60)

    @model_validator(mode="after")
    def _is_whole(self) -> Zone:
        if self.kind == "product" and (self.polygon is None) == (self.sector is None):
            raise ValueError(f"zone {self.name!r} needs either a polygon or a sector")
        if self.kind != "product" and self.polygon is None:
            raise ValueError(f"zone {self.name!r} is a {self.kind} zone and needs a polygon")
        if self.sector and not -180 <= self.sector[0] < self.sector[1] <= 180:
            raise ValueError(f"zone {self.name!r}: a sector goes from a smaller to a greater yaw within -180..180")
        if self.distance is not None and self.height is not None:
            raise ValueError(f"zone {self.name!r} has a distance and a height; one of them tells where it is")
        if self.distance is not None:
            self._check_metres("distance", self.distance, above=0.0)
        if self.height is not None:
            self._check_metres("height", self.height, above=-0.01)
        return self

    def _check_metres(self, key: str, metres: float | list[float], above: float) -> None:
        if self.polygon is None:
            raise ValueError(f"zone {self.name!r} has a {key} but no polygon")
        if isinstance(metres, list) and len(metres) != len(self.polygon):
            raise ValueError(f"zone {self.name!r} has {len(metres)} {key}s for {len(self.polygon)} corners")
        if min(metres if isinstance(metres, list) else [metres]) <= above:
            raise ValueError(f"zone {self.name!r}: a {key} is {'at least' if above else 'greater than'} 0 metres")


def in_pixels(polygon: Sequence[tuple[float, float]], width: int, height: int) -> Corners:
    """The corners (n x 2) in pixels of a picture of that size."""
    corners = np.array(polygon, np.float64)
    return corners * (width, height) if corners.max() <= 1 else corners
