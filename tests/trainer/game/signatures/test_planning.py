"""`plan`, on a linear generator of pictures."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.game.searches.linear import pictures, subject
from trainer import catalogue, randomness
from trainer.config.recipe import load_experiment
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.signatures.planning import planning, straight
from trainer.game.signatures.signature import Signature

CODED = catalogue.GaussianPrior(size=2, continuous=2)
SEEDS = tf.constant([3, 4], tf.int64)


def stored(of, latents):
    return of.stored(tf.constant(pictures(latents))).numpy().astype(int)


def planned(of, ends, seed=SEEDS, **options):
    given = [tf.constant(stored(of, z), tf.uint8) for z in ends]
    plan = planning(catalogue.Plan(**options), of)["plan"]
    clip = plan.function(start=given[0], goal=given[1], seed=seed)["clip"].numpy()
    assert clip.shape == (len(seed), *plan.outputs["clip"].shape) and clip.dtype == np.uint8
    return clip.astype(int)


def ends():
    return (np.random.RandomState(n).uniform(-0.3, 0.3, (2, 4)) for n in (0, 1))


def test_a_plan_begins_at_the_start_and_ends_at_the_goal_on_a_straight_line():
    of, (start, goal) = subject(encoder=True), ends()
    clip = planned(of, (start, goal), frames=5)
    np.testing.assert_array_equal(clip[:, 0], stored(of, start))
    np.testing.assert_array_equal(clip[:, -1], stored(of, goal))
    middle = stored(of, 0.5 * (start + goal))
    # What the encoder reads of grey levels is off by half of one.
    assert np.abs(clip[:, 2] - middle).max() <= 1


@pytest.mark.integration
def test_ends_are_found_by_search_where_nobody_encodes():
    of, (start, goal) = subject(), ends()
    clip = planned(of, (start, goal), frames=3, start="random", steps=300)
    assert np.abs(clip[:, 1] - stored(of, 0.5 * (start + goal))).max() <= 1


def test_the_noise_of_a_path_is_the_seeds():
    of, (start, goal) = subject(CODED, encoder=True), ends()
    clip = planned(of, (start, goal), frames=3)
    noise = of.drawn(SEEDS).numpy()[:, :2]
    expected = np.concatenate([noise, 0.5 * (start + goal)[:, 2:]], axis=1)
    assert np.abs(clip[:, 1] - stored(of, expected)).max() <= 1
    alone = planned(of, (start[1:], goal[1:]), seed=SEEDS[1:], frames=3)
    np.testing.assert_array_equal(alone[0], clip[1])


def test_of_candidates_the_one_is_taken_whose_worst_step_is_most_credible():
    of, (start, goal) = subject(CODED, encoder=True), ends()

    def pairs(sample, next):
        """A step counts by how bright both of its ends are."""
        return {"realism": tf.reduce_mean(sample + next, axis=(1, 2, 3))}

    shown = {"sample": Field((4, 4, 1)), "next": Field((4, 4, 1))}
    of.offered = {**of.offered, "pairs": Signature(shown, {"realism": Field()}, pairs)}
    clip = planned(of, (start, goal), frames=5, candidates=6)
    keys = randomness.key_of(SEEDS, "candidate")
    others = [of.prior.sample(randomness.fold(keys, tf.constant(k, tf.int64))) for k in range(1, 6)]
    noises = np.stack([of.drawn(SEEDS), *others], axis=1)[..., :2]
    given = [of.seen(tf.constant(stored(of, z), tf.uint8)).numpy() for z in (start, goal)]
    line = straight(*(tf.constant(z, tf.float32) for z in (start, goal)), 5).numpy()
    for row in range(2):
        tried = [
            pictures(np.concatenate([np.tile(noise, (3, 1)), line[row, 1:-1, 2:]], axis=1))
            for noise in noises[row]
        ]
        worst = []
        for made in tried:
            bright = [x.mean() for x in (given[0][row], *made, given[1][row])]
            worst.append(min(a + b for a, b in itertools.pairwise(bright)))
        best = tried[int(np.argmax(worst))]
        assert np.abs(clip[row, 1:-1] - of.stored(tf.constant(best)).numpy()).max() <= 1
        assert len(set(worst)) == 6
    one = planned(of, (start, goal), frames=5)
    np.testing.assert_array_equal(planned(of, (start, goal), frames=5, candidates=1), one)


@pytest.mark.integration
def test_a_searched_path_is_the_likeliest_one():
    """Transitions around half of what was before: least squares say where such a path leads."""
    of, (start, goal) = subject(encoder=True), ends()

    def transition(latent, next_latent):
        return {"surprise": tf.reduce_sum(tf.square(next_latent - 0.5 * latent), axis=1)}

    z = Field((4,))
    fields = {"latent": z, "next_latent": z}
    of.offered = {**of.offered, "transition": Signature(fields, {"surprise": Field()}, transition)}
    adam = catalogue.Adam(learning_rate=0.02, beta_1=0.9)
    clip = planned(of, (start, goal), frames=4, path_steps=400, optimizer=adam)
    # (z2 - z1/2, z3 - z2/2, z4 - z3/2), least in squares.
    matrix = np.array([[1.0, 0.0], [-0.5, 1.0], [0.0, -0.5]])
    for row in range(2):
        right = np.stack([0.5 * start[row], np.zeros(4), -goal[row]])
        inner = np.linalg.lstsq(matrix, right, rcond=None)[0]
        assert np.abs(clip[row, 1:3] - stored(of, inner)).max() <= 1


def test_a_straight_line_has_its_ends_and_even_steps():
    line = straight(tf.constant([[0.0, 2.0]]), tf.constant([[1.0, 0.0]]), 5)[0].numpy()
    np.testing.assert_allclose(line, [[0, 2], [0.25, 1.5], [0.5, 1], [0.75, 0.5], [1, 0]])


def test_what_cannot_be_planned_is_refused():
    with pytest.raises(ConfigError, match="this game has learned no transitions"):
        planning(catalogue.Plan(path_steps=1), subject(encoder=True))
    with pytest.raises(ConfigError, match="this game has no judge of pairs"):
        planning(catalogue.Plan(candidates=2), subject(encoder=True))
    points = Field((2,), kind="vector", range=(-1.0, 1.0))
    with pytest.raises(ConfigError, match="received 'plan' with samples of kind 'vector'"):
        planning(catalogue.Plan(), subject(encoder=True, field=points))
    for recipe, search, words in (
        ("cgan-digits", "{name: plan, start: random}", "'plan' with condition=label"),
        ("vae-digits", "{name: plan, path_steps: 5}", "which learns no transitions"),
        ("vae-digits", "{name: plan, candidates: 3}", "by the judge of pairs of round=causal"),
        ("dcgan-digits", "plan", "with start 'encoder', but the round 'ordinary' has none"),
    ):
        with pytest.raises(ConfigError, match=words):
            load_experiment(recipe, [f"export.searches=[{search}]"])
