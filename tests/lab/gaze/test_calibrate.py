"""`vidframe calibrate gaze`."""

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from vidframe_gaze.head_pose import reference_face, rotation_of
from vidframe_lab.gaze.calibrate import EYE_CORNER_METRES, Sample, calibrate, calibrated, sample_of

from vidframe import Box, Face


def face_at(
    distance: float, yaw: float = 0.0, pitch: float = 0.0, *, field_of_view: float = 60.0, width: float = 1280
) -> Face:
    focal = width / 2 / np.tan(np.radians(field_of_view) / 2)
    scale = focal * EYE_CORNER_METRES / distance
    points = (reference_face().points @ rotation_of(yaw, pitch).T)[:, :2] * (scale, -scale) + (640, 360)
    return Face(Box(600, 320, 80, 80), landmarks=np.column_stack([points, np.zeros(468)]).astype(np.float32))


def sample(distance: float, yaw: float = 0.0, pitch: float = 0.0, field_of_view: float = 60.0) -> Sample:
    found = sample_of(face_at(distance, yaw, pitch, field_of_view=field_of_view), 1280)
    assert found is not None
    return found


@pytest.mark.parametrize("field_of_view", [40.0, 60.0, 100.0])
@pytest.mark.parametrize("distance", [1.0, 2.5])
def test_the_field_of_view_follows_from_the_size_of_a_face_at_a_known_distance(
    field_of_view: float, distance: float
) -> None:
    samples = [sample(distance, field_of_view=field_of_view)] * 5

    assert calibrated(samples, distance).field_of_view == pytest.approx(field_of_view, abs=0.1)


def test_the_offsets_are_what_a_look_into_the_lens_reads() -> None:
    samples = [sample(2, yaw=4, pitch=-7)] * 5

    calibration = calibrated(samples, 2)

    assert (calibration.yaw_offset, calibration.pitch_offset) == pytest.approx((4, -7), abs=0.01)
    assert calibration.field_of_view == pytest.approx(60, abs=0.1)


def test_the_result_is_yaml_for_a_chain() -> None:
    lines = calibrated([sample(2)] * 5, 2).as_yaml().replace("!include zones.yaml", "[]")

    gaze, interest = yaml.safe_load(lines)

    assert gaze.keys() == {"gaze"}
    assert interest["interest"]["field_of_view"] == pytest.approx(60, abs=0.1)


def test_a_face_without_landmarks_is_no_sample() -> None:
    assert sample_of(Face(Box(0, 0, 9, 9)), 1280) is None


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("nowhere.mp4", id="no file"),
        pytest.param("webcam:7", id="no such webcam"),
        pytest.param("/dev/video7", id="no such device"),
        pytest.param("rtsp://127.0.0.1:1/", id="nobody answers"),
    ],
)
def test_a_source_that_cannot_be_opened_is_named(source: str) -> None:
    result = CliRunner().invoke(calibrate, [source, "--yes"])

    assert result.exit_code == 2
    assert source.rstrip("/") in result.output
    assert len(result.output.splitlines()) == 1
