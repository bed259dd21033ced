"""Classes that are known in one domain and read in another: CoGAN's domain adaptation.

`cogan-adaptation` learns the classes of domain a and is asked about held-out pictures of domain b,
whose classes training never sees: digits and negatives of others, and MNIST and the built-in digits
at 28 pixels, in both directions. Beside each stands the same network with classes alone, whose game
weighs nothing beside them, and its accuracy in domain a. The last step counts, not the best one.

Reference: Liu & Tuzel 2016, "Coupled generative adversarial networks", table 2 (.912 ± .008 from
MNIST to USPS and .891 ± .008 back, on 2 000 and 1 800 training pictures).
"""

from pathlib import Path

from benchmarks.ablation import Ablation

# Beside such a weight of the classes the game weighs nothing.
_ALONE = "terms=[{name: adaptation, weight: 1e6, alike: 0}]"
_MNIST = (
    "data.source={name: domains, a: 'tfds:mnist', b: digits, labelled: true}",
    "data.size=28",
)
_FROM_DIGITS = (
    "data.source={name: domains, a: digits, b: 'tfds:mnist', labelled: true}",
    "data.size=28",
)

ABLATION = Ablation(
    recipe="cogan-adaptation",
    games={
        "digits to negatives, classes alone": (_ALONE,),
        "digits to negatives": (),
        "MNIST to digits, classes alone": (*_MNIST, _ALONE),
        "MNIST to digits": _MNIST,
        "digits to MNIST, classes alone": (*_FROM_DIGITS, _ALONE),
        "digits to MNIST": _FROM_DIGITS,
    },
    columns={"accuracy in b": "target_accuracy", "accuracy in a": "source_accuracy"},
    row="domains",
    evaluation=("evaluate.metrics=[domain_accuracy]", "evaluate.extractor=raw"),
    work=Path("runs/adaptation"),
)

add_arguments, run = ABLATION.add_arguments, ABLATION.run
