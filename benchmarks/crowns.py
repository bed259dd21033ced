"""Crowns below an opposing jaw: what the constraint on gaps and their histogram are worth.

Held-out jaws of `ganufacturing-crowns`, whose contacts are known exactly: the share of pixels that
pass through the jaw above, the share of contacts that are kept, how many there are of those that
should be, and the mean difference from the crown as it was made.

Reference: Hwang et al. 2018, "Learning beyond human expertise with generative models for dental
restorations", who compare networks without and with histograms of gaps, unweighted and weighted, by
penetrations and contacts; their numbers are of data that is not public.
"""

from pathlib import Path

from benchmarks.ablation import Ablation

_L1 = "{name: reconstruction, weight: 100.0}"
_CONSTRAINT = "{name: penetration, weight: 1000.0}"
_HISTOGRAM = "{name: gap_histogram, weight: 1.0}"
_UNWEIGHTED = "{name: gap_histogram, weight: 1.0, near: 1.0}"


def _terms(*terms: str) -> tuple[str, ...]:
    return (f"terms=[{', '.join((_L1, *terms))}]",)


ABLATION = Ablation(
    recipe="ganufacturing-crowns",
    games={
        "L1 alone": (*_terms(), "wrappers=[{name: pretrain, steps: 1000000, norm: absolute}]"),
        "L1 + GAN": _terms(),
        "+ constraint": _terms(_CONSTRAINT),
        "+ histogram, unweighted": _terms(_UNWEIGHTED),
        "+ histogram": _terms(_HISTOGRAM),
        "+ constraint and histogram": (),
    },
    columns={
        "penetrating pixels": "penetrating",
        "kept contacts": "kept_contacts",
        "contacts": "contacts",
        "L1": "l1",
    },
    row="game",
    evaluation=("evaluate.metrics=[contacts, absolute_error]", "evaluate.extractor=raw"),
    work=Path("runs/crowns"),
    details={"held-out jaws": 300},
)

add_arguments, run = ABLATION.add_arguments, ABLATION.run
