"""The ordinary round with a reward beside the discriminator's word (MolGAN)."""

from collections.abc import Mapping

import tensorflow as tf

from trainer import catalogue
from trainer.data import modalities
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game import replicas, rewards
from trainer.game.adversarial_loss import Batch, Sample
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Players
from trainer.game.roles import DISCRIMINATOR, Role
from trainer.game.rounds.ordinary import Ordinary
from trainer.game.turns import Outcome, Turn
from trainer.randomness import Noise


class Rewarded(Ordinary):
    """A generator that is also to make what is worth something.

    A reward R, such as whether a molecule is valid, cannot be differentiated. So a network V learns
    what it is, of real examples x and of fakes alike,

        L_V = (V(x) - R(x))² + (V(G(z)) - R(G(z)))²,

    on what R sees rounded and V relaxed, and the generator minimises

        λ L_G + (1 - λ) E[-V(G(z))],

    L_G being its loss in the ordinary game. λ is 1 until the step `begin`. With `balanced` the
    second part is scaled, by a constant in each step, to the size of the first, as in the authors'
    code.

    Reference: De Cao & Kipf 2018, "MolGAN: an implicit generative model for small molecular
    graphs", sections 2.3 and 3.3.
    """

    def __init__(self, options: catalogue.RewardedRound, parts: Parts) -> None:
        super().__init__(options, parts)
        self.field = parts.spec.sample
        if self.field.kind != "graph":
            raise ConfigError(
                f"round: received 'rewarded' with samples of kind {self.field.kind!r}, but its "
                "rewards are of molecules; set data.source=molecules or smiles:PATH."
            )
        self.reward = rewards.make(options.reward)
        # XLA compiles what is TensorFlow's own alone.
        self.compiles = options.reward == "valid"

    def roles(self) -> Mapping[str, Role]:
        """The ordinary ones, and a network that tells the reward of a sample."""
        sample = {name: modalities.seen_field(field) for name, field in self.fields.items()}
        answers = {"reward": Field(kind="scalar")}
        return {**super().roles(), "reward": Role("discriminator", DISCRIMINATOR, sample, answers)}

    def judging(self, players: Players, batch: Batch, noise: Noise) -> Turn:
        """The discriminator's turn, in which the other network learns rewards, too."""
        judge, real = super().judging(players, batch, noise), self.real(batch)

        def turn() -> Outcome:
            judged = judge()
            return judged | self._learned(players, real, judged.judgements[""].fake)

        return turn

    def _learned(self, players: Players, real: Sample, fake: Sample) -> Outcome:
        worth = {"real": self._worth(real), "fake": self._worth(fake)}
        errors = [
            tf.square(self._expected(players, sample) - worth[side])
            for side, sample in (("real", real), ("fake", fake))
        ]
        watched = {f"{side}_reward": values for side, values in worth.items()}
        return Outcome({"reward_loss": tf.add_n(errors)}, watched)

    def _worth(self, sample: Sample) -> tf.Tensor:
        """R, a constant, float32 [b]."""
        graphs = modalities.stored(sample["sample"], self.field)
        return tf.stop_gradient(self.reward(graphs, self.field))

    def _expected(self, players: Players, sample: Sample) -> tf.Tensor:
        """V, float32 [b]."""
        return tf.sigmoid(players["reward"](sample, freeze_statistics=True)["reward"])

    def answered(
        self, players: Players, fake: Sample, given: Inputs, batch: Batch, noise: Noise
    ) -> Outcome:
        """The generator's losses, the reward among them."""
        made = super().answered(players, fake, given, batch, noise)
        share = tf.where(noise.step < self.options.begin, 1.0, self.options.adversarial_share)
        worth = -self._expected(players, fake)
        own = made.losses["generator_loss"]
        if self.options.balanced:
            sizes = [tf.abs(replicas.mean(losses)) for losses in (own, worth)]
            worth *= tf.stop_gradient(tf.math.divide_no_nan(*sizes))
        losses = {"generator_loss": share * own, "generator_reward": (1.0 - share) * worth}
        return made | Outcome(losses)
