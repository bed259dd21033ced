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


def test_labels_of_large_classes_change_nothing():
    labels = np.arange(1000) % 7
    np.testing.assert_array_equal(held_out_mask(1000, 0.1, labels), held_out_mask(1000, 0.1))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_no_class_is_held_out_as_a_whole(share):
    # A class of one, a class of two, … and a large one.
    labels = np.concatenate([np.repeat(np.arange(8), np.arange(1, 9)), np.full(60, 8)])
    for shift in range(20):
        shifted = np.roll(labels, shift)
        mask = held_out_mask(96, share, shifted)
        assert set(shifted[~mask]) == set(range(9))
        assert (shifted[mask] != 0).all()


def test_others_are_held_out_in_their_place():
    labels = np.zeros(50, np.int64)
    labels[GOLDEN[:3]] = [1, 2, 3]
    mask = held_out_mask(50, 0.1, labels)
    assert mask.sum() == 5
    assert not mask[GOLDEN[:3]].any()
    assert mask[GOLDEN[3:]].all()


def test_classes_of_one_example_all_stay():
    assert not held_out_mask(9, 0.5, np.arange(9)).any()
    assert held_out_mask(0, 0.5, np.zeros(0, np.int64)).shape == (0,)


GOLDEN = [17, 19, 35, 42, 45]
