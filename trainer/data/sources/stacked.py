"""Grey pictures stacked three at a time as red, green and blue: k classes make k³ modes.

Reference: Che et al. 2017, "Mode regularized generative adversarial networks"; as used since:
Srivastava et al. 2017 (VEEGAN) and Lin et al. 2018 (PacGAN).
"""

import hashlib
from dataclasses import replace
from itertools import product

import numpy as np

from trainer.catalogue import Stacked
from trainer.config.experiment import Data
from trainer.data.examples import Dataset, DataSpec, Examples, read
from trainer.data.reading import Source, opened
from trainer.errors import ConfigError

_CHANNELS = 3
# Of the choice, not of a run: it is the same one for ever.
_SEEDS = {"train": 20161207, "held out": 20161208}
# Pictures that are put together at once.
_BLOCK = 4096


def open_source(data: Data) -> Source:
    """`count` stacks of training pictures, and one of held-out pictures for each of those.

    A stack's label is k² r + k g + b for the classes r, g and b of its channels; data without
    labels gives stacks without labels.

    Raises:
        ConfigError: while it is read, for examples that are no grey pictures.
    """
    options = data.source
    assert isinstance(options, Stacked)
    of = opened(options.of, data)
    return replace(of, derive=lambda dataset: _stacked(dataset, options))


def _stacked(dataset: Dataset, options: Stacked) -> Dataset:
    spec = dataset.spec
    if spec.sample.kind != "image" or spec.sample.shape[-1] != 1:
        raise ConfigError(
            f"data.source.of: the examples of {options.of} are {spec.sample.kind}s of shape "
            f"{spec.sample.shape}, and stacks are made of grey pictures; give a source of those, "
            "or set data.channels=1."
        )
    classes = spec.num_classes
    train = _drawn(dataset.train, options.count, classes, "train")
    held_out = _drawn(dataset.held_out, len(dataset.held_out), classes, "held out")
    return Dataset(train, held_out, _spec(spec, train, options.count))


def _drawn(examples: Examples, count: int, classes: int, part: str) -> Examples:
    """Stacks of examples drawn with replacement: a function of examples, count and part alone."""
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    chosen = np.random.RandomState(_SEEDS[part]).randint(len(examples), size=(count, _CHANNELS))
    samples, labels = examples["sample"], examples.labels
    stacks = np.empty((count, *samples.shape[1:3], _CHANNELS), samples.dtype)
    for first in range(0, count, _BLOCK):
        rows = chosen[first : first + _BLOCK]
        for channel in range(_CHANNELS):
            picked = read(samples, rows[:, channel])
            stacks[first : first + _BLOCK, ..., channel] = picked[..., 0]
    if labels is None:
        return Examples.of(sample=stacks)
    places = np.array([classes**2, classes, 1])
    return Examples.of(sample=stacks, label=labels[chosen] @ places)


def _spec(spec: DataSpec, train: Examples, count: int) -> DataSpec:
    sample = spec.sample
    fields = {"sample": replace(sample, shape=(*sample.shape[:2], _CHANNELS))}
    if train.labels is not None:
        stacked = tuple(" ".join(three) for three in product(spec.label_names, repeat=_CHANNELS))
        counts = np.bincount(train.labels, minlength=len(stacked))
        shares = tuple((counts / count).tolist())
        fields["label"] = replace(spec.fields["label"], names=stacked, marginal=shares)
    digest = hashlib.sha256(f"{spec.fingerprint} stacked {count}".encode()).hexdigest()
    return DataSpec(fields, digest, count)
