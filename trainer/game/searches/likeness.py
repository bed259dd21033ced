"""How far a sample is from the one that is looked for: in pixels, and in what tells who it is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.evaluation.extractors import classifier_folder
from trainer.fields import Field
from trainer.game.searches import terms
from trainer.game.searches.search import Rows
from trainer.game.searches.subject import Conditioning, Subject

# Samples as the players see them [n, …], and the condition's values [n, …] → features [n, d].
Features = Callable[[tf.Tensor, Conditioning], tf.Tensor]

_CONDITIONING = "conditioning "


class Likeness:
    """p Σ (G(z) - x)² + ι Σ (φ(G(z)) - φ(x))², p `pixels`, ι `identity`, φ the `features`.

    Reference: the first term is Zhu et al. 2016, section 3.1; the second the identity-preserving
    search of Antipov et al. 2017, "Face aging with conditional generative adversarial networks",
    where φ is a network that recognises faces.

    Raises:
        ConfigError: when the features are those of a folder that holds no classifier of such
            samples.
    """

    def __init__(self, options: catalogue.Likeness, subject: Subject) -> None:
        self.options = options
        self.features = _features(options, subject) if options.identity else None

    def rows(self, wanted: tf.Tensor, conditioning: Conditioning) -> Rows:
        """What a search needs of samples x [n, …] and their condition, to call this with."""
        rows = {"wanted": wanted}
        if self.features is None:
            return rows
        named = {_CONDITIONING + name: values for name, values in conditioning.items()}
        return {**rows, **named, "features": self.features(wanted, conditioning)}

    def __call__(self, made: tf.Tensor, rows: Rows) -> tf.Tensor:
        """Float32 [n] of samples [n, …]; the rows may be one for all of them."""
        loss = tf.zeros([tf.shape(made)[0]])
        if self.options.pixels:
            loss += self.options.pixels * terms.squares(made, rows["wanted"])
        if self.features is not None:
            found = self.features(made, _conditioning(rows, tf.shape(made)[0]))
            loss += self.options.identity * terms.squares(found, rows["features"])
        return loss


def _conditioning(rows: Rows, count: tf.Tensor) -> Conditioning:
    """The condition's values among rows, for `count` samples."""
    conditioning = {
        name.removeprefix(_CONDITIONING): x
        for name, x in rows.items()
        if name.startswith(_CONDITIONING)
    }
    return {name: tf.repeat(x, count // tf.shape(x)[0], axis=0) for name, x in conditioning.items()}


def _features(options: catalogue.Likeness, subject: Subject) -> Features:
    if options.features == "encoder":
        return subject.encoded
    return _recogniser(Path(options.features).expanduser(), subject.field)


def _recogniser(folder: Path, field: Field) -> Features:
    """Features of a classifier that an evaluation kept; its weights are constants of an export."""
    try:
        classifier = classifier_folder.read(folder).classifier
    except classifier_folder.NotAClassifier as error:
        raise ConfigError(
            f"export.searches: features: {folder} holds no classifier ({error}); give a folder "
            "that `gan evaluate` kept one in, or encoder."
        ) from error
    known = classifier.spec.sample
    if (known.shape, known.dtype) != (field.shape, field.dtype):
        raise ConfigError(
            f"export.searches: features: the classifier in {folder} is for {known.dtype} samples "
            f"of shape {known.shape}, and the model makes {field.dtype} ones of shape "
            f"{field.shape}; give one of data like that of the training."
        )
    model = classifier.model
    weights = [np.asarray(weight) for weight in model.get_weights()]

    def features(samples: tf.Tensor, conditioning: Conditioning) -> tf.Tensor:
        outputs, _ = model.stateless_call([tf.constant(w) for w in weights], [], samples)
        return outputs["features"]

    return features
