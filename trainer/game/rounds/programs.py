"""Programs: a writer of strokes, moved by what the discriminator says of their picture."""

from collections.abc import Mapping

import tensorflow as tf

from trainer import catalogue
from trainer.data import modalities
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game import sequences
from trainer.game.adversarial_loss import Batch, Sample
from trainer.game.parts import Parts
from trainer.game.players import Network, Players
from trainer.game.roles import DISCRIMINATOR, GENERATOR, Role
from trainer.game.rounds.policy import policy_losses
from trainer.game.rounds.round import Round, of_turn
from trainer.game.signatures.judgement import judgement
from trainer.game.signatures.painting import Canvas, painting
from trainer.game.signatures.signature import Signatures
from trainer.game.turns import Outcome, Updates
from trainer.randomness import Noise


class Programs(Round):
    """A painter whose strokes are rewarded by what the discriminator says of the finished picture.

    A program is a sequence of symbols, three a stroke: the places of a lattice that it starts from,
    bends towards and ends at. No gradient flows through the painting, so the generator follows the
    policy gradient with a learned baseline V and an entropy H that keeps it trying,

        ∇J = E Σ_t ∇log p(y_t | y_1 … y_{t-1}) (D(x) - V(y_1 … y_{t-1})) + η ∇H_t,

    x the picture of all strokes, and V falls in ½ (D(x) - V)². D sees finished pictures alone, in
    the grey levels that the data has.

    Reference: Ganin et al. 2018, "Synthesizing programs for images using reinforced adversarial
    learning" (SPIRAL), equations 3 and 4. The painter there is shown the canvas after each stroke;
    here its memory of its own symbols, of which the canvas is a function, stands for it.
    """

    def __init__(self, options: catalogue.ProgramsRound, parts: Parts) -> None:
        super().__init__(options, parts)
        self.loss = parts.loss("discriminator")
        self.turns = options.discriminator_turns
        self.field = parts.spec.sample
        height, width, *channels = (*self.field.shape, None)
        if self.field.kind != "image" or height != width or channels[0] != 1:
            raise ConfigError(
                f"round: received 'programs' with samples of kind {self.field.kind!r} and shape "
                f"{self.field.shape}, but it paints grey squares; set data.source=stroke_digits, "
                "or data.channels=1 and a square data.size."
            )
        self.canvas = Canvas(self.field, options.strokes, options.lattice, options.width)

    def roles(self) -> Mapping[str, Role]:
        """A generator that is a cell, which also says what it expects, and a judge of pictures."""
        symbols, state = Field((self.canvas.symbols,)), Field((None,), kind="state")
        given = {"symbol": symbols, "state": state}
        answered = {"logits": symbols, "state": state, "value": Field()}
        judged = {"sample": modalities.seen_field(self.field)}
        return {
            "generator": Role("cell", GENERATOR, given, answered, averaged=True),
            "discriminator": Role("discriminator", DISCRIMINATOR, judged, self.loss.needs),
        }

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        judged = Outcome()
        for number in range(self.turns):
            own = noise.within(f"discriminator {number}")
            judged = self._judge(players, of_turn(batch, number), own, updates)
        return judged | self._rewarded(players, noise.within("generator"), updates)

    def _judge(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """A turn of the discriminator, on the data's pictures and on new ones."""
        real, fake = {"sample": batch["sample"]}, self._seen(self._written(players, noise))
        return updates.minimise(
            DISCRIMINATOR,
            lambda: self.loss.discriminator(players, real, fake, {}, batch, noise),
        )

    def _rewarded(self, players: Players, noise: Noise, updates: Updates) -> Outcome:
        """The generator's turn, on programs that it has just written."""
        ids = self._written(players, noise)
        judge = players["discriminator"]
        # Asked as a request asks: a picture is worth what it is worth by itself.
        worth = self.loss.worth(Network(judge.model, judge.role), self._seen(ids))
        reward = tf.stop_gradient(worth)

        def turn() -> Outcome:
            losses = actor_critic_losses(
                sequences.answers(players["generator"], ids), ids, reward, self.options.entropy
            )
            return Outcome(losses, {"reward": reward})

        return updates.minimise(GENERATOR, turn)

    def _written(self, players: Players, noise: Noise) -> tf.Tensor:
        return sequences.write(players["generator"], noise.keys("write"), self.canvas.length)

    def _seen(self, ids: tf.Tensor) -> Sample:
        return {"sample": self.canvas.seen(ids)}

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """Pictures and programs from seeds, also at a temperature; and `score`."""
        fields = {"sample": self.field}
        judged = judgement(networks["discriminator"], self.loss, self.parts.condition, fields)
        return {**painting(networks["generator"], self.canvas, self.parts), **judged}


def actor_critic_losses(
    answers: Mapping[str, tf.Tensor], ids: tf.Tensor, reward: tf.Tensor, entropy: float
) -> dict[str, tf.Tensor]:
    """Losses of a writer that is rewarded at the end, and of what it expects, float32 [n] each.

    Args:
        answers: in front of every symbol, `logits` [n, T, V] and `value` [n, T].
        ids: int32 [n, T].
        reward: float32 [n], a constant.
        entropy: η, the weight of the entropy.

    Reference: Ganin et al. 2018, equation 3; the baseline: Williams 1992.
    """
    logits, value = answers["logits"], answers["value"]
    surplus = reward[:, tf.newaxis] - value
    log_p = tf.nn.log_softmax(logits)
    spread = -tf.reduce_sum(tf.exp(log_p) * log_p, axis=[1, 2])
    return {
        "generator_loss": policy_losses(sequences.log_likelihood(logits, ids), surplus),
        "value_loss": 0.5 * tf.reduce_sum(tf.square(surplus), axis=1),
        "entropy_loss": -entropy * spread,
    }
