"""`vidframe calibrate gaze`: somebody looks into a camera from a known distance, and the camera's angles become known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray
from vidframe_gaze.estimate import Estimator
from vidframe_gaze.head_pose import EYE_CORNERS, Angles

from vidframe import Face, open_source
from vidframe.sources import DecodedFrame, SourceError, State, StateChange
from vidframe_lab.evaluation.files import DataError
from vidframe_lab.gaze.faces_in import FindFaces, face_finder

Pixels = NDArray[np.uint8]

EYE_CORNER_METRES: Final = 0.092  # between the outer eye corners of a grown-up; people differ by some 5 %
FEWEST: Final = 5  # pictures with a face, to say anything


@dataclass(frozen=True)
class Sample:
    """One look into the camera."""

    angles: Angles
    eye_corners: float  # pixels apart, as if the head were not turned
    picture_width: int


@dataclass(frozen=True)
class Calibration:
    """Degrees."""

    yaw_offset: float
    pitch_offset: float
    field_of_view: float
    samples: int

    def as_yaml(self) -> str:
        """Lines for a config's chain."""
        return (
            f"- gaze: {{yaw_offset: {self.yaw_offset:.1f}, pitch_offset: {self.pitch_offset:.1f}}}\n"
            f"- interest: {{field_of_view: {self.field_of_view:.1f}, zones: !include zones.yaml}}"
        )


@click.command()
@click.argument("source")
@click.option("--distance", type=click.FloatRange(0.3, 20), default=2.0, show_default=True, help="Metres to the head.")
@click.option("--seconds", type=click.FloatRange(0.5, 60), default=4.0, show_default=True, help="Looked at a time.")
@click.option(
    "--people", type=click.IntRange(1, 20), default=1, show_default=True, help="More people give better results."
)
@click.option("--yes", is_flag=True, help="Start without asking; for recordings.")
def calibrate(source: str, distance: float, seconds: float, people: int, yes: bool) -> None:
    """Measure a camera: its field of view, and what it makes of a look straight into the lens.

    SOURCE is what a config calls so: a video, a stream's URL, webcam:0 or /dev/video0. Prints the settings to copy into the config.
    """
    samples: list[Sample] = []
    try:
        with face_finder(min_face=20) as find:
            for number in range(1, people + 1):
                if not yes:
                    click.echo(
                        f"Person {number} of {people}: stand {distance:g} m from the camera, look into its lens,"
                    )
                    click.pause("keep still, and press any key. Looking ...")
                samples += _looks(source, seconds, find)
    except SourceError as error:
        raise DataError(str(error)) from None
    if len(samples) < FEWEST:
        raise DataError(
            f"{source}: a face was found in {len(samples)} pictures only; more light, a shorter distance or a longer look"
        )
    calibration = calibrated(samples, distance)
    click.echo(f"From {calibration.samples} pictures; the field of view is known to about 5 % with one person.")
    click.echo(calibration.as_yaml())


def calibrated(samples: list[Sample], distance: float) -> Calibration:
    """What looks straight into the lens from so many metres say about the camera."""
    yaw, pitch = np.median([sample.angles[:2] for sample in samples], axis=0)
    focal = np.median([sample.eye_corners for sample in samples]) * distance / EYE_CORNER_METRES
    field_of_view = 2 * np.degrees(np.arctan(samples[0].picture_width / 2 / focal))
    return Calibration(float(yaw), float(pitch), float(field_of_view), len(samples))


def sample_of(face: Face, picture_width: int) -> Sample | None:
    """What one face shows; None without landmarks."""
    if face.landmarks is None:
        return None
    estimate = Estimator()(face)
    if estimate is None:
        return None
    angles, _ = estimate
    across = np.linalg.norm(np.subtract(*face.landmarks[list(EYE_CORNERS), :2]))
    shortened = np.hypot(
        np.cos(np.radians(angles.yaw)), np.sin(np.radians(angles.yaw)) * np.sin(np.radians(angles.pitch))
    )
    return Sample(angles, float(across / max(shortened, 0.1)), picture_width)


def _looks(source: str, seconds: float, find: FindFaces) -> Iterator[Sample]:
    for pixels in _pictures(source, seconds):
        faces = find(pixels)
        largest = max(faces, key=lambda face: face.box.area, default=None)
        sample = sample_of(largest, pixels.shape[1]) if largest is not None else None
        if sample is not None:
            yield sample


def _pictures(source: str, seconds: float) -> Iterator[Pixels]:
    """The pictures of so many seconds, three a second; SourceError where a camera cannot be reached."""
    begun: float | None = None
    due = 0.0
    with open_source(source, camera="calibrate") as moments:
        for moment in moments:
            if isinstance(moment, StateChange) and moment.state is State.DOWN:
                raise SourceError(f"{source} cannot be used: {moment.reason}")
            if not isinstance(moment, DecodedFrame):
                continue
            begun = moment.seconds if begun is None else begun
            since = moment.seconds - begun
            if since > seconds:
                return
            if since >= due:
                due += 1 / 3
                yield moment.picture.bgr()
