import numpy as np
import pytest

from trainer.errors import ConfigError
from trainer.evaluation.extractors.blocks import check_samples, in_blocks


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 9])
def test_every_block_has_the_size_and_every_row_comes_back(count):
    sizes = []

    def run(block):
        sizes.append(len(block))
        return block * 2.0, block[:, 0, :1]

    samples = np.arange(count * 6, dtype=np.float32).reshape(count, 2, 3)
    features, logits = in_blocks(run, samples, 4)
    assert set(sizes) == {4}
    np.testing.assert_array_equal(features, samples.reshape(count, 6) * 2)
    np.testing.assert_array_equal(logits, samples[:, 0, :1])


def test_no_logits_stay_none():
    assert in_blocks(lambda block: (block, None), np.zeros((3, 2), np.float32), 2).logits is None


@pytest.mark.parametrize(
    "samples", [np.zeros((2, 5, 4, 1), np.uint8), np.zeros((2, 4, 4, 1), np.float64)]
)
def test_other_samples_get_a_sentence(samples, dataset):
    with pytest.raises(ConfigError, match=r"made for uint8 of shape \(4, 4, 1\)"):
        check_samples(samples, dataset((4, 4, 1)).spec)
