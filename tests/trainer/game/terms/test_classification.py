import math
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tests.specs import spec_of
from tests.trainer.game.turns import turn_of
from trainer import catalogue
from trainer.config.recipe import load_experiment
from trainer.errors import ConfigError
from trainer.game.parts import Parts
from trainer.game.terms.classification import Classification

LABELLED = spec_of((3,), label_names=("a", "b", "c"), marginal=(0.5, 0.25, 0.25))


def _term(spec=LABELLED, **options):
    return Classification(catalogue.Classification(**options), Parts(None, spec, None, None, None))


def _turn(real, fake, labels):
    """A judge whose class logits are the samples themselves."""
    return turn_of(
        lambda x: x["sample"][:, 0],
        tf.constant(real),
        tf.constant(fake),
        outputs=lambda x: {"class_logits": x["sample"]},
        batch={"label": tf.constant(labels, tf.int64)},
    )


REAL = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
FAKE = [[0.0, 2.0, 0.0], [0.0, 0.0, 0.0]]


def test_each_side_pays_for_the_class_of_its_own_examples():
    """-log softmax: log 3 where nothing is known, log(Σ exp) - the right logit elsewhere."""
    turn, third = _turn(REAL, FAKE, [1, 0]), math.log(3.0)
    of_real = [third, math.log(math.e + 2.0) - 1.0]
    of_fake = [math.log(math.e**2 + 2.0) - 2.0, third]
    term = _term()
    np.testing.assert_allclose(term.discriminator(turn), of_real, rtol=1e-6)
    np.testing.assert_allclose(term.generator(turn), of_fake, rtol=1e-6)
    weighted = _term(weight=2.0, generator_weight=0.5, fake_weight=3.0)
    both = 2.0 * np.array(of_real) + 3.0 * np.array(of_fake)
    np.testing.assert_allclose(weighted.discriminator(turn), both, rtol=1e-6)
    np.testing.assert_allclose(weighted.generator(turn), 0.5 * np.array(of_fake), rtol=1e-6)
    assert _term(generator_weight=0.0).generator(turn) is None


def _twin_turn(real, fake, twin, labels):
    """The same, with a twin of fixed logits beside it."""
    turn = _turn(real, fake, labels)
    fake_outputs = {**turn.fake.outputs, "twin_logits": tf.constant(twin)}
    return replace(turn, fake=replace(turn.fake, outputs=fake_outputs))


def test_a_twin_learns_the_fakes_and_the_generator_evades_it():
    turn = _twin_turn(REAL, FAKE, [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]], [1, 0])
    of_real = _term().discriminator(turn).numpy()
    of_fake = _term().generator(turn).numpy()
    of_twin = np.array([math.log(3.0), math.log(math.e + 2.0) - 1.0])
    term = _term(twin_weight=2.0)
    np.testing.assert_allclose(term.discriminator(turn), of_real + 2.0 * of_twin, rtol=1e-6)
    np.testing.assert_allclose(term.generator(turn), of_fake - 2.0 * of_twin, atol=1e-6)
    assert set(term.needs) == {"class_logits", "twin_logits"}


def test_where_both_have_learned_the_generator_pays_a_divergence():
    """E[-log P(c | x) + log Q(c | x)] with c from Q is KL(Q ‖ P): here at one place x."""
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])
    classes = np.array([0] * 2 + [1] * 2 + [2] * 6)
    rows = [np.log(x).astype(np.float32)[np.newaxis].repeat(10, axis=0) for x in (p, q)]
    turn = _twin_turn(rows[0], rows[0], rows[1], classes)
    paid = tf.reduce_mean(_term(twin_weight=1.0).generator(turn))
    assert float(paid) == pytest.approx(float((q * np.log(q / p)).sum()), rel=1e-5)
    alike = _twin_turn(rows[0], rows[0], rows[0], classes)
    assert float(tf.reduce_mean(_term(twin_weight=1.0).generator(alike))) == pytest.approx(0.0)


def test_the_twin_alone_is_refused():
    with pytest.raises(ConfigError, match=r"twin_weight=1 and generator_weight=0; set both"):
        load_experiment(
            "acgan-digits",
            ["terms=[{name: classification, twin_weight: 1.0, generator_weight: 0.0}]"],
        )


def test_the_judge_is_not_told_what_it_is_to_guess():
    term = _term()
    assert term.hides == {"condition"} and term.needs["class_logits"].shape == (3,)


def test_data_without_labels_is_refused():
    with pytest.raises(ConfigError, match=r"terms: received 'classification'.*no labels"):
        _term(spec_of((3,)))


def test_a_class_that_could_be_read_from_the_caption_is_refused():
    with pytest.raises(ConfigError, match=r"under captions, .*_conditioning=hidden or projection"):
        load_experiment("tacgan-digits", ["network.discriminator_conditioning=concatenate"])
    load_experiment("tacgan-digits", ["network.discriminator_conditioning=projection"])
