"""Feature extractors: functions from samples to the vectors in which metrics compare them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from trainer import catalogue
from trainer.data.examples import Dataset


class Features(NamedTuple):
    """What an extractor makes of a batch.

    Attributes:
        features: float32 [n, d].
        logits: float32 [n, k] of k classes; None where the extractor does not classify.
    """

    features: np.ndarray
    logits: np.ndarray | None


@dataclass(frozen=True)
class Extractor:
    """A function from samples to features, and what identifies it.

    Attributes:
        name: such as "mnistcnn-3f2a": it ends in the first digits of the hash.
        hash: hexadecimal SHA-256 of weights and preprocessing.
        kind: "inception" (weights of 2015: distances are called FID, KID and IS), "classifier"
            (any other one) or "other" (it has no classes).
        dimension: d.
        num_classes: k; 0 where it does not classify.
        knows_labels: whether its classes are the labels of the data set at hand, in their order.
        accuracy: on the held-out examples, where it was trained on this data.
        extract: samples [n, *shape] as stored, or float32 in the same units → Features, each row
            by itself; a ConfigError for samples of another shape or type.
        origin: where its weights lie or came from, for a reader; empty where there are none.
    """

    name: str
    hash: str
    kind: Literal["inception", "classifier", "other"]
    dimension: int
    num_classes: int
    knows_labels: bool
    accuracy: float | None
    extract: Callable[[np.ndarray], Features]
    origin: str = ""


def make(options: catalogue.Component, dataset: Dataset, source: str, cache: Path) -> Extractor:
    """The extractor that a configuration names, for samples like those of a data set.

    Args:
        options: of `trainer.catalogue.AnyExtractor`.
        dataset: the reference, whose training examples a classifier is trained on.
        source: its name, such as "tfds:mnist".
        cache: a folder where trained classifiers are kept.

    Raises:
        ConfigError: when the extractor cannot be had, or does not fit the samples.
    """
    extractor: Extractor = catalogue.resolve(options)(options, dataset, source, cache)
    return extractor


def auto(options: catalogue.AutoExtractor, dataset: Dataset, source: str, cache: Path) -> Extractor:
    """The classifier of images with labels; else projections of images and clips, or raw points."""
    spec = dataset.spec
    if spec.num_classes > 1 and spec.sample.kind == "image":
        return make(catalogue.ClassifierExtractor(), dataset, source, cache)
    if spec.sample.kind in ("image", "clip"):
        return make(catalogue.RandomProjectionExtractor(), dataset, source, cache)
    return make(catalogue.RawExtractor(), dataset, source, cache)
