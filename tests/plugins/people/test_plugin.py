"""The step in a chain: the detector that its settings name, and what happens without one."""

from __future__ import annotations

import numpy as np
from vidframe_people.plugin import People

from tests.conftest import InstallPlugin
from vidframe.testing import film, run_chain

GREEN = """
    import numpy as np
    from vidframe import Box, Detection

    class Green:
        def detect(self, image, least=0.3):
            rows, columns = np.nonzero(image[:, :, 1] > 200)
            if not len(rows):
                return []
            left, top = int(columns.min()), int(rows.min())
            box = Box(left, top, int(columns.max()) - left, int(rows.max()) - top)
            return [Detection(box, "person", 0.9), Detection(box, "chair", 0.9)]
"""


def test_people_are_found_by_the_detector_that_the_settings_name(install_plugin: InstallPlugin) -> None:
    install_plugin(GREEN, group="vidframe.detectors", green="Green")
    pictures = [np.zeros((240, 320, 3), np.uint8) for _ in range(50)]
    for index, picture in enumerate(pictures[30:]):
        picture[80:200, 20 + 8 * index : 70 + 8 * index] = (0, 255, 0)  # before an even wall
        picture[120:160, 20 + 8 * index : 70 + 8 * index] = (150, 205, 0)

    run = run_chain([People(detector="green")], film(pictures))

    (person,) = run.frames[-1].people
    assert person.seen_by == "body"
    assert not run.frames[29].people
    assert abs(person.box.centre[0] - 197) < 12


def test_a_detector_that_is_not_installed_is_named_and_costs_this_step_alone() -> None:
    run = run_chain([People(detector="none_such")], film(2), fail=False)

    assert "no detector named 'none_such' is installed" in str(run.failures[0].error)
    assert len(run.frames) == 2
