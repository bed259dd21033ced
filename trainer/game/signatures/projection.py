"""From a sample to the latent that comes nearest to it, by search."""

import tensorflow as tf

from trainer import catalogue
from trainer.fields import Field
from trainer.game.players import Outputs
from trainer.game.searches import terms
from trainer.game.searches.search import Rows, Search
from trainer.game.searches.subject import Subject, asked_fields, told_of
from trainer.game.signatures.signature import SEED, Signature

LOSS = Field(kind="scalar")


def projection(options: catalogue.Project, subject: Subject) -> dict[str, Signature]:
    """`project`: argmin_z ‖G(z) - x‖², the sample G(z), and what was left.

    Reference: Zhu et al. 2016, "Generative visual manipulation on the natural image manifold",
    section 3.1.
    """

    def data(made: tf.Tensor, rows: Rows) -> tf.Tensor:
        return terms.squares(made, rows["wanted"])

    search = Search(options, subject, data)

    def project(seed: tf.Tensor, **given: tf.Tensor) -> Outputs:
        wanted = subject.seen(given[subject.output])
        best = search(seed, told_of(subject, given), {"wanted": wanted}, wanted)
        sample = {subject.output: subject.stored(best.sample)}
        return {"latent": best.latent, **sample, "loss": best.loss}

    found = {**subject.prior.ports, subject.output: subject.field, "loss": LOSS}
    return {"project": Signature(asked_fields(subject, seed=SEED), found, project)}
