"""`vidframe calibrate mounting`: how high a camera hangs, how far it looks down, and how wide it sees."""

from __future__ import annotations

import re
from typing import Any

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe import open_source
from vidframe.sources import DecodedFrame, SourceError, State, StateChange
from vidframe_lab.mounting.page import CornerPage, Corners
from vidframe_lab.mounting.solve import Measured, MountingError, measured

Pixels = NDArray[np.uint8]


class _Pair(click.ParamType):  # type: ignore[type-arg]
    """Two numbers."""

    def __init__(self, name: str, between: str, example: str) -> None:
        self.name, self._between, self._example = name, between, example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        number = r"(\d+(?:\.\d+)?)"
        found = re.fullmatch(f"{number}{self._between}{number}", str(value).strip())
        if found is None:
            self.fail(f"{value!r} must be two numbers such as {self._example}", param, ctx)
        return float(found[1]), float(found[2])


CORNER, SIDES = _Pair("x,y", ",", "640,512"), _Pair("metres", "[xX]", "2.0x1.2")


@click.command()
@click.argument("source")
@click.option("--size", "sides", type=SIDES, required=True, help="Metres of the rectangle, such as 2.0x1.2.")
@click.option(
    "--corners", type=CORNER, nargs=4, default=None, help="Pixels of its corners, in order round it; else by clicks."
)
@click.option("--field-of-view", type=click.FloatRange(15, 150), help="Horizontal, in degrees, where it is known.")
@click.option("--rotate", type=click.Choice(["0", "90", "180", "270"]), default="0", help="As in the config.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the page for clicks; 0: any free port.")
@click.option("--open/--no-open", "open_browser", default=True, help="Open that page in a browser.")
def calibrate_mounting(
    source: str,
    sides: tuple[float, float],
    corners: Corners | None,
    field_of_view: float | None,
    rotate: str,
    port: int,
    open_browser: bool,
) -> None:
    """Measure how a camera hangs, by a rectangle on the floor: tiles, a door mat, a marked parking lot.

    SOURCE is a video, a stream's URL or a webcam. The side between the first two corners is the first of --size. The
    larger the rectangle is in the picture, the better; two metres by one are good. Prints the key of the camera to
    copy into the config.
    """
    if min(sides) <= 0:
        raise click.UsageError("the sides of --size are greater than 0 metres")
    try:
        picture = _first_picture(source, int(rotate))
        size = picture.shape[1], picture.shape[0]
        if corners:
            result = measured(corners, sides, size, field_of_view)
        else:
            result = _clicked(picture, lambda clicks: measured(clicks, sides, size, field_of_view), port, open_browser)
    except (MountingError, SourceError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(_told(result))


def _first_picture(source: str, rotate: int) -> Pixels:
    """BGR; SourceError where there is none."""
    with open_source(source, camera="calibrate mounting", rotate=rotate) as opened:
        for moment in opened:
            if isinstance(moment, DecodedFrame):
                return moment.picture.bgr()
            if isinstance(moment, StateChange) and moment.state in (State.DOWN, State.STALLED):
                raise SourceError(f"{opened.name} brings no picture: {moment.reason}")
    raise SourceError(f"{source} brings no picture")


def _clicked(picture: Pixels, measure: Any, port: int, open_browser: bool) -> Measured:
    """The result of the first four clicks that give one."""
    results: list[Measured] = []

    def accept(corners: Corners) -> str:
        try:
            results.append(measure(corners))
        except MountingError as error:
            return str(error)
        return ""

    done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
    assert done
    try:
        page = CornerPage(jpeg.tobytes(), accept, port)
    except OSError as error:
        raise click.ClickException(f"cannot listen on port {port}: {error.strerror}") from error
    with page:
        click.echo(f"Click the four corners at {page.url} (Ctrl-C ends)")
        if open_browser:
            click.launch(page.url)
        page.serve_forever()
    return results[0]


def _told(result: Measured) -> str:
    of_view = f", field of view {result.field_of_view:.1f} degrees" if result.field_of_view else ""
    return (
        f"Standard errors, for corners that are right to 1/640 of the width: height {result.height:.2f} m, tilt "
        f"{result.tilt:.1f} degrees{of_view}; the corners fit to {result.off:.1f} pixels.\n{result.as_yaml()}"
    )
