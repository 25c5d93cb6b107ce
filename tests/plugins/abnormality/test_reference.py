"""The reference frame: how it is taken, what it follows, and what it must not learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_abnormality.blobs import Blob, change_mask, find_blobs, mask_of
from vidframe_abnormality.change import LIGHT_STAYS, NewLight
from vidframe_abnormality.ghosts import Absorbed
from vidframe_abnormality.light import smoothed
from vidframe_abnormality.noise import IGNORED, NoiseModel, SpeckModel, noise_between
from vidframe_abnormality.objects import TRUSTED, KnownObjects, light_labels
from vidframe_abnormality.reference import ReferenceFrame
from vidframe_abnormality.warm_up import Exposure, WarmUp

from tests.plugins.abnormality.scenes import SIZE, film, person, room

Pixels = NDArray[Any]  # uint8
MIN_AREA = 0.006  # share of the frame
THING = np.s_[90:140, 40:80]  # rows and columns


def noise_model(frame: Pixels) -> NoiseModel:
    return NoiseModel(frame, 20.0, np.zeros(frame.shape, np.uint8))


def reference_of(frame: Pixels) -> ReferenceFrame:
    return ReferenceFrame(frame, 0.0, noise_model(frame))


def with_thing(frame: Pixels, shade: int = 220) -> Pixels:
    changed = frame.copy()
    changed[THING] = shade
    return changed


def blobs_in(frame: Pixels, reference: ReferenceFrame) -> tuple[Pixels, list[Blob]]:
    difference = np.abs(frame.astype(int) - reference.expected).astype(np.uint8)
    return find_blobs(change_mask(difference, reference.thresholds), MIN_AREA)


def test_the_median_of_the_warm_up_shows_nobody_who_walks_through() -> None:
    frames = list(film(lambda index, picture: person(picture, 10 * index), 31))
    warm_up = WarmUp(frames[0], 0.0, noise_model(frames[0]), MIN_AREA)
    for index, frame in enumerate(frames[1:], start=1):
        warm_up.add(frame, index / 10)

    reference = warm_up.finish().reference

    assert np.abs(reference.original - room()).max() < 15


def test_the_exposure_settles_between_the_two_limits() -> None:
    dark, bright = np.full(SIZE, 60, np.uint8), np.full(SIZE, 120, np.uint8)
    steady, flickering = (Exposure(dark, 0.0, warm_up=3.0, settle_limit=5.0) for _ in range(2))

    at = [second / 2 for second in range(1, 11)]

    assert next(seconds for seconds in at if steady.has_settled(dark, seconds)) == 3.0
    assert [seconds for seconds in at if flickering.has_settled((dark, bright)[int(2 * seconds) % 2], seconds)] == [5.0]


def test_drift_is_followed_but_not_where_the_reference_is_frozen() -> None:
    reference = reference_of(room())
    brighter = room() + np.uint8(10)
    frozen = np.zeros(SIZE, np.uint8)
    frozen[THING] = 1

    for second in range(1, 31):
        reference.update_outside(frozen, brighter, float(second))

    difference = reference.original - room()
    assert not difference[THING].any()
    assert difference[frozen == 0].mean() == pytest.approx(10, abs=0.5)


def test_another_light_is_put_on_the_expected_frame_and_not_on_the_reference_frame() -> None:
    reference = reference_of(room())
    dimmed = (room() * 0.6).astype(np.uint8)

    reference.relight(dimmed)

    assert np.abs(reference.expected.astype(int) - dimmed).mean() < 2
    assert (reference.as_taken == room()).all()


def test_a_pixel_that_sways_needs_a_larger_difference_and_one_that_is_ignored_has_none() -> None:
    reference = reference_of(room())
    before = reference.thresholds[THING].mean()

    for tenth in range(1, 31):
        reference.noise.learn(with_thing(room(), 200 if tenth % 2 else 60), reference.original, tenth)
    reference.ignore(slice(0, 10), slice(0, 20))

    assert reference.thresholds[THING].mean() > 2 * before
    assert reference.thresholds[150:, 200:].mean() == pytest.approx(before, rel=0.1)
    assert (reference.thresholds[:10, :20] == IGNORED).all()


@pytest.mark.parametrize("sigma", [5.0, 9.0])
def test_an_object_hardly_counts_as_noise(sigma: float) -> None:
    grains = np.random.default_rng(1).normal(0, sigma, SIZE).round()
    noisy = np.clip(room() + grains, 0, 255).astype(np.uint8)

    assert noise_between(noisy, room()) == pytest.approx(sigma, rel=0.15)
    assert noise_between(with_thing(noisy), room()) == pytest.approx(sigma, rel=0.15)


def test_specks_that_come_in_numbers_raise_the_least_area_of_a_blob() -> None:
    specks = SpeckModel(MIN_AREA)
    calm = specks.least_area

    for _ in range(20):
        specks.update([Blob((0, 0, 0.1, 0.1), MIN_AREA / 5, label) for label in range(1, 9)], 0.2)

    assert calm == pytest.approx(MIN_AREA / 10)
    assert specks.least_area == pytest.approx(3 / 5 * MIN_AREA, rel=0.05)


def test_what_was_absorbed_and_is_gone_leaves_no_ghost() -> None:
    reference = reference_of(room())
    absorbed = Absorbed(reference)
    labels, blobs = blobs_in(with_thing(room()), reference)
    assert absorbed.without_ghosts(with_thing(room()), labels, blobs) == blobs

    absorbed.add(with_thing(room()), mask_of(labels, blobs))
    assert blobs_in(with_thing(room()), reference)[1] == []

    labels, ghosts = blobs_in(room(), reference)
    assert len(ghosts) == 1
    assert absorbed.without_ghosts(room(), labels, ghosts) == []
    assert np.abs(reference.original - room()).max() <= 1


def test_another_thing_in_the_place_of_an_absorbed_one_is_no_ghost() -> None:
    reference = reference_of(room())
    absorbed = Absorbed(reference)
    labels, blobs = blobs_in(with_thing(room()), reference)
    absorbed.add(with_thing(room()), mask_of(labels, blobs))

    labels, others = blobs_in(with_thing(room(), 20), reference)

    assert absorbed.without_ghosts(with_thing(room(), 20), labels, others) == others


def test_a_lamp_is_light_and_a_thing_is_none() -> None:
    reference = reference_of(smoothed(room()))
    spot = np.zeros(SIZE, np.float32)
    spot[20:140, 150:290] = 1
    for _ in range(12):
        spot = smoothed(spot)
    lit = np.clip(smoothed(room()) * (1 + 0.6 * spot), 0, 255).astype(np.uint8)
    frame = smoothed(with_thing(lit))
    labels, blobs = blobs_in(frame, reference)

    lights = light_labels(frame, reference, labels, blobs)

    thing = labels[57, 30]
    lamp = labels[40, 110]
    assert thing not in lights
    assert lamp in lights


def test_objects_that_are_known_are_not_tested_again_for_a_while() -> None:
    labels, blobs = blobs_in(with_thing(room()), reference_of(room()))
    known = KnownObjects(MIN_AREA)
    assert known.to_test(labels, blobs) == blobs

    tested = []
    for _ in range(TRUSTED + 2):
        known.update(mask_of(labels, blobs))
        tested.append(known.to_test(labels, blobs))

    assert tested == [[]] * TRUSTED + [blobs, []]


def test_a_new_light_must_stand_still() -> None:
    bright, dark = np.full(SIZE, 150, np.uint8), np.full(SIZE, 90, np.uint8)
    everywhere = np.ones(SIZE, np.uint8)
    light = NewLight()

    assert not light.has_settled(bright, 0.0, everywhere, 2.0)
    assert not light.has_settled(dark, 1.0, everywhere, 2.0)
    assert not light.has_settled(dark, LIGHT_STAYS + 0.5, everywhere, 2.0)
    assert light.has_settled(dark, LIGHT_STAYS + 1.1, everywhere, 2.0)
