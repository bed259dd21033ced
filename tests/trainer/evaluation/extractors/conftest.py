"""Data sets that the tests of extractors share."""

from dataclasses import replace

import numpy as np
import pytest

from trainer.data.examples import Dataset, DataSpec, Examples


@pytest.fixture
def dataset():
    """A data set of random samples of a shape; labelled evenly where it has classes."""

    def make(shape, dtype="uint8", value_range=None, num_classes=0, count=24) -> Dataset:
        random = np.random.RandomState(0)
        low, high = value_range or (0.0, float(np.iinfo(dtype).max))
        samples = random.uniform(low, high, (count, *shape)).astype(dtype)
        labels = np.arange(count) % num_classes if num_classes else None
        examples = Examples(samples, labels)
        names = tuple(map(str, range(num_classes)))
        marginal = (1 / num_classes,) * num_classes if num_classes else ()
        spec = DataSpec(shape, dtype, (low, high), names, marginal, "0" * 64, count)
        return Dataset(examples, examples, spec)

    return make


@pytest.fixture
def relabelled():
    """The same data set with other labels, and names of them."""

    def make(dataset: Dataset, labels, names) -> Dataset:
        examples = Examples(dataset.train.samples, labels)
        return Dataset(examples, examples, replace(dataset.spec, label_names=names))

    return make
