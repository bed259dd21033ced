"""Specifications of made-up data, for tests that need no data."""

from trainer.data.examples import DataSpec
from trainer.fields import Field


def spec_of(
    shape,
    dtype="uint8",
    limits=(0.0, 255.0),
    *,
    label_names=(),
    marginal=(),
    fingerprint="",
    count=10,
) -> DataSpec:
    """Of images where the shape has three sides, else vectors; with labels if they have names."""
    kind = "image" if len(shape) == 3 else "vector"
    fields = {"sample": Field(shape, dtype, kind, limits)}
    if label_names:
        fields["label"] = Field((), "int64", "label", names=label_names, marginal=marginal)
    return DataSpec(fields, fingerprint, count)
