"""`vidframe new-plugin`: a folder with a plugin that can be installed, run and tested at once."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

import click

from vidframe.core.plugin.registry import installed

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "vidframe-{dashed}"
version = "0.1.0"
description = "{words}, a plugin for vidframe"
requires-python = ">=3.11"
dependencies = ["vidframe>=0.1,<0.3"]

[project.entry-points."vidframe.plugins"]
{name} = "vidframe_{name}:{kind}"
"""

MODULE = '''\
"""{words}: says what this plugin is for, in one line."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from vidframe import Frame, hookimpl


@dataclass
class {kind}:
    """Reports `{name}.dark` where the mean pixel value is below `threshold`."""

    threshold: Annotated[float, Field(ge=0, le=255, description="mean luma, 0 to 255")] = 20

    needs = ()
    adds = ()

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        brightness = float(frame.gray.mean())
        if brightness < self.threshold:
            frame.report("{name}.dark", brightness=round(brightness, 1))
'''

TEST = '''\
"""The plugin keeps the contract and does what it says."""

import numpy as np

from vidframe.testing import conformance, make_frame, run_plugin
from vidframe_{name} import {kind}


def test_it_keeps_the_contract() -> None:
    conformance({kind})


def test_a_dark_frame_is_reported_and_a_bright_one_is_not() -> None:
    dark = make_frame(np.full((120, 160, 3), 5, np.uint8))
    bright = make_frame(np.full((120, 160, 3), 200, np.uint8))

    assert [event.kind for event in run_plugin({kind}(threshold=50), [dark])] == ["{name}.dark"]
    assert run_plugin({kind}(threshold=50), [bright]) == []
'''

README = """\
# vidframe-{dashed}

    pip install -e .
    vidframe plugins
    pytest

In a config:

    always:
      - {name}: {{threshold: 30}}
"""


@click.command("new-plugin")
@click.argument("name")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Parent of the folder.")
def new_plugin(name: str, into: Path) -> None:
    """Make a folder with a new plugin called NAME, ready to install."""
    name = _checked(name)
    folder = into / f"vidframe-{name.replace('_', '-')}"
    if folder.exists():
        raise click.ClickException(f"{folder} exists already; nothing was written")
    words = {
        "name": name,
        "dashed": name.replace("_", "-"),
        "kind": "".join(part.capitalize() for part in name.split("_")),
        "words": name.replace("_", " ").capitalize(),
    }
    files = {
        "pyproject.toml": PYPROJECT,
        f"vidframe_{name}/__init__.py": MODULE,
        f"tests/test_{name}.py": TEST,
        "README.md": README,
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text.format(**words), encoding="utf-8")
    (folder / f"vidframe_{name}" / "py.typed").touch()
    click.echo(f"{folder}: next, pip install -e {folder} && vidframe plugins")


def _checked(name: str) -> str:
    """The name as a module has it; BadParameter if it is none, or taken."""
    name = name.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        message = f"{name!r} must be lower-case letters, digits and _, and no word of Python"
        raise click.BadParameter(message, param_hint="NAME")
    if name in installed():
        raise click.BadParameter(f"a plugin named {name!r} is installed already", param_hint="NAME")
    return name
