"""Invariant 2: replicas do not change the mathematics."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import DENSE, tiny
from tests.playing import played
from trainer.config.recipe import load_experiment
from trainer.data import loading, pipeline
from trainer.errors import ConfigError
from trainer.game.assembly import assemble
from trainer.run import distribution
from trainer.run.directory import RunDirectory
from trainer.run.play import play_function
from trainer.training import train

STEPS = 20
SIDES = ("generator", "discriminator")
SGD = (
    "optimizers.generator={name: sgd, learning_rate: 0.01, momentum: 0.5}",
    "optimizers.discriminator={name: sgd, learning_rate: 0.01, momentum: 0.5}",
)
WGAN = (
    "objective=wasserstein",
    "penalties=[{name: gradient_penalty}]",
    DENSE,
    # A layer norm over four nearly equal numbers would magnify rounding a thousandfold.
    "network.discriminator_normalization=none",
    "round.discriminator_turns=2",
)

# Means, a deviation and cosines of the whole batch.
OF_THE_BATCH = (
    "objective=relativistic_average",
    "penalties=[{name: dragan, every: 2}]",
    "terms=[pulling_away, {name: mode_seeking, weight: 0.01}]",
    "network.discriminator_normalization=none",
)

OPTIMISTIC = (DENSE, *(f"{options[:-1]}, optimistic: true}}" for options in SGD))

SPECTRAL = (
    "network.discriminator_normalization=spectral",
    "network.discriminator_conditioning=projection",
)
# Distances between samples have kinks, as have leaky ReLUs: steps so small that rounding, which
# differs between kinds of CPU, puts nothing on their other side.
SMALL_SGD = tuple(options.replace("0.01", "5e-4") for options in SGD)
COMPARING = (
    "network={name: mlp, units: [8], discriminator_batch_features: minibatch}",
    "network.discriminator_group=4",
)

COUPLED = (
    "network={name: mlp, units: [4]}",
    *(f"networks.discriminator_{d}={{name: mlp, units: [4]}}" for d in "ab"),
    # Four slots a place: the pool is filled and exchanged in twenty steps.
    *("train.batch_size=16", "round.pool=64", "round.identity=0.5"),
)


@pytest.fixture(autouse=True, scope="module")
def as_traced():
    """No: they are rewritten here as users' are, for that may change the last bits."""


def _play(digits, replicas, *overrides):
    experiment = tiny("cgan-digits", "data.flip=true", *overrides)
    return _played(experiment, digits, replicas)


def _played(experiment, digits, replicas, stages=(0,)):
    """After twenty steps in all, as many of each stage."""
    steps = STEPS // len(stages)
    game, logs = played(experiment, digits, replicas, steps=steps, stages=stages)
    gan = game.gan
    weights = [
        v.numpy() for n in (*gan.networks.values(), *gan.averages.values()) for v in n.variables
    ]
    weights += [variable.numpy() for variable in gan.round.state.values()]
    return weights, {name: v.numpy() for name, v in logs.items()}, int(gan.step.numpy())


# Of these the first is one of the default suite.
ALIKE = {
    "sgd clipped": ((*SGD, "optimizers.generator.clip_norm=0.01"), 1e-6),
    "sgd wgan-gp": ((*SGD, *WGAN), 1e-6),
    "adam": ((), 1e-4),
    # The turn that is looked ahead on is the whole batch's, and packs are neighbours of it.
    "sgd packed unrolled": (
        (*SGD, DENSE, "wrappers=[{name: pack, samples: 2}, {name: unroll, steps: 2}]"),
        1e-6,
    ),
    "sgd shared fakes": ((*SGD, DENSE, "round.fresh_latents=false"), 1e-6),
    "sgd of the batch": ((*SGD, DENSE, *OF_THE_BATCH), 1e-6),
    # The vectors of spectral norms are among the weights that are compared.
    "sgd spectral": ((*SGD, *SPECTRAL), 1e-6),
    "sgd extra-gradient": ((*SGD, DENSE, "round=simultaneous", "wrappers=[extragradient]"), 1e-6),
    "optimistic simultaneous": (
        (*OPTIMISTIC, "round=simultaneous", "optimizers.discriminator.clip_norm=0.1"),
        1e-6,
    ),
    # A replica's batch is groups of the whole one's.
    "sgd minibatch discrimination": ((*SMALL_SGD, *COMPARING), 1e-6),
}


@pytest.mark.parametrize(
    ("overrides", "tolerance"),
    [
        pytest.param(*case, id=name, marks=pytest.mark.integration if number else ())
        for number, (name, case) in enumerate(ALIKE.items())
    ],
)
def test_one_and_two_replicas_train_alike(digits, overrides, tolerance):
    one, logs_one, steps_one = _play(digits, 1, *overrides)
    two, logs_two, steps_two = _play(digits, 2, *overrides)
    assert steps_one == steps_two == STEPS
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)
    assert logs_one.keys() == logs_two.keys()
    for name in logs_one:
        np.testing.assert_allclose(logs_one[name], logs_two[name], rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_one_and_two_replicas_play_alike_with_a_pool():
    experiment = load_experiment("cyclegan-digits", [*COUPLED, *SGD])
    domains = loading.load(experiment.data)
    one, logs, _ = _played(experiment, domains, 1)
    two, _, _ = _played(experiment, domains, 2)
    assert np.abs(one[-1]).max() > 0.0  # The pool.
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)
    assert {"a/cycle", "b/identity"} <= set(logs)


@pytest.mark.slow
def test_one_and_two_replicas_read_styles_alike():
    small = ("network.base_filters=4", "network.hidden_filters=4")
    encoder = "networks.encoder={name: mlp, units: [4]}"
    judge = "networks.discriminator={name: mlp, units: [4]}"
    experiment = load_experiment("spade-digits", [*small, encoder, judge, *SGD])
    maps = loading.load(experiment.data)
    one, logs, _ = _played(experiment, maps, 1)
    two, _, _ = _played(experiment, maps, 2)
    assert "kl_divergence" in logs
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)


@pytest.mark.slow
def test_one_and_two_replicas_play_in_two_domains_alike():
    experiment = load_experiment("cogan-digits", ["network.base_filters=4", *SGD])
    domains = loading.load(experiment.data)
    one, _, _ = _played(experiment, domains, 1)
    two, _, _ = _played(experiment, domains, 2)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)


@pytest.mark.integration
def test_the_margin_of_energies_is_the_same_on_all_replicas(digits):
    """Found in the first ten of 20 steps, and played for in the others."""
    slow = [f"optimizers.{side}={{name: sgd, learning_rate: 1e-3}}" for side in SIDES]
    overrides = ("round.pretrain=10", "devices.steps_per_execution=1", *slow)
    experiment = tiny("ebgan-digits", "network.discriminator_units=[6]", *overrides)
    one, logs_one, _ = _played(experiment, digits, 1, stages=(0, 1))
    two, logs_two, _ = _played(experiment, digits, 2, stages=(0, 1))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)
    assert logs_one["margin"] == pytest.approx(logs_two["margin"], rel=1e-6)
    assert logs_one["margin"] > 0.0 and "generator_pulling_away" in logs_two


@pytest.mark.integration
def test_learned_latents_are_those_of_the_same_examples_on_all_replicas(digits):
    slow = "optimizers.generator={name: sgd, learning_rate: 1e-4, momentum: 0.5}"
    experiment = tiny("glo-digits", DENSE, slow)
    one, logs_one, _ = _played(experiment, digits, 1)
    two, logs_two, _ = _played(experiment, digits, 2)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)
    assert logs_one["reconstruction_loss"] == pytest.approx(logs_two["reconstruction_loss"])


@pytest.mark.integration
def test_one_and_two_replicas_read_captions_alike():
    small = "data.source={name: captioned_digits, pictures: 200}"
    terms = "terms=[matching_aware, interpolation]"
    experiment = load_experiment("gan-cls-digits", [small, DENSE, terms, *SGD])
    captioned = loading.load(experiment.data)
    one, logs, _ = _played(experiment, captioned, 1)
    two, _, _ = _played(experiment, captioned, 2)
    assert {"matching_aware", "generator_interpolation"} <= set(logs)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)


@pytest.mark.integration
def test_the_controller_of_augmentations_is_the_same_on_all_replicas(digits):
    """20 steps of 16 examples: nine changes of 2 · 16 / 4 000 = .008 before the last one."""
    adaptive = "wrappers=[{name: augment, adaptive: true, every: 2, speed: 4.0, probability: 0.5}]"
    overrides = (*SGD, adaptive, DENSE)
    one, logs_one, _ = _play(digits, 1, *overrides)
    two, logs_two, _ = _play(digits, 2, *overrides)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)
    assert logs_one["augmentation"] == pytest.approx(logs_two["augmentation"], abs=1e-6)
    assert abs(logs_one["augmentation"] - 0.5) > 0.004


@pytest.mark.integration
def test_instruments_show_the_same_on_one_and_two_replicas(digits):
    shown = []
    for replicas in (1, 2):
        experiment = tiny("cgan-digits", DENSE, *SGD)
        strategy = distribution.strategy_for(
            experiment.devices.model_copy(update={"replicas": replicas})
        )
        with strategy.scope():
            game = assemble(experiment, digits.spec, replicas=replicas)
        iterators = []
        for examples in (digits.train, digits.held_out):
            batches = functools.partial(pipeline.batches, examples, batch_size=16, seed=0)
            iterators.append(distribution.distributed(strategy, lambda s, b=batches: b(share=s)))
        values = play_function(game, strategy, False, read=True)(1, *iterators)
        shown.append({n: x.numpy() for n, x in values.items() if n.startswith("instruments/")})
    assert shown[0].keys() == shown[1].keys() and len(shown[0]) == 14
    for name, value in shown[0].items():
        np.testing.assert_allclose(value, shown[1][name], rtol=1e-4, atol=1e-6, err_msg=name)


def test_a_batch_that_replicas_cannot_share_is_refused(tmp_path, monkeypatch):
    """Also where the number of replicas is that of the machine's GPUs."""
    two = distribution.strategy_for(tiny().devices.model_copy(update={"replicas": 2}))
    monkeypatch.setattr(distribution, "strategy_for", lambda *_: two)
    with pytest.raises(ConfigError, match=r"train.batch_size: received 15, which 2 replicas"):
        train(tiny("cgan-digits", "train.batch_size=15"), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.integration
def test_a_whole_run_on_two_replicas_goes_on_on_one(tmp_path):
    two = tiny("cgan-digits", DENSE, "devices.replicas=2", "run.instruments_every=2")
    train(two, tmp_path / "run", progress=False)
    assert "instruments/recall" in RunDirectory(tmp_path / "run").rows("metrics.jsonl")[-1]
    summary = train(tiny("cgan-digits", DENSE, "train.steps=6"), tmp_path / "run", progress=False)
    assert summary.step == 6


def test_random_words_are_compiled_on_one_device_unless_xla_is_off(digits):
    assert assemble(tiny(), digits.spec).gan.compile_noise
    assert not assemble(tiny(), digits.spec, replicas=2).gan.compile_noise
    assert not assemble(tiny("cgan-digits", "devices.xla=off"), digits.spec).gan.compile_noise


def test_devices_that_are_not_there_are_refused():
    devices = tiny().devices
    with pytest.raises(ConfigError, match=r"devices.kind: received 'gpu'"):
        distribution.strategy_for(devices.model_copy(update={"kind": "gpu"}))
    with pytest.raises(ConfigError, match=r"devices.replicas: received 5"):
        distribution.strategy_for(devices.model_copy(update={"replicas": 5}))
    assert not distribution.compile_with_xla(devices, tf.distribute.get_strategy())
