"""`vidframe plugins`: what is installed, what each needs and adds, and what is broken."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from vidframe.core.plugin.probe import Description, probe

COLOURS = {"ok": "green", "broken": "red", "clash": "yellow"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plugins(as_json: bool) -> None:
    """List the installed plugins with their settings; a broken one is listed with its reason."""
    if as_json:
        click.echo(json.dumps([asdict(description) for description in probe()], indent=2))
        return
    found = False
    for description in probe():
        found = True
        _show(description)
    if not found:
        click.echo("no plugin is installed; try: pip install ./plugins/faces")


def _show(plugin: Description) -> None:
    title = click.style(plugin.name, bold=True)
    state = click.style(plugin.state, fg=COLOURS[plugin.state])
    origin = f"  {plugin.distribution} {plugin.version}".rstrip()
    click.echo(f"{title}{origin}  {state}")
    if plugin.state != "ok":
        click.echo(f"    {plugin.reason}")
        return
    click.echo(f"    {plugin.summary or '(no docstring)'}")
    click.echo(f"    needs {', '.join(plugin.needs) or 'nothing'} · adds {', '.join(plugin.adds) or 'nothing'}")
    for line in setting_lines(plugin.schema or {}):
        click.echo(f"      {line}")


def setting_lines(schema: dict[str, Any]) -> list[str]:
    """One line a setting: name, type, default, range and what it means."""
    required = schema.get("required", [])
    lines = []
    for name, field in schema.get("properties", {}).items():
        default = "needed" if name in required else f"= {json.dumps(field.get('default'))}"
        about = [part for part in (_range(field), field.get("description", "")) if part]
        lines.append(f"{name}: {_type(field)} {default}{'  ' if about else ''}{'; '.join(about)}")
    return lines


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " | ".join(str(value) for value in field["enum"])
    if "const" in field:
        return str(field["const"])
    if "anyOf" in field:
        types = [_type(option) for option in field["anyOf"]]
        return "time" if types == ["number", "string"] else " | ".join(dict.fromkeys(types))
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    return str(field.get("type", "untyped"))


def _range(field: dict[str, Any]) -> str:
    limits = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    return " ".join(f"{word} {field[key]:g}" for key, word in limits.items() if key in field)
