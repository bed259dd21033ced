"""What captions add to a game: pairs that do not belong together, and captions in between."""

from typing import Any

import tensorflow as tf

from trainer.errors import ConfigError
from trainer.game.adversarial_loss import GameTurn, Judged, Sample, Term, per_example
from trainer.game.parts import Parts

_WRONG = "wrong_text"


class Captions(Term):
    """A term that is given the captions of other examples.

    Raises:
        ConfigError: when the data has none.
    """

    def __init__(self, options: Any, parts: Parts) -> None:
        if _WRONG not in parts.spec.fields:
            raise ConfigError(
                f"terms: received {options.name!r}, but the data has no field {_WRONG!r}; take a "
                "source of captions, such as captioned_digits, or leave it out."
            )
        self.options, self.parts = options, parts

    def others(self, turn: GameTurn) -> tf.Tensor:
        """The vectors of other examples' captions, float32 [b, d]."""
        wrong = {"text": turn.batch[_WRONG]}
        vectors: tf.Tensor = self.parts.condition.embedded(wrong, turn.players)["caption"]
        return vectors


class MatchingAware(Captions):
    """GAN-CLS: a real picture with a wrong caption takes a share of the fakes' place.

        L_D = ℓ_real(D(x, φ(t))) + (1 - s) ℓ_fake(D(x̂, φ(t))) + s ℓ_fake(D(x, φ(t̂))),

    s = 1/2 in the paper. The term is what this adds to the objective's ℓ_real + ℓ_fake. The wrong
    caption t̂ is another example's; where both are the same by their words, the pair is not wrong
    and the row stays as it is. Where captions are what is made, the fake is another caption of the
    same picture, and the third pair is that of a picture with the caption of another one.

    Reference: Reed et al. 2016, "Generative adversarial text to image synthesis", algorithm 1; of
    captions: Dai et al. 2017, "Towards diverse and natural image descriptions via a conditional
    GAN", equation 5.
    """

    def discriminator(self, turn: GameTurn) -> tf.Tensor:
        """The share of ℓ_fake(wrong pair) - ℓ_fake(fake) of each row, float32 [b]."""
        assert turn.real is not None
        own, wrong = self._pairs(turn, turn.real.sample)
        real, fake = turn.real.logits, turn.fake.logits
        # What is real is in both and goes away, whatever the objective is.
        loss = turn.objective.discriminator
        change = per_example(loss(real, wrong.logits) - loss(real, fake))
        return self.options.share * tf.where(differs(own, turn.batch[_WRONG]), change, 0.0)

    def _pairs(self, turn: GameTurn, real: Sample) -> tuple[tf.Tensor, Judged]:
        """The examples' own captions, and their pictures judged with those of others."""
        if self.parts.spec.sample.kind == "tokens":
            return real["sample"], turn.judge({"sample": turn.batch[_WRONG]})
        given = {**turn.given, "caption": self.others(turn)}
        return turn.given["text"], turn.judge(real, given)


class Interpolation(Captions):
    """GAN-INT: fakes of captions that lie between two, of which there are no real pictures.

        L_G += w ℓ_G(D(G(z, t'), t')),   t' = β φ(t₁) + (1 - β) φ(t₂).

    Only the generator plays it: to the discriminator nothing between two captions is ever shown.

    Reference: Reed et al. 2016, "Generative adversarial text to image synthesis", section 4.3.
    """

    def generator(self, turn: GameTurn) -> tf.Tensor:
        """The generator's loss on a fake of each mean, float32 [b]."""
        beta = self.options.beta
        between = beta * turn.given["caption"] + (1.0 - beta) * self.others(turn)
        given = {**turn.given, "caption": between}
        if self.parts.prior.size:
            keys = turn.noise.within("interpolation").keys("latent")
            given["latent"] = self.parts.prior.sample(keys)
        fake = turn.players["generator"](given, freeze_statistics=True)
        logits = turn.judge(fake, given).logits
        return self.options.weight * per_example(turn.objective.generator(logits, logits))


def differs(one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Whether captions have other words, bool [b]: int32 [b, T], or one-hot float32 [b, T, V]."""
    return tf.reduce_any(one != other, axis=tuple(range(1, one.shape.rank)))
