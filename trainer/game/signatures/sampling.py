"""seed → latent → sample, each row by itself: what pictures show and exports serve."""

from collections.abc import Mapping
from typing import Protocol

import tensorflow as tf

from trainer import randomness
from trainer.data import modalities
from trainer.fields import Field
from trainer.game.conditions.condition import Condition, Values
from trainer.game.players import Inputs, Outputs
from trainer.game.priors import Prior

KEY = Field((2,), "uint32", "key")


class Generator(Protocol):
    """A network, or several as one."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the inputs that it takes."""
        ...

    def __call__(self, inputs: Inputs) -> Outputs:
        """What it makes, each row by itself."""
        ...


class Sampler:
    """A generating network with its prior and its condition.

    A sample depends on the network's weights, its seed and its condition, and on nothing else.

    Args:
        generator: in inference mode; what takes named inputs and answers by name.
        fields: name of an output of the network → the field as it is stored.
    """

    def __init__(
        self, generator: Generator, prior: Prior, condition: Condition, fields: Mapping[str, Field]
    ) -> None:
        self.generator, self.prior, self.condition = generator, prior, condition
        self.fields = fields

    def latents(self, seed: tf.Tensor) -> tf.Tensor:
        """Seed int64 [n] → latent float32 [n, z]. The mapping is a contract for ever."""
        return self.prior.sample(randomness.key_of(seed, "latent"))

    def drawn(self, seed: tf.Tensor) -> Values:
        """Seed int64 [n] → the condition's values, drawn from the data's own distribution."""
        values = self.condition.draw(randomness.key_of(seed, "label"))
        assert values is not None
        return values

    def generate(self, seed: tf.Tensor, values: Values, **more: tf.Tensor) -> Outputs:
        """Seed int64 [n] and the condition's values → samples in stored units.

        `more` are further inputs of the generator, [n, …] each.
        """
        latent = {"latent": self.latents(seed)} if self.prior.size else {}
        key = randomness.key_of(seed, "key").rows
        return self.stored(self._made({**latent, **more}, key, values))

    def decode(self, latent: tf.Tensor, values: Values, **more: tf.Tensor) -> Outputs:
        """Latent [n, z] and the condition's values → samples in stored units.

        Stochastic networks draw the same numbers for every latent. `more` are further
        inputs of the generator, [n, …] each.
        """
        return self.stored(self._decoded(latent, values, **more))

    def decode_unrounded(self, latent: tf.Tensor, values: Values) -> Outputs:
        """As `decode`, but float32 in the same units: integers are neither rounded nor clipped.

        Of symbols these are the distributions, [n, T, V].
        """
        made = self._decoded(latent, values)
        unrounded = {name: modalities.unrounded(field) for name, field in self.fields.items()}
        return {name: modalities.stored(made[name], unrounded[name]) for name in unrounded}

    def stored(self, made: Outputs) -> Outputs:
        """What the network made, in stored units, under the names that clients know."""
        outputs: dict[str, tf.Tensor] = {}
        for name, field in self.fields.items():
            values = modalities.stored(made[name], field)
            if modalities.output_fields(field) is not None:
                outputs |= modalities.outputs(values, field)
            else:
                outputs[_output_name(name, field)] = values
        return outputs

    def _decoded(self, latent: tf.Tensor, values: Values, **more: tf.Tensor) -> Outputs:
        keys = tf.zeros([tf.shape(latent)[0], 2], tf.uint32)
        return self._made({"latent": latent, **more}, keys, values)

    def _made(self, latent: Inputs, key: tf.Tensor, values: Values) -> Outputs:
        return self.generator({**latent, "key": key, **self.condition.encode(values)})


def output_fields(fields: Mapping[str, Field]) -> dict[str, Field]:
    """Stored fields under the names that clients know, in the same order."""
    outputs: dict[str, Field] = {}
    for name, field in fields.items():
        own = modalities.output_fields(field)
        outputs |= {_output_name(name, field): field} if own is None else own
    return outputs


def _output_name(name: str, field: Field) -> str:
    if name != "sample":
        return name
    whole = field.dtype.startswith("uint") and field.kind in ("image", "clip")
    return field.kind if whole else "sample"
