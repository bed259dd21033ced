"""Metrics of sequences of symbols, some of them of DNA, RNA and proteins alone."""

from typing import ClassVar, Literal

from pydantic import Field

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values


class NGrams(Metric):
    """How far words of n neighbouring symbols are as frequent as in real sequences (Lin 1991)."""

    target: ClassVar[str] = "trainer.evaluation.measures.sequences:ngrams"
    kinds: ClassVar[Names] = ("tokens",)
    values: ClassVar[Values] = {
        "ngram_js": MetricInfo(
            "Jensen-Shannon divergence of n-grams",
            "lower",
            "In bits: 0 when words of n symbols are as frequent as in real sequences, 1 when none "
            "is in both. A Markov chain does well here: see the number beside it.",
        ),
        "ngram_js_markov": MetricInfo(
            "Jensen-Shannon divergence of a Markov chain's n-grams",
            None,
            "The same of a Markov chain that counted the training sequences: what knowing the "
            "neighbours alone brings.",
        ),
        "ngram_js_real": MetricInfo(
            "Jensen-Shannon divergence of training n-grams",
            None,
            "The same of as many training sequences: what the best generator can hope for.",
        ),
    }
    name: Literal["ngrams"] = "ngrams"
    # Symbols of a word.
    n: int = Field(4, ge=1, le=16)
    # Symbols that the Markov chain looks back.
    order: int = Field(2, ge=1, le=8)


class Motif(Metric):
    """Whether sequences have the motif of the data exactly once, and where (Killoran 2017)."""

    target: ClassVar[str] = "trainer.evaluation.measures.sequences:motif"
    kinds: ClassVar[Names] = ("tokens",)
    needs: ClassVar[Names] = ("motif",)
    values: ClassVar[Values] = {
        "motif_once": MetricInfo(
            "Sequences with the motif exactly once",
            "higher",
            "Share of generated sequences that have the word data.source.motif once, no more and "
            "no less. The note has that of random letters.",
        ),
        "motif_once_real": MetricInfo(
            "Real sequences with the motif exactly once",
            None,
            "The same share of the real sequences, which a good generator comes near.",
        ),
        "motif_evenness": MetricInfo(
            "Evenness of where the motif begins",
            None,
            "Entropy of the places where it begins, over that of places that are all alike: 1 when "
            "it is anywhere, 0 when it is always at the same place. Compare with the real one.",
        ),
        "motif_evenness_real": MetricInfo(
            "Evenness of where the motif begins in real sequences",
            None,
            "The same of the real sequences, which a good generator comes near.",
        ),
    }
    name: Literal["motif"] = "motif"


class PositionMatrix(Metric):
    """Whether each symbol is as frequent at each place as in real sequences."""

    target: ClassVar[str] = "trainer.evaluation.measures.sequences:position_matrix"
    kinds: ClassVar[Names] = ("tokens",)
    needs: ClassVar[Names] = ("alphabet",)
    values: ClassVar[Values] = {
        "position_matrix": MetricInfo(
            "Correlation of position matrices",
            "higher",
            "Correlation of how frequent each letter is at each place with the real frequencies; "
            "with labels the mean of the classes (that have sites). Each place stands by itself.",
        ),
        "position_matrix_markov": MetricInfo(
            "Correlation of a Markov chain's position matrix",
            None,
            "The same of a Markov chain of the training sequences (one a class), which knows "
            "neighbours and no places.",
        ),
        "position_matrix_real": MetricInfo(
            "Correlation of training sequences' position matrix",
            None,
            "The same of training sequences: what the best generator can hope for.",
        ),
    }
    name: Literal["position_matrix"] = "position_matrix"
    # Symbols that the Markov chain looks back.
    order: int = Field(2, ge=1, le=8)


class Sites(Metric):
    """Whether sequences of a class have its word at its place, as splice sites have GT and AG."""

    target: ClassVar[str] = "trainer.evaluation.measures.sequences:sites"
    kinds: ClassVar[Names] = ("tokens",)
    needs: ClassVar[Names] = ("sites", "labels")
    values: ClassVar[Values] = {
        "sites": MetricInfo(
            "Sequences with their class's word at its place",
            "higher",
            "Share of generated sequences that have the word of data.source.sites at its place, "
            "the mean of the classes that have one. The note has each class.",
        ),
        "sites_real": MetricInfo(
            "Real sequences with their class's word at its place",
            None,
            "The same share of the real sequences, which a good generator comes near.",
        ),
    }
    name: Literal["sites"] = "sites"


class Coupling(Metric):
    """Whether the two places that tell most of each other still do (Miller 1955)."""

    target: ClassVar[str] = "trainer.evaluation.measures.sequences:coupling"
    kinds: ClassVar[Names] = ("tokens",)
    needs: ClassVar[Names] = ("alphabet",)
    values: ClassVar[Values] = {
        "coupling": MetricInfo(
            "Mutual information of the most coupled places",
            "higher",
            "In bits, of the two places that tell most of each other in real sequences. What each "
            "place has by itself says nothing of it, so a position matrix has 0.",
        ),
        "coupling_real": MetricInfo(
            "Mutual information of the most coupled places of real sequences",
            None,
            "The same of the real sequences. Few sequences make it look larger, by less than "
            "without the correction that is made.",
        ),
    }
    name: Literal["coupling"] = "coupling"


class Designs(Metric):
    """Whether designs go beyond training sequences, by a second opinion (Killoran et al. 2017)."""

    target: ClassVar[str] = "trainer.evaluation.measures.design:designs"
    kinds: ClassVar[Names] = ("tokens",)
    needs: ClassVar[Names] = ("design", "properties", "held_out")
    expensive: ClassVar[bool] = True
    values: ClassVar[Values] = {
        "designs": MetricInfo(
            "Designs beyond the best training sequence",
            "higher",
            "What a regression on the words of held-out sequences says of the best designs, less "
            "what it says of the best training sequence, in deviations of the property.",
        ),
        "designs_generated": MetricInfo(
            "Generated sequences beyond the best training sequence",
            None,
            "The same of as many generated sequences that nobody searched, the best of them.",
        ),
        "designs_fit": MetricInfo(
            "Correlation of the second opinion with the property",
            None,
            "On training sequences, which it has not seen. Where it is low, designs are judged by "
            "noise.",
        ),
    }
    name: Literal["designs"] = "designs"
    # Designs that are made.
    count: int = Field(100, ge=2)
    # How many of them are judged: those of which most is promised.
    best: int = Field(10, ge=1)
    # Which of the properties, where it is not the one that the search `design` is of.
    property: str | None = None
