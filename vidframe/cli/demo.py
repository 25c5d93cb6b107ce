"""`vidframe demo`: a shop's day and night on synthetic video, ending in the shop app."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import redirect_stdout
from importlib.metadata import PackageNotFoundError, version
from io import StringIO
from pathlib import Path

import click

from vidframe.core.plugin import registry

STEPS = ("faces", "emotion", "gaze", "interest", "day_night", "abnormality", "recorder")

MARK = "# Written by `vidframe demo`"
CONFIG = """\
# Written by `vidframe demo`; change it and run it again: vidframe run {name}
cameras:
  aisle-1: {{source: shop.mp4}}
mode: {{plugin: day_night, dark_below: 45, confirm_for: 1s, min_interval: 5s}}
day:
  - faces
  - emotion
  - gaze
  - interest: {{zones: !include zones.yaml, field_of_view: 60, reach: 9}}
night:
  - abnormality: {{update_every: 2s}}
  - recorder: {{before: 2s, after: 2s, folder: clips}}
"""
SHOP = """\
always:
  - shop: {{url: "{url}", token: !env SHOP_TOKEN}}
"""


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out/demo"),
    show_default=True,
    help="Folder for the output; files of an earlier demo are deleted.",
)
@click.option("--shop/--no-shop", "with_shop", default=True, help="Also open the shop app.")
@click.option("--no-progress", is_flag=True, help="Print no progress bar.")
def demo(out: Path, with_shop: bool, no_progress: bool) -> None:
    """Run a demo on synthetic video: an annotated clip, the events, a table, and the shop app."""
    missing = [step for step in STEPS if step not in registry.installed()]
    if missing:
        raise click.ClickException(f"the demo needs the plugins {', '.join(missing)}; see README.md, Installing it")
    chain = _begun(out)
    _film(out)
    if with_shop and not _has_shop_app():
        click.echo("the shop app is not installed, continuing without it: pip install ./shop_app", err=True)
        with_shop = False
    if not with_shop:
        sys.exit(_run(out, chain, progress=not no_progress))
    from vidframe.cli.demo_shop import DemoShop

    with DemoShop(out / "shop", samples=out) as shop:
        os.environ["SHOP_TOKEN"] = shop.token
        with_sink = out / "demo-with-shop.yaml"
        with_sink.write_text(chain.read_text() + SHOP.format(url=shop.url))
        code = _run(out, with_sink, progress=not no_progress)
        shop.show(stay=sys.stdin.isatty() and sys.stdout.isatty())
    sys.exit(code)


def _has_shop_app() -> bool:
    try:
        version("vidframe-shop-app")
    except PackageNotFoundError:
        return False
    return True


def _begun(out: Path) -> Path:
    """The chain of the demo in a folder that holds nothing else; what a demo before left there goes."""
    chain = out / "demo.yaml"
    if out.exists() and any(out.iterdir()):
        if not chain.is_file() or not chain.read_text(encoding="utf-8", errors="replace").startswith(MARK):
            raise click.ClickException(f"{out} holds files that are not of a demo; choose another folder with --out")
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    chain.write_text(CONFIG.format(name=chain), encoding="utf-8")
    return chain


def _film(out: Path) -> None:
    from rich.console import Console

    from vidframe.cli import cli

    scene = cli.get_command(click.Context(cli), "scene")
    assert scene is not None  # where it is missing, its error says how to get it
    with Console(stderr=True).status("rendering a shop's day and night ..."), redirect_stdout(StringIO()):
        scene.main(["--out", str(out)], standalone_mode=False)


def _run(out: Path, chain: Path, *, progress: bool) -> int:
    from vidframe.cli.check import loaded
    from vidframe.cli.run import run_config
    from vidframe.cli.summary import print_events, print_summary

    events, clip = out / "events.jsonl", out / "annotated.mp4"
    metrics = run_config(loaded(chain), events=events, annotate=clip, progress=progress)
    print_events(events)
    print_summary(metrics)
    for what, path in (
        ("the film", out / "shop.mp4"),
        ("what was found, drawn into it", clip),
        ("the events as JSON lines", events),
        *(("the clip of the night", path) for path in sorted((out / "clips").rglob("*.mp4"))),
        ("the chain, to change and run", out / "demo.yaml"),
    ):
        click.echo(f"{what:<30} {path}")
    return 1 if any(camera.error or camera.failed_steps for camera in metrics) else 0
