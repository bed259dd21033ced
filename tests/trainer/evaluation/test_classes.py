"""Numbers within classes, on samples that are a known part of the data."""

from functools import cached_property

import numpy as np
import pytest

from tests.conftest import tiny
from trainer import catalogue
from trainer.errors import MetricError
from trainer.evaluation import reference
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.extractors import Features
from trainer.evaluation.measures.classes import intra_frechet, intra_prdc
from trainer.evaluation.samples import SampleSet
from trainer.metrics.frechet import frechet_distance


@pytest.fixture(scope="module")
def real():
    size = "evaluate.extractor={name: random_projection, size: 4}"
    every = ("evaluate.split=train", "evaluate.num_samples=2000")
    return reference.load(tiny("cgan-digits", size, *every))


class OfSamples(EvaluationContext):
    """Some real samples in place of generated ones."""

    def __init__(self, real, rows, labels):
        self.reference, self.seed = real, 0
        self.fake = SampleSet(len(rows), lambda at: real.real.take(rows[at]), labels)
        self._rows = rows

    @cached_property
    def _fake_features(self):
        return Features(self.real_features.features[self._rows], None)


def test_the_data_themselves_are_at_no_distance_and_all_within(real):
    context = OfSamples(real, np.arange(real.real.count), real.real.labels)
    assert intra_frechet(catalogue.IntraFrechet(), context)["intra_fd"].estimate.value < 1e-6
    found = intra_prdc(catalogue.IntraPrdc(), context)
    values = {key: result.estimate.value for key, result in found.items()}
    assert values == {"intra_precision": 1.0, "intra_recall": 1.0, "intra_recall_real": 1.0}


def test_a_class_that_is_made_of_another_is_far_and_named(real):
    """Threes asked for come as fours: all else is as it should be."""
    labels = real.real.labels
    rows = np.arange(len(labels))
    fours = np.flatnonzero(labels == 4)
    rows[labels == 3] = np.resize(fours, (labels == 3).sum())
    context = OfSamples(real, rows, labels)
    found = intra_frechet(catalogue.IntraFrechet(), context)["intra_fd"]
    features = real.real_features.features
    alone = frechet_distance(features[labels == 3], features[rows[labels == 3]]).value
    assert found.estimate.value == pytest.approx(alone / 10, rel=1e-6)
    assert found.note == f"worst class 3: {alone:.3g}"
    recalled = intra_prdc(catalogue.IntraPrdc(), context)
    assert recalled["intra_recall"].note.startswith("worst class 3: ")
    assert recalled["intra_recall"].estimate.value < 0.95


def test_a_class_without_enough_samples_is_named(real):
    labels = real.real.labels
    rows = np.concatenate([np.flatnonzero(labels != 7), np.flatnonzero(labels == 7)[:3]])
    with pytest.raises(MetricError, match=r"^class 7: 3 samples of 4 features make a singular"):
        intra_frechet(catalogue.IntraFrechet(), OfSamples(real, rows, labels[rows]))
