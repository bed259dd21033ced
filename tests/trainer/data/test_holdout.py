import numpy as np
import pytest

from trainer.data.holdout import held_out_mask


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.1, 100), (0.2505, 250)])
def test_share_is_set_aside(share, expected):
    assert held_out_mask(1000, share).sum() == expected


def test_choice_is_the_same_for_ever():
    assert np.flatnonzero(held_out_mask(50, 0.1)).tolist() == GOLDEN


def test_choice_is_spread_over_the_examples():
    chosen = np.flatnonzero(held_out_mask(10_000, 0.1))
    counts = np.histogram(chosen, bins=10, range=(0, 10_000))[0]
    assert counts.min() > 60
    assert counts.max() < 140


GOLDEN = [17, 19, 35, 42, 45]
