"""`vidframe eval footfall`: who crossed a line, and how many stood in a queue, as told and as counted by eye."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from vidframe import Event
from vidframe_lab.evaluation.chains import Chain, chain_of_config, config_options, taken_over
from vidframe_lab.evaluation.files import DataError
from vidframe_lab.evaluation.results import data_option, present, result_options, show, show_rows, write_plot
from vidframe_lab.footfall.truth import CountedClip, Waiting, mean_people, read_clips


@dataclass(frozen=True)
class LineCounts:
    """Crossings of one line in one clip."""

    clip: str
    line: str
    entries_true: int
    entries_told: int
    exits_true: int
    exits_told: int


@dataclass(frozen=True)
class QueueCounts:
    """People in one queue in one clip, over the time in which they were counted."""

    clip: str
    area: str
    seconds: float
    people_true: float  # mean
    people_told: float  # mean
    error: float  # mean over time of the absolute difference between what a count told and the true mean of its time


@dataclass(frozen=True)
class Told:
    """What the chain said of one clip."""

    lines: dict[str, tuple[int, int]]  # entries and exits
    areas: dict[str, list[tuple[float, float, float]]]  # start, end, mean number of people
    seconds: float  # length of the clip


@click.command()
@data_option("Folder with crossings.csv, queue.csv or both, and the clips that they name.")
@config_options
@result_options
def evaluate_footfall(
    data: Path, config: Path | None, camera: str | None, json_to: str | None, plot: Path | None
) -> None:
    """Measure counts of people at lines and in queues on clips in which somebody counted them."""
    chain = chain_of_config(config, camera, "footfall")
    if chain is None or config is None:
        raise click.UsageError("--config FILE is needed: it has the lines and areas of the step footfall")
    lines: list[LineCounts] = []
    queues: list[QueueCounts] = []
    for clip in read_clips(data):
        told = told_of(clip, chain)
        _check_names(clip, told, config)
        lines += line_counts(clip, told)
        queues += queue_counts(clip, told)
    metrics = metrics_of(lines, queues)

    def tables() -> None:
        if lines:
            show_rows("Crossings", [vars(row) for row in lines])
        if queues:
            show_rows("Queues", [vars(row) for row in queues])
        show("Footfall", metrics)

    content = {"metrics": metrics, "lines": [vars(row) for row in lines], "queues": [vars(row) for row in queues]}
    present(content, json_to, tables)
    if plot:
        write_plot(plot, lambda axes: _draw(axes, lines, queues))


def told_of(clip: CountedClip, chain: Chain) -> Told:
    """What the chain counts in a clip."""
    events: list[Event] = []
    begin: datetime | None = None
    seconds = 0.0
    with taken_over(chain, clip.path) as frames:
        for frame in frames:
            begin = begin or frame.camera.utc(0)
            seconds = frame.seconds
            events += frame.events
    assert begin is not None  # a clip without a frame is a SourceError
    return added_up([*events, *frames.closing_events], begin, seconds)


def added_up(events: Iterable[Event], begin: datetime, seconds: float) -> Told:
    """The events of a clip whose second 0 is `begin`, and which is `seconds` long.

    Bodies are counted, or faces where no body was seen: the two are never added.
    """
    told = [event for event in events if event.kind in ("footfall.lines", "footfall.areas")]
    seen_by = "body" if any(event.facts["seen_by"] == "body" for event in told) else "face"
    told = [event for event in told if event.facts["seen_by"] == seen_by]
    lines: dict[str, tuple[int, int]] = {}
    areas: dict[str, list[tuple[float, float, float]]] = {}
    for event in told:
        facts: Any = event.facts
        if event.kind == "footfall.lines":
            for line in facts["lines"]:
                entries, exits = lines.get(line["name"], (0, 0))
                lines[line["name"]] = entries + line["entries"], exits + line["exits"]
        else:
            start, end = ((datetime.fromisoformat(facts[name]) - begin).total_seconds() for name in ("start", "end"))
            for area in facts["areas"]:
                if end > start:
                    areas.setdefault(area["name"], []).append((start, end, area["seconds"] / (end - start)))
    return Told(lines, areas, seconds)


def line_counts(clip: CountedClip, told: Told) -> list[LineCounts]:
    """Of every line that somebody crossed, truly or as told; none where crossings were not counted."""
    if clip.crossings is None:
        return []
    true = Counter((crossing.line, crossing.is_entry) for crossing in clip.crossings)
    names = sorted({line for line, _ in true} | {line for line, counts in told.lines.items() if any(counts)})
    return [
        LineCounts(
            clip.path.name, name, true[name, True], told.lines.get(name, (0, 0))[0], true[name, False],
            told.lines.get(name, (0, 0))[1],
        )
        for name in names
    ]  # fmt: skip


def queue_counts(clip: CountedClip, told: Told) -> list[QueueCounts]:
    """From the first count of each queue to the end of the clip; where nothing is told nobody was there."""
    return [
        _queue(clip.path.name, name, counts, told.areas.get(name, []), told.seconds)
        for name, counts in clip.queues.items()
        if told.seconds > counts[0].seconds
    ]


def _queue(
    clip: str, name: str, counts: list[Waiting], told: Sequence[tuple[float, float, float]], until: float
) -> QueueCounts:
    first = counts[0].seconds
    spans = [(max(start, first), min(end, until), people) for start, end, people in told]
    spans = [span for span in spans if span[1] > span[0]]
    free = _gaps(spans, first, until)
    everything = [*spans, *((start, end, 0.0) for start, end in free)]
    seconds = until - first
    error = sum((end - start) * abs(people - mean_people(counts, start, end)) for start, end, people in everything)
    mean_told = sum((end - start) * people for start, end, people in spans) / seconds
    true = mean_people(counts, first, until)
    return QueueCounts(clip, name, round(seconds, 1), round(true, 2), round(mean_told, 2), round(error / seconds, 2))


def _gaps(spans: Sequence[tuple[float, float, float]], first: float, last: float) -> list[tuple[float, float]]:
    """The times between spans that follow each other."""
    gaps, at = [], first
    for start, end, _ in sorted(spans):
        if start > at:
            gaps.append((at, start))
        at = max(at, end)
    return [*gaps, (at, last)] if last > at else gaps


def metrics_of(lines: Sequence[LineCounts], queues: Sequence[QueueCounts]) -> dict[str, float | None]:
    """Errors of counts in per cent of the true ones, positive where too many are told; None where there are none."""
    metrics: dict[str, float | None] = {}
    for side in ("entries", "exits") if lines else ():
        true, told = (sum(getattr(row, f"{side}_{name}") for row in lines) for name in ("true", "told"))
        metrics |= {
            f"{side}_true": true,
            f"{side}_told": told,
            f"{side}_error_percent": round(100 * (told - true) / true, 1) if true else None,
        }
    if queues:
        seconds = sum(row.seconds for row in queues)
        for name in ("people_true", "people_told", "error"):
            value = sum(getattr(row, name) * row.seconds for row in queues) / seconds
            metrics[f"queue_{name}"] = round(value, 2)
    return metrics


def _check_names(clip: CountedClip, told: Told, config: Path) -> None:
    """A line or area that the config does not have would count as one that nothing crossed."""
    for name in sorted({crossing.line for crossing in clip.crossings or ()}):
        if told.lines and name not in told.lines:
            raise DataError(f"{clip.path.name}: {config} has no line {name!r}; it has {', '.join(sorted(told.lines))}")
    for name in clip.queues:
        if told.areas and name not in told.areas:
            raise DataError(f"{clip.path.name}: {config} has no area {name!r}; it has {', '.join(sorted(told.areas))}")


def _draw(axes: Any, lines: Sequence[LineCounts], queues: Sequence[QueueCounts]) -> None:
    sides: dict[str, list[tuple[float, float]]] = {
        "in": [(row.entries_true, row.entries_told) for row in lines],
        "out": [(row.exits_true, row.exits_told) for row in lines],
        "people in a queue": [(row.people_true, row.people_told) for row in queues],
    }
    for (name, pairs), marker in zip(sides.items(), "><o", strict=True):
        if pairs:
            axes.plot([true for true, _ in pairs], [told for _, told in pairs], marker, label=name)
    axes.axline((0, 0), slope=1, color="grey")
    axes.legend()
    axes.set(xlabel="counted by eye", ylabel="told", title="People counted")
