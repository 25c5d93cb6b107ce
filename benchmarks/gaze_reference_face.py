"""Measures the reference face of vidframe-gaze on Pointing'04, and how well it does on people who are not in it.

    python benchmarks/gaze_reference_face.py POINTING04 [--write plugins/gaze/vidframe_gaze/reference_face.csv]

Prints, for each person left out in turn, the error of the whole estimate (landmarks, keypoints, irises) with a face made
of the others. What an error is made of shows in the two last columns: people sat and turned differently in each of their two series, so each series has an offset of
its own, which no method can see; without it the error is that of the method.

Data: N. Gourier, D. Hall, J. L. Crowley: Estimating Face Orientation from Robust Detection of Salient Facial
Features, Pointing 2004, ICPR. scipy pairs left and right points.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.optimize import linear_sum_assignment
from vidframe_gaze.estimate import MESH_POINTS, Estimator
from vidframe_gaze.head_pose import EYE_CORNERS, ReferenceFace
from vidframe_lab.gaze.eval_gaze import Picture, nearest, read_pictures
from vidframe_lab.gaze.faces_in import face_finder

from vidframe import Face

Sample = tuple[Picture, Face]


def main() -> None:
    """Prints the table, and writes the face of all people."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    samples = list(landmarked(options.data))
    people = sorted({person_of(picture)[0] for picture, _ in samples})
    table = Table(
        "person left out", "pictures", "yaw MAE", "zones right", "offset of series 1, 2", "MAE without offset"
    )
    every: list[tuple[float, float, float]] = []
    for person in people:
        face = ReferenceFace(mean_face([sample for sample in samples if person_of(sample[0])[0] != person]))
        errors = errors_of(Estimator(face), [sample for sample in samples if person_of(sample[0])[0] == person])
        every += [tuple(row[1:]) for row in errors]  # type: ignore[misc]
        table.add_row(person, *told(errors))
    every_row = told([("", *row) for row in every])
    table.add_row("all", *every_row[:3], "", f"{np.mean([abs(row[2]) for row in every]):.2f}")
    Console().print(table)
    if options.write:
        write(options.write, mean_face(samples))


def landmarked(folder: Path) -> list[Sample]:
    """Pictures up to 45 degrees of yaw and 30 of pitch, with a face that has landmarks."""
    found = []
    with face_finder() as find:
        for picture in read_pictures(folder):
            if abs(picture.yaw) <= 45 and abs(picture.pitch) <= 30:
                face = nearest(find(np.asarray(cv2.imread(str(picture.path)), np.uint8)), picture.box)
                if face is not None and face.landmarks is not None:
                    found.append((picture, face))
    return found


def person_of(picture: Picture) -> tuple[str, str]:
    """Number of the person and of the series."""
    match = re.match(r"person(\d\d)(\d)", picture.path.name)
    assert match
    return match[1], match[2]


def mean_face(samples: list[Sample]) -> np.ndarray:
    """468 x 3, symmetric, in distances of the eye corners, y up, z to the viewer."""
    faces = []
    for picture, face in samples:
        if picture.yaw == 0 and picture.pitch == 0 and face.landmarks is not None:
            points = face.landmarks[:MESH_POINTS].astype(float) * (1, -1, -1)
            left, right = points[list(EYE_CORNERS)]
            roll = -np.arctan2(*(right - left)[1::-1])
            cos, sin = np.cos(roll), np.sin(roll)
            points[:, :2] = points[:, :2] @ np.array([[cos, -sin], [sin, cos]]).T
            points -= points[list(EYE_CORNERS)].mean(axis=0)
            faces.append(points / np.linalg.norm(np.subtract(*points[list(EYE_CORNERS), :2])))
    mean = np.mean(faces, axis=0)
    mirrored = mean * (-1, 1, 1)
    _, partner = linear_sum_assignment(((mean[:, None] - mirrored) ** 2).sum(axis=2))
    return np.asarray((mean + mirrored[partner]) / 2)


def errors_of(estimate: Estimator, samples: list[Sample]) -> list[tuple[str, float, float, float]]:
    """Series, yaw, error, and error without the median error of its series; in degrees."""
    rows = []
    for picture, face in samples:
        found = estimate(face)
        assert found is not None
        rows.append((person_of(picture)[1], picture.yaw, found[0].yaw - picture.yaw))
    medians = {series: np.median([row[2] for row in rows if row[0] == series]) for series in {row[0] for row in rows}}
    return [(series, yaw, error, float(error - medians[series])) for series, yaw, error in rows]


def told(errors: list[tuple[str, float, float, float]]) -> list[str]:
    """Cells of the table."""
    yaw, error = (np.array([row[column] for row in errors]) for column in (1, 2))
    right = np.digitize(yaw, [-22.5, 22.5]) == np.digitize(yaw + error, [-22.5, 22.5])
    offsets = [
        np.median([row[2] for row in errors if row[0] == series]) for series in sorted({row[0] for row in errors})
    ]
    return [
        str(len(errors)),
        f"{np.abs(error).mean():.2f}",
        f"{100 * right.mean():.1f} %",
        ", ".join(f"{offset:+.1f}" for offset in offsets),
        f"{np.mean([abs(row[3]) for row in errors]):.2f}",
    ]


def write(path: Path, face: np.ndarray) -> None:
    """The table that vidframe-gaze ships."""
    header = "x, y, z of 468 mesh points; see head_pose.reference_face"
    np.savetxt(path, face, fmt="%.4f", delimiter=",", header=header)


if __name__ == "__main__":
    main()
