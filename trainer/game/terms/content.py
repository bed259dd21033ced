"""Content: what is made of an example's condition must look like the example to another network."""

from collections.abc import Callable

import keras
import tensorflow as tf

from trainer import catalogue
from trainer.config.experiment import Experiment
from trainer.data.examples import Dataset, DataSpec
from trainer.errors import ConfigError
from trainer.evaluation import extractors
from trainer.evaluation.extractors import classifier, saved_model
from trainer.fields import Field
from trainer.game.adversarial_loss import GameTurn, Term
from trainer.game.parts import Parts
from trainer.game.terms.reconstruction import NORMS

# Samples as the players see them → features [b, …].
_Features = Callable[[tf.Tensor], tf.Tensor]


class Content(Term):
    """λ d(φ(x), φ(G(y))), φ a layer of a network that is not part of the game and never learns.

    d is the mean squared (Ledig et al.) or absolute (Wang et al.) difference over all features. The
    papers' φ is VGG-19, trained on ImageNet; here it is a named extractor: the classifier of this
    data, which is trained before the first step and kept, or a SavedModel.

    References: Johnson et al. 2016, "Perceptual losses for real-time style transfer and
    super-resolution"; Ledig et al. 2017, equation 5; Wang et al. 2018, section 3.3.

    Raises:
        ConfigError: when what is given by path cannot be had, or does not fit the samples.
    """

    def __init__(self, options: catalogue.Content, parts: Parts) -> None:
        self.options = options
        self.features = _features(options, parts.spec, parts.experiment)

    def generator(self, turn: GameTurn) -> tf.Tensor:
        """The loss of each fake, float32 [b]."""
        if self.features is None:
            raise ConfigError(
                "terms.content.extractor: the classifier of this data is not kept any more; train "
                "from where it is, or give its folder as path."
            )
        real = tf.stop_gradient(self.features(turn.batch["sample"]))
        fake = self.features(tf.cast(turn.fake.sample["sample"], tf.float32))
        return self.options.weight * NORMS[self.options.norm](fake, real)


def prepare(options: catalogue.Content, experiment: Experiment, dataset: Dataset) -> None:
    """Trains the classifier and keeps it, where it is the one of this data."""
    source = str(experiment.data.source)
    extractors.make(options.extractor, dataset, source, experiment.evaluate.cache)


def _features(
    options: catalogue.Content, spec: DataSpec, experiment: Experiment
) -> _Features | None:
    """The layer as a function; None where the classifier of this data is not kept."""
    chosen = options.extractor
    if isinstance(chosen, catalogue.SavedModelExtractor):
        return _of_saved_model(saved_model.differentiable(chosen, spec), chosen.scale, spec.sample)
    found = classifier.find(chosen, spec, experiment.evaluate.cache)
    return None if found is None else _layer(found.model, options.layer)


def _layer(model: keras.Model, name: str | None) -> _Features:
    """A classifier's layer; without a name its last convolution, or else its features."""
    names = [layer.name for layer in model.layers]
    convolutions = [n for n in names if n.startswith("convolution")]
    wanted = name or (convolutions or ["features"])[-1]
    if wanted not in names:
        raise ConfigError(
            f"terms.content.layer: received {name!r}, and the classifier's layers are "
            f"{', '.join(names)}; name one of them."
        )
    part = keras.Model(model.input, model.get_layer(wanted).output)
    return lambda samples: part(samples, training=False)


def _of_saved_model(
    function: Callable[[tf.Tensor], tf.Tensor], scale: str, sample: Field
) -> _Features:
    def features(samples: tf.Tensor) -> tf.Tensor:
        if scale == "stored":
            low, high = sample.limits
            return function(low + (samples + 1.0) * (high - low) / 2.0)
        return function(samples if scale == "symmetric" else (samples + 1.0) / 2.0)

    return features
