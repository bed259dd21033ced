"""What the discriminator sees, and how it fades."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from tests.specs import spec_of
from tests.trainer.game.wrappers.games import built
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.assembly import assemble, make_round

MLP = "network={name: mlp, units: [8]}"
FADING = "wrappers=[{name: instance_noise, sigma: 0.5, steps: 4}]"


class _Twice:
    """Updates that only look at what a turn gives, and ask it twice."""

    def minimise(self, side, turn):
        turn()
        return turn()


class _Seeing:
    """A player that notes what it was shown."""

    def __init__(self, player):
        self.player, self.shown = player, []

    def __call__(self, inputs, *, freeze_statistics=False):
        self.shown.append({name: values.numpy() for name, values in inputs.items()})
        return self.player(inputs, freeze_statistics=freeze_statistics)


def _shown(step, *overrides):
    """What the discriminator is shown in the turns of one step: with noise, and without."""
    shown = []
    for wrappers in (FADING, "wrappers=[]"):
        made, batches = built("cgan-digits", MLP, wrappers, *overrides)
        seeing = _Seeing(made.gan.players["discriminator"])
        made.gan.players["discriminator"] = seeing
        outcome = made.gan.play(next(batches), tf.constant(step, tf.int64), _Twice())
        shown.append((seeing.shown, outcome))
    return shown


def test_real_and_fake_are_noisy_in_both_turns_and_alike_when_asked_again():
    (noisy, outcome), (plain, _) = _shown(2)
    noise = [a["sample"] - b["sample"] for a, b in zip(noisy, plain, strict=True)]
    # Real and fake of the discriminator's turn, twice; fake of the generator's, twice. At step 2
    # of 4 half of σ = 0.5 is left.
    assert len(noise) == 6
    for first, again in ((0, 2), (1, 3), (4, 5)):
        np.testing.assert_array_equal(noisy[first]["sample"], noisy[again]["sample"])
        assert noise[first].std() == pytest.approx(0.25, rel=0.1)
        assert abs(noise[first].mean()) < 0.03
    for a, b in ((0, 1), (0, 4), (1, 4)):
        assert abs(np.corrcoef(noise[a].ravel(), noise[b].ravel())[0, 1]) < 0.15
    for a, b in zip(noisy, plain, strict=True):
        np.testing.assert_array_equal(a["condition"], b["condition"])
    np.testing.assert_array_equal(outcome.watched["instance_noise"], np.full(16, 0.25))


@pytest.mark.parametrize("step", [4, 9])
def test_what_has_faded_is_the_plain_game(step):
    (noisy, _), (plain, _) = _shown(step)
    for a, b in zip(noisy, plain, strict=True):
        np.testing.assert_array_equal(a["sample"], b["sample"])


def test_it_falls_in_a_straight_line():
    experiment = tiny("dcgan-digits", MLP, FADING)
    round_ = make_round(experiment, spec_of((8, 8, 1)))
    seen = [float(round_.sigma(tf.constant(step, tf.int64))) for step in range(6)]
    np.testing.assert_allclose(seen, [0.5, 0.375, 0.25, 0.125, 0.0, 0.0], atol=1e-7)


def test_both_halves_of_a_pair_are_noisy():
    (noisy, _), (plain, _) = _shown(0, "round=pairs", "condition=none")
    for name in ("sample", "latent"):
        assert (noisy[0][name] - plain[0][name]).std() == pytest.approx(0.5, rel=0.15)


def test_symbols_are_refused():
    spec = DataSpec({"sample": Field((5,), "int32", "tokens", names=("a", "b"))}, "", 10)
    with pytest.raises(ConfigError, match="'instance_noise', but the data's samples are symbols"):
        assemble(tiny("dcgan-digits", MLP, "wrappers=[instance_noise]"), spec)
