"""A trained D against D*, and V against theorem 1."""

import numpy as np
import pytest

from trainer.lab import optimal_discriminator


@pytest.fixture(scope="module")
def numbers():
    return optimal_discriminator.measure(stages=(5, 400), distances=(2.0,), steps=400)


def test_by_quadrature_the_best_value_is_minus_log_four_and_twice_js(numbers):
    value = numbers["value"]
    np.testing.assert_allclose(value["quadrature"], value["closed_form"], atol=2e-6)
    assert value["closed_form"][0] == pytest.approx(-np.log(4.0), abs=1e-5)


def test_a_trained_discriminator_comes_near_the_best_one(numbers):
    """Within .1 wherever there are examples; a few steps do not bring it there."""
    errors = numbers["discriminator"]["largest_error"]
    assert errors["400"] < 0.1 < errors["5"]
    best = np.array(numbers["discriminator"]["best"])
    p, q = (np.array(numbers["discriminator"][name]) for name in ("p", "p_g"))
    np.testing.assert_allclose(best, p / (p + q), atol=1e-4)


def test_what_it_is_worth_is_what_the_theorem_says_and_no_more(numbers):
    (trained,) = numbers["trained"]
    assert trained["closed_form"] - 0.01 < trained["value"] <= trained["closed_form"] + 1e-6


def test_it_is_drawn(numbers):
    assert len(optimal_discriminator.draw(numbers).axes) == 2
