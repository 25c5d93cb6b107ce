"""The Python of docs/library.md runs as it stands, and brings what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clips import moving_square, write_clip
from tests.conftest import InstallPlugin

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs/library.md").read_text(), re.MULTILINE | re.DOTALL)
OUTPUT = {
    "shop.yaml": "0 1 []\n1 1 []\n2 1 []\n",
    "class Bright": "0.0 []\n0.1 ['bright']\n0.2 []\n",
    "open_source": "clip.mp4 live \n0.0 (120, 160, 3)\n0.1 (120, 160, 3)\n0.2 (120, 160, 3)\n",
}

EYES = """
    from vidframe import Box, Face, Frame, hookimpl


    class Eyes:
        '''Finds one face.'''

        adds = ("faces",)

        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            frame.faces = [Face(Box(1, 2, 3, 4), track=1)]
"""


@pytest.mark.parametrize("part", OUTPUT)
def test_the_examples_run(part: str, tmp_path: Path, install_plugin: InstallPlugin) -> None:
    install_plugin(EYES, eyes="Eyes")
    write_clip(tmp_path / "clip.mp4", moving_square(3))
    (tmp_path / "shop.yaml").write_text("cameras: {aisle: clip.mp4, door: clip.mp4}\nalways: [eyes]\n")
    [block] = [block for block in BLOCKS if part in block]

    ran = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True)

    assert (ran.stdout, ran.stderr) == (OUTPUT[part], "")


def test_no_example_is_left_out() -> None:
    assert len(BLOCKS) == len(OUTPUT)
