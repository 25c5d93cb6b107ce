"""`vidframe nodes`: which machine runs which camera."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from vidframe.cli.check import CONFIG, loaded
from vidframe.cli.node import BUS, address_of


@click.command()
@CONFIG
@BUS
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def nodes(config: Path, bus: str | None, as_json: bool) -> None:
    """Show which node runs which camera, and how many events wait on the bus."""
    address = address_of(loaded(config).cluster, bus, "onlooker", config)
    from vidframe.cluster.bus import UNREACHABLE, reason_of
    from vidframe.cluster.status import look, rows

    try:
        status = asyncio.run(look(address))
    except UNREACHABLE as error:
        raise click.ClickException(
            f"event bus at {', '.join(address.servers)} unreachable: {reason_of(error)}"
        ) from error
    if as_json:
        click.echo(json.dumps(status, indent=2))
        return
    for table in rows(status):
        _print(table)
    click.echo(f"{status['events_waiting']} events wait for the shop, {status['events_refused']} were refused")


def _print(table: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    click.echo()
