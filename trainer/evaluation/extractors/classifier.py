"""A classifier of the data at hand, trained once on its training examples and kept.

Where the data is far from ImageNet, features of a classifier of its own classes see what matters
in it. Names and hashes keep numbers of different classifiers apart.
"""

import hashlib
import json
import logging
import re
import shutil
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from trainer import catalogue
from trainer.data.examples import Dataset, DataSpec
from trainer.errors import ConfigError
from trainer.evaluation.extractors import Extractor, classifier_folder
from trainer.evaluation.extractors.classifier_network import NUM_FEATURES, VERSION
from trainer.evaluation.extractors.classifier_training import (
    Classifier,
    check_labels,
    train_classifier,
)

_logger = logging.getLogger("saddlepoint")

# Letters of a data set's name that the extractor's name keeps.
_LONGEST_SLUG = 24


def make(
    options: catalogue.ClassifierExtractor, dataset: Dataset, source: str, cache: Path
) -> Extractor:
    """The classifier in the folder that is asked for, else the one of this data.

    That one is read from `cache`, or trained on the training examples and kept there. Its accuracy
    is measured on the held-out examples each time, because they are not part of what it was
    trained on and may have been chosen anew.

    Raises:
        ConfigError: for data without labels of two classes or more; for a folder that holds no
            classifier, or one of other samples or classes.
    """
    if options.path is not None:
        folder = Path(options.path).expanduser()
        stored = _given(folder, dataset.spec)
    else:
        check_labels(dataset.train, dataset.spec)
        folder = cache / f"classifier-{_key(dataset.spec)}"
        stored = _cached(folder) or _train_and_keep(folder, dataset, source)
    return _extractor(stored, dataset, folder)


def find(options: catalogue.ClassifierExtractor, spec: DataSpec, cache: Path) -> Classifier | None:
    """The classifier that `make` would use, as a network; None where it is still to be trained.

    Raises:
        ConfigError: for a folder that holds no classifier, or one of other samples or classes.
    """
    if options.path is not None:
        return _given(Path(options.path).expanduser(), spec).classifier
    stored = _cached(cache / f"classifier-{_key(spec)}")
    return None if stored is None else stored.classifier


def _extractor(
    stored: classifier_folder.StoredClassifier, dataset: Dataset, folder: Path
) -> Extractor:
    classifier, labels = stored.classifier, stored.classifier.spec.label_names
    knows_labels = labels == dataset.spec.label_names
    accuracy = classifier.accuracy(dataset.held_out) if knows_labels else None
    name = _name(stored)
    _logger.info(
        "%s: %s on %d held-out examples.",
        name,
        "accuracy unknown" if accuracy is None else f"{accuracy:.2%} right",
        len(dataset.held_out),
    )
    return Extractor(
        name=name,
        hash=classifier.hash,
        kind="classifier",
        dimension=NUM_FEATURES,
        num_classes=classifier.spec.num_classes,
        knows_labels=knows_labels,
        accuracy=accuracy,
        extract=classifier.extract,
        origin=str(folder) if folder.is_dir() else "",
    )


def _name(stored: classifier_folder.StoredClassifier) -> str:
    return f"{_slug(stored.source)}{stored.classifier.kind}-{stored.classifier.hash[:4]}"


def _slug(source: str) -> str:
    """What a source calls its data, in letters and digits: tfds:mnist:3.0.1 is "mnist"."""
    kind, _, rest = source.partition(":")
    name = kind
    if rest:
        name = rest.partition(":")[0] if kind == "tfds" else Path(rest).stem
    return re.sub(r"[^a-z0-9]", "", name.lower())[:_LONGEST_SLUG] or "data"


# ---- An earlier one ------------------------------------------------------------------------------


def _given(folder: Path, spec: DataSpec) -> classifier_folder.StoredClassifier:
    try:
        stored = classifier_folder.read(folder)
    except classifier_folder.NotAClassifier as error:
        raise ConfigError(
            f"evaluate.extractor.path: {folder} holds no classifier ({error}); give a folder that "
            "an earlier evaluation kept, or leave it null to train one."
        ) from error
    known = stored.classifier.spec
    if _form(known) != _form(spec):
        raise ConfigError(
            f"evaluate.extractor.path: the classifier in {folder} is for {_in_words(known)}, and "
            f"the data has {_in_words(spec)}; give another one, or null to train one."
        )
    if spec.num_classes and known.num_classes != spec.num_classes:
        raise ConfigError(
            f"evaluate.extractor.path: the classifier in {folder} knows {known.num_classes} "
            f"classes, and the data has {spec.num_classes}; give another one, or null to train one."
        )
    return stored


def _form(spec: DataSpec) -> tuple[Any, ...]:
    """What a classifier's input depends on."""
    return spec.sample.shape, spec.sample.dtype, spec.sample.limits


def _in_words(spec: DataSpec) -> str:
    low, high = spec.sample.limits
    return f"{spec.sample.dtype} samples of shape {spec.sample.shape} in [{low:g}, {high:g}]"


def _cached(folder: Path) -> classifier_folder.StoredClassifier | None:
    """The classifier that was kept; None where there is none, or a damaged one."""
    if not folder.exists():
        return None
    try:
        return classifier_folder.read(folder)
    except classifier_folder.NotAClassifier as error:
        _logger.warning("%s is damaged (%s); the classifier is trained again.", folder, error)
        return None


# ---- A new one -----------------------------------------------------------------------------------


def _key(spec: DataSpec) -> str:
    """Names what a classifier follows from: the training data, its form, and the code."""
    identity = [VERSION, spec.fingerprint, *_form(spec), spec.label_names]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]


def _train_and_keep(
    folder: Path, dataset: Dataset, source: str
) -> classifier_folder.StoredClassifier:
    start = time.monotonic()
    _logger.info("Training a classifier of %s; it is kept in %s.", source, folder)
    stored = classifier_folder.StoredClassifier(
        train_classifier(dataset.train, dataset.spec), source
    )
    about = {
        "name": _name(stored),
        "accuracy": stored.classifier.accuracy(dataset.held_out),
        "seconds": round(time.monotonic() - start, 1),
        "versions": {name: version(name) for name in ("saddlepoint", "tensorflow", "keras")},
    }
    try:
        # Nothing is there, or what is damaged.
        shutil.rmtree(folder, ignore_errors=True)
        classifier_folder.write(folder, stored, about)
    except OSError as error:
        _logger.warning("%s cannot be written (%s); the classifier is not kept.", folder, error)
    return stored


__all__ = ["Classifier", "make", "train_classifier"]
