"""Clips of clips: a generator that moves what it made, against judges of frames and of clips."""

from collections.abc import Mapping
from dataclasses import replace

import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.adversarial_loss import Batch, Sample
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Players
from trainer.game.roles import DISCRIMINATOR, GENERATOR, Role
from trainer.game.rounds.ordinary import Ordinary
from trainer.game.rounds.round import of_turn
from trainer.game.terms.reconstruction import distance
from trainer.game.turns import Outcome, Updates
from trainer.layers.warp import warp
from trainer.randomness import Noise

JUDGE, FRAME_JUDGE = "discriminator", "frame_discriminator"
# A pixel to which the true flow brings what it should, on [-1, 1]: others are uncovered.
_SEEN = 0.04


class Clips(Ordinary):
    """Video to video.

        min_G max_{D_I, D_T}  E[L_I(G, D_I)] + τ E[L_T(G, D_T)] + λ_w W(G) + λ_f F(G)

    D_I judges single frames, each beside the frame that was given for it, and D_T the whole clip
    beside the given one: the paper's judges of spans see a few frames and their flow.

        W = E[mean |x_t - warp(x_{t-1}, w*_t)|]        over pixels that were there before
        F = E[mean |w_t - w*_t|] + E[mean |y_t - warp(y_{t-1}, w_t)|]

    x is what is made, y the real clip, w the generator's flow and w* the true one, a field of the
    data. No gradient reaches x_{t-1}.

    Reference: Wang et al. 2018, "Video-to-video synthesis", equations 6 to 9; W as the authors'
    code has it.

    Raises:
        ConfigError: when the data has no clips, or no flow.
    """

    def __init__(self, options: catalogue.ClipsRound, parts: Parts) -> None:
        super().__init__(options, parts)
        self.frame_loss = parts.loss(FRAME_JUDGE)
        self.flow = parts.spec.field("flow")
        self.clip = next(
            (name for name, f in parts.condition.ports.items() if f.kind == "clip"), ""
        )
        if self.fields["sample"].kind != "clip" or not self.clip:
            raise ConfigError(
                "round.name: received 'clips' with samples of kind "
                f"{self.fields['sample'].kind!r} and condition={parts.experiment.condition.name}, "
                "but it makes clips of clips; set condition=clip on data of clips."
            )

    def roles(self) -> Mapping[str, Role]:
        """The generator, which also answers its flow; the judge of clips, and that of frames."""
        roles = dict(super().roles())
        generator = roles["generator"]
        made, shown = generator.outputs["sample"], generator.inputs[self.clip]
        flow = Field((*made.fixed_shape[:3], 2), kind="flow")
        frames = {"sample": _frame_of(made), self.clip: _frame_of(shown)}
        return {
            "generator": replace(generator, outputs={"sample": made, "flow": flow}),
            JUDGE: roles[JUDGE],
            FRAME_JUDGE: Role("discriminator", DISCRIMINATOR, frames, self.frame_loss.needs),
        }

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`; both judges move in one turn."""
        batch = of_turn(batch, 0)
        judged = updates.minimise(
            DISCRIMINATOR, lambda: self._judging_both(players, batch, noise.within("discriminator"))
        )
        return judged | updates.minimise(
            GENERATOR, lambda: self._making(players, batch, noise.within("generator"))
        )

    def fake(self, players: Players, given: Inputs, *, freeze_statistics: bool = False) -> Sample:
        """What the generator makes of it, without its flow."""
        made = players["generator"](given, freeze_statistics=freeze_statistics)
        return {"sample": made["sample"]}

    def _judging_both(self, players: Players, batch: Batch, noise: Noise) -> Outcome:
        given = self.given(batch, noise)
        fake, real = self.fake(players, given, freeze_statistics=True), self.real(batch)
        clips = self.loss.discriminator(players, real, fake, given, batch, noise)
        frames = self.frame_loss.discriminator(
            players, _frames(real), _frames(fake), self._frames_given(given), batch, noise
        )
        return clips | frames.under("frame")

    def _making(self, players: Players, batch: Batch, noise: Noise) -> Outcome:
        given = self.given(batch, noise)
        made = players["generator"](given)
        fake, real = {"sample": made["sample"]}, self.real(batch)
        clips = self.loss.generator(players, fake, given, batch, noise, real=real)
        weighted = {n: self.options.temporal * loss for n, loss in clips.losses.items()}
        frames = self.frame_loss.generator(
            players, _frames(fake), self._frames_given(given), batch, noise, real=_frames(real)
        )
        motion = self.motion(made, batch)
        return Outcome({**weighted, **motion}, clips.watched) | frames.under("frame")

    def motion(self, made: Inputs, batch: Batch) -> dict[str, tf.Tensor]:
        """λ_w W and λ_f F of each clip, float32 [b]."""
        true = batch["flow"] * self.flow.limits[1]
        x, y = made["sample"], batch["sample"]
        arrived = warped(y, true)
        seen = tf.cast(tf.abs(arrived - y[:, 1:]) < _SEEN, tf.float32)
        kept = warped(tf.stop_gradient(x), true)
        flow = distance(made["flow"][:, 1:], true[:, 1:])
        return {
            "generator_warp": self.options.warp * distance(seen * x[:, 1:], seen * kept),
            "generator_flow": self.options.flow
            * (flow + distance(warped(y, made["flow"]), y[:, 1:])),
        }

    def _frames_given(self, given: Inputs) -> Inputs:
        return {self.clip: _apart(given[self.clip])}


def warped(clips: tf.Tensor, flow: tf.Tensor) -> tf.Tensor:
    """Every frame but the last, moved to where the next one is: [b, t, …] → [b, t - 1, …]."""
    moved = warp(_apart(clips[:, :-1]), _apart(flow[:, 1:]))
    return tf.reshape(moved, tf.shape(clips[:, 1:]))


def _frames(sample: Sample) -> Sample:
    """The frames of clips as pictures, those of a clip side by side in the batch."""
    return {name: _apart(values) for name, values in sample.items()}


def _apart(clips: tf.Tensor) -> tf.Tensor:
    """[b, t, …] → [b · t, …]."""
    return tf.reshape(clips, [-1, *clips.shape[2:]])


def _frame_of(clip: Field) -> Field:
    return replace(clip, kind="image", shape=clip.fixed_shape[1:])
