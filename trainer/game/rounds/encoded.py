"""The ordinary game beside an encoder; how it learns is what its subclasses say."""

from collections.abc import Mapping

import tensorflow as tf

from trainer.game.adversarial_loss import Batch
from trainer.game.players import Inputs, Network
from trainer.game.roles import GENERATOR, Role
from trainer.game.rounds.ordinary import Ordinary
from trainer.game.signatures.inference import Inference, anomaly, inference
from trainer.game.signatures.sampling import Sampler
from trainer.game.signatures.signature import Signatures


class Encoded(Ordinary):
    """The ordinary game, whose discriminator knows nothing of the encoder on the other side."""

    def roles(self) -> Mapping[str, Role]:
        """The ordinary ones, and an encoder on the generator's side."""
        roles = super().roles()
        x, conditioning = roles["generator"].outputs, dict(self.parts.condition.ports)
        encoder = Role(
            "encoder", GENERATOR, {**x, **conditioning}, self.parts.prior.ports, averaged=True
        )
        return {**roles, "encoder": encoder}

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
