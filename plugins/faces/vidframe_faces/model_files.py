"""Which model files the plugin runs, where they lie, and whether they are whole. MODELS.md tells where they come from."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent / "models"

SHORT_RANGE = "face_detector_short_range.tflite"
FULL_RANGE = "face_detector_full_range.tflite"
MESH = "face_mesh.tflite"

SHA256 = {
    SHORT_RANGE: "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    FULL_RANGE: "48a0fc2623d21b2ab83bbd33b4b6471031d6cd489b5ac6681160df016d5796ad",
    MESH: "bd5c884beb0065d04e78b7be4641d71afa2e4fb4dcb799472f4e346637123ebd",
}


def sha256(content: bytes) -> str:
    """The checksum as lower-case hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def model_path(name: str) -> Path:
    """Where the model lies; FileNotFoundError says how to get it."""
    path = FOLDER / name
    if not path.is_file():
        raise FileNotFoundError(
            f"vidframe-faces: the model {name} is missing in {FOLDER}; the plugin's build puts it there: "
            "install it with pip (pip install ./plugins/faces), not by copying the folder"
        )
    return path


def check() -> Iterator[tuple[str, str]]:
    """Each model, and what is wrong with it; empty if it is as it was built."""
    for name in SHA256:
        yield f"model {name}", _problem(name)


def _problem(name: str) -> str:
    try:
        found = sha256(model_path(name).read_bytes())
    except OSError as error:
        return str(error)
    if found != SHA256[name]:
        return f"{FOLDER / name} is damaged: sha256 is {found}, expected {SHA256[name]}; install the plugin again"
    return ""
