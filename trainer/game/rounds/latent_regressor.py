"""The latent regressor: a GAN, and an encoder that learns which latent a sample was made of."""

from collections.abc import Mapping

import tensorflow as tf

from trainer import catalogue
from trainer.game.adversarial_loss import Batch, Sample
from trainer.game.parts import Parts
from trainer.game.players import Inputs, Network, Players
from trainer.game.roles import GENERATOR, Role
from trainer.game.rounds.ordinary import Ordinary
from trainer.game.signatures.inference import Inference, anomaly, inference
from trainer.game.signatures.sampling import Sampler
from trainer.game.signatures.signature import Signatures
from trainer.game.turns import Outcome


class LatentRegressor(Ordinary):
    """The ordinary game beside min_E E‖E(G(z)) - z‖²; with `joint` the generator minimises it, too.

    The encoder never sees a real example in training: what it says of one is as good as the
    generator's samples are like it. A baseline for encoders that are learned by the game itself.

    Reference: Donahue et al. 2017, "Adversarial feature learning", section 4 (latent regressor).
    """

    def __init__(self, options: catalogue.LatentRegressorRound, parts: Parts) -> None:
        super().__init__(options, parts)

    def roles(self) -> Mapping[str, Role]:
        """The ordinary ones, and an encoder on the generator's side."""
        roles = super().roles()
        x, told = roles["generator"].outputs, dict(self.parts.condition.ports)
        encoder = Role("encoder", GENERATOR, {**x, **told}, self.parts.prior.ports, averaged=True)
        return {**roles, "encoder": encoder}

    def further(self, players: Players, fake: Sample, given: Inputs) -> Outcome:
        """How far latents lie from where the encoder reads them."""
        joint = self.options.joint
        seen = fake if joint else {name: tf.stop_gradient(x) for name, x in fake.items()}
        encoded = players["encoder"]({**given, **seen})["latent"]
        squares = tf.reduce_sum(tf.square(encoded - given["latent"]), axis=-1)
        return Outcome({"regression_loss": self.options.weight * squares})

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """Those of the ordinary game, latents of samples, and reconstructions with their errors."""
        condition = self.parts.condition
        sampler = Sampler(networks["generator"], self.parts.prior, condition, self.fields)
        model = Inference(networks["encoder"], sampler, lambda outputs: outputs["latent"])
        offered = {**super().signatures(networks), **inference(model)}
        return offered if condition.request else {**offered, **anomaly(self.fields, model.error)}

    def statistics_inputs(self, seed: tf.Tensor, examples: Batch | None) -> Mapping[str, Inputs]:
        """Latents for the generator; for the encoder the examples that it will be asked about."""
        return self.statistics_of_both_ways(self.fields, seed, examples)
