"""Sources that are made of other ones."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from trainer.catalogue.sources.plain import Digits, Samples
from trainer.catalogue.sources.source import Source

if TYPE_CHECKING:
    from trainer.config.experiment import Experiment


class SomeLabels(Source):
    """Labels of some examples only, in a table of their own."""

    def impossible(self, experiment: "Experiment") -> Iterator[str]:
        """Also a condition that every example would have to have."""
        yield from super().impossible(experiment)
        if "label" in experiment.conditioned_on:
            yield (
                f"condition.name: received 'label' with data.source={self}, of which some examples "
                "have labels only; set condition=none, and terms=[supervised, feature_matching] "
                "to learn from these"
            )


class PartlyLabelled(SomeLabels):
    """Labelled data of which only some labels are used (Salimans et al. 2016, section 5)."""

    target: ClassVar[str] = "trainer.data.sources.partly_labelled:open_source"
    name: Literal["partly_labelled"] = "partly_labelled"
    # The data, such as tfds:mnist.
    of: Samples = Digits()
    # How many labels are used, as many of each class.
    labelled: int = Field(100, ge=1)
    # Another number chooses other examples.
    choice: int = Field(0, ge=0, lt=2**32)


class FewLabels(SomeLabels):
    """A few labelled examples beside many without labels, of two sources (Salimans et al. 2016)."""

    target: ClassVar[str] = "trainer.data.sources.few_labels:open_source"
    name: Literal["few_labels"] = "few_labels"
    # The examples whose labels are used, such as folder:labelled with one folder a class.
    labelled: Samples
    # The others, such as folder:unlabelled; labels that they have are left out.
    unlabelled: Samples


class Odd(Source):
    """Labelled data without some of its classes, which are odd when they come (Zenati 2018)."""

    target: ClassVar[str] = "trainer.data.sources.odd:open_source"
    name: Literal["odd"] = "odd"
    # The data, such as tfds:mnist.
    of: Samples = Digits()
    # Names of the classes that are never trained on; their held-out examples are to be found.
    classes: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] = ("0",)


class Stacked(Source):
    """Grey pictures stacked as colours, a thousand modes of ten classes (Che et al. 2017)."""

    target: ClassVar[str] = "trainer.data.sources.stacked:open_source"
    name: Literal["stacked"] = "stacked"
    # The grey pictures, such as tfds:mnist.
    of: Samples = Digits()
    # Training examples that are made of them.
    count: int = Field(128_000, ge=1)


class Twins(Source):
    """Labelled pictures two by two, both of one class: parts that must agree."""

    target: ClassVar[str] = "trainer.data.sources.twins:open_source"
    name: Literal["twins"] = "twins"
    # The pictures, such as tfds:mnist.
    of: Samples = Digits()
    # Training examples that are made of them.
    count: int = Field(10_000, ge=1)
