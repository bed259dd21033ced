"""From a sample to the latent that comes nearest to it, by search."""

import tensorflow as tf

from trainer import catalogue
from trainer.fields import Field
from trainer.game.players import Outputs
from trainer.game.searches.likeness import Likeness
from trainer.game.searches.search import Search
from trainer.game.searches.subject import Subject, asked_fields, conditioning_of
from trainer.game.signatures.signature import SEED, Signature

LOSS = Field(kind="scalar")


def projection(options: catalogue.Project, subject: Subject) -> dict[str, Signature]:
    """`project`: argmin_z p ‖G(z) - x‖² + ι ‖φ(G(z)) - φ(x)‖², the sample G(z), and what was left.

    Reference: Zhu et al. 2016, "Generative visual manipulation on the natural image manifold",
    section 3.1; the second term: Antipov et al. 2017 (`searches.likeness`).
    """
    likeness = Likeness(options, subject)
    search = Search(options, subject, likeness)

    def project(seed: tf.Tensor, **given: tf.Tensor) -> Outputs:
        wanted, conditioning = subject.seen(given[subject.output]), conditioning_of(subject, given)
        best = search(seed, conditioning, likeness.rows(wanted, conditioning), wanted)
        sample = {subject.output: subject.stored(best.sample)}
        return {"latent": best.latent, **sample, "loss": best.loss}

    found = {**subject.prior.ports, subject.output: subject.field, "loss": LOSS}
    return {"project": Signature(asked_fields(subject, seed=SEED), found, project)}
