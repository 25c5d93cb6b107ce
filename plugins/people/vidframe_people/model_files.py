"""Which model files the plugin runs, where they lie, and whether they are whole. MODELS.md tells where they come from."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent / "models"

BODIES = "coco_ssd.pb"
POSE = "movenet_lightning.pb"

SHA256 = {
    BODIES: "696dcf7d56765e2730be0eb4e11d4cc7b9cf4c9a456d7fbd2e2aae73114903b8",
    POSE: "5d02ce867532a7877abc3b05932e8119402d563c0e5a7133b9409e69ab982ebd",
}


def sha256(content: bytes) -> str:
    """The checksum as lower-case hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def model_path(name: str) -> Path:
    """Where the model lies; FileNotFoundError says how to get it."""
    path = FOLDER / name
    if not path.is_file():
        raise FileNotFoundError(
            f"vidframe-people: the model {name} is missing in {FOLDER}; the plugin's build puts it there: "
            "install it with pip (pip install ./plugins/people), not by copying the folder"
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
