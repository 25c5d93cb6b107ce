"""The mode that a person chose: a word in the camera's state folder, which the `day_night` step reads every second."""

import re
from pathlib import Path
from typing import Literal, get_args

import click

from vidframe.tools import write_atomically

Choice = Literal["night", "day", "auto"]
FILE = "mode"


def chosen(state: Path) -> Literal["night", "day"] | None:
    """What was chosen for the camera whose state folder this is; None for `auto`, or if nothing was."""
    try:
        word = (state / FILE).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None
    return "night" if word == "night" else "day" if word == "day" else None


def choose(state: Path, choice: Choice) -> None:
    """Writes the choice; a reader sees the old one or the new one, never half of it."""
    if choice not in get_args(Choice):
        raise ValueError(f"{choice!r} is neither night, day nor auto")
    write_atomically(state / FILE, choice + "\n")


@click.command()
@click.argument("camera")
@click.argument("choice", type=click.Choice(get_args(Choice)))
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".vidframe"),
    show_default=True,
    help="The folder that the config calls `state`.",
)
def mode(camera: str, choice: Choice, state: Path) -> None:
    """Switch CAMERA to night or day by hand, or back to auto. It stands until it is changed, also over restarts."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", camera):
        raise click.ClickException(f"{camera!r} is not a camera name: 1 to 32 letters, digits, - and _")
    if not (state / camera).is_dir():
        click.echo(f"vidframe: no camera named {camera} has run with the state folder {state} yet", err=True)
    choose(state / camera, choice)
    click.echo(f"{camera}: {choice}")
