"""The framework works from its wheel, in an environment of its own, without this checkout."""

from __future__ import annotations

import json
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.clips import write_clip

ROOT = Path(__file__).parents[1]
PLUGIN = """
from dataclasses import dataclass
from vidframe import hookimpl

@dataclass
class Tick:
    "Reports each frame."
    @hookimpl
    def process_frame(self, frame):
        frame.report("tick")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("wheel"))


def built(project: Path, folder: Path) -> Path:
    """The wheel of a project, in an empty folder."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(project)],
        check=True,
    )
    return next(folder.glob("*.whl"))


def content_of(wheel: Path) -> tuple[list[str], str]:
    """The names of its files, and its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        return names, archive.read(next(name for name in names if name.endswith("/METADATA"))).decode()


def tops(names: list[str]) -> set[str]:
    """What it puts beside other packages."""
    return {name.split("/")[0] for name in names} - {name.split("/")[0] for name in names if ".dist-info/" in name}


@pytest.mark.slow
def test_the_wheel_has_the_framework_and_neither_shop_nor_plugin(wheel: Path) -> None:
    names, metadata = content_of(wheel)

    assert tops(names) == {"vidframe"}
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert not [line for line in needed if any(heavy in line for heavy in ("mediapipe", "keras", "torch", "flask"))]


@pytest.mark.slow
def test_the_wheel_of_the_shop_app_has_all_of_its_folder_and_needs_no_vidframe(tmp_path: Path) -> None:
    names, metadata = content_of(built(ROOT / "shop_app", tmp_path))

    assert tops(names) == {"shop_app"}
    files = [path for path in (ROOT / "shop_app").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {str(path.relative_to(ROOT)) for path in files} - set(names) == {"shop_app/pyproject.toml"}
    assert not [line for line in metadata.splitlines() if line.startswith("Requires-Dist: vidframe")]


@pytest.mark.slow
def test_a_chain_runs_from_the_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, symlinks=True)
    packages = next((home / "lib").glob("python*/site-packages"))
    # The third-party packages of this environment, without its editable members.
    (packages / "third_party.pth").write_text("\n".join(third_party_folders()) + "\n")
    output = built(ROOT / "plugins" / "output", tmp_path / "output")  # for --events
    for part in (wheel, output):
        with zipfile.ZipFile(part) as archive:
            archive.extractall(packages)
    (packages / "tick.py").write_text(PLUGIN)
    info = packages / "tick-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tick\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vidframe.plugins]\ntick = tick:Tick\n")
    write_clip(tmp_path / "clip.mp4")
    (tmp_path / "shop.yaml").write_text("cameras: {door: clip.mp4}\nalways: [tick]\n")

    ran = subprocess.run(
        [str(home / "bin" / "python"), "-m", "vidframe", "run", "shop.yaml", "--events", "e.jsonl"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    kinds = [json.loads(line)["kind"] for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    assert kinds.count("tick") == 30


def third_party_folders() -> list[str]:
    import av  # any third-party package of this environment

    return sorted({str(Path(av.__file__).parents[1]), *site.getsitepackages()})
