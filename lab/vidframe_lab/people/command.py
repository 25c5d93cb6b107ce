"""`vidframe eval people`: whom a chain finds in labelled frames of clips, where they look, and whether it keeps them apart."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import track

from vidframe import Frame, hookimpl
from vidframe.detectors import Detector, has_detector, make_detector
from vidframe_lab.evaluation.chains import Chain, chain_of_config, chain_of_steps, config_options, taken_over
from vidframe_lab.evaluation.files import DataError
from vidframe_lab.evaluation.results import data_option, present, result_options, show, show_rows, write_plot
from vidframe_lab.people.labels import FrameLabel, read_labels
from vidframe_lab.people.matching import Matched, found_by_detector, found_people, matched
from vidframe_lab.people.metrics import metrics_of, recall_rows


class AsksForPeople:
    """Needs people and which way they face: what no step needs, no step adds."""

    needs = ("people?", "people.facing?")

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        """Nothing is left to do."""


@dataclass
class Measured:
    """What was seen in the labelled frames."""

    chain: list[Matched] = field(default_factory=list)
    detector: list[Matched] = field(default_factory=list)  # the detector asked alone, once a labelled frame
    cpu_seconds: float = 0.0  # of the process, decoding included, the detector alone not
    frames: int = 0  # that it was spent on


@click.command()
@data_option("Folder with people.json (or people/truth.json); clips are named relative to it.")
@config_options
@click.option("--chain", "steps", default="faces,people", show_default=True, help="Steps to run, without a config.")
@click.option("--detector", metavar="NAME", help="Compare with this detector alone on every labelled frame.")
@click.option(
    "--least", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Score that counts for --detector."
)
@result_options
def evaluate_people(
    data: Path,
    config: Path | None,
    camera: str | None,
    steps: str,
    detector: str | None,
    least: float,
    json_to: str | None,
    plot: Path | None,
) -> None:
    """Measure how many labelled people a chain finds, and what it costs."""
    if detector is not None and not has_detector(detector):
        raise DataError(f"no detector {detector!r} is installed")
    labels = read_labels(data)
    chain = chain_of_config(config, camera, "people") or _chain_of(steps)
    measured = measure(data, labels, chain, make_detector(detector) if detector else None, least)
    metrics = metrics_of(measured.chain)
    metrics["cpu_ms_per_frame"] = round(measured.cpu_seconds * 1000 / measured.frames, 2) if measured.frames else None
    if detector:
        alone = metrics_of(measured.detector)
        metrics |= {f"detector_{name}": alone[name] for name in ("recall", "precision", "false_per_frame")}
    rows = recall_rows(measured.chain, measured.detector if detector else None)

    def tables() -> None:
        show_rows("People found", rows)
        show("People", metrics)

    present({"metrics": metrics, "groups": rows}, json_to, tables)
    if plot:
        write_plot(plot, lambda axes: _draw(axes, rows), size=(7, 1.5 + 0.35 * len(rows)))


def _chain_of(steps: str) -> Chain:
    chain = chain_of_steps([name.strip() for name in steps.split(",")])
    return lambda: [*chain(), AsksForPeople()]


def measure(
    folder: Path, labels: Sequence[FrameLabel], chain: Chain, detector: Detector | None = None, least: float = 0.5
) -> Measured:
    """Runs the chain over each clip up to its last labelled frame."""
    measured = Measured()
    clips = [(clip, list(of_clip)) for clip, of_clip in groupby(labels, key=lambda label: label.clip)]
    for clip, of_clip in track(clips, "clips", transient=True, console=Console(stderr=True)):
        for label, frame in _labelled_frames(folder / clip, of_clip, chain, measured):
            measured.chain.append(matched(label, found_people(frame.people)))
            if detector is not None:
                measured.detector.append(matched(label, found_by_detector(detector.detect(frame.image, least))))
    return measured


def _labelled_frames(
    clip: Path, labels: Sequence[FrameLabel], chain: Chain, measured: Measured
) -> Iterator[tuple[FrameLabel, Frame]]:
    """The labelled frames of a clip after the chain; counts what each frame but the first cost."""
    wanted = {label.frame: label for label in labels}
    with taken_over(chain, clip) as frames:
        began: float | None = None  # the first frame loads the models
        for frame in frames:
            if began is not None:
                measured.cpu_seconds += time.process_time() - began
                measured.frames += 1
            if label := wanted.pop(frame.index, None):
                _check_size(clip, label, (frame.width, frame.height))
                yield label, frame
            if not wanted:
                return
            began = time.process_time()
    raise DataError(f"{clip} has {frame.index + 1} frames; frame {min(wanted)} is labelled (they count from 0)")


def _check_size(clip: Path, label: FrameLabel, size: tuple[int, int]) -> None:
    if label.size != size:
        found, labelled = (f"{width} x {height}" for width, height in (size, label.size))
        raise DataError(f"{clip}: a frame is {found} pixels, and was labelled at {labelled}")


def _draw(axes: Any, rows: Sequence[dict[str, Any]]) -> None:
    names = [f"{row['people']} ({row['labelled']})" for row in rows]
    axes.barh(names, [row["recall"] for row in rows], height=0.5, color="#1f4e79", label="chain")
    if "detector" in rows[0]:
        axes.plot([row["detector"] / row["labelled"] for row in rows], names, "|", color="#c0392b", ms=14, mew=2, label="detector alone")  # fmt: skip
        axes.figure.legend(loc="outside lower center", ncols=2)
    axes.set(xlim=(0, 1.02), xlabel="share found", title="People found")
    axes.invert_yaxis()
