"""Writers of relaxed symbols, and writers alone: stages, temperature, gradients, refusals."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.game.rounds.test_policy import TINY
from trainer.config.recipe import load_experiment
from trainer.data import loading, pipeline
from trainer.errors import ConfigError
from trainer.game.assembly import assemble

GUMBEL = (
    "round={name: gumbel, pretrain_generator: 1, pretrain_discriminator: 1, temperature: 2.0, "
    "final_temperature: 0.5, annealing: 4}"
)


def experiment(recipe, *overrides):
    options = [option for option in TINY if not option.startswith("round=")]
    return load_experiment(recipe, [*options, *overrides])


@pytest.fixture(scope="module")
def dataset():
    return loading.load(experiment("gumbel-grammar", GUMBEL).data)


def _step(gan, dataset, stage):
    batches = pipeline.batches(dataset.train, batch_size=8, turns=1, seed=0)
    before = {n: [v.numpy() for v in m.trainable_variables] for n, m in gan.networks.items()}
    logs = gan.train_step(next(iter(batches)), stage=stage)
    moved = {
        name
        for name, network in gan.networks.items()
        for a, v in zip(before[name], network.trainable_variables, strict=True)
        if not np.array_equal(a, v.numpy())
    }
    return logs, moved


@pytest.mark.parametrize("straight_through", ["true", "false"])
def test_the_writer_is_moved_through_its_symbols(dataset, straight_through):
    overrides = (GUMBEL, f"round.straight_through={straight_through}")
    gan = assemble(experiment("gumbel-grammar", *overrides), dataset.spec).gan
    logs, moved = _step(gan, dataset, 2)
    assert moved == {"generator", "discriminator"}
    assert all(np.isfinite(float(v)) for v in logs.values())
    cell = gan.networks["generator"]
    assert all(np.abs(v.numpy()).max() > 0 for v in cell.trainable_variables if "bias" in v.path)


def test_the_temperature_falls_from_the_game_on(dataset):
    round_ = assemble(experiment("gumbel-grammar", GUMBEL), dataset.spec).gan.round
    found = [float(round_.temperature(tf.constant(step, tf.int64))) for step in (0, 2, 4, 6, 99)]
    assert found == pytest.approx([2.0, 2.0, 1.0, 0.5, 0.5])


def test_likelihood_has_a_writer_alone(dataset):
    game = assemble(experiment("mle-grammar"), dataset.spec)
    assert set(game.gan.networks) == {"generator"}
    logs, moved = _step(game.gan, dataset, 0)
    assert moved == {"generator"}
    assert float(logs["negative_log_likelihood"]) == pytest.approx(12 * np.log(22), rel=0.05)
    offered = {name for name, s in game.live.signatures.items() if s.exported}
    assert offered == {"generate", "generate_tempered"}


@pytest.mark.parametrize(
    ("recipe", "override", "sentence"),
    [
        ("gumbel-grammar", "round.final_temperature=3", r"final_temperature: received 3.0 above"),
        ("gumbel-grammar", "prior=gaussian", r"prior.name: received 'gaussian' with the round 'gu"),
        ("mle-grammar", "penalties=[r1]", r"penalties: received some with the round 'likelihood'"),
        ("mle-grammar", "wrappers=[pack]", r"wrappers: received some with the round 'likelihood'"),
    ],
)
def test_what_they_cannot_go_with_is_refused(recipe, override, sentence):
    with pytest.raises(ConfigError, match=sentence):
        load_experiment(recipe, [override])
