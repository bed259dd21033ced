"""Metrics of molecules."""

from typing import ClassVar, Literal

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values


class MoleculeCounts(Metric):
    """Validity, uniqueness, novelty and their product (De Cao & Kipf 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.molecules:molecule_counts"
    kinds: ClassVar[Names] = ("graph",)
    values: ClassVar[Values] = {
        "valid": MetricInfo(
            "Valid",
            "higher",
            "Share of samples that are molecules of one part whose atoms keep their valences. One "
            "valid molecule for ever has 1: read it with the others.",
        ),
        "valid_parts": MetricInfo(
            "Valid, in parts too",
            None,
            "The same where molecules may be in several parts, as published numbers count them. A "
            "generator that makes single atoms has 1.",
        ),
        "unique": MetricInfo(
            "Unique of valid",
            "higher",
            "Share of different molecules among the valid ones. It falls with the number of "
            "samples, for any generator: compare equal numbers.",
        ),
        "novel": MetricInfo(
            "Novel of valid",
            "higher",
            "Share of valid samples that are no training example. Where the data are all molecules "
            "of a kind, new ones are those that break its rules.",
        ),
        "vun": MetricInfo(
            "Valid · unique · novel",
            "higher",
            "Product of the three: each alone can be had for the price of another.",
        ),
    }
    name: Literal["molecule_counts"] = "molecule_counts"
    # Who says what is valid: the library's own rules of valence, or RDKit, which knows more
    # elements' valences and mends some. Equal molecules are told by the library either way.
    checker: Literal["valences", "rdkit"] = "valences"
