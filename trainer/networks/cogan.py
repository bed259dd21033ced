"""Players of two domains that share what the domains have in common (Liu & Tuzel 2016)."""

from dataclasses import replace
from typing import Any

import keras

from trainer.errors import ConfigError
from trainer.networks.conditioning import joined
from trainer.networks.dcgan import Strided, require_pictures, resolutions
from trainer.networks.heads import heads
from trainer.networks.ports import Ports


class CoGAN(Strided):
    """DCGAN's layers: one generator with two last layers, one discriminator with two first ones.

    What a generator decides first is what a picture shows, and what it decides last is how it
    looks; a discriminator reads in the other order. So the layers near the latent and near the
    answer are one for both domains, and those near the pixels are a domain's own. Nothing else
    couples the domains: the discriminator judges each picture by itself.

    Reference: Liu & Tuzel 2016, "Coupled generative adversarial networks", section 3.
    """

    def joint_generator(self, ports: Ports) -> keras.Model:
        """Latent [b, z] and the conditioning vectors → a picture a domain in [-1, 1], float32.

        Raises:
            ConfigError: when domains are no pictures, or of different height or width.
        """
        height, width = _size(ports.outputs)
        sizes, inputs = resolutions((height, width)), ports.keras_inputs()
        x = self._seed_map(joined(inputs), sizes, ports)
        x = self._widened(x, sizes, self.options.generator_normalization, ports)
        pictures = {
            name: self._pictured(x, sizes[0], field.fixed_shape[-1], name)
            for name, field in ports.outputs.items()
        }
        return keras.Model(inputs, pictures, name="generator")

    def joint_discriminator(self, ports: Ports) -> keras.Model:
        """A picture a domain → {"logits": [b, 2]}, one for each picture, in the domains' order.

        Other answers, such as class logits [b, 2, k] and features [b, 2, d], are given likewise.

        Raises:
            ConfigError: when an answer is wanted that is not about each picture, or there is a
                condition.
        """
        height, width = _size(ports.inputs)
        _refuse_others(ports)
        inputs = ports.keras_inputs()
        sizes, kind = resolutions((height, width)), self.options.discriminator_normalization
        own = [self._narrowed(x, 1, kind, ports) for x in inputs.values()]
        seen = keras.Input(own[0].shape[1:])
        x = seen
        for level in range(2, len(sizes)):
            x = self._narrowed(x, level, kind, ports)
        of_one = {
            name: replace(field, shape=() if name == "logits" else field.shape[1:])
            for name, field in ports.outputs.items()
        }
        answers = heads(keras.layers.Flatten()(x), replace(ports, outputs=of_one), None, kind)
        shared = keras.Model(seen, answers, name="shared")
        of_each = [shared(x) for x in own]
        together = {name: _side_by_side([one[name] for one in of_each], name) for name in answers}
        return keras.Model(inputs, together, name="discriminator")


def _side_by_side(answers: list[Any], name: str) -> Any:
    """An answer about each picture, [b, …], as one [b, 2, …], float32."""
    rows = [
        keras.layers.Reshape((1, *answer.shape[1:]), dtype="float32")(answer) for answer in answers
    ]
    return keras.layers.Concatenate(axis=1, dtype="float32", name=name)(rows)


def _size(fields: Any) -> tuple[int, int]:
    """Height and width, which pictures of both domains have."""
    require_pictures(fields, "cogan")
    pictures = {name: field for name, field in fields.items() if field.kind == "image"}
    sizes = {name: field.fixed_shape[:2] for name, field in pictures.items()}
    if len(set(sizes.values())) > 1:
        shown = " and ".join(f"{name} of {h}x{w}" for name, (h, w) in sizes.items())
        raise ConfigError(
            f"network.name: received 'cogan', whose layers pictures of both domains share, but "
            f"they are {shown} pixels; set data.size."
        )
    height, width = next(iter(sizes.values()))
    return height, width


def _refuse_others(ports: Ports) -> None:
    domains = sum(field.kind == "image" for field in ports.inputs.values())
    wanted = [n for n, f in ports.outputs.items() if n != "logits" and f.shape[:1] != (domains,)]
    conditioning = [
        name for name, field in ports.inputs.items() if field.kind not in ("image", "key")
    ]
    if wanted or conditioning:
        raise ConfigError(
            "network.name: received 'cogan', whose discriminator judges a picture of each domain "
            f"and no more, but the game asks it about {', '.join(wanted + conditioning)}; leave "
            "the terms and the condition out."
        )
