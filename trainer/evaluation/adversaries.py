"""The duality gap: how much each player would gain by playing on against the frozen other."""

import functools

import numpy as np
import tensorflow as tf

from trainer.config.experiment import Experiment
from trainer.data import binarised, pipeline
from trainer.data.examples import Dataset, Examples
from trainer.errors import MetricError
from trainer.game.assembly import Game, assemble
from trainer.game.gan import GAN, averaging
from trainer.game.updater import OneSideMoves
from trainer.metrics.estimate import Estimate, mean

# Held-out batches on which the players are compared.
_JUDGED = 20


def duality_gap(
    experiment: Experiment, game: Game, dataset: Dataset, *, steps: int, seed: int
) -> Estimate:
    """V(D*, G) - V(D, G*), where V is minus the discriminator's loss on held-out examples.

    D* starts at D and plays `steps` turns against the frozen averaged generator on the training
    examples; G* starts at that generator and plays against the frozen D. Both play by the
    experiment's own round, objective and optimizers, in training mode (batches normalised by
    themselves). Zero is an equilibrium. In a zero-sum game both maxima are approached from below;
    in others G* minimises its own loss, not V, and the gap tells how much is still in motion. The
    unit is the discriminator's loss: compare it under one objective only. The error is that of the
    held-out batches.

    Raises:
        MetricError: when fewer examples than a batch are held out, or the game has no one value.

    Reference: Grnarova et al. 2019, "A domain agnostic measure for monitoring and evaluating GANs".
    """
    needed = experiment.train.batch_size * game.gan.round.turns
    if len(dataset.held_out) < needed:
        raise MetricError(
            f"{len(dataset.held_out)} examples are held out and a step of this game takes {needed}."
        )
    if "discriminator" not in game.gan.players:
        raise MetricError(
            f"a game of the round {experiment.round.name!r} has no single discriminator whose loss "
            "could be its value."
        )
    losses = []
    for moving in ("discriminator", "generator"):
        adversary = _copy(experiment, game, dataset)
        _play(adversary, dataset.train, experiment, moving, steps, seed)
        # One pass at most over the examples, and latents that nobody has trained on.
        judged = min(_JUDGED, len(dataset.held_out) // needed)
        losses.append(_play(adversary, dataset.held_out, experiment, None, judged, seed + 1))
    return mean(losses[1] - losses[0])


def _copy(experiment: Experiment, game: Game, dataset: Dataset) -> GAN:
    """A game of its own in float32 and the same state, whose averaged networks are the averages."""
    train = experiment.train.model_copy(update={"precision": "float32"})
    adversary = assemble(experiment.model_copy(update={"train": train}), dataset.spec).gan
    for name, network in adversary.networks.items():
        source = game.gan.averages.get(name, game.gan.networks[name])
        averaging.copy_weights(source, network)
    for name, variable in game.gan.round.state.items():
        adversary.round.state[name].assign(variable)
    adversary.step.assign(game.gan.step)
    return adversary


def _play(
    gan: GAN, examples: Examples, experiment: Experiment, moving: str | None, steps: int, seed: int
) -> np.ndarray:
    """Plays rounds in which one side moves, or none; the discriminator's loss of each step.

    They are steps of the stage that the game has come to.
    """
    start = int(gan.step.numpy())
    stage = gan.stage_at(start)
    updates = OneSideMoves(gan.updater, moving)
    gan.seed = seed

    @functools.partial(tf.function, autograph=False)
    def step(batch: dict[str, tf.Tensor], number: tf.Tensor) -> tf.Tensor:
        outcome = gan.play(batch, number, updates, stage)
        return tf.reduce_mean({**outcome.watched, **outcome.losses}["discriminator_loss"])

    batches = pipeline.batches(
        examples,
        batch_size=experiment.train.batch_size,
        turns=gan.round.turns,
        seed=seed,
        binarise=binarised.names(gan.spec, experiment.data),
        by_category=gan.round.parts.condition.drawn_by,
    )
    numbers = range(start, start + steps)
    pairs = zip(numbers, batches, strict=False)
    return np.array([float(step(b, tf.constant(i, tf.int64))) for i, b in pairs])
