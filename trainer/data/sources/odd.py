"""Labelled data of which some classes are odd: none of them is trained on.

Reference: Zenati et al. 2018, "Efficient GAN-based anomaly detection", section 4.
"""

import hashlib
from dataclasses import replace

import numpy as np

from trainer.catalogue import Odd
from trainer.config.experiment import Data
from trainer.data.examples import Dataset, Examples, read
from trainer.data.reading import Source, opened
from trainer.errors import ConfigError


def open_source(data: Data) -> Source:
    """The samples of the other classes, without labels; odd ones among the held-out examples alone.

    Training examples have the field `sample`. Held-out examples have a second table beside it, with
    the field `odd_sample`: those of the odd classes, in the same order.

    Raises:
        ConfigError: while it is read, where there is no such class, or no example of either kind.
    """
    options = data.source
    assert isinstance(options, Odd)
    of = opened(options.of, data)
    return replace(of, derive=lambda dataset: _parted(dataset, options))


def _parted(dataset: Dataset, options: Odd) -> Dataset:
    classes = _numbers(dataset, options)
    train, held_out = dataset.train, dataset.held_out
    usual = _rows(train, ~_are_odd(train, classes))
    tested, odd = (_rows(held_out, _are_odd(held_out, classes) == is_odd) for is_odd in (0, 1))
    for what, rows in (("usual", usual), ("usual held-out", tested), ("odd held-out", odd)):
        if not len(rows):
            raise ConfigError(
                f"data.source.classes: received {', '.join(options.classes)}, which leaves no "
                f"{what} example; name other classes, or set data.holdout_share."
            )
    digest = hashlib.sha256(f"{dataset.spec.fingerprint} without {classes}".encode()).hexdigest()
    sample = dataset.spec.fields["sample"]
    spec = replace(dataset.spec, fields={"sample": sample}, fingerprint=digest, count=len(usual))
    return Dataset(
        Examples.of(sample=usual), Examples(({"sample": tested}, {"odd_sample": odd})), spec
    )


def _numbers(dataset: Dataset, options: Odd) -> list[int]:
    """The odd classes by number.

    Raises:
        ConfigError: where there are no labels, or none of a name.
    """
    names = dataset.spec.label_names
    unknown = [name for name in options.classes if name not in names]
    if unknown:
        known = f"it has {', '.join(names)}" if names else "it has no labels"
        raise ConfigError(
            f"data.source.classes: {options.of} has no class {unknown[0]!r}; {known}."
        )
    return sorted(names.index(name) for name in options.classes)


def _are_odd(examples: Examples, classes: list[int]) -> np.ndarray:
    return np.isin(examples["label"], classes)


def _rows(examples: Examples, chosen: np.ndarray) -> np.ndarray:
    return read(examples["sample"], np.flatnonzero(chosen))
