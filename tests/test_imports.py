"""Who may import whom."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module or "")
    return names


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in (ROOT / folder).rglob("*.py") if ".venv" not in path.parts]


@pytest.mark.parametrize("path", python_files("plugins"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_plugin_imports_the_front_door_and_no_other_plugin(path: Path) -> None:
    own = f"vidframe_{path.relative_to(ROOT / 'plugins').parts[0]}"

    for name in imports_of(path):
        assert not name.startswith(("vidframe.core", "vidframe.cli", "shop_app")), name
        assert not name.startswith("vidframe_") or name.split(".")[0] == own, name


@pytest.mark.parametrize("path", python_files("shop_app"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_shop_app_imports_neither_the_framework_nor_a_plugin(path: Path) -> None:
    assert not [name for name in imports_of(path) if name.split(".")[0].startswith("vidframe")]
