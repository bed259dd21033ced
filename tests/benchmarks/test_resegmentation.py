import numpy as np
import pytest

from benchmarks.resegmentation import agreement


def test_the_agreement_of_two_maps_by_hand():
    given, found = np.array([[0, 0, 1], [1, 2, 2]], np.uint8), np.array([[0, 1, 1], [1, 2, 0]])
    scored = agreement(given, found, 4)
    # Of the first class one pixel of three, of the others two of three and one of two.
    assert scored["mIoU"] == pytest.approx((1 / 3 + 2 / 3 + 1 / 2) / 3)
    assert scored["pixel accuracy"] == pytest.approx(4 / 6)


def test_a_map_agrees_with_itself_and_a_constant_one_with_its_share():
    given = np.array([0, 0, 0, 1])
    assert agreement(given, given, 3) == {"mIoU": 1.0, "pixel accuracy": 1.0}
    scored = agreement(given, np.zeros(4, np.int64), 3)
    assert scored == {"mIoU": pytest.approx(0.375), "pixel accuracy": 0.75}
