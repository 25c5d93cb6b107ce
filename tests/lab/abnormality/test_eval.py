"""`vidframe eval abnormality` on a drawn night, kept as a folder of pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from vidframe_lab.abnormality.evaluate import abnormality, made, read_truth, watch

from tests.plugins.abnormality.scenes import film, walks_through

Pixels = NDArray[Any]


def speck_and_walker(index: int, picture: Pixels) -> Pixels:
    """A moth of 0.35 % of the picture from frame 40 to 44, and somebody from frame 60 to 99."""
    if 40 <= index < 45:
        picture[30:44, 20:34] = 250
    return walks_through(index, picture)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    (folder / "shop").mkdir()
    for index, picture in enumerate(film(speck_and_walker, 130)):
        cv2.imwrite(str(folder / "shop" / f"{index:04d}.png"), picture)
    (folder / "truth.json").write_text(json.dumps({"shop": {"fps": 10, "incidents": [[60, 99]]}}))
    return folder


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(abnormality, ["--data", str(data), *arguments])


def test_an_incident_is_found_and_its_metrics_are_printed(data: Path) -> None:
    metrics = json.loads(run(data, "--json", "-").output)["all"]

    assert (metrics["found"], metrics["false"], metrics["delays"]) == (1, 0, [2])
    assert metrics["covered"] == 1.0


def test_a_sweep_has_a_row_for_each_value(data: Path) -> None:
    rows = json.loads(run(data, "--json", "-", "--sweep", "min_area=0.001..0.5").output)

    assert len(rows) == 7
    assert rows[-1]["found"] == 0  # nobody fills half of the picture


def test_what_is_drawn_is_also_what_was_too_small_to_count(data: Path) -> None:
    (truth,) = read_truth(data)

    areas = watch(data / truth.name, truth, made({})).areas

    assert 0.0025 < areas[42] < 0.006
    assert max(areas[60:100]) > 0.03
    assert max(areas[10:40]) < 0.0005


def test_a_plot_is_a_picture(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")

    result = run(data, "--plot", str(tmp_path / "plot.png"))

    assert result.exit_code == 0
    assert cv2.imread(str(tmp_path / "plot.png")) is not None


def test_a_plot_of_a_sweep_is_refused(data: Path, tmp_path: Path) -> None:
    result = run(data, "--sweep", "min_area=0.001..0.5", "--plot", str(tmp_path / "plot.png"))

    assert result.exit_code != 0
    assert "leave out --sweep" in result.output
