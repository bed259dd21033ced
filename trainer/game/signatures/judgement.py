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

    `classify` too, where the judge answers class logits: they and the likeliest class. `fields` are
    what is judged, by the judge's names, as they are stored.
    """
    shown = stored_inputs(fields)

    def score(**given: tf.Tensor) -> Outputs:
        return {"realism": loss.realism(judge, judged_inputs(given, fields, condition))}

    def classify(**given: tf.Tensor) -> Outputs:
        return classified(judge(judged_inputs(given, fields, condition))["class_logits"])

    is_conditional = not set(condition.ports).isdisjoint(judge.names)
    asked = shown | (condition_fields(shown, condition) if is_conditional else {})
    offered = {"score": Signature(asked, {"realism": Field(kind="scalar")}, score)}
    if "class_logits" in loss.needs:
        names = loss.needs["class_logits"].names
        offered["classify"] = Signature(asked, class_fields(names), classify)
    return offered


def classified(logits: tf.Tensor) -> Outputs:
    """Class logits float32 [n, k], and the likeliest class int64 [n]."""
    return {"logits": logits, "label": tf.argmax(logits, axis=-1, output_type=tf.int64)}


def class_fields(names: tuple[str, ...]) -> dict[str, Field]:
    """The fields of what is `classified`, by the names of the classes."""
    label = Field(dtype="int64", kind="label", names=names)
    return {"logits": Field((len(names),), names=names), "label": label}


def stored_inputs(fields: Mapping[str, Field]) -> dict[str, Field]:
    """Stored fields as a request names them; ids, rows and graphs stay numbers."""
    named: dict[str, Field] = {}
    for name, field in fields.items():
        is_coded = modalities.output_fields(field) is not None
        (shown,) = (name,) if is_coded else output_fields({name: field})
        named[shown] = field
    return named


def judged_inputs(
    given: Mapping[str, tf.Tensor], fields: Mapping[str, Field], condition: Condition
) -> Inputs:
    """What a request gives, as the networks see it."""
    names = zip(condition_fields(stored_inputs(fields), condition), condition.request, strict=True)
    values = {name: given[asked] for asked, name in names if asked in given}
    return {**seen_samples(given, fields), **(condition.encode(values) if values else {})}


def seen_samples(given: Mapping[str, tf.Tensor], fields: Mapping[str, Field]) -> Inputs:
    """The samples of a request, by the networks' names, as the networks see them."""
    return {
        name: modalities.seen(given[asked], field)
        for asked, (name, field) in zip(stored_inputs(fields), fields.items(), strict=True)
    }


def condition_fields(shown: Mapping[str, Field], condition: Condition) -> dict[str, Field]:
    """A condition's fields beside a sample's: `given_NAME` where the sample has the name."""
    return {
        f"given_{name}" if name in shown else name: field
        for name, field in condition.request.items()
    }
