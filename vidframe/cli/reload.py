"""`vidframe reload`: reloads the config of a running instance."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from time import monotonic, sleep

import click

from vidframe.cli.check import CONFIG, PLUGINS_DIR, loaded
from vidframe.core.observe import runfile

REPLY_TIMEOUT = 60.0  # seconds; ending a camera may take 20


@click.command()
@CONFIG
@PLUGINS_DIR
def reload(config: Path, plugins_dir: Path | None) -> None:
    """Reload the config of a running instance.

    Exit code 0: done. 1: it did not answer. 2: the config has errors and the old one stays, or no instance runs CONFIG.
    """
    found = loaded(config, plugins_dir=plugins_dir)
    before = runfile.read(found.state)
    if before is None:
        raise click.ClickException(f"{config}: no running instance has the state folder {found.state}")
    try:
        os.kill(before.pid, signal.SIGHUP)
    except PermissionError:
        raise click.ClickException(f"process {before.pid} runs {config} as another user; try sudo") from None
    deadline = monotonic() + REPLY_TIMEOUT
    while monotonic() < deadline:
        now = runfile.read(found.state)
        if now is None:
            raise click.ClickException(f"the instance that ran {config} has ended")
        if now.reloads > before.reloads:
            _report(config, now)
            return
        sleep(0.05)
    click.echo(f"vidframe: process {before.pid} did not answer within {REPLY_TIMEOUT:.0f} s", err=True)
    raise click.exceptions.Exit(1)


def _report(config: Path, run: runfile.RunFile) -> None:
    if run.refused:
        raise click.ClickException("refused, the old config stays: " + "; ".join(run.refused))
    click.echo(f"{config}: reloaded")
