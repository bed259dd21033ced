"""From a configuration to a data set: opens its source and measures what was read."""

import logging
from dataclasses import replace

import numpy as np

from trainer.catalogue import resolve
from trainer.config.experiment import Data
from trainer.data import attributes, binarised, captions, store
from trainer.data.examples import Dataset, DataSpec, count
from trainer.data.reading import Source
from trainer.errors import ConfigError
from trainer.fields import Field

_logger = logging.getLogger("saddlepoint")

# What a field of so many axes is, where its source says nothing.
_KINDS = {4: "image", 5: "clip"}


def load(data: Data) -> Dataset:
    """Reads the examples that a configuration names.

    The held-out examples are those of `data.holdout_split`; else of the split "test" or
    "validation" where tensorflow-datasets has one; else `data.holdout_share` of all, the same ones
    for ever.

    Raises:
        ConfigError: for a source that cannot be read as asked; names field, value and remedy.
    """
    source: Source = resolve(data.source)(data)
    stored = store.read(source, data)
    spec = DataSpec(_fields(stored, source, data), stored.fingerprint, len(stored.train))
    _refuse_options(spec, data)
    dataset = Dataset(stored.train, stored.held_out, spec)
    _tell_of_absent_classes(dataset)
    if source.derive is not None:
        dataset = source.derive(dataset)
    dataset = binarised.with_held_out(dataset, data)
    _tell(dataset, data)
    return dataset


def _tell(dataset: Dataset, data: Data) -> None:
    """Says how many examples there are of what form, table by table."""
    fields = dataset.spec.fields
    tables = [
        f"{count(table)} examples of {', '.join(_described(name, fields[name]) for name in table)}"
        for table in dataset.train.tables
    ]
    held_out = len(dataset.held_out)
    _logger.info("%s: %s; %d more held out.", data.source, " and ".join(tables), held_out)


def _described(name: str, field: Field) -> str:
    sides = "x".join(map(str, field.shape))
    return f"{name} {sides}" if sides else f"{name} ({len(field.names)} classes)"


def _refuse_options(spec: DataSpec, data: Data) -> None:
    """What is no picture has no size, channels or mirror image, and symbols have no range."""
    if data.value_range and not any(field.range for field in spec.fields.values()):
        raise ConfigError(
            f"data.value_range: received {data.value_range} with data.source={data.source}, whose "
            "examples are no numbers; leave it null."
        )
    if data.binarise and not binarised.names(spec, data):
        raise ConfigError(
            f"data.binarise: received true with data.source={data.source}, which holds no pictures "
            "of integer levels; leave it out, or take pictures of 8 or 16 bits."
        )
    for option in ("size", "channels", "depth", "flip", "jitter"):
        value = getattr(data, option)
        if value and not spec.images:
            raise ConfigError(
                f"data.{option}: received {value} with data.source={data.source}, whose examples "
                "are no pictures; leave the option out."
            )


def _fields(stored: store.Stored, source: Source, data: Data) -> dict[str, Field]:
    """What is known of every field of the training examples."""
    train = stored.train
    missing = [name for name in source.fields if name not in train]
    if missing:
        _logger.warning("%s: some examples have no %s, so none is used.", data.source, missing[0])
    return {
        name: _field(array, source.fields.get(name), data, table.get("label"))
        for table in train.tables
        for name, array in table.items()
    }


def _tell_of_absent_classes(dataset: Dataset) -> None:
    """Names the classes of which no example is left to train on."""
    spec = dataset.spec
    shares = zip(spec.label_names, spec.marginal, strict=True)
    absent = [name for name, share in shares if not share]
    if absent:
        _logger.warning(
            "data.source: no example of the classes %s is left to train on, because they are held "
            "out or cannot be read; give more of them, or a smaller data.holdout_share.",
            ", ".join(absent),
        )


def _field(array: np.ndarray, known: Field | None, data: Data, labels: np.ndarray | None) -> Field:
    """What the source knows of a field, with the form of its values and what they measure.

    Args:
        array: its values, a row an example.
        known: by the source.
        data: as it was asked for.
        labels: of the same examples, where they have some.
    """
    known = known or Field(kind=_KINDS.get(array.ndim, "vector"))
    field = replace(known, shape=array.shape[1:], dtype=array.dtype.name)
    if field.kind == "label":
        return replace(field, marginal=_marginal(array, len(field.names)))
    if field.kind == "attributes":
        return attributes.measured(field, array, labels)
    if field.kind == "text":
        return captions.measured(field, array, labels)
    if field.kind in ("image", "clip", "vector"):
        return replace(field, range=_range(array, known, data))
    return field


def _marginal(labels: np.ndarray, num_classes: int) -> tuple[float, ...]:
    counts = np.bincount(labels, minlength=num_classes)
    return tuple((counts / counts.sum()).tolist())


def _range(values: np.ndarray, known: Field, data: Data) -> tuple[float, float]:
    """The dtype's own range for integers; for floats the one asked for, known, or measured."""
    if values.dtype.kind == "u":
        if data.value_range is not None:
            raise ConfigError(
                f"data.value_range: received {data.value_range} with {values.dtype.name} data, "
                "whose range is its type's; leave it null."
            )
        return 0.0, float(np.iinfo(values.dtype).max)
    given = data.value_range or known.range
    low, high = given or (float(values.min()), float(values.max()))
    if not low < high or not np.isfinite(high - low):
        measured = "" if given else ", measured on examples that are constant or not finite"
        raise ConfigError(
            f"data.value_range: received [{low:g}, {high:g}]{measured}; give two finite "
            "numbers, the lower one first."
        )
    return low, high
