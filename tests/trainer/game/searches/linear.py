"""A generator of which everything can be worked out: pictures 4x4 that are linear in 4 numbers."""

import numpy as np
import tensorflow as tf

from trainer import catalogue
from trainer.data import modalities
from trainer.fields import Field
from trainer.game import objectives, priors
from trainer.game.conditions.none import Unconditional
from trainer.game.searches.subject import Subject
from trainer.game.signatures.generation import generation
from trainer.game.signatures.sampling import Sampler
from trainer.game.signatures.signature import Signature

FIELD = Field((4, 4, 1), "uint8", "image", range=(0.0, 255.0))
_RANDOM = np.random.default_rng(3)
# Orthonormal rows: the inverse is the transpose.
BASIS = np.linalg.qr(_RANDOM.normal(size=(16, 4)))[0].T.astype(np.float32)


def pictures(latents):
    """G(z) on [-1, 1], float32 [n, 4, 4, 1]."""
    return np.reshape(np.asarray(latents, np.float32) @ BASIS, [-1, 4, 4, 1])


class _Linear:
    names = ("latent",)

    def __call__(self, inputs):
        return {"sample": tf.reshape(inputs["latent"] @ BASIS, [-1, 4, 4, 1])}


def subject(prior=None, *, field=FIELD, scored=False, encoder=False):
    """The generator as a search sees it; the judge's logit is the mean of a picture."""
    drawn = priors.gaussian(prior or catalogue.GaussianPrior(size=4))
    sampler = Sampler(_Linear(), drawn, Unconditional(None, None), {"sample": field})
    offered = dict(generation(sampler))
    if scored:
        offered["score"] = Signature(
            {"image": field},
            {"realism": Field()},
            lambda image: {"realism": tf.reduce_mean(_seen(image, field), axis=(1, 2, 3))},
        )
    if encoder:
        offered["encode"] = Signature(
            {"image": field},
            {"latent": Field((4,))},
            lambda image: {"latent": tf.reshape(_seen(image, field), [-1, 16]) @ BASIS.T},
        )
    objective = objectives.non_saturating(catalogue.NonSaturating())
    return Subject(offered, drawn, objective)


def _seen(image, field):
    return modalities.seen(image, field)
