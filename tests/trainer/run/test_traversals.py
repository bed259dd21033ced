"""Codes moved one at a time."""

import numpy as np

from trainer.run.traversals import traversal

NOISE = {"name": "noise", "kind": "noise", "start": 0, "size": 2}
CATEGORY = {"name": "category", "kind": "one_hot", "start": 2, "size": 3}
CODES = {"name": "codes", "kind": "continuous", "start": 5, "size": 2}
LAYOUT = [NOISE, CATEGORY, CODES]


def latents_of(seeds):
    return np.array([[s, -s, 0, 1, 0, 0.5, 0.25] for s in seeds], np.float32)


def test_each_code_has_a_block_of_rows_in_which_it_alone_is_moved():
    rows = traversal(latents_of, LAYOUT, (6, 5)).reshape(6, 5, 7)
    seeds = [0, 1, 0, 1, 0, 1]
    np.testing.assert_array_equal(rows[..., 0], np.array(seeds)[:, np.newaxis].repeat(5, axis=1))
    # The categories in turn, and behind the last one the first again.
    np.testing.assert_array_equal(rows[0, :, 2:5].argmax(axis=1), [0, 1, 2, 0, 1])
    assert (rows[:2, :, 2:5].sum(axis=2) == 1).all() and (rows[:2, :, 5:] == [0.5, 0.25]).all()
    along = np.linspace(-1.0, 1.0, 5)
    for block, place in ((rows[2:4], 5), (rows[4:], 6)):
        np.testing.assert_allclose(block[..., place], [along, along])
        others = [number for number in range(1, 7) if number != place]
        assert (block[..., others] == block[:, :1, others]).all()
    np.testing.assert_array_equal(rows[2], traversal(latents_of, LAYOUT, (3, 5))[5:10])


def test_fewer_rows_than_codes_show_the_first_ones():
    rows = traversal(latents_of, LAYOUT, (1, 3))
    np.testing.assert_array_equal(rows[:, 2:5], np.eye(3))
