"""Progressive growing: stages, what is shown, optimizers that begin anew, and resuming."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import checkpointed
from tests.playing import played, put_back_to
from trainer.config.recipe import load_experiment
from trainer.data import loading, pipeline
from trainer.errors import ConfigError
from trainer.game.assembly import assemble
from trainer.game.wrappers.grow import as_level
from trainer.run.checkpoints import Checkpoints
from trainer.training import train

# Levels of 2, 4 and 8 pixels: they begin at steps 0, 2 and 6.
GROWING = (
    # What the game costs is its traces, a penalty's most of all.
    "objective=hinge",
    "penalties=[]",
    "network={name: progressive, base_filters: 2, max_filters: 4, smallest: 2}",
    "wrappers=[{name: grow, steady: 2, fade: 2}]",
    "prior.size=4",
    "train.batch_size=8",
    "train.steps=8",
    "run.sample_every=8",
    "run.log_every=4",
    "run.checkpoint_every=2",
    "run.grid=[1,2]",
)


# Of 4 and 8 pixels, from steps 0 and 2 on.
TWO_LEVELS = ("network.smallest=4", "train.steps=4", "run.checkpoint_every=1", "run.keep=5")


def growing(*overrides):
    return load_experiment("progressive-digits", [*GROWING, *overrides])


@pytest.fixture(scope="module")
def dataset():
    return loading.load(growing().data)


def test_growth_is_a_function_of_the_step(dataset):
    game = assemble(growing(), dataset.spec).gan.round
    assert game.stages() == (2, 6)
    steps = ((0, 0), (1, 0), (2, 1), (3, 1), (4, 1), (5, 1), (6, 2), (7, 2), (9, 2))
    growth = [float(game.at(stage).growth(tf.constant(step, tf.int64))) for step, stage in steps]
    assert growth == [0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 1.5, 2.0]


def test_pictures_are_shown_as_the_level_has_them():
    pictures = tf.random.stateless_normal([2, 3, 8, 8, 1], [0, 1])

    def coarse(side):
        blocks = pictures.numpy().reshape(2, 3, 8 // side, side, 8 // side, side, 1)
        means = blocks.mean(axis=(3, 5), keepdims=True)
        return np.broadcast_to(means, blocks.shape).reshape(pictures.shape)

    for level, growth, expected in (
        (0, 0.0, coarse(4)),
        (1, 0.0, coarse(4)),
        (1, 0.25, 0.75 * coarse(4) + 0.25 * coarse(2)),
        (2, 1.0, coarse(2)),
        (2, 2.0, pictures.numpy()),
    ):
        np.testing.assert_allclose(as_level(pictures, level, 3, growth), expected, atol=1e-6)


def test_optimizers_begin_anew_once_with_every_level(dataset):
    gan = assemble(growing(), dataset.spec).gan
    batches = iter(pipeline.batches(dataset.train, batch_size=8, turns=1, seed=0))
    for _ in range(2):
        gan.train_step(next(batches), stage=0)
    moments = [v for o in gan.optimizers.values() for v in o.variables if v.shape.rank]
    assert int(gan.optimizers["generator"].iterations) == 2
    assert any(np.any(v.numpy()) for v in moments)
    weights = [v.numpy() for v in gan.networks["generator"].trainable_variables]
    gan.enter(1)
    assert not any(np.any(v.numpy()) for v in moments)
    assert [int(o.iterations) for o in gan.optimizers.values()] == [0, 0]
    for before, after in zip(weights, gan.networks["generator"].trainable_variables, strict=True):
        np.testing.assert_array_equal(before, after.numpy())
    gan.train_step(next(batches), stage=1)
    assert int(gan.optimizers["generator"].iterations) == 1


def test_new_layers_rest_until_their_level(dataset):
    gan = assemble(growing(), dataset.spec).gan
    before = {n: [v.numpy() for v in x.trainable_variables] for n, x in gan.networks.items()}
    gan.train_step(next(iter(pipeline.batches(dataset.train, batch_size=8, turns=1, seed=0))))
    for name, network in gan.networks.items():
        used = {v.path for v in network.levels[0].trainable_variables}
        for old, new in zip(before[name], network.trainable_variables, strict=True):
            same = np.array_equal(old, new.numpy())
            assert same or new.path in used
            assert not same or new.path not in used or new.path.endswith("bias")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("growing") / "run"
    train(growing(*TWO_LEVELS), run_dir, progress=False)
    return run_dir


@pytest.mark.integration
@pytest.mark.parametrize("step", [2, 3, pytest.param(1, marks=pytest.mark.slow)])
def test_a_run_resumes_at_a_boundary_in_a_fade_and_before_both(whole, step, tmp_path):
    """Bit for bit; the optimizers begin anew once, not again where a run is resumed."""
    again = tmp_path / "run"
    shutil.copytree(whole, again)
    put_back_to(step, again)
    train(growing(*TWO_LEVELS), again, progress=False)
    one, other = checkpointed(whole), checkpointed(again)
    assert one.keys() == other.keys() and one
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_the_game_shows_the_average_at_the_growth_of_the_last_step(whole, dataset):
    game = assemble(growing(*TWO_LEVELS), dataset.spec)
    assert Checkpoints(game, str(whole / "checkpoints")).restore() == 4
    models = [*game.gan.networks.values(), *game.gan.averages.values()]
    assert len(models) >= 3 and all(float(model.growth) == 0.5 for model in models)


@pytest.mark.slow
def test_one_and_two_replicas_grow_alike(dataset):
    one, two = (_weights_after_crossing(dataset, replicas) for replicas in (1, 2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def _weights_after_crossing(dataset, replicas):
    experiment = growing(
        "optimizers.generator={name: sgd, learning_rate: 0.01, momentum: 0.5}",
        "optimizers.discriminator={name: sgd, learning_rate: 0.01, momentum: 0.5}",
    )
    game, _ = played(experiment, dataset, replicas, steps=2, stages=(0, 1))
    return [v.numpy() for n in game.gan.networks.values() for v in n.variables]


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("devices.steps_per_execution=4", r"wrappers.grow.steady: received 2.*multiple"),
        ("network={name: mlp}", r"networks.generator: received 'mlp' with the wrapper 'grow'"),
        (
            "wrappers=[{name: grow, steady: 2, fade: 2}, {name: pack}]",
            r"wrappers: received 'pack' around 'grow'",
        ),
        (
            "optimizers.generator.schedule={name: linear, steps: 5}",
            r"optimizers.generator.schedule: received 'linear'",
        ),
    ],
)
def test_what_cannot_grow_is_refused(override, sentence):
    with pytest.raises(ConfigError, match=sentence):
        growing(override)


def test_pictures_that_cannot_be_halved_are_refused(dataset):
    with pytest.raises(ConfigError, match=r"wrappers: received 'grow'.*network.smallest"):
        assemble(growing("network.smallest=5"), dataset.spec)
