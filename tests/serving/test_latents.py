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
