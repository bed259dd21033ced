"""What the discriminator sees, and the controller against its recurrence by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from tests.specs import spec_of
from tests.trainer.game.wrappers.games import built, weights
from trainer.errors import ConfigError
from trainer.game import augmentations
from trainer.game.assembly import assemble
from trainer.game.wrappers import augment
from trainer.run.checkpoints import Checkpoints
from trainer.training import train

ADAPTIVE = "{name: augment, adaptive: true, every: 2, speed: 0.08, target_sign: 0.5}"
MLP = "network={name: mlp, units: [8]}"


class _Looking:
    """Updates that only look at what a turn gives, and ask it twice."""

    def __init__(self):
        self.outcomes = []

    def minimise(self, side, turn):
        self.outcomes.append((turn(), turn()))
        return self.outcomes[-1][0]


def test_real_and_fake_are_augmented_in_both_turns_and_alike_when_asked_again(monkeypatch):
    made, batches = built("dcgan-digits", MLP, "wrappers=[augment]")
    drawn = []

    class Draw(augmentations.Draw):
        def __call__(self, pictures, **options):
            drawn.append(super().__call__(pictures, **options).numpy())
            return tf.constant(drawn[-1])

    monkeypatch.setattr(augment, "Draw", Draw)
    updates = _Looking()
    made.gan.play(next(batches), tf.constant(0, tf.int64), updates)
    # Real and fake of the discriminator's turn, twice; fake of the generator's, twice.
    assert len(drawn) == 6
    for first, again in ((0, 2), (1, 3), (4, 5)):
        np.testing.assert_array_equal(drawn[first], drawn[again])
    for first, again in updates.outcomes:
        for name in first.losses:
            np.testing.assert_array_equal(first.losses[name], again.losses[name])


def test_the_generator_learns_through_it_and_exports_know_nothing_of_it():
    moved = []
    for wrappers in ("[augment]", "[]"):
        made, batches = built("dcgan-digits", MLP, f"wrappers={wrappers}")
        start = weights(made.gan, "generator")
        image = np.zeros((3, 8, 8, 1), np.uint8)
        made.live.refresh()
        scores = made.live.run("score", {"image": image})["realism"]
        made.gan.train_step(next(batches))
        end = weights(made.gan, "generator")
        moved.append((scores, start, end))
    np.testing.assert_array_equal(moved[0][0], moved[1][0])
    for start, augmented, plain in zip(moved[0][1], moved[0][2], moved[1][2], strict=True):
        assert not np.array_equal(start, augmented)
        assert not np.array_equal(plain, augmented)


def test_with_probability_zero_it_is_the_plain_game():
    played = []
    for wrappers in ("[]", "[{name: augment, probability: 0.0}]"):
        made, batches = built("dcgan-digits", MLP, f"wrappers={wrappers}")
        made.gan.train_step(next(batches))
        played.append(weights(made.gan))
    for plain, augmented in zip(*played, strict=True):
        np.testing.assert_allclose(plain, augmented, rtol=0, atol=1e-6)


def test_the_probability_follows_the_recurrence():
    """16 examples a step, every 2 steps: by 32 / (1000 · 0.08) = 0.4 towards the target, in [0, 1].

    Means of two steps: 0.75 up, 0.75 up, 0.6 up (to the ceiling), 0.4 down, ½ nowhere.
    """
    made, _ = built("dcgan-digits", MLP, f"wrappers=[{ADAPTIVE}]")
    signs = [1.0, 0.5, 0.5, 1.0, 0.4, 0.8, 0.8, 0.0, 0.25, 0.75]
    seen = []
    for sign in signs:
        made.gan.round.update_state({"sign(D(x))": tf.constant(sign)})
        seen.append(float(made.gan.round.probability))
    expected = [0.0, 0.4, 0.4, 0.8, 0.8, 1.0, 1.0, 0.6, 0.6, 0.6]
    np.testing.assert_allclose(seen, expected, atol=1e-6)


def test_what_is_watched_is_the_sign_of_the_logits_of_real_examples():
    made, batches = built("dcgan-digits", MLP, f"wrappers=[{ADAPTIVE}]")
    outcome = made.gan.play(next(batches), tf.constant(0, tf.int64), _Looking())
    np.testing.assert_array_equal(
        outcome.watched["sign(D(x))"], np.sign(outcome.watched["real_logits"])
    )
    assert set(outcome.watched["augmentation"].numpy()) == {0.0}


def test_a_resumed_run_goes_on_with_its_probability(tmp_path):
    made, batches = built("dcgan-digits", MLP, f"wrappers=[{ADAPTIVE}]")
    checkpoints = Checkpoints(made, str(tmp_path))
    step = tf.function(made.gan.train_step, autograph=False)
    for _ in range(3):
        logs = step(next(batches))
    assert float(logs["sign(D(x))"]) != 0.0
    made.gan.round._controller.probability.assign(0.7)
    checkpoints.save()
    again, _ = built("dcgan-digits", MLP, f"wrappers=[{ADAPTIVE}]")
    assert Checkpoints(again, str(tmp_path)).restore() == 3
    for name, variable in made.gan.round.state.items():
        np.testing.assert_array_equal(variable.numpy(), again.gan.round.state[name].numpy())
    assert float(again.gan.round.probability) == pytest.approx(0.7)
    assert int(again.gan.round.state["augmentation_steps"]) == 1


def test_data_that_are_no_pictures_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"'augment', .*no pictures.*shape \(2,\)"):
        assemble(tiny("dcgan-digits", MLP, "wrappers=[augment]"), spec_of((2,), "float32"))
    with pytest.raises(ConfigError, match=r"data\.source=ring, which holds points"):
        train(tiny("mlp-ring", "wrappers=[augment]"), tmp_path / "run", progress=False)
