"""Readings against hand values, and steps that play the same game whether they are read or not."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from tests.recipes import small
from trainer import catalogue
from trainer.data import loading, pipeline
from trainer.fields import Field
from trainer.game import instruments
from trainer.game.assembly import assemble
from trainer.game.objectives import hinge, least_squares, wasserstein
from trainer.game.roles import Role
from trainer.game.turns import Judgement
from trainer.metrics.manifold import prdc


def judgement(real_logits, fake_logits, real=(0.0, 2.0), fake=(0.0, 1.0), **facts):
    samples = [{"sample": tf.constant(x)[:, tf.newaxis]} for x in (real, fake)]
    return Judgement(*samples, tf.constant(real_logits), tf.constant(fake_logits), **facts)


def test_accuracies_are_shares_on_the_right_side_of_the_objectives_boundary():
    read = instruments.of_turn(judgement([0.6, 0.4, 2.0], [0.7, 0.2, 0.1], boundary=0.5))
    assert float(read["real_accuracy"]) == pytest.approx(2 / 3)
    assert float(read["fake_accuracy"]) == pytest.approx(2 / 3)
    assert set(instruments.of_turn(judgement([1.0], [0.0]))) == {"diversity"}
    assert least_squares(catalogue.LeastSquares()).boundary == 0.5
    assert hinge(catalogue.Hinge()).boundary == 0.0
    assert wasserstein(catalogue.Wasserstein()).boundary is None


def test_diversity_is_the_distance_of_neighbours_in_units_of_that_of_real_examples():
    real = tf.constant([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])  # 5, 5 and 0 apart
    fake = tf.constant([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0]])  # 1, 2 and √5
    expected = (3.0 + math.sqrt(5.0)) / 10.0
    assert float(instruments.diversity(real, fake)) == pytest.approx(expected)
    assert float(instruments.diversity(real, tf.ones([3, 2]))) == 0.0


ONE_HOT, VECTOR = Field((1,), kind="one_hot"), Field((1,), kind="vector")


class Fixed:
    """A generator that hears a share of its latent and of its condition."""

    names = ("latent", "condition")

    def __init__(self, latent, condition):
        self.shares = latent, condition

    def __call__(self, inputs, *, freeze_statistics):
        assert freeze_statistics
        latent, condition = self.shares
        return {"sample": latent * inputs["latent"] + condition * inputs["condition"]}


def test_sizes_need_not_be_known_when_the_graph_is_traced():
    """As with clips of several workers: two of two frames of one pixel, 2 and 1 apart."""

    @tf.function(input_signature=2 * [tf.TensorSpec([None, None, 1])])
    def diversity(real, fake):
        turn = Judgement({"sample": real}, {"sample": fake}, tf.zeros([2]), tf.zeros([2]))
        return instruments.of_turn(turn)["diversity"]

    real, fake = ([[[0.0], [0.0]], [[0.0], [far]]] for far in (2.0, 1.0))
    assert float(diversity(real, fake)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("latent", "condition", "diversity", "effect"),
    [(1.0, 10.0, 0.2, 1.0), (1.0, 0.0, 0.2, 0.0), (0.0, 10.0, 0.0, 1.0), (0.5, 5.0, 0.1, 0.5)],
)
def test_a_generator_that_ignores_its_latent_or_its_condition_is_found_out(
    latent, condition, diversity, effect
):
    """Neighbours are 2 apart among latents, 1 among conditions, 10 among real examples."""
    given = {
        "latent": tf.constant([[0.0], [2.0], [4.0], [2.0]]),
        "condition": tf.constant([[0.0], [1.0], [0.0], [1.0]]),
        "key": tf.zeros([4, 2], tf.uint32),
    }
    generator = Fixed(latent, condition)
    real = {"sample": tf.constant([[0.0], [10.0], [0.0], [10.0]])}
    fake = generator(given, freeze_statistics=True)
    turn = Judgement(real, fake, tf.zeros([4]), tf.zeros([4]), given=given)
    read = instruments.of_condition(turn, generator)
    assert float(read["conditional_diversity"]) == pytest.approx(diversity)
    assert float(read["condition_effect"]) == pytest.approx(effect)


def test_of_several_conditions_the_one_that_is_ignored_is_found_out():
    """Neighbours are 1 apart in both conditions, and 10 among real examples."""

    class OfTwo(Fixed):
        names = ("latent", "condition", "attributes")
        role = Role("generator", "generator", {"condition": ONE_HOT, "attributes": VECTOR}, {})

    conditioning = tf.constant([[0.0], [1.0], [0.0], [1.0]])
    given = {"latent": tf.zeros([4, 1]), "condition": conditioning, "attributes": conditioning}
    real, generator = {"sample": 10.0 * conditioning}, OfTwo(1.0, 5.0)
    fake = generator(given, freeze_statistics=True)
    turn = Judgement(real, fake, tf.zeros([4]), tf.zeros([4]), given=given)
    read = {name: float(x) for name, x in instruments.of_condition(turn, generator).items()}
    assert read == {
        "conditional_diversity": 0.0,
        "condition_effect": 0.5,
        "condition_effect_of_label": 0.5,
        "condition_effect_of_attributes": 0.0,
    }


def test_a_generator_without_latent_or_condition_has_no_such_readings():
    generator = Fixed(1.0, 1.0)
    for names, given in [(("latent",), {"latent": tf.zeros([2, 1])}), (("image", "key"), {})]:
        generator.names = names
        turn = Judgement({}, {}, tf.zeros([2]), tf.zeros([2]), given=given)
        assert instruments.of_condition(turn, generator) == {}


def test_classes_that_the_discriminator_names_are_counted():
    hits = tf.constant([1.0, 0.0, 1.0])
    read = instruments.of_turn(judgement([0.0], [0.0], read={"class_accuracy": hits}))
    assert float(read["class_accuracy"]) == pytest.approx(2 / 3)


def test_recall_is_the_share_within_a_ball_around_some_other():
    """The third nearest fellows of 0, 1, 2, 3 are 3, 2, 2, 3 away."""
    others = tf.constant([[0.0], [1.0], [2.0], [3.0]])
    points = tf.constant([[-2.9], [-3.1], [5.9], [20.0]])
    assert float(instruments.recall(points, others)) == 0.5
    assert float(instruments.recall(others, others)) == 1.0


def test_recall_is_that_of_the_evaluation():
    random = np.random.RandomState(0)
    real, fake = (random.normal(m, 1.0, (200, 4)).astype(np.float32) for m in (0.0, 1.5))
    expected = prdc(real, fake, k=3).recall.value
    assert 0.05 < expected < 0.95
    assert float(instruments.recall(tf.constant(real), tf.constant(fake))) == pytest.approx(
        expected, abs=1e-6
    )


def test_held_out_examples_are_judged_beside_the_fakes_of_the_turn():
    of_turn = judgement([2.0, 4.0], [-1.0, 1.0], boundary=0.0, probabilities=True)
    held_out = judgement([0.5, -0.5], [9.0, 9.0], boundary=0.0, probabilities=True)
    read = instruments.of_held_out(of_turn, held_out)
    assert float(read["held_out_gap"]) == pytest.approx(3.0)
    assert float(read["held_out_accuracy"]) == pytest.approx(0.5)
    losses = [math.log1p(math.exp(x)) for x in (-0.5, 0.5, -1.0, 1.0)]
    assert float(read["held_out_cross_entropy"]) == pytest.approx(sum(losses) / 4)
    assert "recall" not in read  # of two examples none can be said
    blind = judgement([0.0, 0.0], [0.0, 0.0], boundary=0.0, probabilities=True)
    read = instruments.of_held_out(blind, blind)
    assert float(read["held_out_cross_entropy"]) == pytest.approx(math.log(2.0))
    assert float(read["held_out_accuracy"]) == 0.5


# ---- Steps ---------------------------------------------------------------------------------------


def _game(experiment, dataset):
    game = assemble(experiment, dataset.spec)
    return game.gan, _batches(game.gan, dataset.train), _batches(game.gan, dataset.held_out, 5)


def _batches(gan, examples, seed=0):
    turns = gan.round.turns
    return iter(pipeline.batches(examples, batch_size=16, turns=turns, seed=seed))


def _everything(gan):
    found = [v.numpy() for n in (*gan.networks.values(), *gan.averages.values()) for v in n.weights]
    found += [v.numpy() for optimizer in gan.optimizers.values() for v in optimizer.variables]
    return found + [variable.numpy() for variable in gan.round.state.values()]


SIDES = ("generator", "discriminator")
RATES = [f"optimizers.{side}={{name: sgd, learning_rate: 1.0}}" for side in SIDES]


@pytest.mark.integration
@pytest.mark.parametrize("fresh", ["true", "false"])
def test_norms_are_those_of_the_updates_and_of_the_weights_after_them(digits, fresh):
    """Steps of plain SGD at the rate one are as long as the gradient."""
    experiment = tiny("cgan-digits", *RATES, f"round.fresh_latents={fresh}")
    gan, batches, held_out = _game(experiment, digits)
    before = {side: _weights(gan, side) for side in SIDES}
    read = gan.read_step(next(batches), next(held_out))
    for side, start in before.items():
        end = _weights(gan, side)
        moved = float(read[f"instruments/{side}_gradient_norm"])
        assert moved == pytest.approx(np.linalg.norm(end - start), rel=1e-4)
        assert float(read[f"instruments/{side}_weight_norm"]) == pytest.approx(
            np.linalg.norm(end), rel=1e-5
        )


def test_the_norm_is_that_of_the_gradient_before_it_is_clipped(digits):
    clipped = [f"optimizers.{side}.clip_norm=0.01" for side in SIDES]
    norms = []
    for overrides in ([], clipped):
        gan, batches, _ = _game(tiny("cgan-digits", *RATES, *overrides), digits)
        norms.append(float(gan.read_step(next(batches))["instruments/discriminator_gradient_norm"]))
    assert norms[0] == pytest.approx(norms[1], rel=1e-5) and norms[0] > 0.01


def _weights(gan, side):
    return np.concatenate([v.numpy().ravel() for v in gan.updater.learners[side].variables])


@pytest.mark.integration
@pytest.mark.parametrize("turns", [1, 2])
def test_held_out_examples_meet_the_discriminator_as_the_first_turn_does(digits, turns):
    """Asked about the step's own batch, it says what it says in its turn: the gap is none."""
    experiment = tiny("cgan-digits", f"round.discriminator_turns={turns}")
    gan, batches, held_out = _game(experiment, digits)
    for _ in range(2):
        gan.train_step(next(batches))
    batch = next(batches)
    first = {n: x if n == "position" else x[:, :1] for n, x in batch.items()}
    own = {n: x if n == "position" else tf.repeat(x, turns, 1) for n, x in first.items()}
    read = gan.read_step(batch, own)
    assert float(read["instruments/held_out_gap"]) == pytest.approx(0.0, abs=1e-6)
    other = gan.read_step(next(batches), next(held_out))
    assert float(other["instruments/held_out_gap"]) != pytest.approx(0.0, abs=1e-4)


OF_SIDES = {f"{s}_{w}_norm" for s in SIDES for w in ("gradient", "weight")}
JUDGED = {
    *("real_accuracy", "fake_accuracy", "diversity", "held_out_gap", "held_out_accuracy"),
    *("held_out_cross_entropy", "recall", "recall_of_real"),
}
LOG_LOSS = {"held_out_cross_entropy"}
SHOWN = OF_SIDES | JUDGED
CAPTIONED = "data.source={name: captioned_digits, pictures: 200}"
OF_CONDITION = {"conditional_diversity", "condition_effect"}


@pytest.mark.integration
@pytest.mark.parametrize(
    ("recipe", "overrides", "shown"),
    [
        ("bigan-digits", (), SHOWN),
        ("acgan-digits", (), SHOWN | OF_CONDITION | {"class_accuracy"}),
        ("gan-cls-digits", (CAPTIONED,), SHOWN | OF_CONDITION),
        ("vae-digits", (), {"generator_gradient_norm", "generator_weight_norm"}),
        ("cyclegan-digits", (), OF_SIDES | {f"{d}/{n}" for d in "ab" for n in JUDGED - LOG_LOSS}),
        ("ada-digits", (), SHOWN),
        ("pacgan-ring", (), SHOWN),
        ("unrolled-ring", ("wrappers=[{name: unroll, steps: 1}]",), SHOWN),
        # Its held-out examples have labels where those of training have none.
        ("semi-digits", (), OF_SIDES | {"real_accuracy", "fake_accuracy", "diversity"}),
        (
            "r1-ring",
            ("objective=wasserstein",),
            OF_SIDES | {"diversity", "held_out_gap", "recall", "recall_of_real"},
        ),
    ],
)
def test_a_step_of_every_kind_plays_the_same_read_or_not(recipe, overrides, shown, tmp_path):
    experiment = small(recipe, tmp_path, *overrides)
    dataset = loading.load(experiment.data)
    left = []
    for read in (False, True):
        gan, batches, held_out = _game(experiment, dataset)
        unseen = next(held_out) if dataset.holds_out_alike else None
        values = gan.read_step(next(batches), unseen) if read else gan.train_step(next(batches))
        left.append(_everything(gan))
    names = {name for name in values if name.startswith(instruments.PREFIX)}
    assert {name.removeprefix(instruments.PREFIX) for name in names} == shown
    assert all(np.isfinite(values[name]) for name in names)
    for unread, of_read in zip(*left, strict=True):
        np.testing.assert_array_equal(unread, of_read)


STAGED = ("captioning", "ebgan", "predictor", "progressive", "srgan")


@pytest.mark.integration
@pytest.mark.parametrize(
    "recipe", [*(f"{name}-digits" for name in STAGED), "gumbel-grammar", "seqgan-grammar"]
)
def test_every_stage_can_be_read(recipe, tmp_path):
    experiment = small(recipe, tmp_path)
    gan, batches, held_out = _game(experiment, loading.load(experiment.data))
    stages = gan.round.stages()
    assert stages
    for stage in range(len(stages) + 1):
        values = gan.read_step(next(batches), next(held_out), stage)
        assert any(name.startswith(instruments.PREFIX) for name in values)
