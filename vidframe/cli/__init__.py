"""The command line: `vidframe run`, `check`, `plugins` and the commands that plugins bring."""

from __future__ import annotations

import difflib
import faulthandler
import importlib
import sys
from importlib.metadata import entry_points
from typing import Any

import click

OURS = {
    "run": "vidframe.cli.run:run",
    "reload": "vidframe.cli.reload:reload",
    "top": "vidframe.cli.top:top",
    "node": "vidframe.cli.node:node",
    "nodes": "vidframe.cli.nodes:nodes",
    "check": "vidframe.cli.check:check",
    "explain": "vidframe.cli.check:explain",
    "schema": "vidframe.cli.check:schema",
    "plugins": "vidframe.cli.plugins:plugins",
    "new-plugin": "vidframe.cli.new_plugin:new_plugin",
    "doctor": "vidframe.cli.doctor:doctor",
    "demo": "vidframe.cli.demo:demo",
    "bench": "vidframe.cli.bench:bench",
}
HELP = {
    "run": "Run the cameras of a config.",
    "reload": "Reload the config of a running instance.",
    "top": "Show the metrics of a running instance.",
    "node": "Run the cameras of a config together with other machines.",
    "nodes": "Show which machine runs which camera.",
    "check": "Report the errors of a config, line by line.",
    "explain": "Show each camera's chain as data flow.",
    "schema": "Print the JSON Schema of configs, for editors.",
    "plugins": "List the installed plugins.",
    "new-plugin": "Make a folder with a new plugin, ready to install.",
    "doctor": "Check this machine and say how to fix it.",
    "demo": "Run a demo on synthetic video.",
    "bench": "Measure the frame loop against decoding alone.",
}
LAB = ("calibrate", "collect", "eval", "label", "scene", "train")  # commands of vidframe-lab, which no shop needs
GROUP = "vidframe.commands"  # entry points; a dot in the name makes a sub-command: eval.faces


class Commands(click.Group):
    """Commands of ours and of plugins; each is imported when it is called, so that a broken one harms no other."""

    def __init__(self, prefix: str = "", **settings: Any) -> None:
        super().__init__(**settings)
        self.prefix = prefix

    def list_commands(self, context: click.Context) -> list[str]:
        """Names of the commands, without importing them."""
        ours = [] if self.prefix else list(OURS)
        theirs = {name.removeprefix(self.prefix).partition(".")[0] for name in _plugin_commands(self.prefix)}
        return [*ours, *sorted(theirs - set(ours))]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """One command; None if there is none of that name."""
        if not self.prefix and name in OURS:
            module, _, attribute = OURS[name].partition(":")
            command: click.Command = getattr(importlib.import_module(module), attribute)
            return command
        full_name = self.prefix + name
        commands = _plugin_commands(self.prefix)
        if full_name in commands:
            return _loaded(full_name, commands[full_name])
        if any(other.startswith(full_name + ".") for other in commands):
            return Commands(f"{full_name}.", name=name, help=f"Commands of plugins: {name} ...")
        if full_name in LAB:
            raise click.ClickException(
                f"{name} is a command of vidframe-lab, which is not installed: pip install ./lab"
            )
        return None

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; a mistyped command is answered with the one that was probably meant."""
        try:
            return super().resolve_command(context, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(args[0], self.list_commands(context), n=1)
            if not close:
                raise
            raise click.UsageError(f"no command {args[0]!r}; did you mean {close[0]!r}?", context) from error

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands without importing them."""
        owners = _plugin_commands(self.prefix)
        rows = []
        for name in self.list_commands(context):
            if not self.prefix and name in HELP:
                rows.append((name, HELP[name]))
                continue
            full_name = self.prefix + name
            inside = sorted(other for other in owners if other == full_name or other.startswith(full_name + "."))
            parts = [other.removeprefix(full_name + ".") for other in inside if other != full_name]
            dist = getattr(owners[inside[0]].dist, "name", "a plugin")
            rows.append((name, ", ".join(parts) if parts else f"(of {dist})"))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _plugin_commands(prefix: str) -> dict[str, Any]:
    return {entry.name: entry for entry in entry_points(group=GROUP) if entry.name.startswith(prefix)}


def _loaded(name: str, entry: Any) -> click.Command:
    try:
        command = entry.load()
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}"
        raise click.ClickException(f"the command {name} of {entry.value} does not load: {reason}") from error
    if not isinstance(command, click.Command):
        raise click.ClickException(f"the command {name} of {entry.value} is not a click command")
    return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="vidframe")
def cli() -> None:
    """Video analytics for shops: interest by day, alerts with a clip by night."""


def main() -> None:
    """The entry point: whatever is wrong with the input is one line and exit code 2."""
    # Which plugin took the process along, and where it hung when a service manager gave up with SIGABRT.
    if sys.__stderr__ is not None:
        faulthandler.enable(sys.__stderr__)
    try:
        cli.main(prog_name="vidframe", standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        who, where = "vidframe", ""
        if isinstance(error, click.UsageError) and error.ctx is not None:
            who = error.ctx.command_path
            where = f" (see {who} --help)"
        click.echo(f"{who}: {error.format_message().rstrip('.')}{where}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(0)
