import numpy as np
import pytest

from benchmarks.known_maps import compared
from trainer.data.sources.pairs import negative, outline

BLOCK = np.zeros((1, 5, 5, 1), np.uint8)
BLOCK[0, 1:4, 1:4] = 200


@pytest.mark.parametrize(("name", "made"), [("negative", negative), ("outline", outline)])
def test_the_right_counterpart_agrees_wholly(name, made):
    right = made(BLOCK[0])[np.newaxis]
    assert compared(BLOCK, right, name) == {"pixel agreement": 1.0, "foreground F1": 1.0}


def test_agreement_by_hand():
    """Of 25 pixels nine are ink; the other picture has the three of one row, all of them right."""
    other = np.full((1, 5, 5, 1), 255, np.uint8)
    other[0, 1, 1:4] = 0
    scored = compared(BLOCK, other, "negative")
    assert scored["pixel agreement"] == pytest.approx(19 / 25)
    assert scored["foreground F1"] == pytest.approx(2 * 3 / (9 + 3))


def test_a_picture_without_ink_agrees_on_the_background_alone():
    scored = compared(BLOCK, np.zeros_like(BLOCK), "outline")
    assert scored == {"pixel agreement": pytest.approx(17 / 25), "foreground F1": 0.0}
