"""Lines and areas as settings of the `footfall` step, and the lines in pixels."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vidframe.geometry import Line, Point, Polygon, check_units, in_pixels

Name = Annotated[str, Field(min_length=1, max_length=60)]
Side = Literal["above", "below", "left", "right"]

SIDES: Final[dict[Side, Point]] = {"above": (0, -1), "below": (0, 1), "left": (-1, 0), "right": (1, 0)}


class LinePlace(BaseModel):
    """A line that people cross, and which side of it is inside.

    Its ends are (x, y) as shares of the frame's width and height (0..1), or pixels where any of them is greater than 1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    start: Point = Field(alias="from", description="one end of the line")
    end: Point = Field(alias="to", description="its other end")
    inside: Side = Field(description="the side of the line, in the frame, to which people come in")

    @model_validator(mode="after")
    def _is_whole(self) -> LinePlace:
        _check_units(f"line {self.name!r}", self.ends)
        if self.start == self.end:
            raise ValueError(f"line {self.name!r} has no length: from and to are {self.start}")
        if abs(_beyond(self.ends, self.inside)) < 0.1:
            others = "above or below" if self.inside in ("left", "right") else "left or right"
            raise ValueError(f"line {self.name!r} has no side {self.inside}: write inside: {others}")
        return self

    @property
    def ends(self) -> list[Point]:
        """Both ends, in the unit of the setting."""
        return [self.start, self.end]

    def line(self, width: int, height: int) -> Line:
        """In pixels of a frame of that size; who crosses it to its right comes in."""
        start, end = in_pixels(self.ends, width, height)
        return Line(start, end) if _beyond(self.ends, self.inside) > 0 else Line(end, start)


class AreaPlace(BaseModel):
    """A part of the frame in which people stay or wait. Corners are as the ends of a line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    kind: Literal["area", "queue"] = Field(
        default="area", description="area: whoever is in it counts; queue: who stands in it counts"
    )
    polygon: Annotated[list[Point], Field(min_length=3)] = Field(description="its outline, where people's feet are")
    limit: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="of a queue: so many people for 10 s are reported at once"
    )

    @model_validator(mode="after")
    def _is_whole(self) -> AreaPlace:
        _check_units(f"area {self.name!r}", self.polygon)
        try:
            Polygon(self.polygon)
        except ValueError as error:
            raise ValueError(f"area {self.name!r}: {error}") from None
        if self.limit is not None and self.kind != "queue":
            raise ValueError(f"area {self.name!r} has a limit, which is for queues: add kind: queue")
        return self

    def corners(self, width: int, height: int) -> Polygon:
        """In pixels of a frame of that size."""
        return Polygon(in_pixels(self.polygon, width, height))


def outside(place: LinePlace | AreaPlace, width: int, height: int) -> list[Point]:
    """Corners, in pixels, that lie outside of a frame of that size."""
    points = place.ends if isinstance(place, LinePlace) else place.polygon
    return [(x, y) for x, y in in_pixels(points, width, height) if not (0 <= x <= width and 0 <= y <= height)]


def _check_units(what: str, points: list[Point]) -> None:
    try:
        check_units(points)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


def _beyond(ends: list[Point], side: Side) -> float:
    """How far, -1 to 1, a side lies to the right of who looks along the line; 0: along it."""
    line, (x, y) = Line(*ends), SIDES[side]
    return line.distance((line.start[0] + x, line.start[1] + y))
