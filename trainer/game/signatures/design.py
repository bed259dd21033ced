"""Samples with as much of a property as can be, by search."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.players import Outputs
from trainer.game.searches.search import Rows, Search
from trainer.game.searches.subject import Subject
from trainer.game.searches.symbols import FreeSymbols
from trainer.game.signatures.projection import LOSS
from trainer.game.signatures.signature import SEED, Signature

# Samples as the players see them [n, …] → what is predicted of each, float32 [n].
Predictor = Callable[[tf.Tensor], tf.Tensor]


def design(options: catalogue.Design, subject: Subject) -> dict[str, Signature]:
    """`design`: the sample G(ẑ) of which a predictor P promises most, and what it promises.

        ẑ = argmax_z P(G(z)) - λ · (the generator's loss on G(z)) - μ ½‖z‖²

    Symbols are distributions while it searches; the answer holds the likeliest of each place, and
    `predicted` is what P says of those. Without a generator, G is the softmax of free numbers.

    Reference: Killoran et al. 2017, "Generating and designing DNA with deep generative models",
    sections 3.2 (activation maximisation) and 3.3 (the joint method, through the generator).

    Raises:
        ConfigError: when there is no such predictor or property, or no symbols to search freely.
    """
    predictor = _predictor(options, subject)
    sign = 1.0 if options.highest else -1.0
    searched = subject if options.through == "generator" else _free(subject)

    def data(made: tf.Tensor, rows: Rows) -> tf.Tensor:
        return -sign * predictor(made)

    search = Search(options, searched, data)

    def answer(seed: tf.Tensor, **conditioning: tf.Tensor) -> Outputs:
        best = search(seed, conditioning, {})
        predicted = predictor(subject.rounded(best.sample))
        return {**subject.shown(best.sample), "predicted": predicted, "loss": best.loss}

    found = {**subject.offered["decode"].outputs, "predicted": Field(kind="scalar"), "loss": LOSS}
    return {"design": Signature({"seed": SEED, **subject.conditioning}, found, answer)}


def _free(subject: Subject) -> Subject:
    if subject.field.kind != "tokens":
        raise ConfigError(
            f"export.searches: received 'design' through symbols with samples of kind "
            f"{subject.field.kind!r}, which have none; set through=generator."
        )
    return FreeSymbols(subject)


def _predictor(options: catalogue.Design, subject: Subject) -> Predictor:
    if options.predictor != "game":
        return _of_file(Path(options.predictor).expanduser(), subject)
    if "predict" not in subject.offered:
        raise ConfigError(
            "export.searches: received 'design' with predictor 'game', which has none; set "
            "wrappers=[predict], or predictor to the .keras file of a model."
        )
    ((name, field),) = subject.offered["predict"].outputs.items()
    wanted = options.property or field.names[0]
    if wanted not in field.names:
        raise ConfigError(
            f"export.searches: received 'design' with property {wanted!r}, but the properties of "
            f"the data are {', '.join(field.names)}; name one of them."
        )
    place = field.names.index(wanted)
    return lambda samples: subject.predicted(samples)[name][:, place]


def _of_file(path: Path, subject: Subject) -> Predictor:
    """The first number that a saved model answers; its weights are constants of an export."""
    try:
        model = keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(
            f"export.searches: predictor: {path} cannot be read as a model ({error}); give a "
            ".keras file."
        ) from error
    shape = (None, *subject.seen_shape)
    if tuple(model.input_shape) != shape:
        raise ConfigError(
            f"export.searches: predictor: the model in {path} takes {tuple(model.input_shape)}, "
            f"and samples are seen as {shape}; give one of such samples."
        )
    weights, others = (
        [np.asarray(v) for v in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    )

    def predicted(samples: tf.Tensor) -> tf.Tensor:
        constants = [tf.constant(w) for w in weights], [tf.constant(w) for w in others]
        answer, _ = model.stateless_call(*constants, samples, training=False)
        return tf.reshape(tf.cast(answer, tf.float32), [tf.shape(samples)[0], -1])[:, 0]

    return predicted
