"""Two pictures of one class side by side: parts that must agree, which can be counted.

A generator decides for both halves at once, what makes each half by itself does not.
"""

import hashlib
from dataclasses import replace

import numpy as np

from trainer.catalogue import Twins
from trainer.config.experiment import Data
from trainer.data.examples import Dataset, Examples, read
from trainer.data.reading import Source, opened
from trainer.errors import ConfigError

# Of the choice, not of a run: it is the same one for ever.
_SEEDS = {"train": 20181012, "held out": 20181013}


def open_source(data: Data) -> Source:
    """`count` pairs of training pictures, and one of held-out pictures for each of those.

    Raises:
        ConfigError: while it is read, for examples that are no pictures with labels.
    """
    options = data.source
    assert isinstance(options, Twins)
    of = opened(options.of, data)
    return replace(of, derive=lambda dataset: _paired(dataset, options))


def _paired(dataset: Dataset, options: Twins) -> Dataset:
    spec = dataset.spec
    if spec.sample.kind != "image" or not spec.num_classes:
        raise ConfigError(
            f"data.source.of: the examples of {options.of} are {spec.sample.kind}s with "
            f"{spec.num_classes} classes, and twins are pictures of one class; give a source of "
            "labelled pictures."
        )
    train = _drawn(dataset.train, options.count, "train")
    held_out = _drawn(dataset.held_out, len(dataset.held_out), "held out")
    height, width, channels = spec.sample.fixed_shape
    shares = np.bincount(train["label"], minlength=spec.num_classes) / options.count
    fields = {
        "sample": replace(spec.sample, shape=(height, 2 * width, channels)),
        "label": replace(spec.fields["label"], marginal=tuple(shares.tolist())),
    }
    digest = hashlib.sha256(f"{spec.fingerprint} twins {options.count}".encode()).hexdigest()
    return Dataset(
        train, held_out, replace(spec, fields=fields, fingerprint=digest, count=options.count)
    )


def _drawn(examples: Examples, count: int, part: str) -> Examples:
    """Each pair is an example and another, or the same, of its class, drawn with replacement."""
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    random = np.random.RandomState(_SEEDS[part])
    labels = np.asarray(examples["label"])
    left = random.randint(len(examples), size=count)
    by_class = np.argsort(labels, kind="stable")
    ordered = labels[by_class]
    first = np.searchsorted(ordered, labels[left])
    many = np.searchsorted(ordered, labels[left], side="right") - first
    right = by_class[first + (random.random_sample(count) * many).astype(np.int64)]
    halves = [read(examples["sample"], rows) for rows in (left, right)]
    return Examples.of(sample=np.concatenate(halves, axis=2), label=labels[left])
