"""The ordinary round with an encoder of styles: latents are read off the example itself."""

from collections.abc import Mapping

import tensorflow as tf

from trainer.fields import Field
from trainer.game.adversarial_loss import Batch, Sample
from trainer.game.players import Inputs, Network, Player, Players
from trainer.game.roles import GENERATOR, Role
from trainer.game.rounds.autoencoder import divergence
from trainer.game.rounds.ordinary import Ordinary
from trainer.game.signatures.inference import Inference, inference
from trainer.game.signatures.sampling import Sampler
from trainer.game.signatures.signature import Signatures
from trainer.game.turns import Outcome, Turn
from trainer.randomness import Noise

_MEAN, _LOG_VARIANCE = "style_mean", "style_log_variance"


class Style(Ordinary):
    """Fakes are made of an example's map m and its own style z = μ(x) + σ(x) ε, ε ~ N(0, I).

        L_G = L(G(z, m)) + λ KL(N(μ(x), σ(x)²) ‖ N(0, I))

    The encoder stands on the generator's side and is moved by both; the divergence keeps styles
    near the prior, so that a map can also be given a style that is drawn. Which of the two a model
    uses is the word of the request: `translate` draws the style by its seed, `encode` reads it off
    a picture, and `decode` gives it to another map.

    Reference: Park et al. 2019, "Semantic image synthesis with spatially-adaptive normalization",
    section 3.1 and appendix A (λ = 0.05).
    """

    def roles(self) -> Mapping[str, Role]:
        """The ordinary ones, and an encoder of the sample."""
        roles = super().roles()
        sample = roles["generator"].outputs
        numbers = Field((self.parts.prior.size,))
        moments = {"mean": numbers, "log_variance": numbers}
        return {**roles, "encoder": Role("encoder", GENERATOR, sample, moments, averaged=True)}

    def given(self, batch: Batch, noise: Noise) -> Inputs:
        """As in the ordinary round, where the latent is ε, and the example whose style it is."""
        styles = {f"style_{name}": x for name, x in self.real(batch).items()}
        return {**super().given(batch, noise), **styles}

    def conditioned(self, given: Inputs, networks: Mapping[str, Network]) -> Inputs:
        """With the style of the example, where there is one."""
        given = super().conditioned(given, networks)
        shown = {name: given[f"style_{name}"] for name in self.fields if f"style_{name}" in given}
        if not shown:
            return given
        moments = networks["encoder"](shown)
        mean, log_variance = moments["mean"], moments["log_variance"]
        style = mean + tf.exp(0.5 * log_variance) * given["latent"]
        return {**given, "latent": style, _MEAN: mean, _LOG_VARIANCE: log_variance}

    def further(self, players: Players, fake: Sample, given: Inputs) -> Outcome:
        """The divergence of styles from the prior."""
        moments = {"mean": given[_MEAN], "log_variance": given[_LOG_VARIANCE]}
        return Outcome({"kl_divergence": self.options.divergence * divergence(moments)})

    def judging(self, players: Players, batch: Batch, noise: Noise) -> Turn:
        """See `Ordinary.judging`; the encoder's statistics move in its own side's turn alone."""
        turn, encoder = super().judging(players, batch, noise), players["encoder"]
        assert isinstance(encoder, Player)

        def still() -> Outcome:
            with encoder.still():
                return turn()

        return still

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """Those of the ordinary round; `encode` and `reconstruct`."""
        sampler = Sampler(
            networks["generator"], self.parts.prior, self.parts.condition, self.fields
        )
        model = Inference(networks["encoder"], sampler, lambda outputs: outputs["mean"])
        return {**super().signatures(networks), **inference(model)}

    def statistics_inputs(self, seed: tf.Tensor, examples: Batch | None) -> Mapping[str, Inputs]:
        """Drawn styles under the examples' maps for the generator; the examples for the encoder."""
        return self.statistics_of_both_ways(self.fields, seed, examples)
