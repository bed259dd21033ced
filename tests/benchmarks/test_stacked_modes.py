import numpy as np
import pytest

from benchmarks.stacked_modes import evenness


def test_all_modes_as_often_are_even():
    assert evenness(np.arange(1000)) == (1000, pytest.approx(0.0, abs=1e-12))


def test_one_mode_alone_is_the_logarithm_of_a_thousand_away():
    assert evenness(np.zeros(50, np.int64)) == (1, pytest.approx(np.log(1000)))


def test_even_draws_have_the_floor_of_their_number():
    """26 000 draws of 1 000 even modes: about (1000 - 1) / (2 · 26 000) nats."""
    modes, kl = evenness(np.random.RandomState(0).randint(1000, size=26_000))
    assert modes == 1000
    assert kl == pytest.approx(999 / 52_000, abs=3e-3)
