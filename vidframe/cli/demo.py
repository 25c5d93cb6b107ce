"""`vidframe demo`: a real chain on made video, with something worth looking at in the end."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import click

from vidframe.core import registry

CONFIG = """\
# Written by `vidframe demo`: change it and run it again with `vidframe run`.
cameras:
  aisle: {source: day.mp4}
always:
  - faces
"""


@click.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("out/demo"), show_default=True)
@click.option("--no-progress", is_flag=True, help="Print no progress bar.")
def demo(out: Path, no_progress: bool) -> None:
    """A shop's day and night on made video: an annotated clip, the events, and a table."""
    from vidframe.cli.check import loaded
    from vidframe.cli.run import run_config
    from vidframe.cli.summary import print_summary

    if "faces" not in registry.installed():
        raise click.ClickException("the demo needs the plugin faces; install it with: pip install ./plugins/faces")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    click.echo("drawing the video ...", err=True)
    _draw(out / "day.mp4")
    (out / "demo.yaml").write_text(CONFIG)
    events, clip = out / "events.jsonl", out / "annotated.mp4"
    figures = run_config(loaded(out / "demo.yaml"), events=events, annotate=clip, progress=not no_progress)
    print_summary(figures)
    for path in (clip, events, out / "demo.yaml"):
        click.echo(path)
    sys.exit(1 if any(its.error or its.failed_steps for its in figures) else 0)


def _draw(path: Path) -> None:
    """A public-domain portrait walks through the picture; 720p, 8 s."""
    import av
    import cv2
    import numpy as np

    try:
        from skimage import data
    except ImportError as error:
        raise click.ClickException("the demo needs scikit-image for its portrait: pip install scikit-image") from error
    portrait: Any = cv2.cvtColor(cv2.resize(data.astronaut(), (360, 360)), cv2.COLOR_RGB2BGR)
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=25, options={"preset": "veryfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for index in range(200):
            picture = np.full((720, 1280, 3), 90, np.uint8)
            x = int(index / 200 * (1280 - 360))
            picture[300:660, x : x + 360] = portrait
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        output.mux(stream.encode())
