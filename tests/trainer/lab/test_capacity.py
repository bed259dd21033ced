"""Samples over D: every k and width is played."""

import numpy as np

from trainer.lab import capacity


def test_every_number_of_turns_meets_every_width():
    numbers = capacity.measure(turns=(1, 2), widths=(4,), steps=2)
    assert [len(row) for row in numbers["games"]] == [2]
    for game in numbers["games"][0]:
        judged = np.array(game["discriminator"])
        assert judged.shape == (61, 61) and 0.0 <= judged.min() <= judged.max() <= 1.0
        assert np.array(game["samples"]).shape == (300, 2)
    # Two panels and the scale of their colours.
    assert len(capacity.draw(numbers).axes) == 3
