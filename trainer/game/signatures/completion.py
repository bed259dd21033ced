"""From a picture with a hole to the whole one, by search."""

import tensorflow as tf

from trainer import catalogue
from trainer.fields import Field
from trainer.game.players import Outputs
from trainer.game.searches import terms
from trainer.game.searches.blending import blended
from trainer.game.searches.search import Data, Rows, Search
from trainer.game.searches.subject import Subject, asked_fields, conditioning_of
from trainer.game.signatures.projection import LOSS
from trainer.game.signatures.signature import SEED, Signature


def completion(options: catalogue.Complete, subject: Subject) -> dict[str, Signature]:
    """`complete`: the picture with its missing pixels filled from G(ẑ), known ones as they were.

        ẑ = argmin_z Σ W |G(z) - x| + λ · (the generator's loss on G(z))

    W weighs known pixels by what is missing around them (`terms.context_weights`). A picture of
    which nothing is missing comes back as it is; one of which nothing is known is a sample.

    Reference: Yeh et al. 2017, "Semantic image inpainting with deep generative models"; structure
    and nearest starts: Lahiri et al. 2019.

    Raises:
        ConfigError: when samples are no pictures.
    """
    subject.require_pictures("complete")
    search = Search(options, subject, data_loss(options))

    def complete(mask: tf.Tensor, seed: tf.Tensor, **given: tf.Tensor) -> Outputs:
        picture = given[subject.output]
        rows = rows_of(options, subject, picture, mask)
        best = search(seed, conditioning_of(subject, given), rows, rows["wanted"])
        whole = filled(options, subject, best.sample, picture, rows)
        return {subject.output: whole, "loss": best.loss}

    mask = Field((*subject.field.shape[:2], 1), "uint8", "mask", range=(0.0, 1.0))
    return {
        "complete": Signature(
            asked_fields(subject, mask=mask, seed=SEED),
            {subject.output: subject.field, "loss": LOSS},
            complete,
        )
    }


def rows_of(
    options: catalogue.Filling, subject: Subject, picture: tf.Tensor, mask: tf.Tensor
) -> Rows:
    """What is known of pictures: `wanted` as players see them, `known` and `weights` of pixels."""
    known = tf.cast(mask > 0, tf.float32)
    weights = terms.context_weights(known, options.window, options.weights)
    return {"wanted": subject.seen(picture), "known": known, "weights": weights}


def data_loss(options: catalogue.Filling) -> Data:
    """How far samples are from what is known of the pictures."""

    def data(made: tf.Tensor, rows: Rows) -> tf.Tensor:
        loss = terms.differences(made, rows["wanted"], rows["weights"])
        if options.structure:
            loss += options.structure * terms.structure(made, rows["wanted"], rows["known"])
        return loss

    return data


def filled(
    options: catalogue.Filling,
    subject: Subject,
    filling: tf.Tensor,
    picture: tf.Tensor,
    rows: Rows,
) -> tf.Tensor:
    """The pictures, as stored, with a filling where nothing is known."""
    if options.blending:
        filling = blended(filling, rows["wanted"], rows["known"], options.blending)
    return tf.where(rows["known"] > 0.0, picture, subject.stored(filling))
