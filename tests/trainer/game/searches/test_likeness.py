"""How far samples are from the one that is looked for, by hand on 4x4 pictures."""

import numpy as np
import pytest
import tensorflow as tf

from tests.specs import spec_of
from tests.trainer.game.searches import linear
from trainer import catalogue
from trainer.errors import ConfigError
from trainer.evaluation.extractors import classifier_folder
from trainer.evaluation.extractors.classifier_network import build
from trainer.evaluation.extractors.classifier_training import Classifier
from trainer.fields import Field
from trainer.game.searches.likeness import Likeness

WANTED = np.array([[1.0, 0.0, -2.0, 0.5], [0.0, 0.3, 0.0, 0.0]], np.float32)
MADE = np.array([[1.0, 1.0, -2.0, 0.0], [0.0, 0.0, 0.0, 0.0]], np.float32)


def _loss(likeness, made, wanted, conditioning=None):
    rows = likeness.rows(tf.constant(wanted), conditioning or {})
    return likeness(tf.constant(made), rows).numpy()


def test_pixels_and_features_of_the_encoder_have_their_weights():
    """The basis is orthonormal: distances of pictures are those of latents, E(x) = x Bᵀ."""
    options = catalogue.Project(pixels=0.5, identity=2.0)
    likeness = Likeness(options, linear.subject(encoder=True))
    made, wanted = linear.pictures(MADE), linear.pictures(WANTED)
    expected = 2.5 * np.array([1.0 + 0.25, 0.09])
    np.testing.assert_allclose(_loss(likeness, made, wanted), expected, rtol=1e-5)


def test_features_alone_do_not_see_what_they_have_no_eyes_for():
    likeness = Likeness(catalogue.Project(pixels=0.0, identity=1.0), linear.subject(encoder=True))
    wanted = linear.pictures(WANTED)
    # What is orthogonal to the basis is in no feature.
    other = np.random.default_rng(0).normal(size=(2, 16)).astype(np.float32)
    other -= other @ linear.BASIS.T @ linear.BASIS
    made = wanted + other.reshape(2, 4, 4, 1)
    np.testing.assert_allclose(_loss(likeness, made, wanted), 0.0, atol=1e-8)


def test_one_row_is_looked_for_among_many_with_its_condition():
    subject = linear.subject(encoder=True)
    seen = []
    subject.encoded = lambda x, conditioning: (
        seen.append(conditioning["label"].shape[0]) or x[:, 0, :, 0]
    )
    likeness = Likeness(catalogue.Project(identity=1.0, pixels=0.0), subject)
    conditioning = {"label": tf.constant([3], tf.int64)}
    loss = _loss(likeness, linear.pictures(MADE), linear.pictures(WANTED[:1]), conditioning)
    assert loss.shape == (2,) and seen == [1, 2]


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory):
    spec = spec_of((4, 4, 1), label_names=("a", "b"), marginal=(0.5, 0.5))
    classifier = Classifier(build(spec, seed=1), spec)
    folder = tmp_path_factory.mktemp("kept") / "classifier"
    classifier_folder.write(folder, classifier_folder.StoredClassifier(classifier, "made"), {})
    return folder, classifier


def test_features_of_a_kept_classifier_are_its_own(recogniser):
    folder, classifier = recogniser
    options = catalogue.Project(pixels=0.0, identity=3.0, features=str(folder))
    likeness = Likeness(options, linear.subject())
    stored = np.random.default_rng(1).integers(0, 256, (2, 2, 4, 4, 1)).astype(np.uint8)
    made, wanted = (x / np.float32(127.5) - np.float32(1.0) for x in stored)
    features = [classifier.extract(x).features for x in stored]
    expected = 3.0 * np.square(features[0] - features[1]).sum(axis=1)
    np.testing.assert_allclose(_loss(likeness, made, wanted), expected, rtol=1e-4)


def test_folders_that_will_not_do_get_a_sentence(recogniser, tmp_path):
    folder, _ = recogniser
    options = catalogue.Project(identity=1.0, features=str(tmp_path))
    with pytest.raises(ConfigError, match="holds no classifier"):
        Likeness(options, linear.subject())
    options = catalogue.Project(identity=1.0, features=str(folder))
    floats = Field((4, 4, 1), "float32", "image", range=(-1.0, 1.0))
    with pytest.raises(ConfigError, match=r"is for uint8 samples of shape \(4, 4, 1\)"):
        Likeness(options, linear.subject(field=floats))
