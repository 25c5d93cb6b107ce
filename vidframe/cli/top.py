"""`vidframe top`: the metrics of a running vidframe, live in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import click
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from vidframe.cli.check import CONFIG, PLUGINS_DIR, loaded
from vidframe.core.observe import runfile

COLOURS = {"live": "green", "ended": "dim", "connecting": "yellow", "stalled": "red", "down": "red"}


@click.command()
@CONFIG
@PLUGINS_DIR
@click.option(
    "--every", type=click.FloatRange(min=0.2), default=1.0, metavar="SECONDS", help="Time between two samples."
)
@click.option("--once", is_flag=True, help="Sample once, print and exit.")
def top(config: Path, plugins_dir: Path | None, every: float, once: bool) -> None:
    """Show the cameras, steps and processes of a running instance."""
    address = _address(config, plugins_dir)
    console = Console() if Console().is_terminal else Console(width=140)
    before = sample(address)
    sleep(every if once else min(every, 0.5))
    if once:
        console.print(Group(*tables(before, sample(address))))
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            now = sample(address)
            live.update(Group(*tables(before, now)), refresh=True)
            before = now
            sleep(every)


@dataclass
class Sample:
    """The metrics at one moment."""

    at: float = field(default_factory=monotonic)
    samples: dict[str, dict[tuple[str, ...], float]] = field(default_factory=dict)  # name -> label values -> value

    def value(self, name: str, *labels: str) -> float:
        """One sample; 0 where there is none."""
        return self.samples.get(name, {}).get(labels, 0.0)

    def rows(self, name: str) -> Iterator[tuple[str, ...]]:
        """The labels of all samples of that name."""
        return iter(self.samples.get(name, {}))


def sample(address: str) -> Sample:
    """Reads the metrics once."""
    try:
        with urlopen(f"http://{address}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except (URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise click.ClickException(f"no metrics at {address}: {getattr(reason, 'strerror', None) or reason}") from error
    seen = Sample()
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            bound = [each.labels.pop("le")] if "le" in each.labels else []
            seen.samples.setdefault(each.name, {})[*each.labels.values(), *bound] = each.value
    return seen


def tables(before: Sample, now: Sample) -> list[Any]:
    """The tables for the time between two samples."""
    return [_cameras(before, now), _steps(before, now), _plugins(now), _processes(before, now)]


def _cameras(before: Sample, now: Sample) -> Table:
    table = _table("Cameras", "camera", "state", "in/s", "analysed/s", "dropped/s", "age p95", "last result", "events")
    for (camera,) in now.rows("vidframe_camera_frames_in_total"):
        state = next(
            s for c, s in now.rows("vidframe_camera_state") if c == camera and now.value("vidframe_camera_state", c, s)
        )
        newest = now.value("vidframe_camera_newest_result_timestamp_seconds", camera)
        table.add_row(
            camera,
            f"[{COLOURS.get(state, '')}]{state}",
            *(
                f"{_rate(before, now, f'vidframe_camera_frames_{what}_total', camera):.1f}"
                for what in ("in", "analysed", "dropped")
            ),
            _quantile(before, now, "vidframe_camera_age_seconds", camera),
            f"{max(0.0, time() - newest):.1f} s ago" if newest else "-",
            f"{sum(now.value('vidframe_camera_events_total', c, k) for c, k in now.rows('vidframe_camera_events_total') if c == camera):.0f}",
        )
    return table


def _steps(before: Sample, now: Sample) -> Table:
    table = _table("Steps", "camera", "step", "calls/s", "mean", "p95", "errors", "skipped/s", "")
    for who in now.rows("vidframe_step_errors_total"):
        calls = _rate(before, now, "vidframe_step_seconds_count", *who)
        busy = _rate(before, now, "vidframe_step_seconds_sum", *who)
        off = "off" if now.value("vidframe_step_disabled", *who) else ""
        table.add_row(
            *who,
            f"{calls:.1f}",
            f"{1000 * busy / calls:.1f} ms" if calls else "-",
            _quantile(before, now, "vidframe_step_seconds", *who),
            f"{now.value('vidframe_step_errors_total', *who):.0f}",
            f"{_rate(before, now, 'vidframe_step_skipped_total', *who):.1f}",
            "[red]stuck" if now.value("vidframe_step_stuck", *who) else off,
        )
    return table


def _plugins(now: Sample) -> Table:
    table = _table("Metrics of plugins", "metric", "camera", "step", "value")
    for name in sorted(now.samples):
        if name.startswith("vidframe_plugin_"):
            for who in now.rows(name):
                table.add_row(name.removeprefix("vidframe_plugin_"), *who, f"{now.value(name, *who):,.0f}")
    return table


def _processes(before: Sample, now: Sample) -> Table:
    table = _table("Processes", "process", "up", "CPU", "memory", "threads", "files", "restarts")
    for (name,) in now.rows("vidframe_process_up"):
        table.add_row(
            name,
            "yes" if now.value("vidframe_process_up", name) else "[red]no",
            f"{100 * _rate(before, now, 'vidframe_process_cpu_seconds_total', name):.0f} %",
            f"{now.value('vidframe_process_memory_bytes', name) / 1e6:.0f} MB",
            *(f"{now.value(f'vidframe_process_{what}', name):.0f}" for what in ("threads", "open_files")),
            f"{now.value('vidframe_process_restarts_total', name):.0f}",
        )
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        numeric = column not in ("camera", "step", "state", "metric", "process", "up", "")
        table.add_column(column, justify="right" if numeric else "left", header_style="dim", no_wrap=True)
    return table


def _rate(before: Sample, now: Sample, name: str, *labels: str) -> float:
    return max(0.0, now.value(name, *labels) - before.value(name, *labels)) / max(now.at - before.at, 1e-3)


def _quantile(before: Sample, now: Sample, name: str, *labels: str, share: float = 0.95) -> str:
    """The bound below which this share of what was measured between the two moments lies."""
    rows = [row for row in now.rows(f"{name}_bucket") if row[:-1] == labels]
    grown = {row[-1]: now.value(f"{name}_bucket", *row) - before.value(f"{name}_bucket", *row) for row in rows}
    total = grown.get("+Inf", 0.0)
    if total <= 0:
        return "-"
    bound = next(bound for bound, count in grown.items() if count >= share * total)
    return "slower" if bound == "+Inf" else f"< {1000 * float(bound):g} ms"


def _address(config: Path, plugins_dir: Path | None) -> str:
    run = runfile.read(loaded(config, plugins_dir=plugins_dir).state)
    if run is None:
        raise click.ClickException(f"{config}: no running instance has its state folder")
    if not run.metrics:
        raise click.ClickException(f"{config} serves no metrics; add `metrics: 9477` and restart")
    return run.metrics
