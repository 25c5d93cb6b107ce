"""The JSON Schema says what `vidframe check` says, as far as a schema can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from vidframe.cli.schema import config_schema
from vidframe.core.config.document import read
from vidframe.core.config.keys import StepKeys
from vidframe.core.plugin.registry import STEP_OPTIONS

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


class AnyVariable(dict[str, str]):
    """An environment in which every variable is set."""

    def __contains__(self, name: object) -> bool:
        return True

    def get(self, name: str, default: Any = None) -> Any:
        return "user:password"


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = config_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_options_of_a_step_are_those_that_no_plugin_may_have_as_settings() -> None:
    assert set(StepKeys.model_fields) == STEP_OPTIONS


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_the_bundled_configs_are_valid(validator: Any, path: Path) -> None:
    value = read(path, AnyVariable()).value

    assert [error.message for error in validator.iter_errors(value)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"alwayz": []}, id="misspelt key"),
        pytest.param({"cameras": {"door": {"source": "a.mp4", "pace": "slow"}}}, id="unknown pace"),
        pytest.param({"always": [{"faces": {"min_fce": 3}}]}, id="misspelt setting"),
        pytest.param({"always": [{"abnormality": {"min_area": 7}}]}, id="value out of range"),
        pytest.param({"always": [{"faces": {"every": 0}}]}, id="every 0 frames"),
        pytest.param({"always": [{"faces": {}, "gaze": {}}]}, id="two plugins in one step"),
        pytest.param({"mode": "faces"}, id="mode by a plugin that decides none"),
        pytest.param({"mode": {"plugin": "day_night", "nightt": "22:00-06:00"}}, id="misspelt setting of the mode"),
    ],
)
def test_it_refuses_what_check_refuses(validator: Any, wrong: dict[str, Any]) -> None:
    assert not validator.is_valid(wrong)
