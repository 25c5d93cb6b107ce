"""The shop app of the demo, in a process of its own: the framework knows it by its commands and its address alone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

import click

START_TIMEOUT = 30.0  # seconds until the first page


class DemoShop:
    """A sample shop on SQLite below `folder`, served on a free port of this machine while the context lasts."""

    def __init__(self, folder: Path, samples: Path) -> None:
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._environ = os.environ | {
            "SHOP_INSTANCE": str(folder),
            "SHOP_PORT": str(port),
            "SHOP_PLAIN_HTTP": "true",
            "SHOP_SAMPLE_CLIPS": str(samples.resolve()),
        }

    def __enter__(self) -> Self:
        click.echo("starting the shop app ...", err=True)
        self._command("init", "--name", "Corner shop")
        self.accounts = self._command("sample-data")
        self.token = self._command("camera-token", "demo").strip().splitlines()[-1]
        with (self._folder / "shop.log").open("w") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "shop_app", "run"], env=self._environ, stdout=log, stderr=log
            )
        self._wait()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.terminate()
        self._server.wait()

    def show(self, *, stay: bool) -> None:
        """Prints how to sign in; with `stay`, keeps it running until Ctrl+C."""
        click.echo(f"\n{self.accounts.strip()}\n")
        click.echo("Security sees the night under Alerts, sales sees the visits under Interest.")
        if stay:
            click.echo(f"Sign in at {self.url}/sign-in/one-time-code. Press Ctrl+C to stop the shop app.")
            try:
                self._server.wait()
            except KeyboardInterrupt:
                click.echo()
        else:
            again = f"SHOP_INSTANCE={self._folder} SHOP_PLAIN_HTTP=true {Path(sys.executable).parent}/vidframe-shop run"
            click.echo(f"Start the shop app again with: {again}")

    def _command(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "shop_app", *arguments]
        done = subprocess.run(command, env=self._environ, capture_output=True, text=True, check=False)
        if done.returncode:
            raise click.ClickException(f"the shop app could not {arguments[0]}: {done.stderr.strip()[-500:]}")
        return done.stdout

    def _wait(self) -> None:
        until = time.monotonic() + START_TIMEOUT
        while time.monotonic() < until and self._server.poll() is None:
            try:
                with urllib.request.urlopen(self.url, timeout=2):
                    return
            except urllib.error.HTTPError:
                return  # it answers
            except OSError:
                time.sleep(0.2)
        raise click.ClickException(f"the shop app did not start; see {self._folder / 'shop.log'}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
