"""Two domains at once: what is shared, what is a domain's own, and what each is judged by."""

import numpy as np
import pytest
import tensorflow as tf

from serving.description import Description
from tests.recipes import small
from trainer import catalogue
from trainer.catalogue import resolve
from trainer.config.recipe import load_experiment
from trainer.data import loading
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.assembly import assemble
from trainer.networks.ports import Ports
from trainer.run import previews

OPTIONS = catalogue.CoGAN(base_filters=2)
LATENT = {"latent": Field((4,), kind="latent")}


def _pictures(**shapes):
    return {n: Field(s, kind="image", range=(-1.0, 1.0)) for n, s in shapes.items()}


DOMAINS = _pictures(a=(9, 7, 1), b=(9, 7, 3))


def _generator(domains=DOMAINS):
    return resolve(OPTIONS)(OPTIONS).joint_generator(Ports(LATENT, domains))


def _judge(inputs=DOMAINS, **outputs):
    ports = Ports(inputs, {"logits": Field()} | outputs)
    return resolve(OPTIONS)(OPTIONS).joint_discriminator(ports)


def test_a_latent_makes_a_picture_of_each_domain():
    made = _generator()({"latent": tf.eye(3, 4)})
    assert made["a"].shape == (3, 9, 7, 1) and made["b"].shape == (3, 9, 7, 3)
    assert all(x.dtype == tf.float32 and np.abs(x).max() <= 1.0 for x in made.values())


def test_all_but_the_layers_near_the_pixels_are_shared():
    """Two last kernels with their offsets of the generator; two first ones of the discriminator."""
    generator, judge = _generator(), _judge()
    with tf.GradientTape(persistent=True) as tape:
        made = generator({"latent": tf.eye(3, 4)})
        logits = judge(made)["logits"]
        a, b = (tf.reduce_sum(tf.square(logits[:, i])) for i in range(2))
        of_a, of_b = (tf.reduce_sum(tf.square(made[name])) for name in "ab")

    def moved(loss, network):
        weights = [v.value for v in network.trainable_variables]
        found = tape.gradient(loss, weights)
        return [g is not None and bool(tf.reduce_any(g != 0.0)) for g in found]

    for network, losses in ((generator, (of_a, of_b)), (judge, (a, b))):
        first, second = (moved(loss, network) for loss in losses)
        own = sum(x != y for x, y in zip(first, second, strict=True))
        shared = sum(x and y for x, y in zip(first, second, strict=True))
        assert own == 4 and shared >= 2


def test_each_picture_is_judged_by_itself():
    judge = _judge(_pictures(a=(8, 8, 1), b=(8, 8, 1)))
    x, y = (tf.random.stateless_normal([2, 8, 8, 1], [1, seed]) for seed in (2, 3))
    logits = judge({"a": x, "b": y})["logits"]
    other = judge({"a": x, "b": y + 1.0})["logits"]
    assert logits.shape == (2, 2)
    np.testing.assert_array_equal(logits[:, 0], other[:, 0])
    assert np.abs(logits[:, 1] - other[:, 1]).max() > 0.0


def test_what_the_players_cannot_be():
    with pytest.raises(ConfigError, match=r"they are a of 8x8 and b of 9x8 pixels; set data\.size"):
        _generator(_pictures(a=(8, 8, 1), b=(9, 8, 1)))
    with pytest.raises(ConfigError, match=r"the game asks it about features; leave the terms"):
        _judge(features=Field((None,), kind="features"))


@pytest.fixture(scope="module")
def game(tmp_path_factory):
    experiment = small("cogan-digits", tmp_path_factory.mktemp("joint"))
    dataset = loading.load(experiment.data)
    return assemble(experiment, dataset.spec, examples=dataset.train)


def test_a_game_offers_both_pictures_and_a_judge_of_each(game):
    description = Description(game.live.description.document)
    offered = description.signatures
    assert description.sample_output == "a"
    assert list(offered["generate"].outputs) == list(offered["decode"].outputs) == ["a", "b"]
    assert set(offered["score_a"].inputs) == {"image"} and "score" not in offered
    seeds = {"seed": np.arange(3)}
    made = game.live.run("generate", seeds)
    decoded = game.live.run("decode", game.live.run("latents", seeds))
    for name in "ab":
        assert made[name].dtype == np.uint8 and made[name].shape == (3, 8, 8, 1)
        np.testing.assert_allclose(made[name].astype(int), decoded[name], atol=1)


def test_a_score_is_the_logit_of_its_domain(game):
    seen = {n: game.live.bank[n][:4] for n in "ab"}
    judge = game.live.networks["discriminator"]
    logits = judge({n: tf.constant(x / 127.5 - 1.0, tf.float32) for n, x in seen.items()})["logits"]
    for place, name in enumerate("ab"):
        score = game.live.run(f"score_{name}", {"image": seen[name]})["realism"]
        np.testing.assert_allclose(score, logits[:, place], atol=1e-5)


def test_classes_are_read_in_the_picture_of_either_domain(tmp_path):
    experiment = small("cogan-adaptation", tmp_path)
    dataset = loading.load(experiment.data)
    game = assemble(experiment, dataset.spec, examples=dataset.train)
    seen = {n: dataset.held_out[n][:5] for n in "ab"}
    judge = game.live.networks["discriminator"]
    answers = judge({n: tf.constant(x / 127.5 - 1.0, tf.float32) for n, x in seen.items()})
    assert answers["features"].shape[:2] == (5, 2)
    for place, name in enumerate("ab"):
        found = game.live.run(f"classify_{name}", {"image": seen[name]})
        np.testing.assert_allclose(found["logits"], answers["class_logits"][:, place], atol=1e-5)
        assert found["label"].tolist() == found["logits"].argmax(axis=1).tolist()


def test_a_picture_of_the_game_shows_the_two_of_one_seed_below_one_another(game):
    shown = previews.drawer(game.live, (4, 3))()
    made = game.live.run("generate", {"seed": np.arange(6)})
    np.testing.assert_array_equal(shown[:56:7, 58:114:7, 0], made["a"][1, ..., 0])
    np.testing.assert_array_equal(shown[58:114:7, 58:114:7, 0], made["b"][1, ..., 0])


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("network=dcgan", "networks.generator: received 'dcgan', which has no joint_generator"),
        ("prior=none", "prior.name: received 'none' with the round 'joint'"),
        ("condition=label", "condition.name: received 'label' with the round 'joint'"),
        ("penalties=[r1]", "penalties: received some with the round 'joint'"),
        ("wrappers=[augment]", "wrappers: received some with the round 'joint'"),
    ],
)
def test_what_it_cannot_go_with(override, sentence):
    with pytest.raises(ConfigError, match=sentence):
        load_experiment("cogan-digits", [override])


def test_data_without_domains_is_refused(digits):
    with pytest.raises(ConfigError, match=r"needs one called a"):
        assemble(load_experiment("cogan-digits", ["data.source=digits"]), digits.spec)
