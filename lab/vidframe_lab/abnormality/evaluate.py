"""`vidframe eval abnormality`: the settings of a camera, judged on footage of which it is known what happened."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, get_type_hints

import click
import cv2
import numpy as np
from pydantic import TypeAdapter, ValidationError
from vidframe_abnormality.plugin import Abnormality

from vidframe import Frame, open_source
from vidframe.sources import SourceError, decoded_frames
from vidframe.testing import make_camera, make_frame, stepwise
from vidframe_lab.abnormality.scoring import Alert, Score, Truth, score, total
from vidframe_lab.evaluation.files import DataError, read_json
from vidframe_lab.evaluation.results import data_option, present, result_options, save

PICTURES = (".png", ".jpg", ".jpeg", ".bmp")
STEPS = 7  # of a sweep
LOWEST = 0.0001  # share of the picture that is drawn; what is less is drawn as this


@dataclass
class Watched:
    """One video as the plugin saw it."""

    truth: Truth
    alerts: list[Alert]
    areas: list[float]  # changed share of each frame, also below min_area
    changes: list[str]  # what each alert was called in the end

    @property
    def score(self) -> Score:
        """Against the truth."""
        return score(self.truth, self.alerts, len(self.areas))


@click.command()
@data_option("Folder with videos (or folders of images) and truth.json.")
@click.option("--only", help="Only videos whose name contains this.")
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="A setting of the step; may be repeated.")
@click.option("--sweep", metavar="NAME=FROM..TO", help="Try a setting from one value to another: min_area=0.002..0.05.")
@result_options
def abnormality(
    data: Path, only: str | None, changes: tuple[str, ...], sweep: str | None, json_to: str | None, plot: Path | None
) -> None:
    """Run the `abnormality` step over videos of which it is known what happened, and compare."""
    truths = [truth for truth in read_truth(data) if only is None or only in truth.name]
    if not truths:
        raise click.ClickException(f"{data / 'truth.json'} names no video" + (f" like {only!r}" if only else ""))
    given = dict(_pair(change) for change in changes)
    if sweep is not None and plot is not None:
        raise click.ClickException("--plot draws one setting: leave out --sweep, and give the value by --set")
    if sweep is not None:
        _print_sweep(data, truths, given, sweep, json_to)
        return
    plugin = made(given)
    watched = [watch(data / truth.name, truth, plugin) for truth in truths]
    if plot is not None:
        _plot(watched, plugin, plot)
    scores = [video.score for video in watched]
    rows = [*scores, total(scores)] if len(scores) > 1 else scores
    content = {"videos": [_plain(s) for s in scores], "all": _plain(total(scores))}
    present(content, json_to, lambda: _print_table(rows, "video"))


def read_truth(data: Path) -> list[Truth]:
    """The videos that truth.json names and that are there; DataError says what is wrong with it."""
    path = data / "truth.json"
    if not path.is_file():
        raise DataError(f"{path} is missing; it says what happens in each video")
    content = read_json(path)
    try:
        truths = [
            Truth(name, float(video["fps"]), tuple((a, b) for a, b in video["incidents"]), video.get("grace"))
            for name, video in content.items()
            if not name.startswith("_")
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f'{path}: {error!r}; it must read {{"VIDEO": {{"fps": 10, "incidents": [[FIRST, LAST], ...]}}}}'
        ) from None
    for truth in truths:
        if not (data / truth.name).exists():
            click.echo(f"vidframe: {data / truth.name} does not exist; skipped", err=True)
    return [truth for truth in truths if (data / truth.name).exists()]


def watch(path: Path, truth: Truth, plugin: Abnormality) -> Watched:
    """Runs the step over one video, at the rate that the truth states."""
    camera = make_camera(fps=truth.fps)
    watched = Watched(truth, [], [], [])
    frames: list[Frame] = []

    def made_frames() -> Iterator[Frame]:
        for index, pixels in enumerate(_luma(path)):
            frame = make_frame(pixels, camera=camera, index=index, seconds=index / truth.fps)
            frames[:] = [frame]
            yield frame

    opened: dict[str, int] = {}
    for index, events in enumerate(stepwise(plugin, made_frames(), camera=camera)):
        for event in events:
            name = str(event.facts["incident"])
            if event.kind == "incident.opened":
                opened[name] = index
            elif event.kind == "incident.closed":
                start, end = (
                    round((_time(event.facts[key]) - camera.utc(0)).total_seconds() * truth.fps)
                    for key in ("start", "end")
                )
                watched.alerts.append(Alert(opened[name], start, end))
                watched.changes.append(str(event.facts["change"]))
        if index == len(watched.areas) and frames[0].index == index:
            watched.areas.append(plugin.measured)
    return watched


def made(given: dict[str, str]) -> Abnormality:
    """The plugin with settings as text; ClickException names a wrong one."""
    hints = get_type_hints(Abnormality, include_extras=True)
    settings = {}
    for name, text in given.items():
        if name not in hints or name in ("needs", "adds"):
            raise click.ClickException(f"abnormality has no setting {name!r}; it has {', '.join(sorted(hints))}")
        try:
            settings[name] = TypeAdapter(hints[name]).validate_python(_value(text))
        except ValidationError as error:
            raise click.ClickException(f"{name}={text}: {error.errors()[0]['msg']}") from None
    try:
        return Abnormality(**settings)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _luma(path: Path) -> Iterator[Any]:
    if path.is_dir():
        for picture in _series(path):
            pixels = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
            if pixels is None:
                raise DataError(f"{picture} is no picture that OpenCV reads")
            yield pixels
        return
    try:
        with open_source(str(path), camera="eval") as source:
            for decoded in decoded_frames(source):
                yield decoded.picture.gray()
    except SourceError as error:
        raise DataError(str(error)) from None


def _series(folder: Path) -> list[Path]:
    """The numbered pictures of a folder; a mask or a title page among them is left out."""
    pictures = [file for file in folder.iterdir() if file.suffix.lower() in PICTURES]
    if not pictures:
        raise DataError(f"{folder} has no images ({', '.join(PICTURES)})")
    names = Counter(re.sub(r"\d+", "", file.name) for file in pictures)
    return sorted(file for file in pictures if re.sub(r"\d+", "", file.name) == names.most_common(1)[0][0])


def _print_sweep(data: Path, truths: list[Truth], given: dict[str, str], sweep: str, json_to: str | None) -> None:
    name, text = _pair(sweep)
    rows = []
    for value in _values(name, text):
        plugin = made(given | {name: value})
        rows.append((value, total([watch(data / truth.name, truth, plugin).score for truth in truths])))
    content = [{name: json.loads(value), **_plain(row)} for value, row in rows]
    present(content, json_to, lambda: _print_table([row for _, row in rows], name, [value for value, _ in rows]))


def _values(name: str, text: str) -> list[str]:
    first, found, last = text.partition("..")
    try:
        low, high = float(first), float(last)
    except ValueError:
        low, high = 1.0, 0.0
    if not found or not 0 < low < high:
        raise click.ClickException(f"--sweep {name}={text}: write a range above 0 such as {name}=0.002..0.05")
    if low == int(low) and high == int(high) and high - low < 20:
        return [str(value) for value in range(int(low), int(high) + 1)]
    return [f"{value:.3g}" for value in np.geomspace(low, high, STEPS)]


def _print_table(scores: list[Score], first: str, names: list[str] | None = None) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Column, Table

    metrics = [Column(name, justify="right") for name in ("found", "false", "false/h", "frames", "covered", "extra")]
    table = Table(Column(first, overflow="fold"), *metrics, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for place, row in enumerate(scores):
        table.add_row(
            names[place] if names else row.name,
            f"{row.found}/{row.incidents}",
            str(row.false),
            f"{row.false_per_hour:.1f}",
            _delays(row.delays),
            _percent(row.covered),
            _percent(row.extra),
        )
    Console().print(table)
    click.echo("frames: from the start of each incident to its first alert")


def _delays(delays: tuple[int, ...]) -> str:
    if not delays:
        return "-"
    return " ".join(map(str, delays)) if len(delays) <= 8 else f"{min(delays)} to {max(delays)}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _plain(row: Score) -> dict[str, Any]:
    rates = {"found": row.found, "false_per_hour": round(row.false_per_hour, 2)}
    return asdict(row) | rates | {"covered": row.covered, "extra": row.extra}


def _plot(videos: list[Watched], plugin: Abnormality, path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(len(videos), 1, figsize=(12, 1.9 * len(videos) + 0.6), squeeze=False)
    for axis, video in zip(axes[:, 0], videos, strict=True):
        fps = video.truth.fps
        axis.plot(np.arange(len(video.areas)) / fps, np.maximum(video.areas, LOWEST), linewidth=1, color="#1f4e79")
        for first, last in video.truth.incidents:
            axis.axvspan(first / fps, last / fps, color="#7fbf7f", alpha=0.4, linewidth=0)
        for alert in video.alerts:
            axis.axvline(alert.told / fps, color="#c0392b", linewidth=1.5)
        axis.axhline(plugin.min_area, color="#888888", linestyle="--", linewidth=0.8)
        axis.set(yscale="log", ylim=(LOWEST, 1), xlim=(0, len(video.areas) / fps), ylabel="changed")
        axis.set_yticks([0.0001, 0.001, 0.01, 0.1, 1], ["0.01 %", "0.1 %", "1 %", "10 %", "100 %"])
        axis.minorticks_off()
        axis.set_title(video.truth.name, fontsize=9, loc="left")
    axes[-1, 0].set_xlabel(f"seconds; green: it happened, red: an alert, dashed: min_area, {plugin.min_area:.2%}")
    figure.tight_layout()
    save(figure, path)
    click.echo(f"drawn: {path}", err=True)


def _pair(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found:
        raise click.ClickException(f"{text!r} must read NAME=VALUE")
    return name.strip(), value.strip()


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _time(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
