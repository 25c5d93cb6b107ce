"""Describes installed plugins from a process of its own, so that one that hangs or dies on import harms nobody."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from vidframe.core import registry

PATIENCE = 3.0  # seconds for one plugin's import; the bundled ones take a fraction of one


@dataclass(frozen=True)
class Description:
    """What `vidframe plugins` shows of one plugin."""

    name: str
    state: str  # "ok", "broken" or "clash"
    reason: str = ""
    distribution: str = ""
    version: str = ""
    summary: str = ""
    needs: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None  # JSON Schema of its settings


def probe(names: Iterable[str] | None = None) -> Iterator[Description]:
    """Descriptions of the named plugins (of all installed ones), in order."""
    waiting = list(registry.installed() if names is None else names)
    while waiting:
        described = 0
        for description in _from_one_process(waiting):
            yield description
            described += 1
        if described < len(waiting):  # the process hung or died at this one; the next takes the rest
            yield Description(
                waiting[described], "broken", f"its import hung for {PATIENCE:.0f} s or ended the process"
            )
            described += 1
        waiting = waiting[described:]


def _from_one_process(names: list[str]) -> Iterator[Description]:
    command = [sys.executable, "-m", "vidframe.core.probe", *names]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            for _ in names:
                watchdog = threading.Timer(PATIENCE, process.kill)
                watchdog.start()
                line = process.stdout.readline()
                watchdog.cancel()
                if not line.startswith("{"):
                    return
                fields = json.loads(line)
                yield Description(**fields | {"needs": tuple(fields["needs"]), "adds": tuple(fields["adds"])})
        finally:
            process.kill()


def _describe(name: str) -> Description:
    try:
        plugin = registry.load(name)
    except registry.PluginError as error:
        clash = len(registry.installed().get(name, ())) > 1
        return Description(name, "clash" if clash else "broken", str(error))
    return Description(
        name,
        "ok",
        "",
        plugin.distribution,
        plugin.version,
        plugin.summary,
        plugin.needs,
        plugin.adds,
        plugin.settings.model_json_schema(),
    )


def _main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # a plugin that prints on import must not spoil the answers
    for name in sys.argv[1:]:
        print(json.dumps(asdict(_describe(name))), file=answers, flush=True)


if __name__ == "__main__":
    _main()
