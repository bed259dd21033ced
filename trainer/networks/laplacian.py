"""Level generators of a Laplacian pyramid: what a coarse picture lacks at its own size."""

from typing import Any

import keras

from trainer import catalogue
from trainer.networks.conditioning import stacked
from trainer.networks.pictures import made_picture
from trainer.networks.ports import Ports


class Laplacian:
    """Convolutions of stride one over the coarse picture, a plane of noise, and a plane a vector.

    A latent, and every conditioning vector, becomes one plane through a dense layer of its own, as
    the class does in the authors' code. Hidden layers are ReLUs; what is lacking leaves linearly.

    Reference: Denton et al. 2015, "Deep generative image models using a Laplacian pyramid of
    adversarial networks", section 4.2 and the appendix's CIFAR networks.
    """

    def __init__(self, options: catalogue.Laplacian) -> None:
        self.options = options

    def generator(self, ports: Ports) -> keras.Model:
        """A coarse picture of the full size, a latent and the conditioning → a residual, float32.

        Raises:
            ConfigError: when no picture is given, or none is to be made.
        """
        name, shape = made_picture(ports, "laplacian")
        inputs = ports.keras_inputs()
        pictures = ports.of_kind("image")
        planes = {n: _plane(x, shape) for n, x in inputs.items() if n not in pictures}
        x = stacked({**{n: inputs[n] for n in pictures}, **planes}, {})
        *hidden, last = self.options.kernels
        for side in hidden:
            x = keras.layers.Conv2D(
                self.options.filters,
                side,
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
            )(x)
        x = keras.layers.Conv2D(shape[-1], last, padding="same")(x)
        made = keras.layers.Activation("linear", dtype="float32", name=name)(x)
        return keras.Model(inputs, {name: made}, name="generator")


def _plane(vector: Any, shape: tuple[int, ...]) -> Any:
    """A vector [b, d] as one channel of a picture's size."""
    height, width, _ = shape
    x = keras.layers.Dense(height * width, use_bias=False)(vector)
    return keras.layers.Reshape((height, width, 1))(x)
