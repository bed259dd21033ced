"""From a configuration to a data set: finds the source by its name and measures what it read."""

import importlib
import logging

import numpy as np

from trainer.config.experiment import Data
from trainer.data import store
from trainer.data.examples import Dataset, DataSpec, Examples
from trainer.data.reading import Source
from trainer.errors import ConfigError

# Where each kind of source lives: a module with `open_source(data) -> Source`, imported when used.
_MODULES = {
    "digits": "trainer.data.sources.digits",
    "ring": "trainer.data.sources.mixtures",
    "grid": "trainer.data.sources.mixtures",
    "tfds": "trainer.data.sources.tfds",
    "folder": "trainer.data.sources.folder",
    "npz": "trainer.data.sources.npz",
    "generated": "trainer.data.sources.generated",
}

_logger = logging.getLogger("saddlepoint")


def load(data: Data) -> Dataset:
    """Reads the examples that a configuration names.

    The held-out examples are those of `data.holdout_split`; else of the split "test" or
    "validation" where tensorflow-datasets has one; else `data.holdout_share` of all, the same ones
    for ever.

    Raises:
        ConfigError: for a source that cannot be read as asked; names field, value and remedy.
    """
    kind = data.source.partition(":")[0]
    if kind not in _MODULES:
        raise ConfigError(
            f"data.source: received {data.source!r}; accepted are digits, ring, grid, tfds:NAME, "
            "folder:PATH, npz:PATH and generated:PATH."
        )
    source: Source = importlib.import_module(_MODULES[kind]).open_source(data)
    stored = store.read(source, data)
    _refuse_image_fields(stored.train.samples, data)
    spec = _spec(stored, source, data)
    _logger.info(
        "%s: %d training and %d held-out examples of shape %s.",
        data.source,
        spec.count,
        len(stored.held_out),
        spec.shape,
    )
    return Dataset(stored.train, stored.held_out, spec)


def _refuse_image_fields(samples: np.ndarray, data: Data) -> None:
    """Points have no size, channels or mirror image."""
    for field in ("size", "channels", "flip"):
        value = getattr(data, field)
        if samples.ndim != 4 and value:
            raise ConfigError(
                f"data.{field}: received {value} with data.source={data.source}, whose examples "
                "are points; leave the field out."
            )


def _spec(stored: store.Stored, source: Source, data: Data) -> DataSpec:
    train = stored.train
    label_names = source.label_names if train.labels is not None else ()
    if source.label_names and not label_names:
        _logger.warning("%s: some examples have no label, so none is used.", data.source)
    return DataSpec(
        shape=train.samples.shape[1:],
        dtype=train.samples.dtype.name,
        value_range=_value_range(train.samples, source, data),
        label_names=label_names,
        marginal=_marginal(train, len(label_names)),
        fingerprint=stored.fingerprint,
        count=len(train),
    )


def _marginal(train: Examples, num_classes: int) -> tuple[float, ...]:
    if train.labels is None:
        return ()
    counts = np.bincount(train.labels, minlength=num_classes)
    return tuple((counts / counts.sum()).tolist())


def _value_range(samples: np.ndarray, source: Source, data: Data) -> tuple[float, float]:
    """The dtype's own range for integers; for floats the one asked for, known, or measured."""
    if samples.dtype.kind == "u":
        if data.value_range is not None:
            raise ConfigError(
                f"data.value_range: received {data.value_range} with {samples.dtype.name} data, "
                "whose range is its type's; leave it null."
            )
        return 0.0, float(np.iinfo(samples.dtype).max)
    given = data.value_range or source.value_range
    low, high = given or (float(samples.min()), float(samples.max()))
    if not low < high or not np.isfinite(high - low):
        measured = "" if given else ", measured on examples that are constant or not finite"
        raise ConfigError(
            f"data.value_range: received [{low:g}, {high:g}]{measured}; give two finite "
            "numbers, the lower one first."
        )
    return low, high
