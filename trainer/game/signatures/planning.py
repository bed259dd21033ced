"""From a start to a goal: observations along a path among the latents, by search."""

from collections.abc import Iterator

import tensorflow as tf

from trainer import catalogue, randomness
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

    With `candidates` several paths of the same codes are tried, each of a noise of its own, the
    first that of the seed. The one is taken whose least credible step D finds most real,

        argmax_z min_t D(o_t, o_{t+1}).

    Reference: Kurutach et al. 2018, "Learning plannable representations with Causal InfoGAN",
    section 3.4 (interpolation; search by gradients stands here in the place of A*, and the game's
    own judge of pairs in that of a classifier).

    Raises:
        ConfigError: when samples are no pictures, or the game has no transitions to search by, or
            no judge of pairs.
    """
    subject.require_pictures("plan")
    if options.path_steps and "transition" not in subject.offered:
        raise ConfigError(
            f"export.searches: received 'plan' with path_steps={options.path_steps}, but this game "
            "has learned no transitions; set it to 0, which takes straight lines."
        )
    if options.candidates > 1 and "pairs" not in subject.offered:
        raise ConfigError(
            f"export.searches: received 'plan' with candidates={options.candidates}, but this game "
            "has no judge of pairs; set it to 1."
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
        ends = [self._found(picture, seed) for picture in (start, goal)]
        tried = [
            self._between(*(self._with_noise(latent, noise) for latent in ends))
            for noise in self._noises(seed)
        ]
        if len(tried) == 1:
            return tried[0]
        worst = tf.stack([self._least_credible(start, made, goal) for made in tried], axis=1)
        return tf.gather(tf.stack(tried, axis=1), tf.argmax(worst, axis=1), batch_dims=1)

    def _found(self, picture: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """The latents of observations, [n, z]."""
        wanted = self.subject.seen(picture)
        return self.search(seed, {}, self.likeness.rows(wanted, {}), wanted).latent

    def _noises(self, seed: tf.Tensor) -> Iterator[tf.Tensor]:
        """Latents whose noise a path may have, [n, z] each: the seed's own, and further ones."""
        yield self.subject.drawn(seed)
        keys = randomness.key_of(seed, "candidate")
        for number in range(1, self.options.candidates):
            folded = randomness.fold(keys, tf.constant(number, tf.int64))
            yield self.subject.prior.sample(folded)

    def _with_noise(self, latent: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Latents with the noise of others where there are codes; an encoder says nothing of it."""
        if self.options.start != "encoder" or not self.subject.prior.codes:
            return latent
        parts = self.subject.prior.parts
        kept = [p.of(noise if p.kind == "noise" else latent) for p in parts]
        return self.subject.within(latent, tf.concat(kept, axis=1))

    def _between(self, first: tf.Tensor, last: tf.Tensor) -> tf.Tensor:
        """What is seen on a path from one latent to another, [n, T - 2, *shape]."""
        path = straight(first, last, self.options.frames)
        if self.options.path_steps:
            path = self._likeliest(path)
        between = tf.reshape(path[:, 1:-1], [-1, path.shape[-1]])
        made = self.subject.made(between, {})
        return tf.reshape(made, [-1, self.options.frames - 2, *made.shape[1:]])

    def _least_credible(self, start: tf.Tensor, made: tf.Tensor, goal: tf.Tensor) -> tf.Tensor:
        """The lowest logit of a plan's steps, both ends among them, float32 [n]."""
        first, last = (self.subject.seen(picture)[:, tf.newaxis] for picture in (start, goal))
        whole = tf.concat([first, made, last], axis=1)
        shape = [-1, *made.shape[2:]]
        before, after = (tf.reshape(part, shape) for part in (whole[:, :-1], whole[:, 1:]))
        pairs = self.subject.offered["pairs"].function(sample=before, next=after)["realism"]
        return tf.reduce_min(tf.reshape(pairs, [-1, self.options.frames - 1]), axis=1)

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
