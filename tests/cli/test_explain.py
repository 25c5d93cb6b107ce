"""`vidframe explain` shows who adds what for whom."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner

from vidframe.cli.check import explain

pytestmark = pytest.mark.usefixtures("example_plugins")


def explained(path: Path, text: str) -> list[str]:
    path.write_text(dedent(text))
    shown = CliRunner().invoke(explain, [str(path)], env={"TOKEN": "not-a-real-token"})
    assert shown.exit_code == 0, shown.output
    return shown.output.splitlines()


def test_the_data_flow_of_each_camera_is_shown(tmp_path: Path) -> None:
    shown = explained(
        tmp_path / "shop.yaml",
        """
        cameras:
          door: a.mp4
          till: {source: b.mp4, exclude: [look]}
        always:
          - eyes: {every: 200ms}
          - look: {on_error: {disable_after: 3}}
        """,
    )

    assert shown == [
        "camera door",
        "  always",
        "    1. eyes  adds faces (for look), faces.landmarks (for look) · every 0.2 s",
        "    2. look  uses faces (from eyes), faces.landmarks (from eyes) · adds faces.head_pose (unused) · "
        "on error disable after 3 failures",
        "camera till",
        "  always",
        "    1. eyes  adds faces (unused), faces.landmarks (unused) · every 0.2 s",
    ]


def test_cameras_that_a_plugin_knows_have_the_chain_of_the_file(tmp_path: Path) -> None:
    shown = explained(
        tmp_path / "shop.yaml",
        """
        cameras: {from: shop}
        mode: clock
        night: [eyes]
        always:
          - shop: {url: "http://127.0.0.1:9", token: !env TOKEN}
        """,
    )

    assert shown == [
        "every camera from shop",
        "  by day",
        "    1. clock  adds mode (day or night, selects the steps)",
        "    2. shop   uses masked (optional, not added)",
        "  by night",
        "    1. clock  adds mode (day or night, selects the steps)",
        "    2. eyes   adds faces (unused), faces.landmarks (unused)",
        "    3. shop   uses masked (optional, not added)",
    ]
