"""Pretraining: the generator alone, near the examples; then the game; and weights between both."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import checkpointed
from tests.trainer.game.wrappers.games import built, weights
from trainer.config.recipe import load_experiment
from trainer.errors import ConfigError
from trainer.exporting import export_run
from trainer.training import train

SMALL = (
    "data.source=digits",
    "condition={name: derived, factor: 2}",
    "network={name: srresnet, base_filters: 4, blocks: 1, normalization: none}",
    "networks={discriminator: {name: dcgan, base_filters: 4}}",
    "wrappers=[{name: pretrain, steps: 2}]",
    "prior=none",
)


def test_the_generator_is_alone_until_the_game_begins():
    game, batches = built("pix2pix-digits", *SMALL)
    gan = game.gan
    assert [gan.stage_at(step) for step in range(4)] == [0, 0, 1, 1]
    judge, maker = weights(gan, "discriminator"), weights(gan, "generator")
    values = gan.train_step(next(batches), 0)
    assert set(values) == {"generator_pretraining"}
    assert all(map(np.array_equal, judge, weights(gan, "discriminator")))
    assert not all(map(np.array_equal, maker, weights(gan, "generator")))
    gan.enter(1)
    assert all(int(made.iterations.numpy()) == 0 for made in gan.optimizers.values())
    assert "generator_loss" in gan.train_step(next(batches), 1)
    assert not all(map(np.array_equal, judge, weights(gan, "discriminator")))


def test_what_is_minimised_is_the_squared_error():
    game, batches = built("pix2pix-digits", *SMALL)
    batch = next(batches)
    value = game.gan.train_step(batch, 0)["generator_pretraining"]
    game, _ = built("pix2pix-digits", *SMALL)
    x = np.float32(batch["sample"][:, 0]) / 127.5 - 1.0
    given = game.gan.round.parts.condition.of_batch({"sample": tf.constant(x)})
    made = game.gan.networks["generator"](given)["sample"]
    assert float(value) == pytest.approx(np.square(made - x).mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["round=simultaneous"], "'pretrain' with the round 'simultaneous'"),
        (["wrappers=[{name: augment}, {name: pretrain, steps: 2}]"], "name it first"),
        (["wrappers=[{name: pretrain, steps: 3}]", "devices.steps_per_execution=2"], "within a"),
        (["condition=none"], "'pretrain' with condition=none"),
    ],
)
def test_impossible_combinations_are_refused(overrides, sentence):
    with pytest.raises(ConfigError, match=sentence):
        load_experiment("pix2pix-digits", [*SMALL, *overrides])


def test_weights_between_pretraining_and_game_are_exported(tmp_path):
    few = ("train.steps=4", "run.checkpoint_every=2", "train.batch_size=8", "run.sample_every=4")
    fast = "optimizers.generator={name: adam, learning_rate: 0.05}"
    experiment = load_experiment("pix2pix-digits", [*SMALL, *few, fast])
    train(experiment, tmp_path / "run", progress=False)
    whole = checkpointed(tmp_path / "run")
    image = {"image": tf.constant(np.random.RandomState(0).randint(0, 256, (3, 4, 4, 1)), tf.uint8)}

    def made(**options):
        exported = export_run(tmp_path / "run", tmp_path / "models", **options)
        translate = tf.saved_model.load(exported.path).signatures["translate"]
        return translate(**image)["image"].numpy().astype(int), exported.reason

    (last, _), (first, _) = made(), made(checkpoint="2")
    (near, reason) = made(mix="2=0.000001")
    assert np.abs(near - last).max() <= 1 and reason.endswith("1e-06 of its weights of step 2")
    (other, _) = made(mix=f"{tmp_path / 'run'}=0.999999", checkpoint="2")
    assert np.abs(other - last).max() <= 1 and np.abs(first - last).max() > 1
    assert whole.keys() == checkpointed(tmp_path / "run").keys()
    for wrong in ("2", "=0.5", "2=1.5", "2=x"):
        with pytest.raises(ConfigError, match="--mix: received"):
            made(mix=wrong)
