"""`vidframe scene`: writes a film of the drawn shop, its truth, and a config to run on it."""

from __future__ import annotations

from pathlib import Path

import click
import yaml

PARTS = {"day": ("day",), "night": ("night",), "both": ("day", "night")}


@click.command()
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("scene"), show_default=True, help="Folder."
)
@click.option("--part", type=click.Choice(list(PARTS)), default="both", show_default=True, help="What is filmed.")
def scene(out: Path, part: str) -> None:
    """Film a drawn shop with exact truth: shop.mp4, shop.json, zones.yaml.

    The people in it have the face of scikit-image's public-domain portrait of an astronaut.
    """
    from vidframe_lab.scene.film import Film, interest_settings, write_film

    paths = write_film(out, Film(PARTS[part]))
    zones = out / "zones.yaml"
    zones.write_text(yaml.safe_dump(interest_settings()["zones"], sort_keys=False, default_flow_style=None))
    for path in (*paths, zones):
        click.echo(path)
