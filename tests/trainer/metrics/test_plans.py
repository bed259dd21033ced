import numpy as np
import pytest

from trainer.metrics.plans import share, walkable

# A corridor of four cells.
STEPS = np.abs(np.subtract.outer(np.arange(4), np.arange(4))) == 1


def test_what_can_be_walked_by_hand():
    plans = np.array([[0, 1, 1, 2], [0, 2, 3, 3], [3, -1, -1, 3], [2, 2, 2, 2]])
    found = walkable(plans, STEPS)
    # Steps that exist: two, one, none, none. Moves: two, two, three (nobody rests nowhere), none.
    assert found.moves == pytest.approx(3 / 7)
    assert found.whole.tolist() == [True, False, False, True]
    assert found.rests == pytest.approx(5 / 12)
    assert walkable(plans[3:], STEPS).moves == 1.0


def test_a_share_has_the_error_of_independent_trials():
    assert share(np.array([True, False, False, False])) == pytest.approx(
        (0.25, np.sqrt(0.1875 / 4))
    )
