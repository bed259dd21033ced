"""What every metric has beside its options, and how its numbers are read."""

from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple

from trainer.catalogue.choice import Component

Direction = Literal["lower", "higher", "nearest"]
Names = tuple[str, ...]


class MetricInfo(NamedTuple):
    """How a number is read.

    Attributes:
        label: what it is called, in words.
        direction: whether a lower or a higher number is better, or one nearest to `target`; None
            where none is (a number to know, not to win).
        explanation: what it measures and how it misleads, in two lines.
        target: the best value, where the direction is "nearest".
    """

    label: str
    direction: Direction | None
    explanation: str
    target: float = 0.0

    def loss(self, value: float) -> float:
        """What is smaller where a value of this number is better."""
        if self.direction == "nearest":
            return abs(value - self.target)
        return -value if self.direction == "higher" else value


Values = Mapping[str, MetricInfo]


class Metric(Component):
    """What every metric has beside its options.

    Its `target` is a function of the options and the context of an evaluation
    (`trainer.evaluation.context`), which returns a result for keys of `values`.
    """

    # What it may give; the name of a number begins with its key.
    values: ClassVar[Values] = {}
    # Kinds of samples that it is for: kinds of fields.
    kinds: ClassVar[Names] = ("image", "clip", "vector")
    # Preconditions, see NEEDS; without one it is measured only when it is asked for by name, and
    # then says what is missing.
    needs: ClassVar[Names] = ()
    # Whether its numbers depend on the feature extractor, which their names then carry.
    uses_features: ClassVar[bool] = False
    # Which key it gives for features of each kind, where that names the number.
    key_of_kind: ClassVar[Mapping[str, str]] = {}
    # Whether it takes minutes: then it is measured only when it is asked for.
    expensive: ClassVar[bool] = False
    name: str = ""


# What a metric may need beyond real and generated samples, and how to have it. Any other need is
# the name of a signature that the target must answer, such as "decode".
NEEDS: Mapping[str, str] = {
    "labels": "labels that the generated samples were asked to have; give a generator that is "
    "conditional on a label, or samples with labels",
    "classes": "classes that can be read in a sample; give labelled data, and of images "
    "evaluate.extractor=classifier",
    "labelled": "held-out examples whose classes are known; give labelled data that holds some out "
    "(data.holdout_share)",
    "logits": "class predictions; take an extractor that classifies, such as "
    "evaluate.extractor=classifier",
    "codes": "codes beside the noise of a latent; give a model whose prior has some",
    "pairs": "what each sample should be; give a model that makes samples of pictures that lie "
    "beside them, or a folder of samples and --reference-pairs",
    "colours": "pictures of three channels",
    "opposing": "a surface above what is made; give data whose given pictures name a channel "
    "'opposing'",
    "odd": "examples that are known to be odd; give data.source={name: odd, of: …, classes: […]}",
    "b_label": "classes of domain b; give data of two domains whose pictures have classes, and "
    "data.source.labelled=true",
    "predicted": "a column to be predicted; set data.source.predicted",
    "alphabet": "sequences of DNA, RNA or proteins; give data.source=fasta:FILE",
    "motif": "a motif to look for; set data.source.motif",
    "properties": "properties of examples; give data that has the field `attributes`",
    "sites": "words that classes have at a place; set data.source.sites",
    "words": "symbols that are words or characters of a language, not letters of DNA, RNA or "
    "proteins; give texts",
    "grammar": "sentences whose grammar is known; give data.source=grammar",
    "oracle": "sequences whose probabilities are known; give data.source=oracle",
    "series": "time series, numbers at several steps; give data.source=sines, or arrays [n, T, d]",
    "held_out": "examples held out of training; give data that has some (data.holdout_share)",
    "game": "all networks of the game; give a run, not an export or samples",
}
