"""What pytest learns from an installed vidframe: two fixtures, an option, and the contract of the package in hand.

The package in hand is the one whose pyproject.toml lies in pytest's root folder. Each entry point in its
`[project.entry-points."vidframe.plugins"]` is a test, `pyproject.toml::conformance[NAME]`. Settings without default
stand in `[tool.vidframe.conformance.NAME]`. Elsewhere nothing happens.
"""

# Loaded in every run of pytest where vidframe is installed: what takes time to import is imported when it is used.
from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from vidframe.testing import FakeClock, TestCamera

UPDATE = "VIDFRAME_UPDATE"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--vidframe-update`."""
    group = parser.getgroup("vidframe")
    group.addoption("--vidframe-update", action="store_true", help="let vidframe.testing.replay rewrite its files")


def pytest_configure(config: pytest.Config) -> None:
    """Tells `replay`, which knows nothing of pytest, and looks for a package."""
    if config.getoption("--vidframe-update"):
        before = os.environ.get(UPDATE)
        os.environ[UPDATE] = "1"
        config.add_cleanup(lambda: _restore(before))
    _add_package(config)


def _add_package(config: pytest.Config) -> None:
    """Has the package's pyproject.toml collected where its folders are tested, and not single files."""
    path = config.rootpath / "pyproject.toml"
    folders = [Path(config.invocation_params.dir, arg) for arg in config.args]
    is_whole = folders and all(folder.is_dir() for folder in folders)
    if is_whole and all(config.rootpath != folder.resolve() for folder in folders) and _entry_points(path):
        config.args.append(str(path))


def _restore(value: str | None) -> None:
    os.environ.pop(UPDATE, None)
    if value is not None:
        os.environ[UPDATE] = value


@pytest.fixture
def vidframe_camera(tmp_path: Path) -> Iterator[TestCamera]:
    """A camera whose state folder is the test's `tmp_path`; keeps events and metrics."""
    from vidframe.testing import make_camera

    camera = make_camera(state=tmp_path)
    yield camera
    camera.close()


@pytest.fixture
def vidframe_clock() -> Iterator[FakeClock]:
    """A clock that stands still until the test moves it, in place of those of the module `time`."""
    from vidframe.testing import FakeClock

    with FakeClock() as clock:
        yield clock


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The pyproject.toml of the package in hand, where it is asked for by name or by its folder."""
    is_ours = file_path == parent.config.rootpath / "pyproject.toml" and _entry_points(file_path)
    return Package.from_parent(parent, path=file_path) if is_ours else None


class Package(pytest.File):
    """The pyproject.toml of a package with plugins."""

    def collect(self) -> Iterable[Contract]:
        """A test for each plugin."""
        return [
            Contract.from_parent(self, name=f"conformance[{name}]", plugin=name, value=value)
            for name, value in _entry_points(self.path).items()
        ]


class Contract(pytest.Item):
    """Whether a plugin keeps the contract."""

    def __init__(self, *, plugin: str, value: str, **rest: Any) -> None:
        super().__init__(**rest)
        self._plugin = plugin
        self._value = value

    def runtest(self) -> None:
        """Imports the class, and has it checked."""
        from vidframe.core.plugin import registry
        from vidframe.testing import conformance

        try:
            kind = EntryPoint(self._plugin, self._value, "vidframe.plugins").load()
        except (ImportError, AttributeError) as error:
            pytest.fail(f"the entry point {self._plugin} = {self._value} does not load: {error}", pytrace=False)
        given = _tables(self.path, "tool", "vidframe", "conformance", self._plugin)
        settings = registry.inspected(self._plugin, kind).settings(**given)
        conformance(kind, **{name: getattr(settings, name) for name in settings.model_fields_set})

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it stands."""
        return self.path, None, f"conformance of {self._plugin}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is broken, in one line; the traceback of the plugin's own exception where there is one."""
        if isinstance(excinfo.value, AssertionError) and excinfo.value.__cause__ is None:
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)


def _entry_points(path: Path) -> dict[str, str]:
    """Plugins of a pyproject.toml, as name -> module:class."""
    return _tables(path, "project", "entry-points", "vidframe.plugins")


def _tables(path: Path, *keys: str) -> dict[str, Any]:
    """A table of a TOML file; empty where there is none."""
    try:
        table: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else {}
