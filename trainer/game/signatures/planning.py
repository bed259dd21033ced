"""From a start to a goal: observations along a path among the latents, by search."""

import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.players import Outputs
from trainer.game.searches import engine
from trainer.game.searches.likeness import Likeness
from trainer.game.searches.search import Search
from trainer.game.searches.subject import Subject
from trainer.game.signatures.signature import SEED, Signature


def planning(options: catalogue.Plan, subject: Subject) -> dict[str, Signature]:
    """`plan`: start, goal and seed → a clip that leads from one to the other.

    The latents of both ends are those that `project` would find, or what the encoder says. Between
    them a path z_1 … z_T is a straight line, or with `path_steps` one that comes from it by a
    search:

        argmin_{z_2 … z_{T-1}} Σ_t -log T(z_{t+1} | z_t),

    T the transitions that the game has learned. The clip begins with the start and ends with the
    goal, as they were given; between them is what the generator makes of the path.

    Reference: Kurutach et al. 2018, "Learning plannable representations with Causal InfoGAN",
    section 3.4 (interpolation; search by gradients stands here in the place of A*).

    Raises:
        ConfigError: when samples are no pictures, or the game has no transitions to search by.
    """
    subject.require_pictures("plan")
    if options.path_steps and "transition" not in subject.offered:
        raise ConfigError(
            f"export.searches: received 'plan' with path_steps={options.path_steps}, but this game "
            "has learned no transitions; set it to 0, which takes straight lines."
        )
    planner = _Planner(options, subject)

    def plan(start: tf.Tensor, goal: tf.Tensor, seed: tf.Tensor) -> Outputs:
        made = subject.stored(planner(start, goal, seed))
        clip = tf.concat([start[:, tf.newaxis], made, goal[:, tf.newaxis]], axis=1)
        return {"clip": clip}

    picture = subject.field
    clip = Field((options.frames, *picture.shape), picture.dtype, "clip", range=picture.range)
    given = {"start": picture, "goal": picture, "seed": SEED}
    return {"plan": Signature(given, {"clip": clip}, plan)}


class _Planner:
    """Paths between observations, and what is seen on them."""

    def __init__(self, options: catalogue.Plan, subject: Subject) -> None:
        self.options, self.subject = options, subject
        self.likeness = Likeness(options, subject)
        self.search = Search(options, subject, self.likeness)

    def __call__(self, start: tf.Tensor, goal: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """What the generator makes between both, [n, T - 2, *shape], as the players see it."""
        first, last = (self._latent(picture, seed) for picture in (start, goal))
        path = straight(first, last, self.options.frames)
        if self.options.path_steps:
            path = self._likeliest(path)
        between = tf.reshape(path[:, 1:-1], [-1, path.shape[-1]])
        made = self.subject.made(between, {})
        return tf.reshape(made, [-1, self.options.frames - 2, *made.shape[1:]])

    def _latent(self, picture: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """The latents of observations, [n, z]; their noise is the seed's where there are codes."""
        wanted = self.subject.seen(picture)
        latent = self.search(seed, {}, self.likeness.rows(wanted, {}), wanted).latent
        if self.options.start != "encoder" or not self.subject.prior.codes:
            return latent
        drawn, parts = self.subject.drawn(seed), self.subject.prior.parts
        kept = [p.of(drawn if p.kind == "noise" else latent) for p in parts]
        return self.subject.within(latent, tf.concat(kept, axis=1))

    def _likeliest(self, path: tf.Tensor) -> tf.Tensor:
        """The likeliest path, by a search from this one [n, T, z], whose ends stay."""
        frames, size = path.shape[1:]
        first, inner, last = path[:, :1], path[:, 1:-1], path[:, -1:]
        start = tf.reshape(inner, [-1, (frames - 2) * size])

        def whole(latent: tf.Tensor) -> tf.Tensor:
            return tf.concat([first, tf.reshape(latent, [-1, frames - 2, size]), last], axis=1)

        def losses(latent: tf.Tensor) -> tf.Tensor:
            along = whole(latent)
            steps = (tf.reshape(part, [-1, size]) for part in (along[:, :-1], along[:, 1:]))
            asked = dict(zip(("latent", "next_latent"), steps, strict=True))
            surprise = self.subject.offered["transition"].function(**asked)["surprise"]
            return tf.reduce_sum(tf.reshape(surprise, [-1, frames - 1]), axis=1)

        def within(latent: tf.Tensor) -> tf.Tensor:
            begun, moved = (tf.reshape(values, [-1, size]) for values in (start, latent))
            return tf.reshape(self.subject.within(begun, moved), tf.shape(latent))

        descent = engine.Descent(losses, self.options.optimizer, within)
        return whole(engine.minimise(descent, start, self.options.path_steps).latent)


def straight(start: tf.Tensor, goal: tf.Tensor, count: int) -> tf.Tensor:
    """Evenly spaced latents from one to another, [n, z] each → [n, count, z], both ends among."""
    share = tf.linspace(0.0, 1.0, count)[tf.newaxis, :, tf.newaxis]
    return (1.0 - share) * start[:, tf.newaxis] + share * goal[:, tf.newaxis]
