"""`vidframe collect`: cuts faces out of a shop's own footage, for training."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click
import yaml

NOTICE = """\
This stores pictures of people's faces. Before you go on:
  - everybody who can be seen in the footage has agreed to it, in writing where the law asks for it;
  - they know what the pictures are for, who sees them, and when they are deleted;
  - the folder is on a disk that only those people can read."""

# One picture of a folder says nothing about where faces are in the next.
EVERY_PICTURE = {"motion": 0, "search_every": "0s"}


@click.command()
@click.argument("source", metavar="VIDEO")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the data set.")
@click.option("--interval", help="Shortest time between two crops of one face; 1s, and 0s for a folder of images.")
@click.option(
    "--distance", type=click.IntRange(0, 32), default=10, show_default=True, help="Bits of 64 that must differ."
)
@click.option("--min-face", type=click.IntRange(12, 400), default=32, show_default=True, help="Pixels of width.")
@click.option("--consent", is_flag=True, help="Everybody in the video has agreed; asked for if not given.")
@click.pass_context
def collect(
    context: click.Context, source: str, out: Path, interval: str | None, distance: int, min_face: int, consent: bool
) -> None:
    """Cut faces out of a video, a camera or a folder of pictures, for people to label and a network to learn."""
    _ask_for_consent(consent)
    before = _count(out)
    are_pictures = Path(source).is_dir()
    faces = {"min_face": min_face} | (EVERY_PICTURE if are_pictures else {})
    kept = {"folder": str(out.absolute()), "consent": True, "min_face": min_face, "distance": distance}
    kept["interval"] = interval or ("0s" if are_pictures else "1s")
    _run_chain(context, source, [{"faces": faces}, {"face_collector": kept}])
    _write_note(out, source)
    click.echo(f"{_count(out) - before} new faces in {out}; `vidframe label faces {out}` sorts them")


def _ask_for_consent(is_given: bool) -> None:
    click.echo(NOTICE, err=True)
    if is_given:
        return
    try:
        answer = click.prompt('Type "yes" if all of that holds', default="", show_default=False, err=True)
    except click.Abort as error:
        raise click.ClickException(
            "nothing collected: nobody confirmed; --consent confirms without a question"
        ) from error
    if answer.strip().lower() != "yes":
        raise click.ClickException("nothing collected: consent was not confirmed")


def _run_chain(context: click.Context, source: str, steps: list[dict[str, object]]) -> None:
    """Runs the steps over the source, as `vidframe run` does."""
    config = {"cameras": {"footage": {"source": source}}, "always": steps}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "collect.yaml")
        path.write_text(yaml.safe_dump(config))
        root = context.find_root().command
        try:
            root.main(["run", str(path), "--source", source], prog_name="vidframe", standalone_mode=False)
        except SystemExit as done:
            if done.code:
                raise click.ClickException(f"collecting from {source} failed; see above") from done


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.glob("*/*.png"))


def _write_note(folder: Path, source: str) -> None:
    """Who looks into the folder later shall see what was confirmed, and when."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    name = Path(source).name if Path(source).exists() else "a camera"
    with (folder / "CONSENT.txt").open("a", encoding="utf-8") as note:
        note.write(f"{when}: confirmed for {name}\n{NOTICE}\n\n")
