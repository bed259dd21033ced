"""A question that a trained game answers: named inputs, named outputs, a row at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tensorflow as tf

from trainer.fields import Field

SEED = Field(dtype="int64", kind="seed")


@dataclass(frozen=True)
class Signature:
    """A pure function of rows, and what goes in and comes out.

    Attributes:
        inputs: name → field of one row.
        outputs: name → field of one row.
        function: takes the inputs by name, [n, …] each, and gives the outputs; each row by itself.
        exported: whether a SavedModel offers it; else it stays with the run.
    """

    inputs: Mapping[str, Field]
    outputs: Mapping[str, Field]
    function: Callable[..., Mapping[str, tf.Tensor]]
    exported: bool = True


Signatures = Mapping[str, Signature]
