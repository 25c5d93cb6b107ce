"""`vidframe label`: a page on this machine on which people label collected faces."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the page; 0: any free port.")
@click.option("--open/--no-open", "open_browser", default=True, help="Open the page in a browser.")
def label(folder: Path, port: int, open_browser: bool) -> None:
    """Label the faces that `vidframe collect` has put into FOLDER; only this machine can see the page."""
    from vidframe_lab.emotion.collector import UNSORTED
    from vidframe_lab.emotion.labelling import LabelServer

    if not (folder / UNSORTED).is_dir():
        raise click.ClickException(
            f"{folder} has no folder {UNSORTED}; `vidframe collect VIDEO --out {folder}` makes it"
        )
    try:
        server = LabelServer(folder, port)
    except OSError as error:
        raise click.ClickException(f"cannot listen on port {port}: {error.strerror}") from error
    with server:
        click.echo(f"{len(server.unsorted())} faces wait at {server.url} (Ctrl-C ends)")
        if open_browser:
            click.launch(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo(f"labelled: {', '.join(f'{name} {count}' for name, count in server.counts().items())}")
