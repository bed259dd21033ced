"""Captions of pictures: the condition reaches both players, and a request is a picture."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.game.turns import noise_of
from trainer.config.recipe import load_experiment
from trainer.data import loading, modalities
from trainer.data.symbols import END
from trainer.errors import ConfigError
from trainer.game import sequences
from trainer.game.assembly import assemble
from trainer.randomness import Noise

TINY = (
    "network={name: recurrent, embedding: 4, hidden: 4, widths: [1, 3], filters: 3, "
    "picture_filters: 2}",
    "round={name: captioning, pretrain_generator: 0, pretrain_discriminator: 0, rollouts: 2, "
    "picture: 5}",
    "data.source={name: described, of: {name: captioned_digits, pictures: 60}}",
    "prior.size=2",
    "train.batch_size=4",
)


def captioning(*overrides):
    return load_experiment("captioning-digits", [*TINY, *overrides])


@pytest.fixture(scope="module")
def dataset():
    return loading.load(captioning().data)


@pytest.fixture(scope="module")
def game(dataset):
    return assemble(captioning(), dataset.spec)


@pytest.fixture(scope="module")
def batch(dataset):
    """Four examples as the players see them."""
    names = ("sample", "image", "wrong_text")
    fields = dataset.spec.fields
    return {n: modalities.seen(tf.constant(dataset.train[n][:4]), fields[n]) for n in names}


def test_captions_are_the_samples_and_pictures_lie_beside_them(dataset):
    spec = dataset.spec
    assert spec.sample.kind == "tokens" and spec.sample.names[0] == END
    assert spec.fields["image"].shape == (16, 16, 3)
    assert spec.fields["wrong_text"].names == spec.sample.names
    assert dataset.train["image"].dtype == np.uint8
    texts = loading.load(load_experiment("gan-cls-digits", [
        "data.source={name: captioned_digits, pictures: 60}"
    ]).data)  # fmt: skip
    np.testing.assert_array_equal(dataset.train["sample"], texts.train["text"])
    np.testing.assert_array_equal(dataset.train["image"], texts.train["sample"])


def test_captions_and_verdicts_depend_on_the_picture(game, batch):
    round_, players = game.gan.round, game.gan.players
    given, picture = round_.given(batch, noise_of(4)), batch["image"]
    ids = modalities.stored(batch["sample"], round_.field)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(picture)
        conditioning = round_.conditioned({**given, "image": picture}, players)
        log_p = sequences.log_probabilities(players["generator"], ids, conditioning)
        logits = players["discriminator"](batch)["logits"]
    for answer in (log_p, logits):
        of_rows = np.abs(tape.gradient(answer, picture)).max(axis=(1, 2, 3))
        assert (of_rows > 0).all()


def test_completions_keep_to_their_own_picture(game, batch):
    """Rewards of rows alone are those of rows together."""
    round_, players = game.gan.round, game.gan.players
    noise = noise_of(4)
    given = round_.given(batch, noise)
    ids = modalities.stored(batch["sample"], round_.field)
    together = round_.rewards(players, ids, given, noise).numpy()
    assert together.shape == ids.shape and together.std(axis=0).max() > 0
    row = slice(2, 3)
    own = Noise(0, noise.step, noise.position[row])
    alone = round_.rewards(players, ids[row], {n: x[row] for n, x in given.items()}, own).numpy()
    np.testing.assert_allclose(alone[0], together[2], rtol=1e-5)


def test_likelihood_moves_the_encoder_too(game, batch):
    """What is learned from captions reaches the layers that read pictures."""
    round_, players = game.gan.round, game.gan.players
    given = round_.given(batch, noise_of(4))
    ids = modalities.stored(batch["sample"], round_.field)
    weights = [v.value for v in players["picture_encoder"].model.trainable_variables]
    with tf.GradientTape() as tape:
        conditioning = round_.conditioned(given, players)
        loss = -tf.reduce_sum(sequences.log_probabilities(players["generator"], ids, conditioning))
    assert all(np.abs(g).max() > 0 for g in tape.gradient(loss, weights))


def test_a_request_is_a_picture_and_a_seed(game, batch, dataset):
    signatures = game.live.signatures
    assert set(signatures) == {"caption", "score"}
    pictures = dataset.train["image"][:3]
    asked = {"image": pictures, "seed": np.arange(3)}
    texts = game.live.run("caption", asked)["text"]
    words = set(dataset.spec.sample.names) - {END}
    assert all(set(text.decode().split(" ")) <= words | {""} for text in texts)
    again = game.live.run("caption", {"image": pictures[1:2], "seed": np.array([1])})["text"]
    assert again[0] == texts[1]
    ids = dataset.train["sample"][:3]
    judged = game.live.run("score", {"sample": ids, "image": pictures})
    assert judged["realism"].shape == (3,)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["condition=none", "terms=[]"], "condition.name: received 'none' with the round 'capt"),
        (["terms=[interpolation]"], "terms: received some with the round 'captioning'"),
        (["data.source=digits"], "terms: received 'matching_aware' with condition=image"),
        (["round=policy"], "prior.name: received 'gaussian' with the round 'policy'"),
    ],
)
def test_what_cannot_be_played_is_refused(overrides, message):
    with pytest.raises(ConfigError, match=message):
        captioning(*overrides)
