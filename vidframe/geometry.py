"""Areas, counting lines and a tracker, for plugins that count things."""

from vidframe.core.model.geometry import Box, Line, Point, Polygon, check_units, in_pixels, is_inside
from vidframe.core.model.tracking import BoxTracker

__all__ = ["Box", "BoxTracker", "Line", "Point", "Polygon", "check_units", "in_pixels", "is_inside"]
