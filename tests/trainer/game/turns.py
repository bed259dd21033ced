"""Turns made by hand, for terms that are tested alone."""

import tensorflow as tf

from trainer import catalogue
from trainer.game.adversarial_loss import GameTurn, Judged
from trainer.game.objectives import non_saturating
from trainer.randomness import Noise


def noise_of(rows, step=0):
    return Noise(0, tf.constant(step, tf.int64), tf.range(rows, dtype=tf.int64))


def turn_of(logits, real, fake, noise=None, *, outputs=None, given=None, batch=None):
    """A turn whose judge has the logits `logits(sample)` and, where given, `outputs(sample)`.

    `real` and `fake` are tensors (samples of one field), dicts, or None.
    """

    def judge(sample, other=None):
        return Judged(sample, outputs(sample) if outputs else {}, logits(sample))

    def judged(x):
        if x is None:
            return None
        return judge(x if isinstance(x, dict) else {"sample": x})

    rows = 1 if fake is None else len(next(iter(judged(fake).sample.values())))
    noise = noise or noise_of(rows)
    objective = non_saturating(catalogue.NonSaturating())
    turn = (judge, judged(real), judged(fake), given or {}, batch or {}, noise, {}, objective)
    return GameTurn(*turn)
