"""Paths and sums of latents, with values worked out by hand."""

import math

import numpy as np
import pytest

from serving import UsageError, latents

NOISE = [{"name": "noise", "start": 0, "size": 2}]
E1, E2 = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)
HALF = math.sqrt(0.5)


def test_the_arc_and_the_line_between_unit_vectors():
    arc = latents.path(E1, E2, 3, "gaussian", NOISE)
    line = latents.path(E1, E2, 3, "uniform", NOISE)
    np.testing.assert_allclose(arc, [[1, 0], [HALF, HALF], [0, 1]], atol=1e-7)
    np.testing.assert_allclose(line, [[1, 0], [0.5, 0.5], [0, 1]], atol=1e-7)
    assert arc.dtype == line.dtype == np.float32


def test_the_steps_of_an_arc_have_equal_angles():
    arc = latents.slerp(E1, E2, np.linspace(0, 1, 10))
    angles = np.arctan2(arc[:, 1], arc[:, 0])
    np.testing.assert_allclose(np.diff(angles), math.pi / 2 / 9)


def test_the_ends_are_exact():
    a, b = np.random.default_rng(0).normal(size=(2, 100)).astype(np.float32)
    layout = [{"name": "noise", "start": 0, "size": 100}]
    way = latents.path(a, b, 7, "gaussian", layout)
    np.testing.assert_array_equal(way[[0, -1]], [a, b])


@pytest.mark.parametrize("factor", [1.0, 2.0, -1.0, 0.0])
def test_parallel_and_opposite_vectors_have_the_line(factor):
    way = latents.slerp(E1, factor * E1, np.array([0.5]))
    np.testing.assert_allclose(way, [[(1 + factor) / 2, 0]], atol=1e-7)


def test_codes_change_along_the_line():
    layout = [{"name": "noise", "start": 0, "size": 2}, {"name": "code", "start": 2, "size": 2}]
    way = latents.path(np.r_[E1, E1], np.r_[E2, E2], 3, "gaussian", layout)
    np.testing.assert_allclose(way[1], [HALF, HALF, 0.5, 0.5], atol=1e-7)


CODES = [
    {"name": "noise", "start": 0, "size": 1},
    {"name": "category", "start": 1, "size": 2, "kind": "one_hot"},
    {"name": "tilt", "start": 3, "size": 1, "kind": "continuous"},
    {"name": "codes", "start": 4, "size": 2, "kind": "continuous"},
]


def test_a_number_alone_counts_all_continuous_codes():
    named = latents.by_name(CODES, {"0": 5, 2: 7, "category": 1})
    assert named == {"tilt": 5, "codes.1": 7, "category": 1}
    rows = np.zeros([2, 6], np.float32)
    wanted = latents.with_codes(rows, CODES, {"codes.0": [1.5, 2.5], "tilt": -1})
    np.testing.assert_array_equal(latents.with_codes(rows, CODES, {1: [1.5, 2.5], 0: -1}), wanted)
    np.testing.assert_array_equal(wanted[:, 3:], [[-1, 1.5, 0], [-1, 2.5, 0]])


@pytest.mark.parametrize(
    ("layout", "codes", "words"),
    [
        (CODES, {"3": 1}, "received '3', .* has 3 of these, and its codes are category, tilt, cod"),
        (CODES[:2], {0: 1}, "received '0', .* has none of these, and its codes are category"),
        (NOISE, {"0": 1}, "received '0', and the latents of this model hold noise alone"),
        (CODES, {"tilt": np.nan}, "code: 'tilt' is nan; expected finite numbers"),
        (CODES, {"0": [np.inf]}, "code: 'tilt' is .inf.; expected finite numbers"),
        (CODES, {"1": 1, "codes.0": 2}, "code: 'codes.0' is there twice"),
    ],
)
def test_codes_that_are_none(layout, codes, words):
    with pytest.raises(UsageError, match=words):
        latents.with_codes(np.zeros([1, 6], np.float32), layout, codes)


def test_each_pair_may_have_its_own_place():
    a, b = np.random.default_rng(1).normal(size=(2, 4, 3))
    t = np.array([0.0, 0.3, 0.6, 1.0])
    for path in (latents.slerp, latents.lerp):
        expected = [path(a[i], b[i], t[i])[0] for i in range(4)]
        np.testing.assert_allclose(path(a, b, t), expected)
    with pytest.raises(UsageError, match="a path is between two of one shape"):
        latents.slerp(a, b[:, :1], 0.5)


def test_arithmetic_comes_back_to_where_the_prior_is():
    total = latents.arithmetic(3 * E1, E1, E2, "gaussian")  # [2, 1], of length √5, scaled to 3
    np.testing.assert_allclose(total, 3 * np.array([2, 1]) / math.sqrt(5), rtol=1e-6)
    np.testing.assert_allclose(latents.arithmetic(E1, -E1, E2, "uniform"), [1, 1])
    np.testing.assert_allclose(latents.arithmetic(E1, -E1, E2, "other"), [2, 1])
    np.testing.assert_array_equal(latents.arithmetic(E1, E1, 0 * E2, "gaussian"), [0, 0])


def test_the_direction_of_an_attribute_is_the_difference_of_two_means():
    points = np.array([[3.0, 1.0], [1.0, 1.0], [0.0, 0.0], [0.0, 2.0]])
    way = latents.direction(points, [True, True, False, False])
    np.testing.assert_allclose(way, [2.0, 0.0])
    for has in ([True] * 4, [False] * 4):
        with pytest.raises(UsageError, match="of 4 latents have the attribute"):
            latents.direction(points, has)


def test_moved_latents_stay_where_the_prior_has_its_mass():
    points, way = np.array([[0.0, 1.0], [3.0, 4.0]]), np.array([1.0, 0.0])
    plain = latents.moved(points, way, [1.0, -2.0], "none")
    np.testing.assert_allclose(plain, [[1.0, 1.0], [1.0, 4.0]])
    arc = latents.moved(points, way, 1.0, "gaussian")
    np.testing.assert_allclose(np.linalg.norm(arc, axis=1), [1.0, 5.0], rtol=1e-6)
    np.testing.assert_allclose(arc[0], [HALF, HALF], rtol=1e-6)
    np.testing.assert_allclose(latents.moved(points[:1], way, 9.0, "uniform"), [[1.0, 1.0]])
