"""From a clip with a hole to the whole one, by a search along its frames."""

import tensorflow as tf

from trainer import catalogue
from trainer.fields import Field
from trainer.game.players import Outputs
from trainer.game.searches.clips import ClipSearch
from trainer.game.searches.search import Search
from trainer.game.searches.subject import Subject, conditioning_of
from trainer.game.signatures import completion
from trainer.game.signatures.projection import LOSS
from trainer.game.signatures.signature import SEED, Signature


def clip_completion(options: catalogue.CompleteClip, subject: Subject) -> dict[str, Signature]:
    """`complete_clip`: the clip with its missing pixels filled, known ones as they were.

    Any generator of pictures does: frames are filled as `completion` fills a picture, but each from
    the latent of the one before it, and neighbouring ones together (`ClipSearch`).

    Reference: Lahiri et al. 2019, "Faster unsupervised semantic inpainting: a GAN based approach".

    Raises:
        ConfigError: when samples are no pictures.
    """
    subject.require_pictures("complete_clip")
    search = ClipSearch(options, Search(options, subject, completion.data_loss(options)))
    frame, frames = subject.field, options.frames
    clip = Field((frames, *frame.shape), frame.dtype, "clip", frame.range)
    mask = Field((frames, *frame.shape[:2], 1), "uint8", "mask", range=(0.0, 1.0))

    def complete_clip(
        clip: tf.Tensor, mask: tf.Tensor, seed: tf.Tensor, **given: tf.Tensor
    ) -> Outputs:
        rows = completion.rows_of(options, subject, _frames(clip), _frames(mask))
        in_clips = {n: tf.reshape(x, [-1, frames, *x.shape[1:]]) for n, x in rows.items()}
        best = search(seed, conditioning_of(subject, given), in_clips, in_clips["wanted"])
        whole = completion.filled(options, subject, _frames(best.sample), _frames(clip), rows)
        return {"clip": tf.reshape(whole, tf.shape(clip)), "loss": best.loss}

    inputs = {"clip": clip, "mask": mask, "seed": SEED, **subject.conditioning}
    return {"complete_clip": Signature(inputs, {"clip": clip, "loss": LOSS}, complete_clip)}


def _frames(clips: tf.Tensor) -> tf.Tensor:
    """[n, t, h, w, c] → [n · t, h, w, c]."""
    return tf.reshape(clips, [-1, *clips.shape[2:]])
