"""`vidframe reload`: a running vidframe takes up its changed config."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from time import monotonic, sleep

import click

from vidframe.cli.check import CONFIG, PLUGINS_DIR, loaded
from vidframe.core.observe import runfile

PATIENCE = 60.0  # seconds; ending a camera may take 20


@click.command()
@CONFIG
@PLUGINS_DIR
def reload(config: Path, plugins_dir: Path | None) -> None:
    """Let the vidframe that runs CONFIG take up what changed in it.

    Exit code 0: done. 1: it did not answer. 2: mistakes, nothing was changed, or nobody runs CONFIG.
    """
    found = loaded(config, plugins_dir=plugins_dir)
    before = runfile.read(found.state)
    if before is None:
        raise click.ClickException(f"{config}: no vidframe runs with the state folder {found.state}")
    try:
        os.kill(before.pid, signal.SIGHUP)
    except PermissionError:
        raise click.ClickException(f"process {before.pid} runs {config} as another user; try sudo") from None
    deadline = monotonic() + PATIENCE
    while monotonic() < deadline:
        now = runfile.read(found.state)
        if now is None:
            raise click.ClickException(f"the vidframe that ran {config} has ended")
        if now.reloads > before.reloads:
            _tell(config, now)
            return
        sleep(0.05)
    click.echo(f"vidframe: process {before.pid} did not answer within {PATIENCE:.0f} s", err=True)
    raise click.exceptions.Exit(1)


def _tell(config: Path, run: runfile.RunFile) -> None:
    if run.refused:
        raise click.ClickException("nothing was changed: " + "; ".join(run.refused))
    click.echo(f"{config}: reloaded")
