"""How many generated molecules can exist, are different, and are new.

Valid is the share of samples, unique that of different ones among the valid, novel that of the
valid that are no training example; their product is what a generator is worth, for each alone can
be had for the price of another (one valid molecule for ever; noise that is always new).

Reference: De Cao & Kipf 2018, "MolGAN", section 5; Simonovsky & Komodakis 2018, "GraphVAE",
section 5.
"""

from collections.abc import Collection, Hashable, Sequence
from typing import NamedTuple

import numpy as np

from trainer.errors import MetricError
from trainer.metrics.classification import share
from trainer.metrics.estimate import Estimate


class Counts(NamedTuple):
    """Shares on [0, 1].

    Attributes:
        valid: of all samples.
        unique: different ones, of the valid; 0 where none is valid. It falls with the number of
            samples.
        novel: those that are no training example, of the valid; 0 where none is.
        product: of the three.
        num_unique: how many different valid ones there are.
    """

    valid: Estimate
    unique: Estimate
    novel: Estimate
    product: Estimate
    num_unique: int


def count(samples: Sequence[Hashable | None], training: Collection[Hashable]) -> Counts:
    """Counts what samples are worth.

    Args:
        samples: of each what is equal for two that are one molecule; None where it is not valid.
        training: the same of all training examples, a set.

    Raises:
        MetricError: without samples.
    """
    if not samples:
        raise MetricError("there is no sample.")
    valid = [sample for sample in samples if sample is not None]
    if not valid:
        nothing = Estimate(0.0)
        return Counts(share(np.zeros(len(samples), bool)), nothing, nothing, nothing, 0)
    different = len(set(valid))
    is_valid = share(np.array([sample is not None for sample in samples]))
    unique = Estimate(different / len(valid))
    novel = share(np.array([sample not in training for sample in valid]))
    product = Estimate(is_valid.value * unique.value * novel.value)
    return Counts(is_valid, unique, novel, product, different)
