"""Every installed plugin keeps the contract."""

from __future__ import annotations

from typing import Any

import pytest

from vidframe.core import registry
from vidframe.testing import conformance

# Settings that have no default, for plugins that cannot do without.
SETTINGS: dict[str, dict[str, Any]] = {}


@pytest.mark.parametrize("name", sorted(registry.installed()))
def test_every_installed_plugin_keeps_the_contract(name: str) -> None:
    conformance(registry.load(name).kind, **SETTINGS.get(name, {}))
