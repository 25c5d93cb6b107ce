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
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)],
        check=True,
    )
    return next(folder.glob("vidframe-*.whl"))


@pytest.mark.slow
def test_the_wheel_has_the_framework_the_shop_and_no_plugin(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        metadata = archive.read(next(n for n in archive.namelist() if n.endswith("/METADATA"))).decode()

    assert {top for top in tops if not top.endswith(".dist-info")} == {"vidframe", "shop_app"}
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert not [line for line in needed if any(heavy in line for heavy in ("mediapipe", "keras", "torch", "flask"))]


@pytest.mark.slow
def test_a_chain_runs_from_the_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, symlinks=True)
    packages = next((home / "lib").glob("python*/site-packages"))
    # The third-party packages of this environment, without its editable members.
    (packages / "third_party.pth").write_text("\n".join(third_party_folders()) + "\n")
    with zipfile.ZipFile(wheel) as archive:
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
