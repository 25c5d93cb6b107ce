"""Where changes count, and in which zone somebody stands."""

from __future__ import annotations

import numpy as np
from vidframe_abnormality.zones import ignore_mask, zones_of

LEFT = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]
TOP = [(0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5)]
SIZE = (40, 60)


def test_changes_count_everywhere_where_nothing_is_said() -> None:
    assert not ignore_mask([], {}, SIZE).any()


def test_changes_count_in_zones_alone_and_never_under_a_mask() -> None:
    mask = ignore_mask([TOP], {"left": LEFT}, SIZE)

    assert mask[30, 10] == 0
    assert (mask[30, 40], mask[10, 10], mask[10, 40]) == (255, 255, 255)
    assert set(np.unique(mask)) == {0, 255}


def test_a_box_stands_where_the_middle_of_its_lower_edge_is() -> None:
    zones = {"left": LEFT, "top": TOP}

    assert zones_of([(0.1, 0.1, 0.2, 0.6)], zones) == ["left"]
    assert zones_of([(0.4, 0.1, 0.4, 0.3)], zones) == ["top"]
    assert zones_of([(0.6, 0.5, 0.2, 0.4)], zones) == []
    assert zones_of([(0.1, 0.1, 0.2, 0.6), (0.7, 0.1, 0.1, 0.1)], zones) == ["left", "top"]
