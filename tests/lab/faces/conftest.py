"""The drawn rooms of the plugin's own tests."""

from tests.plugins.faces.conftest import portrait, scene

__all__ = ["portrait", "scene"]
