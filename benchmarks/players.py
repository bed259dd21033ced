"""The players of dcgan-mnist: the product's own, and the same shapes in Keras' own layers."""

from typing import Any

import keras

from trainer import catalogue
from trainer.config.experiment import Experiment
from trainer.fields import Field
from trainer.networks.ports import Ports

SHAPE = (28, 28, 1)
_FILTERS = (64, 128, 256)


def product(experiment: Experiment) -> tuple[keras.Model, keras.Model]:
    """Generator and discriminator as a run builds them, in the experiment's precision."""
    family = catalogue.resolve(experiment.network)(experiment.network)
    latent = {"latent": Field((latent_size(experiment),), kind="latent")}
    sample = {"sample": Field(SHAPE, kind="image")}
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(experiment.train.precision)
    try:
        generator = family.generator(Ports(latent, sample))
        return generator, family.discriminator(Ports(sample, {"logits": Field()}))
    finally:
        keras.config.set_dtype_policy(before)


def latent_size(experiment: Experiment) -> int:
    """Numbers in a latent of the experiment's prior."""
    prior = experiment.prior
    assert isinstance(prior, catalogue.GaussianPrior | catalogue.UniformPrior)
    return prior.size


def stock(experiment: Experiment) -> tuple[keras.Model, keras.Model]:
    """The same players from nothing but `keras.layers`, as a published example would write them."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(experiment.train.precision)
    try:
        return _generator(latent_size(experiment)), _discriminator()
    finally:
        keras.config.set_dtype_policy(before)


def keras_example() -> tuple[keras.Model, keras.Model]:
    """The players of Keras' example "DCGAN to generate face images", for 28x28 grey pictures.

    There pictures are 64x64 and start at 8x8; here they start at 7x7 and are doubled twice. They
    lie in [-1, 1] instead of [0, 1], and what judges answers logits instead of probabilities.

    Reference: https://keras.io/examples/generative/dcgan_overriding_train_step/
    """
    latent = x = keras.Input((128,), name="latent")
    x = keras.layers.Reshape((7, 7, 128))(keras.layers.Dense(7 * 7 * 128)(x))
    for filters in (128, 256):
        x = keras.layers.Conv2DTranspose(filters, 4, strides=2, padding="same")(x)
        x = keras.layers.LeakyReLU(negative_slope=0.2)(x)
    image = keras.layers.Conv2D(1, 5, padding="same", activation="tanh")(x)
    sample = x = keras.Input(SHAPE, name="sample")
    for filters in (64, 128, 128):
        x = keras.layers.Conv2D(filters, 4, strides=2, padding="same")(x)
        x = keras.layers.LeakyReLU(negative_slope=0.2)(x)
    x = keras.layers.Dropout(0.2)(keras.layers.Flatten()(x))
    logits = keras.layers.Reshape(())(keras.layers.Dense(1)(x))
    return keras.Model({"latent": latent}, image), keras.Model(
        {"sample": sample}, {"logits": logits}
    )


def _generator(latent_size: int) -> keras.Model:
    latent = x = keras.Input((latent_size,), name="latent")
    x = keras.layers.Dense(4 * 4 * _FILTERS[2], use_bias=False, kernel_initializer=_small())(x)
    x = _normalized(keras.layers.Reshape((4, 4, _FILTERS[2]))(x), "relu")
    x = keras.layers.Conv2DTranspose(_FILTERS[1], use_bias=False, **_stride_two())(x)
    x = _normalized(keras.layers.Cropping2D(((0, 1), (0, 1)))(x), "relu")
    x = keras.layers.Conv2DTranspose(_FILTERS[0], use_bias=False, **_stride_two())(x)
    x = keras.layers.Conv2DTranspose(SHAPE[-1], **_stride_two())(_normalized(x, "relu"))
    image = keras.layers.Activation("tanh", dtype="float32")(x)
    return keras.Model({"latent": latent}, image)


def _discriminator() -> keras.Model:
    sample = x = keras.Input(SHAPE, name="sample")
    x = keras.layers.Conv2D(_FILTERS[0], **_stride_two())(x)
    x = keras.layers.LeakyReLU(negative_slope=0.2)(x)
    for filters in _FILTERS[1:]:
        x = keras.layers.Conv2D(filters, use_bias=False, **_stride_two())(x)
        x = _normalized(x, keras.layers.LeakyReLU(negative_slope=0.2))
    x = keras.layers.Dense(1, dtype="float32")(keras.layers.Flatten()(x))
    logits = keras.layers.Reshape((), dtype="float32", name="logits")(x)
    return keras.Model({"sample": sample}, {"logits": logits})


def _normalized(x: Any, activation: Any) -> Any:
    x = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return keras.layers.Activation(activation)(x)


def _stride_two() -> dict[str, Any]:
    return {
        "kernel_size": 4,
        "strides": 2,
        "padding": "same",
        "kernel_initializer": _small(),
    }


def _small() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.02)
