"""What a remote client may know of a model: the document that `describe` returns."""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from trainer.config.experiment import Experiment
from trainer.fields import Field
from trainer.game.signatures.sampling import output_fields
from trainer.game.signatures.signature import Signature

if TYPE_CHECKING:
    from trainer.game.live import LiveModel

_DESCRIBE = {
    "inputs": {"row": Field(dtype="int64", kind="scalar")},
    "outputs": {"description": Field(dtype="string", kind="text")},
}


def describe(experiment: Experiment, live: "LiveModel", step: int) -> dict[str, Any]:
    """One JSON document, format 1: samples, latents, condition, signatures' fields, searches."""
    parts, spec = live.gan.round.parts, live.spec
    offered = {name: s for name, s in live.signatures.items() if s.exported}
    made = output_fields({"sample": spec.sample})
    if "generate" in offered:
        made = dict(offered["generate"].outputs)
    # What clients read may stand before what is stored.
    output = "sample" if "sample" in made else next(iter(made))
    sample = made[output]
    return {
        "format": 1,
        "name": experiment.name,
        "sample": {
            "output": output,
            "shape": list(sample.shape),
            "dtype": sample.dtype,
            "range": list(sample.range or ()),
        },
        "latent": {
            "size": parts.prior.size,
            "prior": parts.prior.name,
            "layout": [part.describe() for part in parts.prior.parts],
        },
        "condition": parts.condition.describe(),
        "objective": experiment.objective.name,
        "logits_are_probabilities": experiment.objective.logits_are_probabilities,
        "signatures": {name: _types(s.inputs, s.outputs) for name, s in offered.items()}
        | {"describe": _types(**_DESCRIBE)},
        "fields": {name: fields_of(signature) for name, signature in offered.items()},
        "searches": {s.name: s.model_dump(mode="json") for s in experiment.export.searches},
        "step": step,
        "config_hash": experiment.hash,
        "data_fingerprint": spec.fingerprint,
        "versions": {
            "saddlepoint": version("saddlepoint"),
            "tensorflow": version("tensorflow"),
            "keras": version("keras"),
        },
    }


def fields_of(signature: Signature) -> dict[str, dict[str, Any]]:
    """Every input and output with shape, type, kind, range and names."""
    return {
        "inputs": {name: field.describe() for name, field in signature.inputs.items()},
        "outputs": {name: field.describe() for name, field in signature.outputs.items()},
    }


def _types(inputs: Any, outputs: Any) -> dict[str, dict[str, str]]:
    return {
        "inputs": {name: field.dtype for name, field in inputs.items()},
        "outputs": {name: field.dtype for name, field in outputs.items()},
    }
