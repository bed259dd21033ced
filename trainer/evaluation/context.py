"""What a metric may look at: generated samples, real ones, their features, and the generator."""

from functools import cached_property

import numpy as np

from trainer.data.examples import DataSpec
from trainer.errors import MetricError
from trainer.evaluation.catalogue import Need
from trainer.evaluation.extractors import Extractor, Features
from trainer.evaluation.reference import Reference, extract
from trainer.evaluation.samples import SampleSet
from trainer.evaluation.targets import Target
from trainer.metrics import checks, neighbours


class EvaluationContext:
    """Everything that is known of one target; features are computed when they are first needed.

    Attributes:
        target: what is evaluated.
        reference: the real samples.
        fake: the generated samples.
        seed: of every random choice of a metric.
    """

    def __init__(self, target: Target, reference: Reference) -> None:
        self.target, self.reference = target, reference
        self.fake = target.samples(reference.dataset)
        self.seed = target.experiment.evaluate.seed % 2**32

    @property
    def spec(self) -> DataSpec:
        """Of the data."""
        return self.reference.dataset.spec

    @property
    def extractor(self) -> Extractor:
        """What makes features of samples."""
        return self.reference.extractor

    @property
    def real(self) -> SampleSet:
        """The real samples to compare with."""
        return self.reference.real

    @property
    def fake_features(self) -> Features:
        """Features of the generated samples.

        Raises:
            MetricError: when some are not finite.
        """
        checks.features(self._fake_features.features, "generated", at_least=1)
        return self._fake_features

    @cached_property
    def _fake_features(self) -> Features:
        """Kept whatever is wrong with them: making samples again for every metric takes long."""
        return extract(self.extractor, self.fake, "generated")

    @property
    def real_features(self) -> Features:
        """Features of the real samples."""
        return self.reference.real_features

    @cached_property
    def nearest_training(self) -> tuple[np.ndarray, np.ndarray]:
        """Of each generated sample: distance to, and position of, the nearest training example."""
        train = self.reference.train_features.features
        return neighbours.nearest(self.fake_features.features, train)

    def predicted_labels(self) -> np.ndarray:
        """The classes that the extractor reads in the generated samples, int64 [n].

        Raises:
            MetricError: when its classes are not the data's.
        """
        logits = self.fake_features.logits
        if logits is None or not self.extractor.knows_labels:
            raise MetricError(
                f"the extractor {self.extractor.name} does not know the classes of "
                f"{self.reference.source}; it needs labelled data and "
                "evaluate.extractor=classifier."
            )
        return logits.argmax(axis=1).astype(np.int64)

    def requested_labels(self) -> np.ndarray:
        """The classes that the generated samples were asked to be, int64 [n].

        Raises:
            MetricError: when they have none.
        """
        if self.fake.labels is None:
            raise MetricError(
                "the generated samples have no labels; it needs a generator that is conditional "
                "on a label, or samples with labels."
            )
        return self.fake.labels

    def has(self, need: Need) -> bool:
        """Whether something that metrics may need is there."""
        target = self.target
        return {
            "logits": lambda: self.extractor.num_classes > 0,
            "classes": lambda: self.spec.num_classes > 1 and self._classes_are_read,
            "labels": lambda: self.fake.labels is not None,
            "generator": lambda: target.generator is not None,
            "codes": lambda: target.generator is not None and len(target.generator.layout) > 1,
            "game": lambda: target.game is not None,
            "held_out": lambda: len(self.reference.dataset.held_out) > 1,
        }[need]()

    @property
    def _classes_are_read(self) -> bool:
        """Whether classes can be told: points by the nearest centre, others by the extractor."""
        return self.spec.sample.kind != "image" or self.extractor.knows_labels
