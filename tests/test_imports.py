"""Who may import whom: the contracts in pyproject.toml hold, name every package, and notice what breaks them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ["vidframe", "shop_app", "lab/vidframe_lab"]
PACKAGES += [str(path.relative_to(ROOT)) for path in sorted((ROOT / "plugins").glob("*/vidframe_*"))]

Lint = Callable[[], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python files of all packages, and the contracts."""
    folder = tmp_path_factory.mktemp("imports")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return folder


@pytest.fixture
def lint(copy: Path) -> Lint:
    """Runs import-linter on the copy."""
    places = sorted({str((copy / package).parent) for package in PACKAGES})
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(places), "PYTHONDONTWRITEBYTECODE": "1"}
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", code, "--no-logo"]
    return lambda: subprocess.run(command, cwd=copy, env=environ, capture_output=True, text=True, check=False)


def test_all_contracts_hold(lint: Lint) -> None:
    done = lint()

    assert done.returncode == 0, done.stdout


BESIDE = "The lab stands on plugins, plugins on the framework, the shop app beside"
SHOP = "The shop app knows neither the framework nor a plugin"
PLUGINS = "Plugins import what is public of vidframe, and nothing for tests"
LAB = "The lab imports what is public of vidframe, and vidframe.testing"
BROKER = "A single machine needs no broker and none of its packages"
ROOMS = "Rooms of shop_app"
PLANTS = [  # path, wrong import, the contract that it breaks
    ("vidframe/core/model/frames.py", "vidframe.core.run.chain", "Floors of vidframe.core"),
    ("shop_app/base/money.py", "shop_app.web.area", ROOMS),
    ("shop_app/notify/notifications/service.py", "shop_app.people.staff.service", ROOMS),
    ("shop_app/catalogue/stock/service.py", "shop_app.sales.till.service", ROOMS),
    ("shop_app/storefront/service.py", "shop_app.home.service", ROOMS),
    ("vidframe/core/plugin/registry.py", "vidframe.core.config.steps", "Floors of vidframe.core"),
    ("vidframe/core/config/steps.py", "vidframe.core.run.loop", "Floors of vidframe.core"),
    ("vidframe/core/sources/recording.py", "vidframe.core.config.document", "Floors of vidframe.core"),
    ("vidframe/core/observe/metrics.py", "vidframe.core.run.step", "Floors of vidframe.core"),
    ("vidframe/core/config/reading.py", "vidframe.core.observe.metrics", "Floors of vidframe.core"),
    ("vidframe/core/run/chain.py", "vidframe.core.run.loop", "Floors of vidframe.core.run"),
    ("vidframe/core/run/chain.py", "vidframe.testing", "Floors of vidframe"),
    ("vidframe/tools.py", "vidframe.core.model.events", "Floors of vidframe"),
    ("vidframe/core/run/unnamed.py", "json", "Floors of vidframe.core.run"),
    ("vidframe/unnamed.py", "json", "Floors of vidframe"),
    ("vidframe/core/run/worker.py", "nats", BROKER),
    ("vidframe/cli/demo.py", "shop_app", BESIDE),
    ("vidframe/cli/demo.py", "vidframe_lab.scene.film", BESIDE),
    ("vidframe/cli/doctor.py", "vidframe_faces.plugin", BESIDE),
    ("plugins/gaze/vidframe_gaze/zones.py", "vidframe_faces.plugin", BESIDE),
    ("plugins/gaze/vidframe_gaze/zones.py", "vidframe_lab.gaze.results", BESIDE),
    ("plugins/gaze/vidframe_gaze/zones.py", "vidframe.core.model.people", PLUGINS),
    ("plugins/gaze/vidframe_gaze/zones.py", "vidframe.testing", PLUGINS),
    ("plugins/shop/vidframe_shop/client.py", "shop_app.security.ingest", BESIDE),
    ("lab/vidframe_lab/gaze/results.py", "vidframe.core.run.chain", LAB),
    ("shop_app/base/money.py", "vidframe", SHOP),
    ("shop_app/base/money.py", "vidframe_shop.client", SHOP),
]


@pytest.mark.parametrize(("path", "wrong", "contract"), PLANTS, ids=[f"{path}-{wrong}" for path, wrong, _ in PLANTS])
def test_a_wrong_import_is_noticed(copy: Path, lint: Lint, path: str, wrong: str, contract: str) -> None:
    file = copy / path
    before = file.read_text() if file.exists() else None
    file.write_text(f"{before or ''}\nimport {wrong}\n")
    try:
        done = lint()
    finally:
        file.unlink() if before is None else file.write_text(before)

    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{contract} BROKEN" in done.stdout.splitlines(), done.stdout


def test_nothing_inside_imports_the_front_door() -> None:
    """It stands on everything, so that no layer can name it."""
    assert not grimp.build_graph("vidframe", cache_dir=None).find_modules_that_directly_import("vidframe")


def test_every_package_is_named_in_the_contracts() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    contracts = {contract["name"]: contract for contract in linter["contracts"]}
    names = {package.rpartition("/")[2] for package in PACKAGES}

    assert set(linter["root_packages"]) == names
    assert {name for floor in contracts[BESIDE]["layers"] for name in floor.split(" | ")} == names
    assert set(contracts[PLUGINS]["source_modules"]) == names - {"vidframe", "vidframe_lab", "shop_app"}
    assert set(contracts[SHOP]["forbidden_modules"]) == names - {"vidframe_lab", "shop_app"}
