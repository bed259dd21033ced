"""How far two tensors are apart."""

from typing import Any

import keras


class SquaredDistance(keras.layers.Layer):
    """Σ (a - b)² over all but the first axis of two tensors of one shape: float32 [b]."""

    def __init__(self, **options: Any) -> None:
        super().__init__(dtype="float32", **options)

    def call(self, inputs: list[Any]) -> Any:
        """The distances of the rows of `inputs`, a pair of tensors."""
        a, b = inputs
        squares = keras.ops.square(a - b)
        return keras.ops.sum(squares, axis=list(range(1, len(squares.shape))))
