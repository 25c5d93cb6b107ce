"""Detectors of people and things, which several plugins ask: found by entry point, made by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from vidframe.core.model.people import Detection
from vidframe.core.plugin.registry import PluginError, extensions, owner


class Detector(Protocol):
    """Finds people and things in one image. Asked by several threads at once."""

    def detect(self, image: NDArray[np.uint8], least: float = 0.3) -> list[Detection]:
        """What is in an image (height x width x 3, BGR, uint8), with scores of at least `least` (0..1).

        Boxes are in pixels of the image. Labels are those of COCO in lower case where they fit, such as
        "person", "dog" or "car".
        """


def has_detector(name: str) -> bool:
    """Whether an installed package brings a detector of this name."""
    return name in extensions("detectors")


def make_detector(name: str) -> Detector:
    """The detector of this name, ready to use; PluginError where none or two are installed, or where it does not load.

    A model is large: share one among the cameras, `camera.share(("detector", name), lambda: make_detector(name))`.
    """
    entries = extensions("detectors").get(name, [])
    if len(entries) != 1:
        known = ", ".join(extensions("detectors")) or "none"
        raise PluginError(
            f"no detector named {name!r} is installed; installed: {known}"
            if not entries
            else f"detector {name!r} is claimed by {' and '.join(sorted(owner(entry) for entry in entries))}"
        )
    try:
        make = cast(Callable[[], Detector], entries[0].load())
        return make()
    except Exception as error:
        raise PluginError(f"detector {name!r} of {owner(entries[0])} does not load: {error}") from error
