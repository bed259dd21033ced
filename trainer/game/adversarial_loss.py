"""The losses of both sides against one judge: an objective and further terms.

Real and fake examples go through the judge in calls of their own, so that batch normalisation
never mixes them. The judge's moving statistics move in its own turn, on real and on fake examples,
and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import tensorflow as tf

from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.objectives import Objective
from trainer.game.players import Inputs, Network, Outputs, Players
from trainer.game.roles import DISCRIMINATOR, GENERATOR
from trainer.game.turns import Judgement, Outcome
from trainer.randomness import Noise

# What is judged: {"sample": x}, {"sample": x, "latent": z}, {"nodes": …, "edges": …}, in [-1, 1].
Sample = Mapping[str, tf.Tensor]
# A batch of one turn, as the players see it: "sample" [b, *shape], "label" int64 [b], …
Batch = Mapping[str, tf.Tensor]


@dataclass(frozen=True)
class Judged:
    """A sample with what the judge said of it.

    Attributes:
        sample: what was judged.
        outputs: the judge's answers by name.
        logits: as the objective reads them, float32 [b], or one a patch [b, h, w].
    """

    sample: Sample
    outputs: Outputs
    logits: tf.Tensor


class Judge(Protocol):
    """Judges a sample without moving statistics, under the turn's condition or another one."""

    def __call__(self, sample: Sample, other: Inputs | None = None) -> Judged:
        """See the class."""
        ...


@dataclass(frozen=True)
class GameTurn:
    """All that a term may look at.

    Attributes:
        judge: the judge as a function, which leaves its statistics alone.
        real: the judged real examples; None in a generator's turn that does not see them.
        fake: the judged fakes.
        given: what the fakes were made from: latent, condition, key.
        batch: the examples and their labels.
        noise: the turn's random streams; `noise.step` is the step of the run.
        players: every player, for terms that ask another network.
        objective: the losses that the logits are for.
    """

    judge: Judge
    real: Judged | None
    fake: Judged
    given: Inputs
    batch: Batch
    noise: Noise
    players: Players
    objective: Objective


class Term:
    """A further loss of either side. A subclass says what it needs and overrides a side's method.

    Attributes:
        needs: outputs that it asks of the judge; one of kind "head" is read off the sample alone,
            whatever the condition.
        hides: inputs that the judge must not be given, because it is to guess them.
        sees_real: whether its generator's turn wants the real examples judged.
    """

    needs: Mapping[str, Field] = {}
    hides: frozenset[str] = frozenset()
    sees_real: bool = False

    def discriminator(self, turn: GameTurn) -> tf.Tensor | None:
        """Losses per example that the discriminator's side minimises, float32 [n], or None."""
        return None

    def generator(self, turn: GameTurn) -> tf.Tensor | None:
        """Losses per example that the generator's side minimises, float32 [n], or None."""
        return None

    def read(self, turn: GameTurn) -> Mapping[str, tf.Tensor]:
        """What there is to read of the fakes in the discriminator's turn: name → float32 [n]."""
        return {}


class AdversarialLoss:
    """Objective and terms against one judge.

    Args:
        terms: by name; a term's losses carry its name, with `generator_` before it in the
            generator's turn.
        judge: the role that judges.

    Raises:
        ConfigError: when two of them need different outputs of one name.
    """

    def __init__(
        self, objective: Objective, terms: Mapping[str, Term], judge: str = "discriminator"
    ) -> None:
        self.objective, self.terms, self.judge = objective, terms, judge
        self.needs: dict[str, Field] = dict(objective.needs)
        for name, term in terms.items():
            for output, own in term.needs.items():
                field = _as_others_read(self.needs.get(output), own)
                if _leaves_open(self.needs.get(output), field):
                    self.needs[output] = field
                if self.needs.setdefault(output, field) != field:
                    raise ConfigError(
                        f"terms: {name!r} needs the output {output!r} of shape {field.shape}, but "
                        f"another part of the game needs it of shape {self.needs[output].shape}; "
                        "leave one of them out."
                    )

    def conditioning(self, ports: Mapping[str, Field]) -> dict[str, Field]:
        """What the judge is told of a condition's ports: all that no term hides from it."""
        hidden = frozenset[str]().union(*(term.hides for term in self.terms.values()))
        return {name: field for name, field in ports.items() if name not in hidden}

    def discriminator(
        self,
        players: Players,
        real: Sample,
        fake: Sample,
        given: Inputs,
        batch: Batch,
        noise: Noise,
    ) -> Outcome:
        """The losses of the judge's own turn."""
        real_judged = self._judged(players, real, given, freeze_statistics=False)
        fake_judged = self._judged(players, fake, given, freeze_statistics=False)
        return self._of_discriminator(
            self._turn(players, real_judged, fake_judged, given, batch, noise)
        )

    def generator(
        self,
        players: Players,
        fake: Sample,
        given: Inputs,
        batch: Batch,
        noise: Noise,
        real: Sample | None = None,
    ) -> Outcome:
        """The losses of those who make the fakes; `real` is judged where the objective asks."""
        fake_judged = self._judged(players, fake, given)
        seen = real is not None and self.sees_real
        real_judged = self._judged(players, real, given) if real is not None and seen else None
        return self._of_generator(
            self._turn(players, real_judged, fake_judged, given, batch, noise)
        )

    def both(
        self,
        players: Players,
        real: Sample,
        fake: Sample,
        given: Inputs,
        batch: Batch,
        noise: Noise,
    ) -> dict[str, Outcome]:
        """The losses of either side, from one pass of the judge; its statistics move."""
        real_judged = self._judged(players, real, given, freeze_statistics=False)
        fake_judged = self._judged(players, fake, given, freeze_statistics=False)
        turn = self._turn(players, real_judged, fake_judged, given, batch, noise)
        return {
            DISCRIMINATOR: self._of_discriminator(turn),
            GENERATOR: self._of_generator(turn),
        }

    def swapped(self, players: Players, real: Sample, fake: Sample, given: Inputs) -> Outcome:
        """The losses of those who make both halves of what is judged: real and fake exchanged.

        Reference: Donahue et al. 2017, "Adversarial feature learning", section 3.4.
        """
        real_judged = self._judged(players, real, given)
        fake_judged = self._judged(players, fake, given)
        losses = self.objective.discriminator(fake_judged.logits, real_judged.logits)
        return Outcome({"generator_loss": per_example(losses)})

    @property
    def sees_real(self) -> bool:
        """Whether the generator's turn judges the real examples again."""
        return self.objective.generator_sees_real or any(
            term.sees_real for term in self.terms.values()
        )

    def realism(self, judge: Network, inputs: Inputs) -> tf.Tensor:
        """What the objective reads of a judge in inference mode, float32 [n]."""
        return per_example(self.objective.reads(inputs, judge(inputs)))

    def worth(self, judge: Network, inputs: Inputs) -> tf.Tensor:
        """A reward, float32 [n]: D's probability of being real where it has one, else its logit."""
        logits = self.realism(judge, inputs)
        return tf.sigmoid(logits) if self.objective.logits_are_probabilities else logits

    def _judged(
        self, players: Players, sample: Sample, given: Inputs, *, freeze_statistics: bool = True
    ) -> Judged:
        # What is judged may carry its own latent or condition.
        inputs = {**given, **sample}
        outputs = players[self.judge](inputs, freeze_statistics=freeze_statistics)
        return Judged(sample, outputs, self.objective.reads(sample, outputs))

    def _turn(
        self,
        players: Players,
        real: Judged | None,
        fake: Judged,
        given: Inputs,
        batch: Batch,
        noise: Noise,
    ) -> GameTurn:
        def judge(sample: Sample, other: Inputs | None = None) -> Judged:
            return self._judged(players, sample, given if other is None else other)

        return GameTurn(judge, real, fake, given, batch, noise, players, self.objective)

    def _of_discriminator(self, turn: GameTurn) -> Outcome:
        assert turn.real is not None
        losses = self.objective.discriminator(turn.real.logits, turn.fake.logits)
        of_terms = {name: term.discriminator(turn) for name, term in self.terms.items()}
        return Outcome(
            {"discriminator_loss": per_example(losses), **_given(of_terms)},
            self._watched(turn.real.logits, turn.fake.logits),
            {"": self._judgement(turn, turn.real, turn.fake)},
        )

    def _of_generator(self, turn: GameTurn) -> Outcome:
        real_logits = None if turn.real is None else turn.real.logits
        losses = self.objective.generator(turn.fake.logits, real_logits)
        of_terms = {f"generator_{name}": term.generator(turn) for name, term in self.terms.items()}
        return Outcome({"generator_loss": per_example(losses), **_given(of_terms)})

    def _judgement(self, turn: GameTurn, real: Judged, fake: Judged) -> Judgement:
        probabilities = self.objective.logits_are_probabilities
        return Judgement(
            *(real.sample, fake.sample, per_example(real.logits), per_example(fake.logits)),
            boundary=0.0 if probabilities else self.objective.boundary,
            probabilities=probabilities,
            given=turn.given,
            read=self._read(turn),
        )

    def _read(self, turn: GameTurn) -> dict[str, tf.Tensor]:
        """What can be read of the fakes besides, float32 [n] by name."""
        of_terms = [term.read(turn) for term in self.terms.values()]
        return {n: values for read in (_class_hits(turn), *of_terms) for n, values in read.items()}

    def _watched(self, real: tf.Tensor, fake: tf.Tensor) -> dict[str, tf.Tensor]:
        logits = {"real_logits": per_example(real), "fake_logits": per_example(fake)}
        if not self.objective.logits_are_probabilities:
            return logits
        probabilities = {
            "D(x)": per_example(tf.sigmoid(real)),
            "D(G(z))": per_example(tf.sigmoid(fake)),
        }
        return logits | probabilities


def per_example(values: tf.Tensor) -> tf.Tensor:
    """[b, …] → [b]: the mean over what each example has several of."""
    axes = list(range(1, values.shape.rank))
    return tf.reduce_mean(values, axis=axes) if axes else values


def _class_hits(turn: GameTurn) -> dict[str, tf.Tensor]:
    """Whether the judge names the classes that the fakes were to be of, float32 [b]."""
    conditioning = turn.given.keys() - {"latent", "key"}
    if not conditioning or "label" not in turn.batch or "class_logits" not in turn.fake.outputs:
        return {}
    named = tf.argmax(turn.fake.outputs["class_logits"], axis=-1, output_type=tf.int64)
    hits = tf.cast(named == tf.cast(turn.batch["label"], tf.int64), tf.float32)
    return {"class_accuracy": hits}


def _as_others_read(needed: Field | None, field: Field) -> Field:
    """A head that another part reads too, the objective say, is of the kind that this one needs."""
    return replace(field, kind=needed.kind) if needed and field.kind == "head" else field


def _leaves_open(needed: Field | None, field: Field) -> bool:
    """Whether what is needed is of this field's kind and rank, and of sizes that it may say."""
    return needed is not None and needed == Field((None,) * len(field.shape), kind=field.kind)


def _given(losses: Mapping[str, tf.Tensor | None]) -> dict[str, tf.Tensor]:
    return {name: values for name, values in losses.items() if values is not None}
