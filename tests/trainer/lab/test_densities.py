"""Integrals by quadrature against closed forms."""

import numpy as np
import pytest

from trainer.lab import densities


def test_a_density_has_mass_one():
    mixed = densities.mixture((0.3, 0.7), (-2.0, 1.0), (0.5, 1.0))
    assert densities.integral(mixed) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(("mean", "spread"), [(0.0, 1.0), (1.5, 1.0), (-1.0, 0.6)])
def test_the_divergence_of_two_normal_densities_is_the_closed_one(mean, spread):
    """KL(N(μ, σ²) ‖ N(0, 1)) = ½(σ² + μ² - 1) - log σ."""
    found = densities.kl(densities.normal(mean, spread), densities.normal(0.0, 1.0))
    assert found == pytest.approx(0.5 * (spread**2 + mean**2 - 1.0) - np.log(spread), abs=1e-9)


def test_jensen_and_shannon_know_equal_and_disjoint_densities():
    one, far = densities.normal(-5.0, 0.3), densities.normal(5.0, 0.3)
    assert densities.js(one, one) == pytest.approx(0.0, abs=1e-12)
    assert densities.js(one, far) == pytest.approx(np.log(2.0), abs=1e-9)


def test_an_undecided_discriminator_is_worth_minus_log_four():
    p, q = densities.normal(0.0, 1.0), densities.normal(2.0, 0.7)
    undecided = np.zeros_like(p)
    assert densities.value(p, q, undecided) == pytest.approx(-np.log(4.0), abs=1e-6)


@pytest.mark.parametrize("distance", [0.0, 0.5, 2.0, 4.0])
def test_the_best_discriminator_is_worth_what_theorem_one_says(distance):
    p, q = densities.normal(0.0, 1.0), densities.normal(distance, 0.8)
    found = densities.value(p, q, densities.best_logit(p, q))
    assert found == pytest.approx(-np.log(4.0) + 2.0 * densities.js(p, q), abs=1e-6)
    for other in (0.9, 1.1):
        assert densities.value(p, q, other * densities.best_logit(p, q) + 0.01) < found
