"""`vidframe eval interest`: what the day chain tells of filmed visits, against what really happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from vidframe_gaze.facing import check_known
from vidframe_gaze.interest import Interest
from vidframe_gaze.zones import Zone

from vidframe import Event
from vidframe_lab.evaluation.chains import (
    Chain,
    chain_of_config,
    chain_of_steps,
    config_options,
    taken_over,
)
from vidframe_lab.evaluation.files import DataError
from vidframe_lab.evaluation.results import data_option, present, result_options, share, show, show_rows, write_plot
from vidframe_lab.gaze.visits import LabelledClip, Pair, Settings, Visit, matched, read_clips, visits_of

LOOKED: Final = 0.5  # seconds of looking from which a visit counts as one with a look
SEEING: Final = ("faces", "gaze", "people")  # the steps before `interest`, without a config
WHOLE: Final = Settings(zones=[Zone(name="frame", polygon=[(0, 0), (1, 0), (1, 1), (0, 1)])])


@click.command()
@data_option("Folder with visits.csv, or with NAME.json beside each NAME.mp4.")
@config_options
@result_options
def evaluate(data: Path, config: Path | None, camera: str | None, json_to: str | None, plot: Path | None) -> None:
    """Measure visits, stops, looks and reaches on labelled clips.

    The zones are those of the config, or of the JSON files; without either the frame is one zone.
    """
    of_config = chain_of_config(config, camera, "interest")
    pairs: list[Pair] = []
    for clip in read_clips(data):
        found = found_in(clip, of_config or default_chain(clip))
        pairs += matched(clip.path.name, clip.visits, found)
    rows = [_row(pair) for pair in pairs]
    metrics = metrics_of(pairs)

    def tables() -> None:
        show_rows("Visits: true / found", [_short(row, pairs) for row in rows])
        show("Interest", metrics)

    present({"metrics": metrics, "visits": rows}, json_to, tables)
    if plot:
        write_plot(plot, lambda axes: _draw(axes, pairs))


def found_in(clip: LabelledClip, chain: Chain) -> list[Visit]:
    """What the chain tells of the visits in a clip."""
    events: list[Event] = []
    begin: datetime | None = None
    with taken_over(chain, clip.path) as frames:
        for frame in frames:
            begin = begin or frame.camera.utc(0)
            if clip.until is not None and frame.seconds > clip.until:
                break
            events += frame.events
    assert begin is not None  # a clip without a frame is a SourceError
    facts = [event.facts for event in (*events, *frames.closing_events) if event.kind == "interest.visit"]
    return visits_of(facts, begin, by_zone=clip.has_zones or clip.interest is not None)


def metrics_of(pairs: Sequence[Pair]) -> dict[str, float | None]:
    """Counts, shares 0..1 and seconds, over all pairs of visit and zone; None where nothing was labelled."""
    true = [pair.true for pair in pairs if pair.true is not None]
    found = [pair.found for pair in pairs if pair.found is not None]
    both = [(pair.true, pair.found) for pair in pairs if pair.true is not None and pair.found is not None]
    metrics: dict[str, float | None] = {
        "visits_true": len(true),
        "visits_found": len(found),
        "visits_matched": len(both),
        "found_per_true": share(len(found), len(true)),
        "start_mae": _mean([abs(one.start - other.start) for one, other in both]),
        "end_mae": _mean([abs(one.end - other.end) for one, other in both]),
        **_looks(pairs),
        "stopped_seconds_mae": _mean_error(pairs, "stopped_seconds"),
        **_answers(pairs, "reached"),
        **_answers(pairs, "taken"),
    }
    return metrics


def default_chain(clip: LabelledClip) -> Chain:
    """The steps of a shop's day, with the zones of the clip's JSON file or with the frame as one zone."""
    if clip.interest is None and clip.has_zones:
        raise DataError(f"{clip.path.name}: its visits name zones; give the config that defines them: --config FILE")
    given = clip.interest or WHOLE
    settings = {name: getattr(given, name) for name in given.model_fields_set}
    seeing = chain_of_steps(SEEING)

    def made() -> list[Any]:
        check_known(given.zones, given.field_of_view, mounting=None)
        return [*seeing(), Interest(**settings)]

    return made


def _looks(pairs: Sequence[Pair]) -> dict[str, float | None]:
    """Of the pairs whose true looks are labelled; a visit that nobody made has none."""
    if not any(pair.true is not None and pair.true.looked_seconds is not None for pair in pairs):
        return {}
    pairs = [pair for pair in pairs if pair.true is None or pair.true.looked_seconds is not None]
    looked = [_value(pair.true, "looked_seconds") >= LOOKED for pair in pairs]
    found = [_value(pair.found, "looked_seconds") >= LOOKED for pair in pairs]
    both = sum(a and b for a, b in zip(looked, found, strict=True))
    return {
        "looks_recall": share(both, sum(looked)),
        "looks_precision": share(both, sum(found)),
        "looked_seconds_true": round(sum(_value(pair.true, "looked_seconds") for pair in pairs), 3),
        "looked_seconds_found": round(sum(_value(pair.found, "looked_seconds") for pair in pairs), 3),
        "looked_seconds_mae": _mean_error(pairs, "looked_seconds"),
    }


def _answers(pairs: Sequence[Pair], name: str) -> dict[str, float | None]:
    """Yes or no, of the visits of which both is known: how often each was found as each."""
    known = [
        (getattr(pair.true, name), getattr(pair.found, name))
        for pair in pairs
        if getattr(pair.true, name, None) is not None and getattr(pair.found, name, None) is not None
    ]
    if not known:
        return {}
    return {
        f"{name}_yes_found_yes": known.count((True, True)),
        f"{name}_yes_found_no": known.count((True, False)),
        f"{name}_no_found_yes": known.count((False, True)),
        f"{name}_no_found_no": known.count((False, False)),
    }


def _mean_error(pairs: Sequence[Pair], name: str) -> float | None:
    """Mean absolute error in seconds where the truth is labelled; whoever is missing counts as 0 s."""
    if not any(pair.true is not None and getattr(pair.true, name) is not None for pair in pairs):
        return None
    labelled = [pair for pair in pairs if pair.true is None or getattr(pair.true, name) is not None]
    return _mean([abs(_value(pair.true, name) - _value(pair.found, name)) for pair in labelled])


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 3) if values else None


def _value(visit: Visit | None, name: str) -> float:
    return float(getattr(visit, name) or 0.0) if visit is not None else 0.0


def _row(pair: Pair) -> dict[str, Any]:
    """One line of the table: each figure as "true / found"."""
    visit = pair.true or pair.found
    row: dict[str, Any] = {"clip": pair.clip, "zone": visit.zone if visit else ""}
    for name in ("start", "end", "passed", "stopped_seconds", "looked_seconds", "looks", "reached", "taken"):
        row[name] = " / ".join(_shown(one, name) for one in (pair.true, pair.found))
    return row


def _short(row: dict[str, Any], pairs: Sequence[Pair]) -> dict[str, Any]:
    """Without what is labelled nowhere, so that a line fits a terminal."""
    labelled = [name for name in row if any(getattr(pair.true, name, None) is not None for pair in pairs)]
    return {name.removesuffix("_seconds"): value for name, value in row.items() if name in ("clip", *labelled)}


def _shown(visit: Visit | None, name: str) -> str:
    value = getattr(visit, name, None)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value)


def _draw(axes: Any, pairs: Sequence[Pair]) -> None:
    name = "looked" if any(_value(pair.true, "looked_seconds") for pair in pairs) else "stopped"
    axes.plot(
        [_value(pair.true, f"{name}_seconds") for pair in pairs],
        [_value(pair.found, f"{name}_seconds") for pair in pairs],
        "o",
    )
    axes.axline((0, 0), slope=1, color="grey")
    axes.set(xlabel=f"seconds {name}", ylabel="seconds told", title="Visits to zones")
