"""Every installed plugin keeps the contract."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from vidframe.core.plugin import registry
from vidframe.testing import conformance

# Settings that have no default, for plugins that cannot do without.
SETTINGS: dict[str, dict[str, Any]] = {
    "face_collector": {"consent": True, "folder": Path(tempfile.gettempdir(), "vidframe-collected")},
    "events": {"file": Path(tempfile.gettempdir(), "vidframe-events.jsonl")},
    "annotate": {"file": Path(tempfile.gettempdir(), "vidframe-annotated.mp4")},
    "mqtt": {"host": "127.0.0.1", "port": 9},
    "webhook": {"url": "http://127.0.0.1:9/", "secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"},
    "shop": {"url": "http://127.0.0.1:9", "token": "not-a-real-token"},
    "interest": {"zones": [{"name": "tea", "polygon": [(0.0, 0.0), (0.3, 0.0), (0.3, 1.0)]}]},
}


@pytest.mark.parametrize("name", sorted(registry.installed()))
def test_every_installed_plugin_keeps_the_contract(name: str) -> None:
    plugin = registry.load(name)
    settings = plugin.settings(**SETTINGS.get(name, {}))

    conformance(plugin.kind, **{key: getattr(settings, key) for key in settings.model_fields_set})
