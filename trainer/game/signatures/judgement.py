"""Signatures that judge samples."""

from collections.abc import Mapping

import tensorflow as tf

from trainer.data import modalities
from trainer.fields import Field
from trainer.game.adversarial_loss import AdversarialLoss
from trainer.game.conditions.condition import Condition
from trainer.game.players import Inputs, Network, Outputs
from trainer.game.signatures.sampling import output_fields
from trainer.game.signatures.signature import Signature


def judgement(
    judge: Network, loss: AdversarialLoss, condition: Condition, fields: Mapping[str, Field]
) -> dict[str, Signature]:
    """`score`: the logits as training reads them; larger is more real.

    `fields` are what is judged, by the judge's names, as they are stored.
    """
    shown = stored_inputs(fields)

    def score(**given: tf.Tensor) -> Outputs:
        return {"realism": loss.realism(judge, judged_inputs(given, fields, condition))}

    told = set(condition.ports) & set(judge.names)
    request = dict(condition.request) if told else {}
    return {"score": Signature(shown | request, {"realism": Field(kind="scalar")}, score)}


def stored_inputs(fields: Mapping[str, Field]) -> dict[str, Field]:
    """Stored fields as a request names them; token ids stay ids."""
    names = output_fields(fields)
    return {
        name if name != "text" else "sample": field
        for name, field in zip(names, fields.values(), strict=True)
    }


def judged_inputs(
    given: Mapping[str, tf.Tensor], fields: Mapping[str, Field], condition: Condition
) -> Inputs:
    """What a request gives, as the networks see it."""
    samples = {
        name: modalities.seen(given[asked], field)
        for asked, (name, field) in zip(stored_inputs(fields), fields.items(), strict=True)
    }
    values = {name: given[name] for name in condition.request if name in given}
    return {**samples, **(condition.encode(values) if values else {})}
