"""The ordinary round with a style between a latent and its picture (StyleGAN2)."""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from trainer import catalogue, randomness
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.adversarial_loss import Batch, Sample
from trainer.game.parts import Parts
from trainer.game.players import Conditioned, Inputs, Network, Outputs, Players
from trainer.game.roles import GENERATOR, Role
from trainer.game.rounds.ordinary import Ordinary
from trainer.game.rounds.round import of_turn
from trainer.game.signatures.generation import generation
from trainer.game.signatures.judgement import judgement
from trainer.game.signatures.mixing import mixing
from trainer.game.signatures.sampling import KEY, Sampler
from trainer.game.signatures.signature import Signatures
from trainer.game.signatures.truncation import TRUNCATION, truncated
from trainer.game.turns import DelegatingUpdates, Outcome, Turn, Updates
from trainer.randomness import Key, Noise


class StyleBased(Ordinary):
    """z → w, a mapping, then w at every layer → a picture, a synthesis; both are one side.

    *Mixing*: with a probability all layers from a random one on follow the style of another latent.
    *Path lengths*: every so many steps the generator also minimises

        λ E[(‖J_wᵀ y‖₂ - a)²],   J_w = ∂G/∂w,   y standard normal over √(pixels),

    a the moving mean of the lengths (0 at the start), so that a step in w is a step of one length
    in the picture wherever it is taken. The norm is the root of the mean over layers.

    Reference: Karras et al. 2019, section 3.1 (mixing); Karras et al. 2020, "Analyzing and
    improving the image quality of StyleGAN", section 3.2 and appendix B.
    """

    def __init__(self, options: catalogue.StyleBasedRound, parts: Parts) -> None:
        super().__init__(options, parts)
        network: Any = parts.experiment.network_of("generator")
        sample = self.fields["sample"]
        if sample.kind != "image":
            raise ConfigError(
                f"round.name: received 'style_based' with samples of kind {sample.kind!r}, but its "
                "styles are those of resolutions; give data of pictures, or take another round."
            )
        height, width, _ = sample.fixed_shape
        self.layers = 2 * len(network.resolutions(height, width))
        self.size: int = network.style
        self._length = tf.Variable(
            0.0, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA
        )

    @property
    def state(self) -> Mapping[str, tf.Variable]:
        """The mean length of paths."""
        return {**super().state, "path_length": self._length}

    def roles(self) -> Mapping[str, Role]:
        """A mapping, a generator of styles, and a discriminator."""
        roles = dict(super().roles())
        conditioning = {n: f for n, f in roles["generator"].inputs.items() if n != "key"}
        style = {"style": Field((self.size,), kind="latent")}
        mapping = Role("mapping", GENERATOR, {**conditioning, **TRUNCATION}, style, averaged=True)
        styles = {"styles": Field((self.layers, self.size), kind="latent"), "key": KEY}
        made = Role("generator", GENERATOR, styles, roles["generator"].outputs, averaged=True)
        return {"mapping": mapping, **roles, "generator": made}

    def play(self, players: Players, batch: Batch, noise: Noise, updates: Updates) -> Outcome:
        """See `Round.play`."""
        if not self.options.path_length:
            return super().play(players, batch, noise, updates)
        first = of_turn(batch, 0)

        def regularised(turn: Turn) -> Turn:
            return lambda: turn() | self._path(players, first, noise.within("path length"))

        return super().play(players, batch, noise, _Longer(updates, regularised))

    def given(self, batch: Batch, noise: Noise) -> Inputs:
        """What the fakes are made from; of mixing, another latent and the layer it begins at."""
        given = self._drawn(batch, noise)
        if not self.options.mixing:
            return given
        other = self.parts.prior.sample(noise.keys("other latent"))
        return {**given, "other": other, "crossover": self._crossover(noise.keys("crossover"))}

    def _drawn(self, batch: Batch, noise: Noise) -> Inputs:
        ones = tf.ones(tf.shape(noise.position))
        return {**super().given(batch, noise), "truncation": ones}

    def _crossover(self, keys: Key) -> tf.Tensor:
        """The layer from which another style counts, int32 [b]; beyond the last in most rows."""
        mixed, where = tf.unstack(randomness.uniform(keys, 2), axis=1)
        layer = 1 + tf.cast(where * (self.layers - 1), tf.int32)
        return tf.where(
            mixed < self.options.mixing, tf.minimum(layer, self.layers - 1), self.layers
        )

    def fake(self, players: Players, given: Inputs, *, freeze_statistics: bool = False) -> Sample:
        """What the generator makes of it."""
        mapping = players["mapping"]
        style = mapping(given, freeze_statistics=freeze_statistics)["style"]
        styles = repeated(style, self.layers)
        if "other" in given:
            other = mapping({**given, "latent": given["other"]}, freeze_statistics=True)["style"]
            styles = mixed(styles, other, given["crossover"])
        return players["generator"](
            {"styles": styles, "key": given["key"]}, freeze_statistics=freeze_statistics
        )

    def _path(self, players: Players, batch: Batch, noise: Noise) -> Outcome:
        """The loss of the lengths, in the steps in which it is played, and the lengths."""
        every, weight = self.options.path_length_every, self.options.path_length
        mean = tf.convert_to_tensor(self._length)
        rows = tf.shape(batch["sample"])[0]

        def played() -> tuple[tf.Tensor, tf.Tensor]:
            lengths = self._lengths(players, batch, noise)
            return every * weight * tf.square(lengths - mean), lengths

        def skipped() -> tuple[tf.Tensor, tf.Tensor]:
            return tf.zeros([rows]), tf.fill([rows], mean)

        if every == 1:
            loss, lengths = played()
        else:
            loss, lengths = tf.cond(noise.step % every == 0, played, skipped)
        return Outcome({"generator_path_length": loss}, {"path_length": lengths})

    def _lengths(self, players: Players, batch: Batch, noise: Noise) -> tf.Tensor:
        """‖J_wᵀ y‖ of a new latent for each row, float32 [b]."""
        given = self.conditioned(self._drawn(batch, noise), players)
        styles = repeated(players["mapping"](given, freeze_statistics=True)["style"], self.layers)

        def make(styles: tf.Tensor) -> tf.Tensor:
            inputs = {"styles": styles, "key": given["key"]}
            return tf.cast(
                players["generator"](inputs, freeze_statistics=True)["sample"], tf.float32
            )

        return path_lengths(make, styles, noise.keys("direction"))

    def update_state(self, means: Mapping[str, tf.Tensor]) -> None:
        """Moves the mean length; in steps in which none was measured it stays."""
        super().update_state(means)
        if "path_length" in means:
            gap = means["path_length"] - self._length
            self._length.assign_add(self.options.path_length_decay * gap)

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """Samples from seeds, truncated too, and from two latents; and `score`."""
        condition = self.parts.condition
        mapping = Conditioned(
            networks["mapping"], lambda inputs: self.conditioned(inputs, networks)
        )
        styled = Styled(mapping, networks["generator"], self.layers)
        sampler = Sampler(styled, self.parts.prior, condition, self.fields)
        offered = {**generation(sampler), **truncated(sampler), **mixing(sampler, self.layers)}
        if self.parts.experiment.network_of("discriminator").judged_together > 1:
            return offered
        judge = Conditioned(
            networks["discriminator"], lambda inputs: self.conditioned(inputs, networks)
        )
        return {**offered, **judgement(judge, self.loss, condition, self.fields)}

    def statistics_inputs(self, seed: tf.Tensor, examples: Batch | None) -> Mapping[str, Inputs]:
        """Latents of lasting seeds for the mapping, whose mean style they give."""
        given = self.statistics_given(seed, examples)
        return (
            {} if given is None else {"mapping": {**given, "truncation": tf.ones(tf.shape(seed))}}
        )


class Styled:
    """Mapping and synthesis as one network: latents, keys and shares of truncation → pictures."""

    def __init__(self, mapping: Network, synthesis: Network, layers: int) -> None:
        self.mapping, self.synthesis, self.layers = mapping, synthesis, layers
        own = (*mapping.names, *synthesis.names)
        self.names = tuple(n for n in own if n not in ("styles", "truncation"))

    def __call__(self, inputs: Inputs) -> Outputs:
        """The pictures; without a share of truncation they are not truncated.

        With another latent, "other" [b, z], its style counts from the layer "crossover" [b] on.
        """
        ones = tf.ones([tf.shape(inputs["latent"])[0]])
        inputs = {"truncation": ones, **inputs}
        styles = repeated(self.mapping(inputs)["style"], self.layers)
        if "other" in inputs:
            other = self.mapping({**inputs, "latent": inputs["other"]})["style"]
            styles = mixed(styles, other, inputs["crossover"])
        return self.synthesis({**inputs, "styles": styles})


class _Longer(DelegatingUpdates):
    """Updates whose generator's turns are longer than those that a round hands over."""

    def __init__(self, updates: Updates, longer: Callable[[Turn], Turn]) -> None:
        super().__init__(updates)
        self._longer = longer

    def minimise(self, side: str, turn: Turn) -> Outcome:
        """See `Updates.minimise`."""
        return super().minimise(side, self._longer(turn) if side == GENERATOR else turn)


def path_lengths(make: Any, styles: tf.Tensor, keys: Key) -> tf.Tensor:
    """The root of the mean over layers of ‖∂(G · y)/∂w‖², float32 [b], differentiable.

    Args:
        make: styles [b, l, w] → pictures [b, h, w, c].
        styles: where.
        keys: [b], of y: standard normal, over the root of the number of pixels.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(styles)
        pictures = make(styles)
        height, width, channels = pictures.shape[1:]
        y = tf.reshape(randomness.normal(keys, height * width * channels), tf.shape(pictures))
        along = tf.reduce_sum(pictures * y) / float(height * width) ** 0.5
    slopes = tape.gradient(along, styles)
    return tf.sqrt(tf.reduce_mean(tf.reduce_sum(tf.square(slopes), axis=2), axis=1) + 1e-12)


def mixed(styles: tf.Tensor, other: tf.Tensor, crossover: tf.Tensor) -> tf.Tensor:
    """Styles [b, l, w] of layers, from a layer [b] on another style [b, w] instead."""
    layers = styles.shape[1]
    is_other = tf.range(layers) >= tf.cast(crossover, tf.int32)[:, tf.newaxis]
    return tf.where(is_other[..., tf.newaxis], repeated(other, layers), styles)


def repeated(style: tf.Tensor, layers: int) -> tf.Tensor:
    """One style [b, w] for all layers [b, l, w]."""
    return tf.repeat(tf.cast(style, tf.float32)[:, tf.newaxis], layers, axis=1)
