"""`vidframe new-plugin`: a folder with a plugin that can be installed, run and tested at once."""

from __future__ import annotations

import importlib.util
import keyword
import pkgutil
import re
import sys
from pathlib import Path
from string import Template

import click

from vidframe.cli import OURS
from vidframe.cli import plugin_templates as templates
from vidframe.core.plugin.registry import GROUPS, STEP_OPTIONS, extensions
from vidframe.core.sources.address import SCHEMES

_PATTERN = r"[a-z][a-z0-9]*([-_][a-z0-9]+)*"
_LONGEST = 30  # so that kinds of events, which begin with it, have room for a word


@click.command("new-plugin")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(list(templates.MODULES)),
    default="step",
    show_default=True,
    help="step: looks at frames. detector: finds things in them. sink: takes events. source: brings frames.",
)
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Parent of the folder.")
def new_plugin(name: str, kind: str, into: Path) -> None:
    """Make a folder with a new plugin called NAME, ready to install."""
    if reason := _refusal(name, kind):
        raise click.BadParameter(f"{name!r} {reason}", param_hint="NAME")
    name, dashed = name.replace("-", "_"), name.replace("_", "-")
    folder = into / f"vidframe-{dashed}"
    if folder.exists():
        raise click.ClickException(f"{folder} exists already; nothing was written")
    for path, text in _files(name, dashed, kind).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    click.echo(f"{folder}: next, cd {folder} and do what README.md says")


def _files(name: str, dashed: str, kind: str) -> dict[str, str]:
    words = {
        "name": name,
        "dashed": dashed,
        "kind": "".join(part.capitalize() for part in name.split("_")),
        "words": name.replace("_", " ").capitalize(),
        "noun": templates.NOUNS[kind],
        "group": GROUPS["sources" if kind == "source" else "plugins"],
        "entry": dashed if kind == "source" else name,  # an address cannot have a _ in its scheme
    }
    words["attribute"] = "open_source" if kind == "source" else words["kind"]
    words["yaml"] = Template(templates.YAML[kind]).substitute(words)
    files = {
        "pyproject.toml": templates.PYPROJECT,
        "README.md": templates.README,
        f"vidframe_{name}/__init__.py": templates.MODULES[kind],
        f"vidframe_{name}/py.typed": "",
        f"tests/test_{name}.py": templates.TESTS[kind],
    }
    return {path: Template(text).substitute(words) for path, text in files.items()}


def _refusal(name: str, kind: str) -> str:
    """Why a plugin cannot be called so; empty where it can."""
    plain, dashed = name.replace("-", "_"), name.replace("_", "-")
    if not re.fullmatch(_PATTERN, name) or len(name) > _LONGEST:
        return f"must be lower-case letters and digits, parted by - or _, at most {_LONGEST}, such as shelf_light"
    if keyword.iskeyword(plain):
        return "is a word of Python"
    if plain in STEP_OPTIONS:
        return "is an option of every step in a config"
    if dashed in OURS or extensions("commands").get(dashed):
        return f"is a command: vidframe {dashed}"
    if kind == "source" and (dashed in SCHEMES or extensions("sources").get(dashed)):
        return f"is a kind of source that vidframe has: {dashed}://"
    if extensions("plugins").get(plain):
        return "is the name of an installed plugin"
    if plain in sys.stdlib_module_names or plain == "test":
        return "is a module of Python itself"
    if plain == "vidframe" or plain in {
        module.name for module in pkgutil.iter_modules([str(Path(__file__).parents[1])])
    }:
        return "is a part of vidframe"
    for module in (plain, f"vidframe_{plain}"):
        if importlib.util.find_spec(module) is not None:
            return f"is taken: Python finds a module {module} already"
    return ""
