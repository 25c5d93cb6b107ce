"""Detectors that packages bring."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import InstallPlugin
from vidframe.core.plugin.registry import PluginError
from vidframe.detectors import has_detector, make_detector

DETECTOR = """
    from vidframe import Box, Detection

    class Middle:
        def detect(self, image, least=0.3):
            height, width = image.shape[:2]
            return [Detection(Box(width / 4, height / 4, width / 2, height / 2), "person", 0.9)]

    class Broken:
        def __init__(self):
            raise OSError("model file not found")
"""


def test_a_package_brings_a_detector_by_name(install_plugin: InstallPlugin) -> None:
    install_plugin(DETECTOR, group="vidframe.detectors", middle="Middle")

    found = make_detector("middle").detect(np.zeros((100, 200, 3), np.uint8))

    assert has_detector("middle")
    assert [(each.label, tuple(each.box)) for each in found] == [("person", (50, 25, 100, 50))]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "no detector named 'missing' is installed; installed: .*broken"),
        ("broken", "detector 'broken' of outsider 1.0 does not load: model file not found"),
    ],
)
def test_a_detector_that_cannot_be_made_is_named(install_plugin: InstallPlugin, name: str, message: str) -> None:
    install_plugin(DETECTOR, group="vidframe.detectors", broken="Broken")

    with pytest.raises(PluginError, match=message):
        make_detector(name)


def test_two_packages_may_not_claim_one_name(install_plugin: InstallPlugin) -> None:
    install_plugin(DETECTOR, group="vidframe.detectors", middle="Middle")
    install_plugin(DETECTOR, distribution="another", group="vidframe.detectors", middle="Middle")

    with pytest.raises(PluginError, match=r"claimed by another 1\.0 and outsider 1\.0"):
        make_detector("middle")
