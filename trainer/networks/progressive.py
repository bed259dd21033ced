"""Players that grow with the resolution: a network at every level, all sharing their layers."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.layers.equalized import EqualizedConv2D, EqualizedDense
from trainer.layers.pixel_normalization import PixelNormalization
from trainer.networks.comparing import compared_over_places
from trainer.networks.conditioning import joined
from trainer.networks.ports import Ports

_FADE = "share"


class Growing(keras.Model):
    """One network at every resolution: functional models that share layers, and so variables.

    All of them take and make pictures of the data's own size: lower levels pool what they are
    shown, and enlarge what they make. In training the level is said, or else is the last one; a
    network that is only asked stands where it has grown to.

    Args:
        levels: from the lowest resolution up. But for the first they also take "share", [b]: the
            share of the level's own layers, against those of the level below.

    Attributes:
        growth: float32 scalar in [0, levels - 1]; k - 1 + α is the level k at the fade α. It is
            no weight: whoever lets the network grow sets it, as a function of the step.
    """

    def __init__(self, levels: Sequence[keras.Model], name: str) -> None:
        super().__init__(name=name)
        self.levels = list(levels)
        self.growth = self.add_weight(
            name="growth",
            shape=(),
            dtype="float32",
            initializer=keras.initializers.Constant(len(levels) - 1.0),
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
        )
        self.built = True

    @property
    def input(self) -> dict[str, Any]:
        """The inputs by name."""
        return dict(self.levels[0].input)

    @property
    def output(self) -> dict[str, Any]:
        """The outputs by name."""
        return dict(self.levels[0].output)

    def call(
        self, inputs: Mapping[str, Any], training: bool | None = None, level: int | None = None
    ) -> Any:
        """The answers of a level by name; see the class for the level where none is said."""
        if level is None and training:
            level = len(self.levels) - 1
        if level is not None:
            return self._at(level, inputs)
        grown = tf.cast(tf.math.ceil(tf.convert_to_tensor(self.growth)), tf.int32)
        branches = [partial(self._at, number, inputs) for number in range(len(self.levels))]
        return tf.switch_case(grown, branches)

    def _at(self, level: int, inputs: Mapping[str, Any]) -> Any:
        if not level:
            return self.levels[0](inputs)
        rows = tf.shape(next(iter(inputs.values())))[0]
        fade = tf.convert_to_tensor(self.growth) - (level - 1.0)
        return self.levels[level]({**inputs, _FADE: tf.fill([rows], fade)})


class Fade(keras.layers.Layer):
    """(1 - α) low + α high, exactly the one at 0 and exactly the other at 1."""

    def call(self, inputs: tuple[Any, Any, Any]) -> Any:
        """Values [b, h, w, c] twice, and shares α [b] → values of the same shape."""
        low, high, share = inputs
        share = tf.cast(share, high.dtype)[:, tf.newaxis, tf.newaxis, tf.newaxis]
        return (1.0 - share) * low + share * high

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the values."""
        return input_shape[1]


class Progressive:
    """Pairs of 3×3 convolutions at every resolution, which doubles from level to level.

    Learning rates are equalised, the generator's pixels are normalised; there is no batch
    normalisation. Pictures leave linearly. Conditions join the latent in the generator, and the
    hidden layer before the answers in the discriminator.

    Reference: Karras et al. 2018, "Progressive growing of GANs for improved quality, stability,
    and variation", table 2.
    """

    def __init__(self, options: catalogue.Progressive) -> None:
        self.options = options

    def generator(self, ports: Ports) -> keras.Model:
        """Latent and the conditioning → pictures, float32."""
        ((name, field),) = _pictures(ports.outputs).items()
        sizes, inputs = self._sizes(field), ports.keras_inputs()
        channels = field.fixed_shape[-1]
        hidden = [self._first(inputs, ports, sizes)]
        for level in range(1, len(sizes)):
            x = keras.layers.UpSampling2D(2)(hidden[-1])
            for _ in range(2):
                x = _normalized(EqualizedConv2D(self._filters(level, sizes), 3)(x))
            hidden.append(x)
        colour = [EqualizedConv2D(channels, 1, gain=1.0) for _ in sizes]
        fade = keras.Input((), name=_FADE)
        levels = []
        for level, x in enumerate(hidden):
            image = colour[level](x)
            if level:
                low = keras.layers.UpSampling2D(2)(colour[level - 1](hidden[level - 1]))
                image = Fade()([low, image, fade])
            image = keras.layers.UpSampling2D(2 ** (len(sizes) - 1 - level), dtype="float32")(image)
            taken = {**inputs, _FADE: fade} if level else inputs
            levels.append(keras.Model(taken, {name: image}))
        return Growing(levels, "generator")

    def discriminator(self, ports: Ports) -> keras.Model:
        """Pictures and the conditioning → the game's outputs, such as {"logits": [b]}."""
        ((name, field),) = _pictures(ports.inputs).items()
        sizes, inputs = self._sizes(field), ports.keras_inputs()
        vectors = {n: x for n, x in inputs.items() if n != name}
        colour = [EqualizedConv2D(self._filters(level, sizes), 1) for level in range(len(sizes))]
        blocks = [self._halving(level, sizes) for level in range(1, len(sizes))]
        last = self._last(sizes, vectors, ports)
        fade = keras.Input((), name=_FADE)
        levels = []
        for level in range(len(sizes)):
            shown = _pooled(inputs[name], 2 ** (len(sizes) - 1 - level))
            x = _leaky(colour[level](shown))
            if level:
                low = _leaky(colour[level - 1](_pooled(shown, 2)))
                x = Fade()([low, blocks[level - 1](x), fade])
            for block in reversed(blocks[: max(0, level - 1)]):
                x = block(x)
            taken = {**inputs, _FADE: fade} if level else inputs
            levels.append(keras.Model(taken, last({"hidden": x, **vectors})))
        return Growing(levels, "discriminator")

    def _first(self, inputs: Mapping[str, Any], ports: Ports, sizes: list[tuple[int, int]]) -> Any:
        """The first feature map [b, h, w, c], from the normalised latent."""
        latents = ports.of_kind("latent")
        known = {n: PixelNormalization()(x) if n in latents else x for n, x in inputs.items()}
        (height, width), filters = sizes[0], self._filters(0, sizes)
        # The authors' gain, which compensates for what the dense layer's normalisation adds.
        x = EqualizedDense(height * width * filters, gain=math.sqrt(2.0) / 4.0)(joined(known))
        x = _normalized(keras.layers.Reshape((height, width, filters))(x))
        return _normalized(EqualizedConv2D(filters, 3)(x))

    def _halving(self, level: int, sizes: list[tuple[int, int]]) -> keras.Model:
        """The discriminator's layers from a level to the one below."""
        x = features = keras.Input((*sizes[level], self._filters(level, sizes)))
        x = _leaky(EqualizedConv2D(self._filters(level, sizes), 3)(x))
        x = _leaky(EqualizedConv2D(self._filters(level - 1, sizes), 3)(x))
        return keras.Model(features, _pooled(x, 2))

    def _last(
        self, sizes: list[tuple[int, int]], vectors: Mapping[str, Any], ports: Ports
    ) -> keras.Model:
        """From the lowest level's features, and the conditioning, to the answers."""
        filters = self._filters(0, sizes)
        hidden = keras.Input((*sizes[0], filters), name="hidden")
        conditioning = {
            n: keras.Input(x.shape[1:], name=n, dtype=x.dtype) for n, x in vectors.items()
        }
        x = compared_over_places(hidden, self.options)
        x = keras.layers.Flatten()(_leaky(EqualizedConv2D(filters, 3)(x)))
        x = _leaky(EqualizedDense(filters)(joined({"hidden": x, **conditioning})))
        answers = {name: _answer(x, field) for name, field in ports.outputs.items()}
        return keras.Model({"hidden": hidden, **conditioning}, answers)

    def _sizes(self, field: Field) -> list[tuple[int, int]]:
        height, width, _ = field.fixed_shape
        return self.options.resolutions(height, width)

    def _filters(self, level: int, sizes: list[tuple[int, int]]) -> int:
        """Channels of a level; they halve with every doubling of the resolution."""
        return min(
            self.options.base_filters * 2 ** (len(sizes) - 1 - level), self.options.max_filters
        )


def _leaky(x: Any) -> Any:
    return keras.layers.LeakyReLU(negative_slope=0.2)(x)


def _normalized(x: Any) -> Any:
    return PixelNormalization()(_leaky(x))


def _pooled(x: Any, factor: int) -> Any:
    return keras.layers.AveragePooling2D(factor)(x) if factor > 1 else x


def _answer(x: Any, field: Field) -> Any:
    if field.kind == "features":
        return keras.layers.Activation("linear", dtype="float32")(x)
    x = EqualizedDense(field.size, gain=1.0, dtype="float32")(x)
    return keras.layers.Reshape(field.fixed_shape, dtype="float32")(x)


def _pictures(fields: Mapping[str, Field]) -> dict[str, Field]:
    """The only picture among some fields.

    Raises:
        ConfigError: when there is none, or more than one.
    """
    pictures = {name: field for name, field in fields.items() if field.kind == "image"}
    if len(pictures) != 1:
        raise ConfigError(
            f"network.name: received 'progressive', which makes and judges one picture, but the "
            f"game's fields are {', '.join(fields)}; set network.name=dcgan or mlp."
        )
    return pictures
