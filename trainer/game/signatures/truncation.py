"""Signatures whose samples are drawn towards the average style: quality for variety."""

from collections.abc import Mapping

import tensorflow as tf

from trainer.fields import Field
from trainer.game.players import Outputs
from trainer.game.signatures.generation import shown
from trainer.game.signatures.sampling import Sampler, output_fields
from trainer.game.signatures.signature import SEED, Signature

# 1 leaves a style what it is, 0 makes it the average one.
TRUNCATION: Mapping[str, Field] = {"truncation": Field(kind="scalar", range=(0.0, 1.0))}


def truncated(sampler: Sampler) -> dict[str, Signature]:
    """`generate_truncated`, and `generate_conditional_truncated` where there is a condition.

    Reference: Karras et al. 2019, "A style-based generator architecture for generative adversarial
    networks", appendix B (ψ).
    """
    made, request = output_fields(sampler.fields), dict(sampler.condition.request)
    shown_fields = shown(sampler.condition)
    inputs = {"seed": SEED, **TRUNCATION}

    def generate(seed: tf.Tensor, truncation: tf.Tensor, **values: tf.Tensor) -> Outputs:
        return sampler.generate(seed, values, truncation=truncation)

    def drawn(seed: tf.Tensor, truncation: tf.Tensor) -> Outputs:
        values = sampler.drawn(seed)
        made = sampler.generate(seed, values, truncation=truncation)
        return {**made, **{name: values[name] for name in shown_fields}}

    signatures: dict[str, Signature] = {}
    if sampler.condition.can_be_drawn:
        signatures["generate_truncated"] = Signature(inputs, made | shown_fields, drawn)
    if request:
        signatures["generate_conditional_truncated"] = Signature(inputs | request, made, generate)
    return signatures
