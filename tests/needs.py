"""What a test needs beyond the installed packages: skipped where it is missing, a failure in CI, which has to have all."""

from __future__ import annotations

import importlib
import os

import pytest


def missing(reason: str) -> None:
    """Skips the running test, or fails it in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def need_module(name: str) -> None:
    """For a package of an extra that takes much room."""
    try:
        importlib.import_module(name)
    except ImportError as error:
        missing(f"needs the package {name}: {error}")
