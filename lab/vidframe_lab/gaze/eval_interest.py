"""`vidframe eval interest`: what the day chain tells of filmed visits, against what really happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import av
import click
import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError
from vidframe_faces.plugin import Faces
from vidframe_gaze.interest import Interest
from vidframe_gaze.plugin import Gaze
from vidframe_gaze.zones import Zone

from vidframe import Camera, Frame
from vidframe.testing import START, make_camera, make_frame, run_chain
from vidframe_lab.gaze.results import show, show_rows, write_json, write_plot

LOOKED: Final = 0.5  # seconds of looking from which a visit counts as one with a look


class Settings(BaseModel):
    """Settings of the `interest` step that the truth file may carry."""

    model_config = ConfigDict(extra="forbid")

    zones: list[Zone]
    field_of_view: float | None = None
    reach: float = 3.0
    look_above: float = 0.5


class VisitOf(BaseModel):
    """One person at one zone, true or found; seconds since the start of the video."""

    zone: str
    start: float
    end: float
    passed: bool = True
    stopped_seconds: float = 0.0
    looked_seconds: float = 0.0
    looks: int = 0


class Truth(BaseModel):
    """The JSON file beside a video."""

    interest: Settings
    visits: list[VisitOf]
    until: float | None = None  # seconds; the rest of the video is left out


@dataclass(frozen=True)
class Pair:
    """A true visit and what was found of it; one of them may be missing."""

    video: str
    true: VisitOf | None
    found: VisitOf | None


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True, help="Folder.")
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write the metrics as JSON.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Write a diagram (PNG, SVG, PDF).")
def evaluate(data: Path, json_path: Path | None, plot: Path | None) -> None:
    """Measure visits, stops and looks on videos with a JSON file of the same name beside each."""
    videos = [path for path in sorted(data.glob("*.mp4")) if path.with_suffix(".json").is_file()]
    if not videos:
        raise click.ClickException(f"{data}: no NAME.mp4 with a NAME.json beside it")
    pairs: list[Pair] = []
    for video in videos:
        truth = read_truth(video.with_suffix(".json"))
        pairs += matched(video.name, truth.visits, found_in(video, truth))
    rows = [_row(pair) for pair in pairs]
    metrics = metrics_of(pairs)
    show_rows("Visits", rows)
    show("Interest", metrics)
    if json_path:
        write_json(json_path, {"metrics": metrics, "visits": rows})
    if plot:
        write_plot(plot, lambda axes: _draw(axes, pairs))


def read_truth(path: Path) -> Truth:
    """The truth of one video; click.ClickException says what is wrong with the file."""
    try:
        return Truth.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        first = error.errors()[0]
        raise click.ClickException(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def found_in(video: Path, truth: Truth) -> list[VisitOf]:
    """What faces, gaze and interest tell of a video; with the emotion step left out."""
    camera = make_camera(video.stem)
    settings = {name: getattr(truth.interest, name) for name in truth.interest.model_fields_set}
    steps = [Faces(), Gaze(), Interest(**settings)]
    run = run_chain(steps, _frames(video, camera, truth.until), camera=camera, keep_frames=False)
    return visits_of([event.facts for event in run.events if event.kind == "interest.visit"])


def visits_of(facts: Sequence[Any]) -> list[VisitOf]:
    """Adds up the events of each visit and zone."""
    visits: dict[tuple[str, str], VisitOf] = {}
    for fact in facts:
        start, end = ((datetime.fromisoformat(fact[name]) - START).total_seconds() for name in ("start", "end"))
        visit = visits.setdefault(
            (fact["visit"], fact["zone"]), VisitOf(zone=fact["zone"], start=start, end=end, passed=False)
        )
        visit.end = end
        visit.passed |= fact["passed"]
        for name in ("stopped_seconds", "looked_seconds", "looks"):
            setattr(visit, name, getattr(visit, name) + fact[name])
    return list(visits.values())


def matched(video: str, true: list[VisitOf], found: list[VisitOf]) -> list[Pair]:
    """Pairs visits to the same zone, those first that overlap longest in time."""
    overlaps = sorted(
        (
            (_overlap(one, other), number, index)
            for number, one in enumerate(true)
            for index, other in enumerate(found)
            if one.zone == other.zone and _overlap(one, other) > 0
        ),
        reverse=True,
    )
    of_true: dict[int, int] = {}
    for _, number, index in overlaps:
        if number not in of_true and index not in of_true.values():
            of_true[number] = index
    pairs = [Pair(video, one, found[of_true[number]] if number in of_true else None) for number, one in enumerate(true)]
    return pairs + [Pair(video, None, other) for index, other in enumerate(found) if index not in of_true.values()]


def metrics_of(pairs: list[Pair]) -> dict[str, float]:
    """Shares 0..1 and seconds, over all pairs of visit and zone."""
    looked = [_looked(pair.true) for pair in pairs]
    told = [_looked(pair.found) for pair in pairs]
    both = sum(a and b for a, b in zip(looked, told, strict=True))
    seconds = np.array([[_value(one, "looked_seconds") for one in (pair.true, pair.found)] for pair in pairs])
    stopped = np.array([[_value(one, "stopped_seconds") for one in (pair.true, pair.found)] for pair in pairs])
    metrics = {
        "visits_true": sum(pair.true is not None for pair in pairs),
        "visits_found": sum(pair.found is not None for pair in pairs),
        "looks_recall": both / max(1, sum(looked)),
        "looks_precision": both / max(1, sum(told)),
        "looked_seconds_true": seconds[:, 0].sum() if pairs else 0.0,
        "looked_seconds_found": seconds[:, 1].sum() if pairs else 0.0,
        "looked_seconds_mae": np.abs(seconds[:, 0] - seconds[:, 1]).mean() if pairs else 0.0,
        "stopped_seconds_mae": np.abs(stopped[:, 0] - stopped[:, 1]).mean() if pairs else 0.0,
    }
    return {name: round(float(value), 3) for name, value in metrics.items()}


def _frames(video: Path, camera: Camera, until: float | None) -> Iterator[Frame]:
    with av.open(str(video)) as container:
        for index, picture in enumerate(container.decode(video=0)):
            seconds = float(picture.time or 0.0)
            if until is not None and seconds > until:
                return
            yield make_frame(
                np.asarray(picture.to_ndarray(format="bgr24"), np.uint8), camera=camera, index=index, seconds=seconds
            )


def _overlap(one: VisitOf, other: VisitOf) -> float:
    return min(one.end, other.end) - max(one.start, other.start)


def _looked(visit: VisitOf | None) -> bool:
    return visit is not None and visit.looked_seconds >= LOOKED


def _value(visit: VisitOf | None, name: str) -> float:
    return float(getattr(visit, name)) if visit is not None else 0.0


def _row(pair: Pair) -> dict[str, Any]:
    """One line of the table: each figure as "true / found"."""
    visit = pair.true or pair.found
    row: dict[str, Any] = {"video": pair.video, "zone": visit.zone if visit else ""}
    for name in ("passed", "stopped_seconds", "looked_seconds", "looks"):
        both = (getattr(one, name) if one is not None else "-" for one in (pair.true, pair.found))
        row[name] = " / ".join(f"{value:.1f}" if isinstance(value, float) else str(value) for value in both)
    return row


def _draw(axes: Any, pairs: list[Pair]) -> None:
    axes.plot(
        [_value(pair.true, "looked_seconds") for pair in pairs],
        [_value(pair.found, "looked_seconds") for pair in pairs],
        "o",
    )
    axes.axline((0, 0), slope=1, color="grey")
    axes.set(xlabel="seconds looked", ylabel="seconds told", title="Looks at zones")
