"""`vidframe label`: pages on this machine on which people label faces, and people in clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from vidframe_lab.local_page import Page

Made = TypeVar("Made", bound=Page)


class _Label(click.Group):
    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; `label FOLDER` is the deprecated spelling of `label faces FOLDER`."""
        if args[0] not in self.commands and Path(args[0]).is_dir():
            click.echo("vidframe: `label FOLDER` is deprecated; use `label faces FOLDER`", err=True)
            return "faces", faces, args
        return super().resolve_command(context, args)


@click.group(cls=_Label)
def label() -> None:
    """Label faces, or people in clips, on a page of this machine that no other can see."""


_port = click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the page; 0: any free port.")
_open = click.option("--open/--no-open", "open_browser", default=True, help="Open the page in a browser.")


@label.command()
@click.argument("folder", type=click.Path(path_type=Path))
@_port
@_open
def faces(folder: Path, port: int, open_browser: bool) -> None:
    """Label the faces that `vidframe collect` has put into FOLDER."""
    from vidframe_lab.emotion.collector import UNSORTED
    from vidframe_lab.labelling.faces import FacesPage

    if not (folder / UNSORTED).is_dir():
        raise click.ClickException(
            f"{folder} has no folder {UNSORTED}; `vidframe collect VIDEO --out {folder}` makes it"
        )
    with _listening(lambda: FacesPage(folder, port), port) as page:
        click.echo(f"{len(page.unsorted())} faces wait at {page.url} (Ctrl-C ends)")
        page.run(
            open_browser=open_browser,
            done=lambda: f"labelled: {', '.join(f'{name} {count}' for name, count in page.counts().items())}",
        )


@label.command()
@click.argument("clips", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of people.json and visits.csv; default: that of the first clip.",
)
@click.option(
    "--step", type=click.FloatRange(0.04, 3600), default=5.0, show_default=True, help="Seconds from frame to frame."
)
@_port
@_open
def people(clips: tuple[Path, ...], out: Path | None, step: float, port: int, open_browser: bool) -> None:
    """Label people and their visits in CLIPS, for `vidframe eval people` and `eval interest`."""
    from vidframe_lab.labelling.people import PeoplePage

    folder = out or (clips[0] if clips[0].is_dir() else clips[0].parent)
    with _listening(lambda: PeoplePage(clips, folder, step, port), port) as page:
        click.echo(f"clips: {len(clips)}, page: {page.url} (Ctrl-C ends)")
        page.run(open_browser=open_browser, done=page.summary)


def _listening(make: Callable[[], Made], port: int) -> Made:
    try:
        return make()
    except OSError as error:
        raise click.ClickException(f"cannot listen on port {port}: {error.strerror}") from error
