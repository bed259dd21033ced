"""The bilinear game: the factor of each step against the step's determinant."""

import numpy as np
import pytest

from trainer.lab import bilinear


@pytest.fixture(scope="module")
def numbers():
    return bilinear.measure(steps=200)


@pytest.mark.parametrize("name", [n for n, r in bilinear.REMEDIES.items() if r.factor is not None])
def test_a_step_changes_the_distance_by_the_closed_factor(numbers, name):
    played = numbers["games"][name]
    assert played["factor"] == pytest.approx(played["closed_form"], abs=2e-3)


def test_in_turns_it_circles_and_its_average_shrinks_the_circle(numbers):
    assert numbers["games"]["in turns"]["distance"][-1] == pytest.approx(1.0, abs=0.1)
    average = numbers["games"]["in turns, moving average of θ"]["distance"]
    assert max(average[150:]) < 0.5


def test_the_factor_is_that_of_a_falling_line():
    assert bilinear.factor_of(0.9 ** np.arange(50)) == pytest.approx(0.9)
    assert bilinear.factor_of([*0.1 ** np.arange(10), 0.0, 0.0]) == pytest.approx(0.1)


def test_it_is_drawn(numbers):
    assert len(bilinear.draw(numbers).axes) == 2
