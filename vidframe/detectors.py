"""Detectors of people and things, for plugins that look for some.

A package brings one by an entry point in the group `vidframe.detectors`: `name = "package:make"`, where `make()`
returns a Detector.
"""

from vidframe.core.plugin.detectors import Detector, has_detector, make_detector

__all__ = ["Detector", "has_detector", "make_detector"]
