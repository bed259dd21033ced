"""What a decoder says of an example: the distribution around what it decoded."""

import math
from collections.abc import Mapping

import tensorflow as tf

from trainer import catalogue, randomness
from trainer.data.columns import columns_of
from trainer.data.modalities.table import parts_of
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.players import Inputs, Network, Outputs
from trainer.game.signatures.sampling import Generator

_DEVIATION = "deviation"


class Likelihood:
    """A distribution p(x | what was decoded); the decoder answers with its means as `sample`.

    Attributes:
        answers: what else the decoder is asked for.
    """

    answers: Mapping[str, Field] = {}

    def minus_log(self, x: tf.Tensor, made: Outputs) -> tf.Tensor:
        """-log p(x | made) in nats, summed over an example's numbers, float32 [b].

        Args:
            x: examples as the players see them.
            made: the decoder's answers.
        """
        raise NotImplementedError

    def drawing(self, decoder: Network) -> Generator:
        """What makes samples of a decoder: here, its means."""
        return decoder


class Gaussian(Likelihood):
    """N(x; made, δ²) of one fixed deviation δ, on the scale of [-1, 1]."""

    def __init__(self, deviation: float) -> None:
        self.deviation = deviation

    def minus_log(self, x: tf.Tensor, made: Outputs) -> tf.Tensor:
        """See `Likelihood.minus_log`."""
        return _summed(_minus_log_normal(x, made["sample"], self.deviation))


class Bernoulli(Likelihood):
    """Grey levels and what was decoded stand for probabilities, (1 + value) / 2."""

    def minus_log(self, x: tf.Tensor, made: Outputs) -> tf.Tensor:
        """See `Likelihood.minus_log`."""
        p = tf.clip_by_value(0.5 + 0.5 * made["sample"], 1e-6, 1.0 - 1e-6)
        target = 0.5 + 0.5 * x
        losses = target * tf.math.log(p) + (1.0 - target) * tf.math.log(1.0 - p)
        return -_summed(losses)


class Mixed(Likelihood):
    """Rows of a table: a Gaussian for a number's place in its mode, a choice for all else.

        p(r | z) = ∏ᵢ N(αᵢ; ᾱᵢ, δᵢ²) · P(βᵢ) · ∏ⱼ P(dⱼ),

    where mode βᵢ and category dⱼ have the probabilities of a softmax, and the deviations δ are
    weights that are learned, one a column of numbers. A missing number has the place 0 in a mode of
    its own. What is generated is drawn from this distribution by a row's key; what a latent is
    decoded to is its likeliest row.

    Reference: Xu et al. 2019, "Modeling tabular data using conditional GAN", section 4.5 (TVAE).
    """

    def __init__(self, field: Field) -> None:
        parts = parts_of(columns_of(field))
        self._numbers = [part for part in parts if part.kind == "scalar"]
        self._choices = [part for part in parts if part.kind == "one_hot"]
        self._parts = parts
        if self._numbers:
            self.answers = {_DEVIATION: Field((len(self._numbers),), kind="deviation")}

    def minus_log(self, x: tf.Tensor, made: Outputs) -> tf.Tensor:
        """See `Likelihood.minus_log`."""
        losses = [
            _minus_log_normal(part.of(x), part.of(made["sample"]), deviation)
            for part, deviation in zip(self._numbers, self._deviations(made), strict=True)
        ]
        losses += [-part.of(x) * _log(part.of(made["sample"])) for part in self._choices]
        return tf.add_n([_summed(loss) for loss in losses])

    def _deviations(self, made: Outputs) -> list[tf.Tensor]:
        """Of each number, float32 [b, 1]."""
        count = len(self._numbers)
        return tf.split(made[_DEVIATION], count, axis=1) if count else []

    def drawing(self, decoder: Network) -> Generator:
        """The decoder, and after it a row that is drawn from what it says."""
        return _Drawing(decoder, self)

    def drawn(self, made: Outputs, keys: randomness.Key) -> tf.Tensor:
        """A row of the distribution, as the players see it, each from its own key [b, W].

        The largest of log p + Gumbel noise is category k with probability p[k].
        """
        of_choices, of_numbers = (randomness.fold(keys, tf.constant(i, tf.int64)) for i in (0, 1))
        noise = randomness.gumbel(of_choices, made["sample"].shape[-1])
        dice = randomness.normal(of_numbers, max(1, len(self._numbers)))
        deviations = iter(enumerate(self._deviations(made)))
        pieces: list[tf.Tensor] = []
        for part in self._parts:
            own = part.of(made["sample"])
            if part.kind == "scalar":
                number, deviation = next(deviations)
                pieces.append(own + deviation * dice[:, number : number + 1])
            else:
                choice = tf.argmax(_log(own) + part.of(noise), axis=-1)
                pieces.append(tf.one_hot(choice, part.size))
        return tf.concat(pieces, axis=-1)


class _Drawing:
    """A decoder whose rows are drawn by the key that it is given."""

    def __init__(self, decoder: Network, likelihood: Mixed) -> None:
        self._decoder, self._likelihood = decoder, likelihood
        self.names = (*decoder.names, "key")

    def __call__(self, inputs: Inputs) -> Outputs:
        """Rows of the distribution that the decoder gives."""
        keys = randomness.Key.of_rows(inputs["key"])
        return {"sample": self._likelihood.drawn(self._decoder(inputs), keys)}


def likelihood_of(options: catalogue.AutoencoderRound, field: Field) -> Likelihood:
    """The likelihood that a recipe names, of samples of this field.

    Raises:
        ConfigError: where they are not of its kind.
    """
    if (options.likelihood == "mixed") != (field.kind == "table"):
        fitting = "mixed" if field.kind == "table" else "gaussian or bernoulli"
        raise ConfigError(
            f"round.likelihood: received {options.likelihood!r}, but samples are of kind "
            f"{field.kind}; set it to {fitting}."
        )
    if options.likelihood == "mixed":
        return Mixed(field)
    return Bernoulli() if options.likelihood == "bernoulli" else Gaussian(options.deviation)


def _minus_log_normal(x: tf.Tensor, mean: tf.Tensor, deviation: float | tf.Tensor) -> tf.Tensor:
    """Elementwise."""
    squares = 0.5 * tf.square((x - mean) / deviation)
    log_deviation = tf.math.log(tf.convert_to_tensor(deviation, x.dtype))
    return squares + log_deviation + 0.5 * math.log(2.0 * math.pi)


def _log(shares: tf.Tensor) -> tf.Tensor:
    # Of float32's smallest normal number, so that a share of zero has a gradient of no NaN.
    return tf.math.log(tf.maximum(shares, 1e-30))


def _summed(losses: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(losses, axis=list(range(1, losses.shape.rank)))
