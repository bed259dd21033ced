"""Between stored values and what the players see of them, a file a kind of field."""

from dataclasses import replace
from types import ModuleType

import tensorflow as tf

from trainer.data.modalities import (
    attributes,
    graph,
    label_maps,
    labels,
    scaled,
    table,
    text,
    tokens,
)
from trainer.errors import ConfigError
from trainer.fields import Field

# Each has `seen(stored, field)`, `stored(seen, field)` and `seen_field(field)`; where clients are
# answered something else than what is stored, `outputs(stored, field)` and `output_fields(field)`.
_OF_KIND: dict[str, ModuleType] = {
    "image": scaled,
    "vector": scaled,
    "clip": scaled,
    "attributes": attributes,
    "tokens": tokens,
    "label": labels,
    "label_map": label_maps,
    "text": text,
    "table": table,
    "graph": graph,
}


def seen(values: tf.Tensor, field: Field) -> tf.Tensor:
    """What the players see of stored values.

    Args:
        values: [..., *field.shape] in stored units.
        field: what they are.

    Returns:
        float32 for images, clips, vectors and attributes ([..., *shape], the range on [-1, 1]),
        tokens ([..., T, V] one-hot), label maps ([..., h, w, k] one-hot), rows of tables ([..., W])
        and graphs ([..., N, F]); labels and texts, which are numbers, as they are.

    Raises:
        ConfigError: for a kind of field that players cannot see.
    """
    converted: tf.Tensor = _modality(field).seen(values, field)
    return converted


def stored(values: tf.Tensor, field: Field) -> tf.Tensor:
    """What is stored of what the players see or make: the inverse of `seen`.

    Raises:
        ConfigError: for a kind of field that players cannot see.
    """
    converted: tf.Tensor = _modality(field).stored(values, field)
    return converted


def unrounded(field: Field) -> Field:
    """The field of what players make, in its own units and unrounded: float32.

    Symbols are distributions there, [T, V], and not the most likely ones.
    """
    if field.kind == "tokens":
        return replace(tokens.seen_field(field), about=field.about)
    return replace(field, dtype="float32")


def seen_field(field: Field) -> Field:
    """The form in which the players see a stored field: what `seen` gives."""
    described: Field = _modality(field).seen_field(field)
    return described


def output_fields(field: Field) -> dict[str, Field] | None:
    """What clients are answered of a stored field, by name; None where it is the field itself."""
    modality = _OF_KIND.get(field.kind)
    if modality is None or not hasattr(modality, "output_fields"):
        return None
    named: dict[str, Field] = modality.output_fields(field)
    return named


def outputs(values: tf.Tensor, field: Field) -> dict[str, tf.Tensor]:
    """Stored values [n, ...] as clients are answered, of the names of `output_fields`."""
    return dict(_modality(field).outputs(values, field))


def _modality(field: Field) -> ModuleType:
    if field.kind not in _OF_KIND:
        raise ConfigError(
            f"data.source: received a field of kind {field.kind!r}, which networks cannot see; "
            f"accepted are {', '.join(_OF_KIND)}."
        )
    return _OF_KIND[field.kind]
