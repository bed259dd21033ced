"""From a sample under its own condition to the same one under another, by search."""

import tensorflow as tf

from trainer import catalogue
from trainer.errors import ConfigError
from trainer.game.players import Outputs
from trainer.game.searches.likeness import Likeness
from trainer.game.searches.search import Search
from trainer.game.searches.subject import Subject, asked_fields
from trainer.game.signatures.signature import SEED, Signature

_OWN = "own_"


def changing(options: catalogue.Translate, subject: Subject) -> dict[str, Signature]:
    """`translate`: G(ẑ, c) of a sample x under c₀, by the latent that makes x under c₀.

        ẑ = argmin_z p ‖G(z, c₀) - x‖² + ι ‖φ(G(z, c₀)) - φ(x)‖².

    A request names the condition that is asked for as in `generate_conditional`, such as
    `attributes`, and the sample's own as `own_attributes`.

    Reference: Antipov et al. 2017, "Face aging with conditional generative adversarial networks",
    where conditions are ages.

    Raises:
        ConfigError: when the game has no condition.
    """
    if not subject.conditioning:
        raise ConfigError(
            "export.searches: received 'translate' with a game that has no condition, so there is "
            "nothing to change; leave it out, or set a condition."
        )
    likeness = Likeness(options, subject)
    search = Search(options, subject, likeness)

    def translate(seed: tf.Tensor, **given: tf.Tensor) -> Outputs:
        wanted = subject.seen(given[subject.output])
        own = {name: given[_OWN + name] for name in subject.conditioning}
        best = search(seed, own, likeness.rows(wanted, own), wanted)
        asked = {name: given[name] for name in subject.conditioning}
        return {subject.output: subject.stored(subject.made(best.latent, asked))}

    own_fields = {_OWN + name: field for name, field in subject.conditioning.items()}
    asked = {**asked_fields(subject, seed=SEED), **own_fields}
    return {"translate": Signature(asked, {subject.output: subject.field}, translate)}
