"""What is searched: a generator with its judge, as a game answers for them."""

from collections.abc import Mapping
from dataclasses import replace

import tensorflow as tf

from trainer.data import modalities
from trainer.data.modalities import tokens
from trainer.errors import ConfigError
from trainer.fields import Field
from trainer.game.objectives import Objective
from trainer.game.priors import Prior
from trainer.game.signatures.signature import Signatures

# What a row is conditioned on beside its latent: the values of a request, as it is stored.
Conditioning = Mapping[str, tf.Tensor]


class Subject:
    """A generator whose samples are neither rounded nor clipped, so that gradients flow.

    Samples are float32 [n, *shape] as the players see them: pictures on [-1, 1].

    Args:
        offered: what the game can be asked: `latents` and `decode`, which it needs, `score` and
            `encode` where it has them.
        prior: of the latents.
        objective: what the generator minimised in training.

    Attributes:
        output: the sample's name in requests and answers.
        field: the sample as it is stored.
        conditioning: the condition's fields.

    Raises:
        ConfigError: when the game has no latents, or makes several things of one.
    """

    def __init__(self, offered: Signatures, prior: Prior, objective: Objective) -> None:
        if "decode_unrounded" not in offered or len(offered["decode"].outputs) != 1:
            raise ConfigError(
                "export.searches: received some for a game that makes no single sample of a "
                "latent; leave them out."
            )
        self.offered, self.prior, self.objective = offered, prior, objective
        decode = offered["decode"]
        ((own, unrounded),) = offered["decode_unrounded"].outputs.items()
        ((self.output, self.field),) = decode.outputs.items()
        if unrounded.kind == "tokens":
            # A text is searched as the distributions over symbols that it is the likeliest of.
            self.output, self.field = own, unrounded
        self.conditioning = {
            name: field for name, field in decode.inputs.items() if name != "latent"
        }

    def require_pictures(self, search: str) -> None:
        """Refuses samples that are no pictures.

        Raises:
            ConfigError: naming the search.
        """
        if self.field.kind != "image":
            raise ConfigError(
                f"export.searches: received {search!r} with samples of kind {self.field.kind!r} "
                f"and shape {self.field.shape}, but it is for pictures; leave it out, or take "
                "project."
            )

    def seen(self, samples: tf.Tensor) -> tf.Tensor:
        """Stored samples as the players see them."""
        return modalities.seen(samples, self.field)

    def stored(self, samples: tf.Tensor) -> tf.Tensor:
        """Samples in stored units: integers rounded and clipped."""
        return modalities.stored(samples, self.field)

    def made(self, latent: tf.Tensor, conditioning: Conditioning) -> tf.Tensor:
        """Latents [n, z] → samples."""
        (made,) = self.offered["decode_unrounded"].function(latent=latent, **conditioning).values()
        return self.seen(made)

    def rounded(self, samples: tf.Tensor) -> tf.Tensor:
        """Samples as the players see what is answered: rounded, or the likeliest symbols."""
        if self.field.kind == "tokens":
            return self.seen(tf.argmax(samples, axis=-1, output_type=tf.int32))
        return self.seen(self.stored(samples))

    def shown(self, samples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Samples as `decode` answers them, by its names."""
        (name,) = self.offered["decode"].outputs
        if self.field.kind == "tokens":
            ids = tf.argmax(samples, axis=-1, output_type=tf.int32)
            return {name: tokens.text(ids, self.field)}
        return {name: self.stored(samples)}

    @property
    def seen_shape(self) -> tuple[int, ...]:
        """Of a sample as the players see it."""
        is_seen = self.field.kind == "tokens"
        return (self.field if is_seen else modalities.seen_field(self.field)).fixed_shape

    def predicted(self, samples: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """What the game's predictor says of samples, in the units of the data."""
        return self._asked("predict", samples, {})

    def drawn(self, seed: tf.Tensor) -> tf.Tensor:
        """Seeds int64 [n] → the latents that `generate` takes, float32 [n, z]."""
        return self.offered["latents"].function(seed=seed)["latent"]

    def encoded(self, samples: tf.Tensor, conditioning: Conditioning) -> tf.Tensor:
        """Samples as the players see them → what the encoder says, float32 [n, z]."""
        return self._asked("encode", samples, conditioning)["latent"]

    def implausibility(self, samples: tf.Tensor, conditioning: Conditioning) -> tf.Tensor | None:
        """The loss that samples earn a generator, float32 [n]; None where nobody judges.

        It is the objective's own, such as -log D(G(z)); of one that compares with real examples,
        minus the logit.
        """
        if "score" not in self.offered:
            return None
        logits = self._asked("score", samples, conditioning)["realism"]
        if self.objective.generator_sees_real:
            return -logits
        return self.objective.generator(logits, logits)

    def _asked(
        self, signature: str, samples: tf.Tensor, conditioning: Conditioning
    ) -> Mapping[str, tf.Tensor]:
        """What a signature says of samples; they reach it unrounded."""
        asked = self.offered[signature]
        plain = replace(self.field, dtype="float32")
        named = {_name_of_request(self, name): value for name, value in conditioning.items()}
        values = {name: value for name, value in named.items() if name in asked.inputs}
        return asked.function(**{self.output: modalities.stored(samples, plain), **values})

    def within(self, start: tf.Tensor, latent: tf.Tensor) -> tf.Tensor:
        """The nearest latents that the prior may draw; one-hot codes stay as they began."""
        parts = []
        for part in self.prior.parts:
            values = part.of(latent)
            if part.kind == "one_hot":
                values = part.of(start)
            elif part.kind == "continuous" or self.prior.name == "uniform":
                values = tf.clip_by_value(values, -1.0, 1.0)
            parts.append(values)
        return tf.concat(parts, axis=1)


def asked_fields(subject: Subject, **others: Field) -> dict[str, Field]:
    """Inputs of a search: the sample, further fields, and the condition where there is one."""
    conditioning = {
        _name_of_request(subject, name): field for name, field in subject.conditioning.items()
    }
    return {subject.output: subject.field, **others, **conditioning}


def conditioning_of(subject: Subject, given: Mapping[str, tf.Tensor]) -> Conditioning:
    """The condition's values among what a request gives."""
    return {name: given[_name_of_request(subject, name)] for name in subject.conditioning}


def _name_of_request(subject: Subject, name: str) -> str:
    """A condition that has the sample's name is asked for by another."""
    return f"given_{name}" if name == subject.output else name
