"""docs/dependencies.md names each package that an installation brings, with its licence and what it is for."""

from __future__ import annotations

import importlib.util
import json
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


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ({"dependencies": [{"name": "flask", "version": "3", "vulns": []}]}, 0, "0 of 1 packages; 0 could not"),
        ({"dependencies": [{"name": "flask", "skip_reason": "unknown"}]}, 0, "0 of 0 packages; 1 could not"),
        ({"dependencies": [{"name": "flask", "version": "3", "vulns": [{"id": "CVE-1"}]}]}, 1, "flask 3: CVE-1"),
        (None, 0, "not looked up: no route to host"),
    ],
)
def test_the_audit_says_what_it_found_and_what_it_could_not_reach(
    made: Any, answer: Any, code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    bom = {"specVersion": "1.6", "components": [{"name": n, "bom-ref": n} for n in ("Flask", "pytest", "vidframe")],
           "dependencies": [{"ref": "Flask", "dependsOn": ["pytest"]}, {"ref": "pytest"}]}  # fmt: skip
    audit = f"echo '{json.dumps(answer)}'" if answer else "echo 'no route to host' >&2; exit 1"
    for name, script in (("pip-audit", audit), ("cyclonedx-py", f"echo '{json.dumps(bom)}'")):
        (tmp_path / name).write_text(f"#!/bin/sh\ncat > /dev/null\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(made, "_tool", lambda name: str(tmp_path / name))
    monkeypatch.setattr(made, "newer_releases", lambda: None)
    monkeypatch.setattr(made, "ROOT", tmp_path)

    assert made.audit() == code

    told = capsys.readouterr().out
    assert said in told
    assert "the package index cannot be reached" in told
    written = json.loads((tmp_path / "build/sbom.json").read_text())
    assert [each["name"] for each in written["components"]] == ["Flask", "vidframe"]
    assert written["dependencies"] == [{"ref": "Flask", "dependsOn": []}]
