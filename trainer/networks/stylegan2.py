"""A generator steered by styles at every resolution, and a residual discriminator (StyleGAN2)."""

import math
from typing import Any

import keras

from trainer import catalogue
from trainer.layers.equalized import EqualizedConv2D, EqualizedDense
from trainer.layers.keyed import KeyedNoise
from trainer.layers.modulated import ModulatedConv2D, StyleAverage
from trainer.layers.pixel_normalization import PixelNormalization
from trainer.networks.comparing import compared_over_places
from trainer.networks.conditioning import joined
from trainer.networks.dcgan import picture, require_pictures
from trainer.networks.heads import heads
from trainer.networks.ports import Ports

_Size = tuple[int, int]
# How fast the mapping learns, beside the other layers.
_SLOWER = 0.01


class StyleGAN2:
    """z → w by dense layers; w modulates every convolution, from a learned constant up.

    Two modulated 3×3 convolutions a resolution (one at the lowest), each with noise of the row's
    key; colours of all resolutions are added up, those below bilinearly enlarged (which is the
    paper's filter [1, 3, 3, 1]). The discriminator is residual: two convolutions and a pooled
    1×1 shortcut a resolution. Learning rates are equalised; nothing else is normalised.

    Reference: Karras et al. 2020, "Analyzing and improving the image quality of StyleGAN", figures
    2 and 7; the mapping: Karras et al. 2019.
    """

    def __init__(self, options: catalogue.StyleGAN2) -> None:
        self.options = options

    def mapping(self, ports: Ports) -> keras.Model:
        """Latent, the conditioning, and the share of truncation → {"style": [b, w]}."""
        inputs = ports.keras_inputs()
        latents = ports.of_kind("latent")
        (size,) = ports.outputs["style"].fixed_shape
        conditioning = {n: x for n, x in inputs.items() if n not in latents and n != "truncation"}
        x = PixelNormalization()(joined({n: inputs[n] for n in latents}))
        if conditioning:
            embedded = EqualizedDense(size, gain=1.0)(joined(conditioning))
            x = keras.layers.Concatenate()([x, PixelNormalization()(embedded)])
        for _ in range(self.options.mapping_layers):
            x = _leaky(SlowDense(size)(x))
        style = StyleAverage(name="style")((x, inputs["truncation"]))
        return keras.Model(inputs, {"style": style}, name="mapping")

    def generator(self, ports: Ports) -> keras.Model:
        """Styles [b, l, w] and a row's key → pictures, float32; they leave linearly."""
        name, shape = picture(ports.outputs, "stylegan2")
        inputs = ports.keras_inputs(key=self.options.noise)
        keys = [inputs[n] for n in ports.of_kind("key") if n in inputs]
        conditioning = {n: inputs[n] for n in ("styles", *ports.of_kind("key")) if n in inputs}
        sizes = self.options.resolutions(*shape[:2])
        styles = [Row(number)(inputs["styles"]) for number in range(2 * len(sizes))]
        x: Any = Constant((*sizes[0], self._filters(0, sizes)))(styles[0])
        image: Any = None
        for level, size in enumerate(sizes):
            filters = self._filters(level, sizes)
            if level:
                x = _up(x, size)
                x = self._styled(x, styles[2 * level - 1], filters, 2 * level - 1, keys)
            x = self._styled(x, styles[2 * level], filters, 2 * level, keys)
            colours = _modulated(x, styles[2 * level + 1], shape[-1], 1, demodulate=False)
            colours = Bias()(colours)
            image = colours if image is None else keras.layers.Add()([_up(image, size), colours])
        image = keras.layers.Activation("linear", dtype="float32", name=name)(image)
        return keras.Model(conditioning, {name: image}, name="generator")

    def discriminator(self, ports: Ports) -> keras.Model:
        """Pictures and the conditioning → the game's outputs, such as {"logits": [b]}."""
        require_pictures(ports.inputs, "stylegan2")
        inputs = ports.keras_inputs()
        (name,) = ports.of_kind("image")
        vectors = {n: x for n, x in inputs.items() if n != name}
        sizes = self.options.resolutions(*ports.inputs[name].fixed_shape[:2])
        x = _leaky(EqualizedConv2D(self._filters(len(sizes) - 1, sizes), 1)(inputs[name]))
        for level in range(len(sizes) - 1, 0, -1):
            filters = self._filters(level - 1, sizes)
            y = _leaky(EqualizedConv2D(x.shape[-1], 3)(x))
            y = keras.layers.AveragePooling2D(2)(_leaky(EqualizedConv2D(filters, 3)(y)))
            short = EqualizedConv2D(filters, 1, gain=1.0, use_bias=False)(
                keras.layers.AveragePooling2D(2)(x)
            )
            x = keras.layers.Rescaling(1.0 / math.sqrt(2.0))(keras.layers.Add()([y, short]))
        filters = x.shape[-1]
        x = _leaky(EqualizedConv2D(filters, 3)(compared_over_places(x, self.options)))
        x = _leaky(EqualizedDense(filters)(keras.layers.Flatten()(x)))
        conditioning = joined(vectors) if vectors else None
        return keras.Model(inputs, heads(x, ports, conditioning), name="discriminator")

    def _styled(self, x: Any, style: Any, filters: int, number: int, keys: list[Any]) -> Any:
        """One modulated convolution, noise, a bias and the nonlinearity."""
        x = _modulated(x, style, filters, 3)
        if keys:
            x = KeyedNoise(number)((x, keys[0]))
        return _leaky(Bias()(x))

    def _filters(self, level: int, sizes: list[_Size]) -> int:
        """Channels of a level; they halve with every doubling of the resolution."""
        return min(
            self.options.base_filters * 2 ** (len(sizes) - 1 - level), self.options.max_filters
        )


class SlowDense(EqualizedDense):
    """Learns a hundred times slower: weights are as many times larger, and what they make smaller.

    Reference: Karras et al. 2019, appendix C (λ = 0.01).
    """

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(units, **options)
        self.kernel_initializer = keras.initializers.RandomNormal(stddev=1.0 / _SLOWER)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """See `keras.layers.Dense`."""
        return super().call(inputs, training=training) * _SLOWER


class Row(keras.layers.Layer):
    """Styles [b, l, w] → the style of one layer [b, w]."""

    def __init__(self, number: int, **options: Any) -> None:
        super().__init__(**options)
        self.number = number

    def call(self, inputs: Any) -> Any:
        """See the class."""
        return inputs[:, self.number]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """See the class."""
        return input_shape[0], input_shape[2]


class Constant(keras.layers.Layer):
    """A learned constant [h, w, c] for every row of a batch."""

    def __init__(self, size: tuple[int, ...], **options: Any) -> None:
        super().__init__(**options)
        self.size = size

    def build(self, input_shape: Any) -> None:
        """Makes the constant."""
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.constant = self.add_weight(name="constant", shape=self.size, initializer=normal)

    def call(self, inputs: Any) -> Any:
        """Anything [b, …] → [b, h, w, c]."""
        constant = keras.ops.expand_dims(self.constant, 0)
        return keras.ops.repeat(constant, keras.ops.shape(inputs)[0], axis=0)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """See `call`."""
        return input_shape[0], *self.size


class Bias(keras.layers.Layer):
    """A number a channel, added."""

    def build(self, input_shape: Any) -> None:
        """Makes the numbers."""
        self.bias = self.add_weight(name="bias", shape=(input_shape[-1],), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        """See the class."""
        return inputs + self.bias

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the inputs."""
        return input_shape


def _modulated(x: Any, style: Any, filters: int, side: int, *, demodulate: bool = True) -> Any:
    """A modulated convolution; what a style says of channels is around one."""
    scales = EqualizedDense(x.shape[-1], gain=1.0, bias_initializer="ones")(style)
    return ModulatedConv2D(filters, side, demodulate=demodulate)((x, scales))


def _up(x: Any, size: _Size) -> Any:
    return keras.layers.UpSampling2D(size[0] // x.shape[1], interpolation="bilinear")(x)


def _leaky(x: Any) -> Any:
    """Leaky ReLU that keeps the scale of what it is given."""
    x = keras.layers.LeakyReLU(negative_slope=0.2)(x)
    return keras.layers.Rescaling(math.sqrt(2.0))(x)
