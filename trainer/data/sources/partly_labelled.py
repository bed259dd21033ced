"""Labelled data of which only some labels are used: semi-supervised learning.

Reference: Salimans et al. 2016, "Improved techniques for training GANs", section 5.
"""

import hashlib
from dataclasses import replace

import numpy as np

from trainer.catalogue import PartlyLabelled
from trainer.config.experiment import Data
from trainer.data.examples import Dataset, Examples, read
from trainer.data.reading import Source, opened
from trainer.errors import ConfigError


def open_source(data: Data) -> Source:
    """All samples without their labels, and beside them a table of a few labelled ones.

    The first table has the field `sample`: every training example, those of the second table too.
    The second one has `labelled_sample` and `labelled_label`: as many examples of each class,
    chosen by `choice`. Held-out examples keep `sample` and `label`.

    Raises:
        ConfigError: while it is read, where there are no labels, or not as many as asked for.
    """
    options = data.source
    assert isinstance(options, PartlyLabelled)
    of = opened(options.of, data)
    return replace(of, derive=lambda dataset: _partly_labelled(dataset, options))


def _partly_labelled(dataset: Dataset, options: PartlyLabelled) -> Dataset:
    train, fields = dataset.train, dataset.spec.fields
    rows = _chosen(train.labels, dataset.spec.label_names, options)
    labels = train["label"][rows]
    few = {"labelled_sample": read(train["sample"], rows), "labelled_label": labels}
    marginal = (1.0 / len(fields["label"].names),) * len(fields["label"].names)
    digest = hashlib.sha256(f"{dataset.spec.fingerprint} {rows.tolist()}".encode()).hexdigest()
    spec = replace(
        dataset.spec,
        fields={
            "sample": fields["sample"],
            "labelled_sample": fields["sample"],
            "labelled_label": replace(fields["label"], marginal=marginal),
        },
        fingerprint=digest,
    )
    return Dataset(Examples(({"sample": train["sample"]}, few)), dataset.held_out, spec)


def _chosen(
    labels: np.ndarray | None, names: tuple[str, ...], options: PartlyLabelled
) -> np.ndarray:
    """Sorted rows of as many examples of each class, int64 [labelled]: a function of its arguments.

    Raises:
        ConfigError: where there are none such.
    """
    if labels is None:
        raise ConfigError(
            f"data.source.of: {options.of} has no labels; give labelled data, such as one folder a "
            "class."
        )
    share, rest = divmod(options.labelled, len(names))
    if rest or not share:
        raise ConfigError(
            f"data.source.labelled: received {options.labelled}, which {len(names)} classes cannot "
            f"share equally; take a multiple of {len(names)}."
        )
    counts = np.bincount(labels, minlength=len(names))
    if counts.min() < share:
        fewest = int(counts.argmin())
        raise ConfigError(
            f"data.source.labelled: received {options.labelled}, {share} of each class, but "
            f"{names[fewest]!r} has {counts[fewest]} training examples; take at most "
            f"{counts[fewest] * len(names)}."
        )
    # numpy has frozen the streams of RandomState; those of its newer generators may change.
    order = np.random.RandomState(options.choice).permutation(len(labels))
    by_class = [order[labels[order] == label][:share] for label in range(len(names))]
    return np.sort(np.concatenate(by_class))
