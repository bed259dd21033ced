import numpy as np
import pytest
import tensorflow as tf

from trainer.layers.deviations import Deviations


@pytest.mark.parametrize(("free", "deviation"), [(None, 0.1), (-100.0, 0.01), (100.0, 1.0)])
def test_deviations_are_weights_within_bounds(free, deviation):
    layer = Deviations(3)
    if free is not None:
        layer.free.assign(tf.fill([3], free))
    np.testing.assert_allclose(layer(tf.zeros([2, 5])), np.full((2, 3), deviation), rtol=1e-5)
    assert len(layer.trainable_weights) == 1
