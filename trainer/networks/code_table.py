"""Latents that are learned: a code for every training example, and no network at all."""

import keras
import numpy as np

from trainer import catalogue
from trainer.networks.ports import Ports


class CodeTable:
    """z_i = w_i / max(1, ‖w_i‖), w = rate · v, v a table of weights: codes stay in the unit ball.

    Under an optimizer whose steps do not depend on the size of gradients, such as Adam, codes move
    `rate` times as fast as other weights.

    Reference: Bojanowski et al. 2018, "Optimizing the latent space of generative networks",
    section 3.
    """

    def __init__(self, options: catalogue.CodeTable) -> None:
        self.options = options

    def codes(self, ports: Ports) -> keras.Model:
        """Numbers of examples int64 [b] → their codes [b, z]."""
        ((name, field),) = ports.inputs.items()
        ((output, latent),) = ports.outputs.items()
        assert field.range is not None
        (size,) = latent.fixed_shape
        rate = self.options.rate
        example = keras.Input((), name=name, dtype=field.dtype)
        spread = keras.initializers.RandomNormal(stddev=size**-0.5 / rate)
        table = keras.layers.Embedding(
            int(field.range[1]) + 1, size, embeddings_initializer=spread, dtype="float32"
        )
        code = keras.layers.Rescaling(rate, dtype="float32", name="rate")(table(example))
        return keras.Model({name: example}, {output: _InUnitBall(name=output)(code)}, name="codes")


def set_codes(model: keras.Model, codes: np.ndarray) -> None:
    """Gives every example its code.

    Args:
        model: of `CodeTable.codes`.
        codes: float32 [n, z], in the unit ball.
    """
    (table,) = model.trainable_variables
    table.assign(codes / model.get_layer("rate").scale)


class _InUnitBall(keras.layers.Layer):
    """Rows longer than one are scaled to length one."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, dtype="float32")

    def call(self, rows: keras.KerasTensor) -> keras.KerasTensor:
        squares = keras.ops.sum(keras.ops.square(rows), axis=-1, keepdims=True)
        return rows * keras.ops.rsqrt(keras.ops.maximum(squares, 1.0))
