"""GAN-CLS and GAN-INT against values worked out by hand."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tests.specs import spec_of
from tests.trainer.game.turns import noise_of
from trainer import catalogue
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game import priors
from trainer.game.adversarial_loss import AdversarialLoss
from trainer.game.conditions.text import Text
from trainer.game.objectives import hinge, least_squares, non_saturating
from trainer.game.parts import Parts
from trainer.game.terms.captions import Interpolation, MatchingAware

TEXT = Field((2,), "int32", "text", names=("<end>", "<unknown>", "a", "b"))
SPEC = DataSpec({"sample": Field((1,)), "text": TEXT, "wrong_text": TEXT}, "", 10)
OWN = tf.constant([[2, 0], [2, 3], [3, 3]], tf.int32)
WRONG = tf.constant([[3, 0], [2, 3], [0, 0]], tf.int32)
BATCH = {"text": OWN, "wrong_text": WRONG}
# As the judge below reads them: the sum of the numbers.
PHI, PHI_WRONG = np.array([2.0, 5.0, 6.0]), np.array([3.0, 5.0, 0.0])
REAL, FAKE = np.array([1.0, -1.0, 0.5]), np.array([0.25, 2.0, -3.0])


class Encoder:
    """φ(t), the sum of the numbers of its words, as a vector of one number."""

    def __call__(self, inputs):
        return {"embedding": tf.reduce_sum(tf.cast(inputs["text"], tf.float32), 1, keepdims=True)}


class Judge:
    """D(x, φ) = x - φ / 4."""

    def __call__(self, inputs, *, freeze_statistics=False):
        return {"logits": (inputs["sample"] - inputs["caption"] / 4.0)[:, 0]}


class Generator:
    """G(z, φ) = φ + z; it notes what it was given."""

    def __call__(self, inputs, *, freeze_statistics=False):
        assert freeze_statistics
        self.given = inputs
        return {"sample": inputs["caption"] + inputs["latent"]}


def parts_of(spec=SPEC):
    condition = Text(catalogue.TextCondition(size=1), spec)
    prior = priors.gaussian(catalogue.GaussianPrior(size=1))
    return Parts(None, spec, prior, condition, None)


def players():
    return {"text_encoder": Encoder(), "discriminator": Judge(), "generator": Generator()}


def given():
    return {"text": OWN, "caption": tf.constant(PHI[:, None], tf.float32)}


def judged(objective, share):
    """Losses of the discriminator's turn, all together."""
    term = MatchingAware(catalogue.MatchingAware(share=share), parts_of())
    loss = AdversarialLoss(objective, {"matching_aware": term})
    real, fake = ({"sample": tf.constant(values[:, None], tf.float32)} for values in (REAL, FAKE))
    outcome = loss.discriminator(players(), real, fake, given(), BATCH, noise_of(3))
    assert set(outcome.losses) == {"discriminator_loss", "matching_aware"}
    return sum(losses.numpy() for losses in outcome.losses.values())


def softplus(x):
    return np.log1p(np.exp(x))


LOSSES = [
    (non_saturating(catalogue.NonSaturating()), lambda x: softplus(-x), softplus),
    (least_squares(None), lambda x: 0.5 * (x - 1.0) ** 2, lambda x: 0.5 * x**2),
    (hinge(None), lambda x: np.maximum(0.0, 1.0 - x), lambda x: np.maximum(0.0, 1.0 + x)),
]


@pytest.mark.parametrize("share", [0.5, 0.25])
@pytest.mark.parametrize(("objective", "real", "fake"), LOSSES)
def test_wrong_pairs_take_their_share_of_the_fakes_place(objective, real, fake, share):
    """Algorithm 1 for rows 0 and 2; the captions of row 1 are the same, and no wrong pair."""
    losses = (1.0 - share) * fake(FAKE - PHI / 4.0) + share * fake(REAL - PHI_WRONG / 4.0)
    losses[1] = fake(FAKE[1] - PHI[1] / 4.0)
    expected = real(REAL - PHI / 4.0) + losses
    np.testing.assert_allclose(judged(objective, share), expected, rtol=1e-5)


@pytest.mark.parametrize("beta", [0.5, 0.75])
def test_the_generator_answers_for_means_of_captions(beta):
    term = Interpolation(catalogue.Interpolation(beta=beta, weight=2.0), parts_of())
    loss = AdversarialLoss(non_saturating(catalogue.NonSaturating()), {"interpolation": term})
    game, noise = players(), noise_of(3)
    fake = {"sample": tf.constant(FAKE[:, None], tf.float32)}
    outcome = loss.generator(game, fake, {**given(), "latent": tf.zeros([3, 1])}, BATCH, noise)
    between = beta * PHI + (1.0 - beta) * PHI_WRONG
    z = game["generator"].given["latent"].numpy()[:, 0]
    assert len(set(z.tolist())) == 3 and z.all()
    expected = 2.0 * softplus(-(between + z - between / 4.0))
    np.testing.assert_allclose(outcome.losses["generator_interpolation"], expected, rtol=1e-5)
    plain = [math.log1p(math.exp(-(x - phi / 4.0))) for x, phi in zip(FAKE, PHI, strict=True)]
    np.testing.assert_allclose(outcome.losses["generator_loss"], plain, rtol=1e-5)


class Reader:
    """D(t, x) = x - φ(t) / 4, of captions [b, T, V] that are one-hot."""

    def __call__(self, inputs, *, freeze_statistics=False):
        ids = tf.argmax(inputs["sample"], axis=-1)
        phi = tf.cast(tf.reduce_sum(ids, axis=1), tf.float32)
        return {"logits": inputs["image"][:, 0] - phi / 4.0}


def test_where_captions_are_made_a_real_one_of_another_picture_is_refused():
    """Rows as above, but pictures are told, captions are judged, and fakes are captions, too."""
    field = Field((2,), "int32", "tokens", names=TEXT.names)
    spec = DataSpec({"sample": field, "image": Field((1,)), "wrong_text": field}, "", 10)
    term = MatchingAware(catalogue.MatchingAware(), Parts(None, spec, None, None, None))
    objective, real, fake = LOSSES[0]
    made = [[1, 1], [3, 2], [2, 2]]
    own, wrong, written = (tf.one_hot(ids, 4) for ids in (OWN, WRONG, made))
    conditioning = {"image": tf.constant(REAL[:, None], tf.float32)}
    outcome = AdversarialLoss(objective, {"matching_aware": term}).discriminator(
        {"discriminator": Reader()},
        *({"sample": own}, {"sample": written}, conditioning),
        *({"wrong_text": wrong}, noise_of(3)),
    )
    losses = 0.5 * fake(REAL - np.sum(made, axis=1) / 4.0) + 0.5 * fake(REAL - PHI_WRONG / 4.0)
    losses[1] = fake(REAL[1] - 5.0 / 4.0)
    total = sum(of_turn.numpy() for of_turn in outcome.losses.values())
    np.testing.assert_allclose(total, real(REAL - PHI / 4.0) + losses, rtol=1e-5)


def test_each_term_belongs_to_one_side():
    assert Interpolation(catalogue.Interpolation(), parts_of()).discriminator(None) is None
    assert MatchingAware(catalogue.MatchingAware(), parts_of()).generator(None) is None


@pytest.mark.parametrize("term", [MatchingAware, Interpolation])
def test_data_without_other_captions_are_refused(term):
    options = getattr(catalogue, term.__name__)()
    with pytest.raises(ConfigError, match=rf"terms: received '{options.name}'.*'wrong_text'"):
        term(options, Parts(None, spec_of((3,)), None, None, None))
