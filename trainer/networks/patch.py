"""A discriminator that judges every patch of a picture by itself (PatchGAN, Isola et al. 2017)."""

from typing import Any

import keras

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.networks.conditioning import Normalization, convolution, has_bias, normalize, stacked
from trainer.networks.dcgan import initializer
from trainer.networks.heads import heads
from trainer.networks.ports import Ports

_KERNEL = 4
# The paper's patches of 70x70 pixels have so many layers of stride two.
_MOST_LAYERS = 3


class Patch:
    """C64-C128-C256-C512 and a convolution to one logit a patch: {"logits": [b, h, w]}.

    All kernels are 4x4; all layers but the last two halve the picture. Without a number of layers
    of stride two it takes as many as leave the patch within the picture, from one to three: patches
    are 70x70 pixels of pictures of 70 on, 34x34 from 34 on, and 16x16 below. The first layer is not
    normalised. Other outputs that a game asks for come from the mean over all patches.

    Reference: Isola et al. 2017, "Image-to-image translation with conditional adversarial
    networks", sections 3.2 and 6.1.
    """

    def __init__(self, options: catalogue.Patch) -> None:
        self.options = options

    def discriminator(self, ports: Ports) -> keras.Model:
        """Pictures and the conditioning → {"logits": [b, h, w]} and the game's other outputs.

        Raises:
            ConfigError: when no picture is judged, or patches of a number of layers that is asked
                for are larger than the pictures.
        """
        inputs = ports.keras_inputs()
        x = self._features(_stacked(inputs, ports), ports)
        outputs: dict[str, Any] = {}
        others = {name: field for name, field in ports.outputs.items() if name != "logits"}
        if "logits" in ports.outputs:
            outputs["logits"] = self._logits(x)
        if others:
            pooled = keras.layers.GlobalAveragePooling2D()(x)
            of_whole = Ports(ports.inputs, others, ports.synchronized)
            outputs |= heads(pooled, of_whole, normalization=self.options.normalization)
        return keras.Model(inputs, outputs, name="discriminator")

    def _features(self, x: Any, ports: Ports) -> Any:
        """The last hidden layer: layers of stride two, and one of stride one."""
        halvings = self.options.layers
        if halvings is None:
            halvings = layers_for(min(x.shape[1:3]))
        else:
            _refuse_larger(halvings, x.shape[1:3])
        for level in range(halvings + 1):
            kind = self.options.normalization
            # The first layer's outputs are not normalised; its kernel is.
            kind = kind if level or kind == "spectral" else "none"
            x = self._convolved(x, level, strided=level < halvings, kind=kind)
            x = keras.layers.LeakyReLU(negative_slope=0.2)(normalize(x, kind, ports))
        return x

    def _convolved(self, x: Any, level: int, *, strided: bool, kind: Normalization) -> Any:
        return convolution(kind)(
            min(self.options.base_filters * 2**level, self.options.max_filters),
            _KERNEL,
            strides=2 if strided else 1,
            padding="same",
            use_bias=has_bias(kind),
            kernel_initializer=initializer(),
        )(x)

    def _logits(self, x: Any) -> Any:
        layer = convolution(self.options.normalization)
        x = layer(1, _KERNEL, padding="same", kernel_initializer=initializer())(x)
        return keras.layers.Reshape(x.shape[1:3], dtype="float32", name="logits")(x)


def patch_side(layers: int) -> int:
    """Pixels that a logit sees in each direction, behind so many layers of stride two.

    Each layer of kernel k and stride s, from the last to the first, makes n pixels s (n - 1) + k.
    """
    side = 1
    for stride in (1, 1, *(2,) * layers):
        side = stride * (side - 1) + _KERNEL
    return side


def layers_for(side: int) -> int:
    """Layers of stride two whose patches lie within pictures of this side: one to three."""
    return max((n for n in range(1, _MOST_LAYERS + 1) if patch_side(n) <= side), default=1)


def _refuse_larger(layers: int, size: tuple[int, int]) -> None:
    """Refuses patches that no picture holds: what lies around a picture is black and says nothing.

    Raises:
        ConfigError: naming both sizes, and the layers that suit the pictures.
    """
    side, (height, width) = patch_side(layers), size
    if side > min(size):
        fitting = [n for n in range(layers) if patch_side(n) <= min(size)]
        remedy = f"take at most {fitting[-1]}, or null" if fitting else "set it to null"
        raise ConfigError(
            f"network.layers: received {layers}, whose patches of {side}x{side} pixels are larger "
            f"than pictures of {height}x{width}; {remedy}."
        )


def _stacked(inputs: dict[str, Any], ports: Ports) -> Any:
    """The pictures and the conditioning as the channels of one picture."""
    pictures = {name: inputs[name] for name in ports.pictures}
    if not pictures:
        raise ConfigError(
            f"network.name: received 'patch', which judges pictures, but the game's fields are "
            f"{', '.join(ports.inputs)}; take data of pictures, or another discriminator."
        )
    return stacked(pictures, {name: x for name, x in inputs.items() if name not in pictures})
