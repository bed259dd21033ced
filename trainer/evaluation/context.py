"""What a metric may look at: generated samples, real ones, their features, and the generator."""

from functools import cached_property

import numpy as np

from trainer.catalogue import NEEDS, Metric
from trainer.data.examples import DataSpec
from trainer.data.height_maps import surfaces_of
from trainer.errors import MetricError
from trainer.evaluation.extractors import Extractor, Features
from trainer.evaluation.generators import Generator
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
        first_seed: of the generated samples.
        seed: of every random choice of a metric.
    """

    def __init__(self, target: Target, reference: Reference) -> None:
        self.target, self.reference = target, reference
        self.fake = target.samples(reference)
        self.first_seed = target.experiment.evaluate.seed
        self.seed = self.first_seed % 2**32

    @property
    def spec(self) -> DataSpec:
        """Of the data."""
        return self.reference.dataset.spec

    @property
    def kind(self) -> str:
        """Of the samples: a kind of fields."""
        return self.spec.sample.kind

    @property
    def generator(self) -> Generator:
        """What makes samples of latents.

        Raises:
            MetricError: where there are samples only.
        """
        if self.target.generator is None:
            raise MetricError("samples in files have no latents; give a run or an export.")
        return self.target.generator

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
    def fake_logits(self) -> np.ndarray:
        """What the extractor's classes score in the generated samples, float32 [n, k].

        Raises:
            MetricError: when the extractor does not classify.
        """
        if self.fake_features.logits is None:
            raise MetricError(f"it needs {NEEDS['logits']}.")
        return self.fake_features.logits

    @property
    def real_features(self) -> Features:
        """Features of the real samples."""
        return self.reference.real_features

    @cached_property
    def nearest_training(self) -> tuple[np.ndarray, np.ndarray]:
        """Of each generated sample: distance to, and position of, the nearest training example."""
        train = self.reference.train_features.features
        return neighbours.nearest(self.fake_features.features, train)

    @property
    def truth(self) -> SampleSet:
        """What each generated sample should be.

        Raises:
            MetricError: when nobody knows.
        """
        if self.fake.truth is None:
            raise MetricError(f"it needs {NEEDS['pairs']}.")
        return self.fake.truth

    def predicted_labels(self) -> np.ndarray:
        """The classes that the extractor reads in the generated samples, int64 [n].

        Raises:
            MetricError: when its classes are not the data's.
        """
        if not self.extractor.knows_labels:
            raise MetricError(f"it needs {NEEDS['classes']}.")
        return self.fake_logits.argmax(axis=1).astype(np.int64)

    def requested_labels(self) -> np.ndarray:
        """The classes that the generated samples were asked to be, int64 [n].

        Raises:
            MetricError: when they have none.
        """
        if self.fake.labels is None:
            raise MetricError(f"it needs {NEEDS['labels']}.")
        return self.fake.labels

    def scaled_rows(self, samples: np.ndarray) -> np.ndarray:
        """Samples [n, *shape] as rows [n, d].

        Images and clips are on the scale of [0, 1], which makes depths comparable; others stay as
        they are.
        """
        rows = samples.reshape(len(samples), -1)
        if self.kind not in ("image", "clip"):
            return rows
        low, high = self.spec.sample.limits
        return (rows.astype(np.float32) - low) / (high - low)

    # ---- Preconditions of metrics ----------------------------------------------------------------

    def unmet_precondition(self, metric: type[Metric]) -> str:
        """Why a metric cannot be had here, as a sentence; empty where it can."""
        if self.kind not in metric.kinds:
            return f"it is for {' or '.join(metric.kinds)} samples, and these are {self.kind} ones."
        if None in self.spec.sample.shape and (metric.uses_features or "pairs" not in metric.needs):
            return "it is for samples of one size, and these have several; set data.size."
        lacking = next((need for need in metric.needs if not self.has(need)), None)
        if lacking is None:
            return ""
        default = f"the signature {lacking!r}; give a run or an export that has it"
        return f"it needs {NEEDS.get(lacking, default)}."

    def has(self, need: str) -> bool:
        """Whether something is there that metrics may need: one of NEEDS, or a signature."""
        if need not in NEEDS:
            return need in self.signatures
        return {
            "labels": lambda: self.fake.labels is not None,
            "classes": lambda: self.spec.num_classes > 1 and self._classes_can_be_read,
            "labelled": lambda: self.reference.labelled is not None,
            "logits": lambda: self.extractor.num_classes > 0,
            "codes": lambda: any(part["kind"] != "noise" for part in self.generator.layout),
            "odd": lambda: "odd_sample" in self.reference.dataset.held_out,
            "pairs": lambda: self.fake.truth is not None,
            "colours": lambda: self.spec.sample.shape[-1] == 3,
            "opposing": lambda: self._is_opposed,
            "b_label": lambda: "b_label" in self.reference.dataset.held_out,
            "predicted": lambda: bool(self.spec.sample.about.get("predicted")),
            "alphabet": lambda: bool(self.spec.sample.about.get("alphabet")),
            "motif": lambda: bool(self.spec.sample.about.get("motif")),
            "properties": lambda: "attributes" in self.reference.dataset.held_out,
            "sites": lambda: bool(self.spec.sample.about.get("sites")),
            "words": lambda: self.kind == "tokens" and not self.spec.sample.about.get("alphabet"),
            "grammar": lambda: bool(self.spec.sample.about.get("grammar")),
            "oracle": lambda: bool(self.spec.sample.about.get("oracle")),
            "series": lambda: self.spec.sample.is_series,
            "held_out": lambda: len(self.reference.dataset.held_out) > 1,
            "game": lambda: self.target.game is not None,
        }[need]()

    @property
    def signatures(self) -> frozenset[str]:
        """Names of what the target answers."""
        generator = self.target.generator
        return frozenset() if generator is None else generator.signatures

    @property
    def _is_opposed(self) -> bool:
        """Whether samples are made below a surface that is given."""
        return self.fake.given is not None and surfaces_of(self.spec.fields) is not None

    @property
    def _classes_can_be_read(self) -> bool:
        """Whether they can: in vectors by the nearest centre, in others by the extractor."""
        return self.kind == "vector" or self.extractor.knows_labels
