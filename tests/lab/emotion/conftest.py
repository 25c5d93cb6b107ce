"""The faces of the plugin's own tests, and FER2013."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.plugins.emotion.conftest import make_face, portrait

__all__ = ["make_face", "portrait"]


@pytest.fixture(scope="session")
def fer2013() -> Path:
    """FER2013 as a .npz file; it cannot be part of the project."""
    folder = os.environ.get("VIDFRAME_DATA")
    if not folder:
        pytest.skip("VIDFRAME_DATA names no folder with emotion/fer2013.npz")
    return Path(folder, "emotion", "fer2013.npz")
