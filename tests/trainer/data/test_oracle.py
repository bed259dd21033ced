"""The oracle: probabilities that sum to one, sequences that follow them, and the same for ever."""

import itertools

import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.data.oracle import Oracle


def test_probabilities_of_all_sequences_sum_to_one():
    ids = np.array(list(itertools.product(range(4), repeat=3)))
    p = np.exp(Oracle(4, 0).log_probabilities(ids).sum(axis=1))
    assert p.sum() == pytest.approx(1.0)
    # What it writes is as frequent: one in a thousand would go beyond by chi-square with 63.
    made = Oracle(4, 0).sample(20_000, 3, np.random.RandomState(1))
    counts = np.bincount(made @ np.array([16, 4, 1]), minlength=64)
    often = 20_000 * p >= 5.0
    expected = np.append(20_000 * p[often], 20_000 * p[~often].sum())
    observed = np.append(counts[often], counts[~often].sum())
    assert np.sum((observed - expected) ** 2 / np.maximum(expected, 1e-9)) < 103.4


def test_the_data_says_whose_it_is():
    source = {"name": "oracle", "sequences": 4, "length": 3, "symbols": 50, "seed": 7}
    dataset = loading.load(Data(source=source, holdout_share=0.0))
    field = dataset.spec.sample
    assert field.kind == "tokens" and field.names[:2] == ("0", "1") and len(field.names) == 50
    assert dataset.train["sample"].tolist() == GOLDEN
    likely = Oracle.of(field.about["oracle"]).log_probabilities(dataset.train["sample"])
    assert likely.mean() > -np.log(50)


GOLDEN = [[13, 37, 28], [15, 33, 23], [27, 6, 48], [48, 20, 20]]
