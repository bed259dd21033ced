"""Numbers as JSON has them."""

import json

import numpy as np

from trainer.lab.drawing import listed, pair


def test_arrays_become_lists_of_so_many_digits():
    values = listed(np.array([[1.0 / 3.0, 2.0], [1e-9 / 3.0, -12345.678]], np.float32), digits=3)
    assert json.dumps(values) == "[[0.333, 2.0], [3.33e-10, -12300.0]]"
    assert listed(np.float32(0.1)) == 0.1
    assert listed(np.array([3, 4])) == [3, 4]


def test_complex_numbers_become_pairs():
    assert pair([1 - 2j]) == [[1.0, -2.0]]
