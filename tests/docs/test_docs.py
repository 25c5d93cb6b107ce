"""What the docs say is what the code does."""

from __future__ import annotations

import inspect
import re
import runpy
from pathlib import Path
from typing import Any

import click
import pytest

import vidframe
from shop_app.base.settings import Settings
from shop_app.cli import main as shop_main
from vidframe.cli import cli
from vidframe.core.config.reading import ConfigError, load
from vidframe.core.plugin import hookspecs, registry
from vidframe.core.plugin.registry import load as load_plugin

ROOT = Path(__file__).parents[2]
DOCS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


def text_of_docs() -> str:
    return "\n".join(path.read_text() for path in DOCS)


@pytest.mark.parametrize(
    "hook", [name for name in dir(hookspecs) if hasattr(getattr(hookspecs, name), "vidframe_spec")]
)
def test_every_hook_is_documented_with_its_arguments(hook: str) -> None:
    arguments = ", ".join(inspect.signature(getattr(hookspecs, hook)).parameters)

    assert f"`{hook}({arguments})`" in (ROOT / "docs/writing-a-plugin.md").read_text()


@pytest.mark.parametrize("name", sorted(set(vidframe.__all__) - {"hookimpl"}))
def test_every_name_of_the_front_door_has_a_docstring(name: str) -> None:
    assert name == "Seconds" or inspect.getdoc(getattr(vidframe, name))


def test_the_tables_of_keys_are_up_to_date() -> None:
    stale = runpy.run_path(str(ROOT / "docs/make_keys.py"))["stale"]()

    assert [page.name for page in stale] == [], "run: make keys"


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_of_the_shop_is_documented(name: str) -> None:
    assert re.search(rf"^\| .*`{name}`", (ROOT / "docs/shop-production.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", sorted(shop_main.commands))
def test_every_command_of_the_shop_is_documented(name: str) -> None:
    assert f"`vidframe-shop {name}" in (ROOT / "docs/shop-production.md").read_text()


@pytest.mark.parametrize("plugin", sorted(registry.installed()))
def test_every_setting_of_every_bundled_plugin_is_documented(plugin: str) -> None:
    pages = "\n".join(path.read_text() for path in (ROOT / "docs/plugins").glob("*.md"))

    missing = [name for name in load_plugin(plugin).settings.model_fields if f"`{name}`" not in pages]

    assert not missing


def options_of(command: click.Command) -> list[str]:
    return [
        name
        for option in command.params
        if isinstance(option, click.Option)
        for name in option.opts
        if name.startswith("--")
    ]


def every_command() -> list[tuple[str, click.Command]]:
    context = click.Context(cli)
    found = []
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                sub = command.get_command(context, inner)
                assert sub is not None
                found.append((f"{name} {inner}", sub))
        else:
            found.append((name, command))
    return found


@pytest.mark.parametrize(("name", "command"), [pytest.param(*pair, id=pair[0]) for pair in every_command()])
def test_every_command_and_option_is_documented(name: str, command: click.Command) -> None:
    text = text_of_docs()

    assert f"vidframe {name}" in text
    assert [option for option in options_of(command) if f"`{option}" not in text and f" {option}" not in text] == []


def yaml_blocks() -> list[Any]:
    blocks = []
    for path in DOCS:
        for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", path.read_text(), re.DOTALL)):
            # test_plugin_page.py runs those with plugins of their own.
            if re.search(r"^cameras:", block, re.MULTILINE) and not re.search("^plugins:", block, re.MULTILINE):
                blocks.append(pytest.param(block, id=f"{path.name}-{number}"))
    return blocks


class EveryVariable(dict[str, str]):
    """An environment in which everything is set."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return "user:password"

    def get(self, name: str, default: Any = None) -> Any:
        return "user:password"


@pytest.mark.parametrize("block", yaml_blocks())
def test_every_config_in_the_docs_passes_the_check(block: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(block)

    try:
        load(path, environ=EveryVariable())
    except ConfigError as error:
        pytest.fail(str(error))


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in CONFIGS])
def test_every_bundled_config_opens_with_whom_it_is_for_and_passes_the_check(path: Path) -> None:
    assert path.read_text().startswith("# ")
    try:
        load(path, environ=EveryVariable())
    except ConfigError as error:
        pytest.fail(str(error))


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in DOCS])
def test_every_link_in_the_docs_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())

    assert [link for link in links if not (path.parent / link).exists()] == []
