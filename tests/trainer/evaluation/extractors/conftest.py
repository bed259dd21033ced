"""Data sets that the tests of extractors share."""

from dataclasses import replace

import numpy as np
import pytest

from tests.specs import spec_of
from trainer.data.examples import Dataset, Examples
from trainer.fields import Field


@pytest.fixture
def dataset():
    """A data set of random samples of a shape; labelled evenly where it has classes."""

    def make(shape, dtype="uint8", value_range=None, num_classes=0, count=24) -> Dataset:
        random = np.random.RandomState(0)
        low, high = value_range or (0.0, float(np.iinfo(dtype).max))
        samples = random.uniform(low, high, (count, *shape)).astype(dtype)
        labels = np.arange(count) % num_classes if num_classes else None
        examples = Examples.of(sample=samples, label=labels)
        names = tuple(map(str, range(num_classes)))
        marginal = (1 / num_classes,) * num_classes if num_classes else ()
        spec = spec_of(
            shape,
            dtype,
            (low, high),
            label_names=names,
            marginal=marginal,
            fingerprint="0" * 64,
            count=count,
        )
        return Dataset(examples, examples, spec)

    return make


@pytest.fixture
def relabelled():
    """The same data set with other labels, and names of them."""

    def make(dataset: Dataset, labels, names) -> Dataset:
        examples = Examples.of(sample=dataset.train["sample"], label=labels)
        label = Field((), "int64", "label", names=names)
        fields = {**dataset.spec.fields, "label": label}
        return Dataset(examples, examples, replace(dataset.spec, fields=fields))

    return make
