"""Areas, counting lines, a tracker, and how a camera hangs, for plugins that count and place things."""

from vidframe.core.model.geometry import Box, Line, Point, Polygon, is_inside
from vidframe.core.model.mounting import Mounting
from vidframe.core.model.tracking import BoxTracker

__all__ = ["Box", "BoxTracker", "Line", "Mounting", "Point", "Polygon", "is_inside"]
