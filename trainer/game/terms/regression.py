"""An auxiliary regressor: the discriminator also reads the attributes."""

import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.adversarial_loss import GameTurn, Judged, Term
from trainer.game.parts import Parts

_READ = "attributes_read"


class Regression(Term):
    """w ‖a - R(x)‖² on real examples for the discriminator, on fakes for the generator.

    a are the attributes as both players see them, each on [-1, 1], and R is a head of the
    discriminator, which is not given what it is to read. This is AC-GAN's second loss with a
    Gaussian of fixed deviation in the place of the classes' distribution.

    References: Odena et al. 2017, "Conditional image synthesis with auxiliary classifier GANs",
    equation 3; Choi et al. 2018, "StarGAN", equations 2 and 3, for attributes of faces.

    Raises:
        ConfigError: when the data has no such attributes.
    """

    def __init__(self, options: catalogue.Regression, parts: Parts) -> None:
        field = parts.spec.fields.get(options.field)
        if field is None or field.kind != "attributes":
            raise ConfigError(
                f"terms: received 'regression' of {options.field!r}, but the data's fields are "
                f"{', '.join(parts.spec.fields)}; name one of kind attributes, or leave it out."
            )
        self.options = options
        self.hides = frozenset({options.field})
        self.needs = {_READ: Field(field.shape, kind="head", names=field.names)}

    def discriminator(self, turn: GameTurn) -> tf.Tensor:
        """The squared error of each real example, summed over its attributes, float32 [b]."""
        assert turn.real is not None
        return self.options.weight * self._squared_error(turn, turn.real)

    def generator(self, turn: GameTurn) -> tf.Tensor:
        """The squared error of each fake, float32 [b]."""
        return self.options.generator_weight * self._squared_error(turn, turn.fake)

    def _squared_error(self, turn: GameTurn, judged: Judged) -> tf.Tensor:
        off = judged.outputs[_READ] - turn.batch[self.options.field]
        return tf.reduce_sum(tf.square(off), axis=-1)
