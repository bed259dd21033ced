"""To cover or to choose."""

import numpy as np
import pytest

from trainer.lab import densities, divergences


@pytest.fixture(scope="module")
def numbers():
    return divergences.measure(gap=4.0, gaps=(0.0, 2.0, 4.0))


def test_kl_covers_and_takes_mean_and_spread_of_the_mixture(numbers):
    """KL(p ‖ q) is least where q has the moments of p: μ = -.4, σ² = .25 + .6·.4·4²."""
    fit = numbers["fits"]["KL(p ‖ q)"]
    assert fit["mean"] == pytest.approx(-0.4, abs=1e-3)
    assert fit["spread"] == pytest.approx(np.sqrt(0.25 + 0.24 * 16.0), abs=1e-3)


@pytest.mark.parametrize("name", ["KL(q ‖ p)", "JS(p, q)"])
def test_reverse_kl_and_js_choose_the_heavier_mode(numbers, name):
    fit = numbers["fits"][name]
    assert fit["mean"] == pytest.approx(-2.0, abs=0.02)
    assert fit["spread"] == pytest.approx(0.5, abs=0.02)


def test_reverse_kl_at_its_choice_is_the_price_of_the_other_mode(numbers):
    """Q on a mode of share .6 that overlaps with nothing: KL(q ‖ p) = -log .6."""
    assert numbers["fits"]["KL(q ‖ p)"]["divergence"] == pytest.approx(-np.log(0.6), abs=1e-3)


def test_js_is_what_the_best_discriminator_of_the_game_says():
    p, q = divergences.mixture(3.0), densities.normal(0.3, 1.2)
    assert divergences.best_game(p, q) == pytest.approx(densities.js(p, q), abs=1e-6)


def test_where_there_is_one_mode_all_agree(numbers):
    for spreads in numbers["spreads"].values():
        assert spreads[0] == pytest.approx(0.5, abs=2e-3)
        assert spreads[1] > 0.9  # near modes are covered by all


def test_it_is_drawn(numbers):
    assert len(divergences.draw(numbers).axes) == 2
