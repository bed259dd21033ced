"""Signatures that make samples from seeds and latents."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from trainer.data import modalities
from trainer.fields import Field
from trainer.game.conditions.condition import Condition
from trainer.game.players import Outputs
from trainer.game.signatures.sampling import Sampler, output_fields
from trainer.game.signatures.signature import SEED, Signature

# Kinds of conditions that `generate` answers beside the sample that it drew them for.
_SHOWN = ("label", "text", "attributes")


def generation(sampler: Sampler) -> dict[str, Signature]:
    """`generate`, `generate_conditional`, `latents`, `decode`, and pictures as PNG.

    Without a condition that can be drawn there is no `generate`; without a latent neither
    `latents` nor `decode`. Stays at home: `decode_unrounded`, and `condition`, the values that
    `generate` draws.
    """
    made = output_fields(sampler.fields)
    request = dict(sampler.condition.request)
    signatures: dict[str, Signature] = {}
    if sampler.condition.can_be_drawn:
        drawn = shown(sampler.condition)
        signatures["generate"] = Signature({"seed": SEED}, made | drawn, _generate(sampler, drawn))
        signatures["condition"] = Signature(
            {"seed": SEED}, request, lambda seed: sampler.drawn(seed), exported=False
        )
    if request:
        signatures["generate_conditional"] = Signature(
            {"seed": SEED} | request, made, lambda seed, **values: sampler.generate(seed, values)
        )
    signatures |= _pngs(signatures, made)
    return signatures | decoding(sampler)


def shown(condition: Condition) -> dict[str, Field]:
    """What is answered beside a sample whose condition was drawn."""
    kinds = _SHOWN if condition.is_shown else ()
    return {name: field for name, field in condition.request.items() if field.kind in kinds}


def _generate(sampler: Sampler, drawn: Mapping[str, Field]) -> Any:
    def generate(seed: tf.Tensor) -> Outputs:
        values = sampler.drawn(seed)
        return {**sampler.generate(seed, values), **{name: values[name] for name in drawn}}

    return generate


def decoding(sampler: Sampler) -> dict[str, Signature]:
    """`latents` and `decode`, and `decode_unrounded` at home; none where there is no latent."""
    if not sampler.prior.size:
        return {}
    request, made = dict(sampler.condition.request), output_fields(sampler.fields)
    latent = {"latent": sampler.prior.ports["latent"]}
    unrounded = {n: modalities.unrounded(field) for n, field in sampler.fields.items()}
    return {
        "latents": Signature(
            {"seed": SEED}, latent, lambda seed: {"latent": sampler.latents(seed)}
        ),
        "decode": Signature(
            {**latent, **request}, made, lambda latent, **values: sampler.decode(latent, values)
        ),
        "decode_unrounded": Signature(
            {**latent, **request},
            unrounded,
            lambda latent, **values: sampler.decode_unrounded(latent, values),
            exported=False,
        ),
    }


def _pngs(signatures: Mapping[str, Signature], made: Mapping[str, Field]) -> dict[str, Signature]:
    """The signatures that generate, with the picture encoded."""
    field = made.get("image")
    if field is None or len(made) > 1 or (field.shape[-1] or 5) > 4:
        return {}
    encoded = {"image_bytes": Field(dtype="string", kind="image")}
    return {
        f"{name}_png": Signature(
            signature.inputs,
            encoded | {n: f for n, f in signature.outputs.items() if n != "image"},
            _as_png(signature.function),
        )
        for name, signature in signatures.items()
        if name.startswith("generate")
    }


def _as_png(generate: Any) -> Any:
    def generate_png(**inputs: tf.Tensor) -> Outputs:
        outputs = dict(generate(**inputs))
        images = outputs.pop("image")
        encoded = tf.map_fn(tf.io.encode_png, images, fn_output_signature=tf.string)
        return {"image_bytes": encoded, **outputs}

    return generate_png
