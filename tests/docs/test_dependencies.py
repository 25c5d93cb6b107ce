"""docs/dependencies.md names each package that an installation brings, with its licence and what it is for."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made() -> Any:
    """docs/make_dependencies.py."""
    spec = importlib.util.spec_from_file_location("make_dependencies", ROOT / "docs/make_dependencies.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(text: str) -> set[tuple[str, ...]]:
    """Package, version, licence and purpose of each row; the newest version is of the day on which it was made."""
    cells = [
        tuple(cell.strip() for cell in line.strip("|").split("|")) for line in text.splitlines() if line[:1] == "|"
    ]
    return {(name, version, licence, why) for name, version, _, licence, why in cells}


def test_the_table_is_that_of_what_is_installed(made: Any) -> None:
    assert rows(made.PAGE.read_text()) == rows(made.table({})), "run docs/make_dependencies.py"


def test_every_licence_is_permissive(made: Any) -> None:
    assert [(each.name, each.licence) for each in made.packages() if not each.is_permissive] == []


@pytest.mark.parametrize(
    ("licence", "is_permissive"),
    [("AGPL-3.0-only", False), ("MIT AND GPL-2.0", False), ("EPL-2.0 OR BSD-3-Clause", True), ("not stated", False),
     ("CC-BY-NC-4.0", False), ("LGPL-2.1-or-later", False), ("BSD License", True)],
)  # fmt: skip
def test_a_licence_that_is_not_permissive_is_seen(made: Any, licence: str, is_permissive: bool) -> None:
    assert made.Package("a", "1", licence, ()).is_permissive == is_permissive


def test_what_a_pyproject_names_has_its_reason(made: Any) -> None:
    named = set()
    for path in [ROOT / "pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml"), ROOT / "shop_app/pyproject.toml"]:
        dependencies = re.search(r"^dependencies = \[(.*?)^\]", path.read_text(), re.MULTILINE | re.DOTALL)
        assert dependencies is not None
        named |= {re.sub(r"[-_.]+", "-", name).lower() for name in re.findall(r'"([\w.-]+)', dependencies[1])}

    assert {name for name in named - made.WHY.keys() if not name.startswith("vidframe")} == set()
