"""Captions: a writer conditioned on a picture, judged by how well the two fit."""

from collections.abc import Mapping

from trainer.fields import Field
from trainer.game.adversarial_loss import Batch
from trainer.game.players import Inputs, Network
from trainer.game.roles import GENERATOR, Role
from trainer.game.rounds.policy import Policy
from trainer.game.signatures.captioning import Captioner
from trainer.game.signatures.judgement import judgement
from trainer.game.signatures.sampling import Sampler
from trainer.game.signatures.signature import Signatures
from trainer.game.signatures.translation import translation
from trainer.randomness import Noise

ENCODER = "picture_encoder"


class Captioning(Policy):
    """A policy game whose writer is conditioned on a picture, and whose judge sees it, too.

    Each player reads pictures with convolutions of its own: an encoder on the generator's side
    gives the vector that the cell sees beside every symbol, and a latent. With the term
    `matching_aware` the judge also refuses real captions of other pictures, so that a reward says
    whether a caption fits and not only whether it is well written. Dai et al. take fixed features
    of a large network instead of pictures, and the product of two embeddings as the only logit.

    Reference: Dai et al. 2017, "Towards diverse and natural image descriptions via a conditional
    GAN".
    """

    def roles(self) -> Mapping[str, Role]:
        """Also an encoder of pictures."""
        conditioning, roles = self.parts.condition.ports, super().roles()
        read = {"embedding": Field((self.options.picture,), kind="embedding")}
        cell = roles["generator"]
        inputs = {**cell.inputs, **self.parts.prior.ports, **read}
        return {
            **roles,
            "generator": Role(cell.kind, cell.side, inputs, cell.outputs, averaged=True),
            ENCODER: Role("encoder", GENERATOR, conditioning, read, averaged=True),
        }

    def given(self, batch: Batch, noise: Noise) -> Inputs:
        """The picture, and a latent where the prior has some."""
        prior = self.parts.prior
        latent = {"latent": prior.sample(noise.keys("latent"))} if prior.size else {}
        return {**latent, **self.parts.condition.of_batch(batch)}

    def conditioned(self, given: Inputs, networks: Mapping[str, Network]) -> Inputs:
        """What is given, and what the encoder reads of the picture."""
        return {**given, **networks[ENCODER](given)}

    def signatures(self, networks: Mapping[str, Network]) -> Signatures:
        """`caption`: a picture and a seed → text; `score` of symbols' numbers and a picture."""
        parts, fields = self.parts, {"sample": self.field}
        writer = Captioner(
            networks["generator"], lambda given: self.conditioned(given, networks), self.field
        )
        sampler = Sampler(writer, parts.prior, parts.condition, fields)
        judged = judgement(networks["discriminator"], self.loss, parts.condition, fields)
        return {**translation(sampler, "caption"), **judged}
