"""A search along a clip: every frame begins where the one before it ended."""

import tensorflow as tf

from trainer import catalogue
from trainer.game.searches import engine, terms
from trainer.game.searches.search import Best, Rows, Search
from trainer.game.searches.subject import Conditioning


class ClipSearch:
    """Latents of the frames of a clip, found a few neighbouring frames at a time.

        min_{z_1 … z_W} Σ_t loss(z_t) + γ Σ_{s<t} ‖z_s - z_t‖₁

    for every W frames in turn, or with the differences of their fillings in the place of those of
    latents. The first frame is searched as a picture is, from where pictures
    begin; every group begins at the last latent of the group before it, and so needs fewer steps.
    A row is a clip and goes its own way.

    Reference: Lahiri et al. 2019, "Faster unsupervised semantic inpainting: a GAN based approach"
    (reused latents, consistency of a group of frames).
    """

    def __init__(self, options: catalogue.CompleteClip, search: Search) -> None:
        self.options, self.search = options, search

    def __call__(
        self, seed: tf.Tensor, conditioning: Conditioning, rows: Rows, given: tf.Tensor
    ) -> Best:
        """Searches for every clip.

        Args:
            seed: int64 [n].
            conditioning: the condition's values, one for all frames of a clip.
            rows: what each frame is about, [n, t, …] each.
            given: frames for an encoder to begin at, [n, t, h, w, c].

        Returns:
            Latents [n, t, z], samples [n, t, h, w, c], and the sum of all groups' losses, [n].
        """
        first = {name: values[:, 0] for name, values in rows.items()}
        before = self.search(seed, conditioning, first, given[:, 0]).latent
        latents, losses = [], []
        for start in range(0, self.options.frames, self.options.group):
            part = slice(start, start + self.options.group)
            found = self._group(
                before, conditioning, {n: values[:, part] for n, values in rows.items()}
            )
            before = found.latent[:, -1]
            latents.append(found.latent)
            losses.append(found.loss)
        latent = tf.concat(latents, axis=1)
        return Best(latent, self._made(latent, conditioning), tf.add_n(losses))

    def _group(self, before: tf.Tensor, conditioning: Conditioning, rows: Rows) -> engine.Found:
        """The best latents of neighbouring frames together, [n, w, z], and their losses [n]."""
        frames = next(iter(rows.values())).shape[1]
        size = before.shape[-1]
        start = tf.repeat(before, frames, axis=0)
        of_frames = {name: _joined(values) for name, values in rows.items()}
        conditioning_all = {
            name: tf.repeat(values, frames, axis=0) for name, values in conditioning.items()
        }

        def losses(latent: tf.Tensor) -> tf.Tensor:
            apart = tf.reshape(latent, [-1, size])
            made = self.search.subject.made(apart, conditioning_all)
            own = self.search.losses_of(apart, made, conditioning_all, of_frames)
            total = tf.reduce_sum(tf.reshape(own, [-1, frames]), axis=1)
            unlike = self._unlike(_grouped(apart, frames), _grouped(made, frames), rows)
            return total + self.options.consistency * unlike

        def within(latent: tf.Tensor) -> tf.Tensor:
            kept = self.search.subject.within(start, tf.reshape(latent, [-1, size]))
            return tf.reshape(kept, tf.shape(latent))

        descent = engine.Descent(losses, self.options.optimizer, within)
        together = tf.reshape(start, [-1, frames * size])
        found = engine.minimise(descent, together, self.options.group_steps)
        return engine.Found(tf.reshape(found.latent, [-1, frames, size]), found.loss)

    def _unlike(self, latents: tf.Tensor, made: tf.Tensor, rows: Rows) -> tf.Tensor:
        """How far the frames of groups are from one another, float32 [n]."""
        if self.options.consistent == "latents":
            return terms.consistency(latents)
        return terms.filling_consistency(made, rows["known"])

    def _made(self, latent: tf.Tensor, conditioning: Conditioning) -> tf.Tensor:
        frames = latent.shape[1]
        conditioning_all = {
            name: tf.repeat(values, frames, axis=0) for name, values in conditioning.items()
        }
        return _grouped(self.search.subject.made(_joined(latent), conditioning_all), frames)


def _grouped(values: tf.Tensor, frames: int) -> tf.Tensor:
    """[n · t, …] → [n, t, …]: what `_joined` joined."""
    return tf.reshape(values, [-1, frames, *values.shape[1:]])


def _joined(values: tf.Tensor) -> tf.Tensor:
    """[n, t, …] → [n · t, …]: the frames of all clips as rows."""
    return tf.reshape(values, [-1, *values.shape[2:]])
