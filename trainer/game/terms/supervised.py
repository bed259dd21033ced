"""Semi-supervised learning: a few examples have labels."""

import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.adversarial_loss import GameTurn, Term
from trainer.game.parts import Parts


class Supervised(Term):
    """-log p(y | x, y is no fake) = -log softmax(l)_y on the labelled examples.

    They come from a table of their own, `labelled_sample` with `labelled_label`, whose order is not
    that of the other examples.

    Reference: Salimans et al. 2016, "Improved techniques for training GANs", section 5.

    Raises:
        ConfigError: when the data has no such table.
    """

    def __init__(self, options: catalogue.Supervised, parts: Parts) -> None:
        missing = {"labelled_sample", "labelled_label"} - set(parts.spec.fields)
        if missing:
            raise ConfigError(
                "terms: received 'supervised', but the data has no field "
                f"{' and no '.join(sorted(missing))}; set data.source to few_labels or "
                "partly_labelled, or leave it out."
            )
        self.options = options
        names = parts.spec.fields["labelled_label"].names
        self.needs = {"class_logits": Field((len(names),), names=names)}

    def discriminator(self, turn: GameTurn) -> tf.Tensor:
        """The class loss of each labelled example, float32 [b]."""
        judged = turn.judge({"sample": turn.batch["labelled_sample"]})
        return self.options.weight * tf.nn.sparse_softmax_cross_entropy_with_logits(
            turn.batch["labelled_label"], judged.outputs["class_logits"]
        )
