"""What `footfall` counts of made walks whose truth is known (tests/plugins/footfall/walks.py), and what it costs.

    PYTHONPATH=. python benchmarks/footfall_walks.py [--walks 200] [--minutes 30]

Lines: three lines (level, upright, slanted) with walks across, up to the line and back, lingering on it, over it and back,
along it and around its ends. Queue: people join, move up and go, others walk through.
"""

from __future__ import annotations

import argparse
import time

from rich.console import Console
from rich.table import Table
from vidframe_footfall.places import AreaPlace, LinePlace
from vidframe_footfall.plugin import Footfall

from tests.plugins.footfall.walks import LINES, QUEUE, Conditions, Walk, count_crossings, film_of, watch_queue
from vidframe.testing import make_camera

CASES = {
    "5 frames a second": Conditions(fps=5),
    "10 frames a second": Conditions(),
    "25 frames a second": Conditions(fps=25),
    "10, twice the jitter": Conditions(jitter=0.04),
    "10, lost every 5 s for 0.3 to 2 s": Conditions(losses=0.2),
    "10, legs hidden every 5 s for 0.5 to 4 s": Conditions(hidden=0.2),
    "5, twice the jitter, lost every 5 s": Conditions(fps=5, jitter=0.04, losses=0.2),
}


def milliseconds_a_frame(people: int = 10, frames: int = 2000) -> float:
    """Processor time of a frame with so many people, three lines and two areas."""
    walks = [Walk([(0.0, 300.0 + 20 * n, 300.0), (250.0, 1000.0 - 20 * n, 600.0)]) for n in range(people)]
    film = [frame for frame, _ in zip(film_of(walks, Conditions(), 0), range(frames), strict=False)]
    step = Footfall(
        lines=tuple(LinePlace.model_validate(line) for line in LINES.values()),
        areas=(QUEUE, AreaPlace(name="all", polygon=[(0, 0), (1, 0), (1, 1), (0, 1)])),
    )
    step.open_camera(make_camera())
    begin = time.process_time()
    for frame in film:
        step.process_frame(frame)
    return (time.process_time() - begin) / len(film) * 1000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--walks", type=int, default=200, help="for each line")
    parser.add_argument("--minutes", type=float, default=30, help="of the queue")
    chosen = parser.parse_args()
    table = Table("", "in: true / told", "out: true / told", "off", "queue within 1", "exact", "waited", "mean wait, s")
    for name, conditions in CASES.items():
        lines = count_crossings(conditions, chosen.walks)
        queue = watch_queue(conditions, chosen.minutes)
        table.add_row(
            name, f"{lines.entries} / {lines.told_entries}", f"{lines.exits} / {lines.told_exits}", f"{lines.error:.1%}",
            f"{queue.within_one:.1%}", f"{queue.exact:.1%}", f"{queue.people} / {queue.told_people}",
            f"{queue.mean_wait:.1f} / {queue.told_mean_wait:.1f}",
        )  # fmt: skip
    console = Console()
    console.print(table)
    console.print(f"{milliseconds_a_frame():.3f} ms a frame with 10 people, 3 lines, 2 areas (processor time)")


if __name__ == "__main__":
    main()
