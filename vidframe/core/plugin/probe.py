"""Describes installed plugins from a process of its own, so that one that hangs or dies on import harms nobody."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from vidframe.core.plugin import registry
from vidframe.core.plugin.registry import IMPORT_SECONDS


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
        waiting = waiting[described:]


def _from_one_process(names: list[str]) -> Iterator[Description]:
    """Ends early after a plugin that hung or ended the process."""
    command = [sys.executable, "-m", "vidframe.core.plugin.probe", *names]
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=nowhere, stdout=subprocess.PIPE, stderr=nowhere, text=True) as process:
        assert process.stdout is not None
        try:
            process.stdout.readline()  # it is up; on a busy machine that takes longer than an import may
            for name in names:
                watchdog = threading.Timer(IMPORT_SECONDS, process.kill)
                watchdog.start()
                line = process.stdout.readline()
                watchdog.cancel()
                if not line:
                    yield Description(name, "broken", _last_words(process.wait()))
                    return
                fields = json.loads(line)
                yield Description(**fields | {"needs": tuple(fields["needs"]), "adds": tuple(fields["adds"])})
        finally:
            process.kill()


def _last_words(code: int) -> str:
    if code == -signal.SIGKILL:
        return f"its import took more than {IMPORT_SECONDS:.0f} s"
    return f"its import ended the process ({signal.Signals(-code).name if code < 0 else f'exit code {code}'})"


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
    # A plugin that prints on import, in whatever way, must not spoil the answers.
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        print("ready", file=answers, flush=True)
        for name in sys.argv[1:]:
            print(json.dumps(asdict(_describe(name))), file=answers, flush=True)


if __name__ == "__main__":
    _main()
