"""A camera's height, tilt and field of view from the four corners of a rectangle of known size on the floor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

from vidframe.geometry import Mounting

Array = NDArray[np.float64]
Pair = tuple[float, float]

CLICK: Final = 1 / 640  # of the picture's width: how far off a clicked corner is, standard deviation
WORST_FIT: Final = 5.0  # times that: corners further off are none of such a rectangle
SMALLEST: Final = 0.002  # of the picture
WORST: Final = (0.3, 10.0)  # of the height, and degrees of tilt: what is known less well is not known
_STARTS: Final = [(fov, tilt) for fov in range(35, 135, 12) for tilt in range(2, 90, 8)]  # degrees
_LIMITS: Final = ((np.log(0.2), -30.0, 15.0), (np.log(40.0), 90.0, 150.0))  # logarithm of the height; degrees


class MountingError(ValueError):
    """Corners that say nothing of the camera; one line says why and what would do."""


@dataclass(frozen=True)
class Measured:
    """A mounting and how well it is known, each as a standard error."""

    mounting: Mounting
    height: float  # metres
    tilt: float  # degrees
    field_of_view: float  # degrees; 0 where it was given
    off: float  # pixels between the corners and those of the rectangle, root mean square

    def as_yaml(self) -> str:
        """The key of a camera in a config."""
        hung = self.mounting
        return (
            f"mounting: {{height: {hung.height:.2f}, tilt: {hung.tilt:.1f}, field_of_view: {hung.field_of_view:.1f}}}"
        )


def measured(corners: ArrayLike, sides: Pair, size: tuple[int, int], field_of_view: float | None = None) -> Measured:
    """How the camera hangs that sees four corners, in their order round the rectangle, either way (4 x 2 pixels).

    `sides`: metres from the first corner to the second, and from the second to the third. `size`: width and height
    of the picture in pixels. MountingError where that does not tell.

    Eight coordinates against height, tilt, field of view and where the rectangle lies (three): least squares over
    pixels from the best of a grid of starts. For each start the floor is a similarity of the rectangle, whose scale is
    the height. The standard errors are those of linearised least squares for clicks as far off as CLICK says.
    """
    pixels = np.asarray(corners, np.float64).reshape(4, 2)
    _check(pixels, size)
    best = min(
        (_refined(start, pixels, sides, size, field_of_view) for start in _starts(pixels, sides, size, field_of_view)),
        key=lambda fit: fit.cost,
        default=None,
    )
    off = np.inf if best is None else float(np.sqrt(2 * best.cost / 4))
    if best is None or off > WORST_FIT * CLICK * size[0]:
        raise MountingError(
            f"the corners are not those of {sides[0]:g} x {sides[1]:g} m on the floor (off by {off:.0f} pixels); give them "
            "in order round the rectangle, the side between the first two first in --size"
        )
    return _result(best, size, field_of_view, off)


def _check(pixels: Array, size: tuple[int, int]) -> None:
    for number, (x, y) in enumerate(pixels.tolist(), 1):
        if not (0 <= x <= size[0] and 0 <= y <= size[1]):
            raise MountingError(f"corner {number} ({x:g}, {y:g}) is outside of the picture of {size[0]} x {size[1]}")
    edges = np.roll(pixels, -1, axis=0) - pixels
    turns = edges[:, 0] * np.roll(edges, -1, axis=0)[:, 1] - edges[:, 1] * np.roll(edges, -1, axis=0)[:, 0]
    if not (turns.min() > 0 or turns.max() < 0):
        raise MountingError("the corners do not go round a rectangle: three are in a line, or their order crosses over")
    area = abs(pixels[:, 0] @ np.roll(pixels[:, 1], -1) - pixels[:, 1] @ np.roll(pixels[:, 0], -1)) / 2
    if area < SMALLEST * size[0] * size[1]:
        raise MountingError(
            f"the rectangle takes up {area / size[0] / size[1]:.2%} of the picture, too little to measure by "
            f"({SMALLEST:.1%} are needed); use a larger one, or one nearer to the camera"
        )


def _starts(pixels: Array, sides: Pair, size: tuple[int, int], field_of_view: float | None) -> list[Array]:
    """The best few of a grid: logarithm of height, tilt, field of view, x and z of the first corner, its turn, side."""
    found = []
    for fov, tilt in _STARTS if field_of_view is None else [(field_of_view, tilt) for _, tilt in _STARTS[:11]]:
        on_floor = [Mounting(1.0, tilt, fov).floor((x, y), size) for x, y in pixels.tolist()]
        places = np.array([complex(*place) for place in on_floor if place is not None])
        if len(places) < 4:
            continue
        for hand in (1.0, -1.0):
            rectangle = _rectangle(sides, hand)
            scale, *_ = np.linalg.lstsq(np.column_stack([rectangle, np.ones(4)]), places, rcond=None)
            off = np.abs(places - rectangle * scale[0] - scale[1]).max() / np.abs(places - places.mean()).max()
            height = 1 / max(abs(scale[0]), 1e-6)
            first = places[0] * height
            values = (np.log(height), tilt, fov, first.real, first.imag, float(np.angle(scale[0])), hand)
            found.append((float(off), np.array(values)))
    return [start for _, start in sorted(found, key=lambda each: each[0])[:6]]


def _refined(start: Array, pixels: Array, sides: Pair, size: tuple[int, int], field_of_view: float | None) -> Any:
    """Least squares from one start; `x` are its first six values, without the field of view where that is given."""
    rectangle = _rectangle(sides, start[6])
    free = [0, 1, 3, 4, 5] if field_of_view is not None else [0, 1, 2, 3, 4, 5]

    def residuals(values: Array) -> Array:
        whole = start[:6].copy()
        whole[free] = values
        return (_seen(whole, rectangle, size) - pixels).ravel()

    lowest, highest = (np.array([*_LIMITS[side], *[end] * 3])[free] for side, end in ((0, -np.inf), (1, np.inf)))
    return least_squares(residuals, np.clip(start[free], lowest, highest), bounds=(lowest, highest), x_scale="jac")


def _seen(values: Array, rectangle: NDArray[np.complex128], size: tuple[int, int]) -> Array:
    """Pixels of the corners; far off where they are behind the camera."""
    height, tilt, field_of_view, x, z, turn = values
    mounting = Mounting(float(np.exp(height)), float(tilt), float(field_of_view))
    places = complex(x, z) + np.exp(1j * turn) * (rectangle - rectangle[0])
    seen = [mounting.picture(place.real, 0.0, place.imag, size) for place in places.tolist()]
    return np.array([pixel or (10.0 * size[0], 10.0 * size[1]) for pixel in seen])


def _rectangle(sides: Pair, hand: float) -> NDArray[np.complex128]:
    width, depth = sides
    return np.array([0, width, complex(width, hand * depth), complex(0, hand * depth)])


def _result(fit: Any, size: tuple[int, int], field_of_view: float | None, off: float) -> Measured:
    mounting = Mounting(float(np.exp(fit.x[0])), float(fit.x[1]), float(field_of_view or fit.x[2]))
    try:
        covariance = np.linalg.inv(fit.jac.T @ fit.jac) * max(CLICK * size[0], off) ** 2
    except np.linalg.LinAlgError:
        covariance = np.full((6, 6), np.inf)
    errors = np.sqrt(np.abs(np.diag(covariance)))
    if not (errors[0] < WORST[0] and errors[1] < WORST[1]):
        raise MountingError(
            f"these corners do not tell height, tilt and field of view apart (height {mounting.height:.1f} m give or take "
            f"{min(errors[0], 1.0):.0%}, tilt {mounting.tilt:.0f} give or take {errors[1]:.0f} degrees); use a larger rectangle that "
            "reaches from near to far" + ("" if field_of_view else ", or give --field-of-view")
        )
    of_view = 0.0 if field_of_view else float(errors[2])
    return Measured(mounting, mounting.height * float(errors[0]), float(errors[1]), of_view, off)
