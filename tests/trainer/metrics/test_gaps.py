import numpy as np

from trainer.metrics.gaps import count


def test_what_passes_through_and_what_touches_by_hand():
    """Gaps 0, 4, 9, -1 and 2 where 0, 9, 3, 0 and 0 are right; the last pixel is not asked for."""
    opposing = np.full((1, 1, 5), 100)
    made, truth = np.array([[[100, 96, 91, 101, 98]]]), np.array([[[100, 91, 97, 100, 100]]])
    region = np.array([[[True, True, True, True, False]]])
    counts = count(made, truth, opposing, region, within=5)
    assert counts == (4, 1, 2, 3, 1)


def test_unsigned_heights_do_not_wrap_around():
    low, high = np.zeros((1, 1, 1), np.uint8), np.full((1, 1, 1), 255, np.uint8)
    assert count(high, low, low, low == 0, within=0).penetrating == 1
