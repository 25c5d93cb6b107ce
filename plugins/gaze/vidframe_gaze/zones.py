"""The places of a shop as one camera sees them: settings of the `interest` step, and their shapes in pixels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vidframe_gaze.outlines import problem_of

Polygon = Annotated[list[tuple[float, float]], Field(min_length=3)]


class Zone(BaseModel):
    """A part of the shop that people are set against.

    Corners of polygons are (x, y) as parts of the picture's width and height (0..1), or pixels where any of them is
    greater than 1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=60)
    kind: Literal["product", "service", "staff", "ignore"] = Field(
        default="product",
        description="product: can be looked at; service: people wait here; staff: who stands here does not count; "
        "ignore: a poster or a screen, what is found on it is nobody",
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
        default=None,
        description="where those stand who are at it: the floor under their feet, or their faces where no body is seen; "
        "without it: before and beside the polygon",
    )
    product: str | None = Field(default=None, max_length=160, description="SKU or name")
    shelf: str | None = Field(default=None, max_length=60)

    @model_validator(mode="after")
    def _is_whole(self) -> Zone:
        if self.kind == "product" and (self.polygon is None) == (self.sector is None):
            raise ValueError(f"zone {self.name!r} needs either a polygon or a sector")
        if self.kind != "product" and self.polygon is None:
            raise ValueError(f"zone {self.name!r} of kind {self.kind} needs a polygon")
        if self.sector and not -180 <= self.sector[0] < self.sector[1] <= 180:
            raise ValueError(f"zone {self.name!r}: a sector goes from a smaller to a greater yaw within -180..180")
        if self.distance is not None and self.height is not None:
            raise ValueError(f"zone {self.name!r} has a distance and a height; one of them tells where it is")
        if self.distance is not None:
            self._check_metres("distance", self.distance)
        if self.height is not None:
            self._check_metres("height", self.height)
        for key, polygon in (("polygon", self.polygon), ("area", self.area)):
            problem = polygon and problem_of(polygon)
            if problem:
                raise ValueError(f"zone {self.name!r}, {key}: {problem}")
        return self

    def _check_metres(self, key: str, metres: float | list[float]) -> None:
        if self.polygon is None:
            raise ValueError(f"zone {self.name!r} has a {key} but no polygon")
        if isinstance(metres, list) and len(metres) != len(self.polygon):
            raise ValueError(f"zone {self.name!r} has {len(metres)} {key}s for {len(self.polygon)} corners")
        least = min(metres if isinstance(metres, list) else [metres])
        if key == "distance" and least <= 0:
            raise ValueError(f"zone {self.name!r}: a distance is greater than 0 metres")
        if least < 0:
            raise ValueError(f"zone {self.name!r}: a height is at least 0 metres")
