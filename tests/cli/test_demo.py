"""The demo keeps its hands off what is not its own, and its chain runs again."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from vidframe.cli import demo
from vidframe.core.config.reading import load


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    done = CliRunner().invoke(demo.demo, ["--out", str(tmp_path)])

    assert done.exit_code != 0
    assert "holds files that are not of a demo; choose another folder with --out" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_demo_takes_the_place_of_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "_film", lambda out: (out / "film.mp4").touch())
    monkeypatch.setattr(demo, "_run", lambda out, chain, progress: 0)
    invoke = ["--out", str(tmp_path / "demo"), "--no-shop"]
    CliRunner().invoke(demo.demo, invoke)
    (tmp_path / "demo" / "old.mp4").touch()

    assert CliRunner().invoke(demo.demo, invoke).exit_code == 0
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {"demo.yaml", "film.mp4"}


def test_without_the_shop_app_the_demo_says_how_to_get_it_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "_film", lambda out: None)
    monkeypatch.setattr(demo, "_run", lambda out, chain, progress: 0)
    monkeypatch.setattr(demo, "_has_shop_app", lambda: False)

    done = CliRunner().invoke(demo.demo, ["--out", str(tmp_path / "demo")])

    assert done.exit_code == 0
    assert "pip install ./shop_app" in done.output


def test_the_chain_of_the_demo_passes_check(tmp_path: Path) -> None:
    (tmp_path / "zones.yaml").write_text("- {name: tea, polygon: [[0, 0], [1, 0], [1, 1]]}\n")
    path = tmp_path / "demo.yaml"
    path.write_text(demo.CONFIG.format(name=path) + demo.SHOP.format(url="http://127.0.0.1:9"))

    config = load(path, environ={"SHOP_TOKEN": "not-a-real-token"})

    assert [step.name for step in config.cameras[0].order("night")] == ["day_night", "abnormality", "recorder", "shop"]
