from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.conftest import tiny
from trainer import catalogue
from trainer.evaluation import reference
from trainer.evaluation.measures.labels import classifier_accuracy, domain_accuracy
from trainer.evaluation.samples import SampleSet


def test_classes_are_counted_in_each_domain():
    """Of four pictures of b three are read right, of two of a both; a picture's light is read."""
    held_out = {
        "a": np.array([0, 1]),
        "label": np.array([0, 1]),
        "b": np.array([1, 1, 0, 0]),
        "b_label": np.array([1, 0, 0, 0]),
    }
    asked = []

    def classes(signature, pictures):
        asked.append(signature)
        return pictures

    context = SimpleNamespace(
        reference=SimpleNamespace(dataset=SimpleNamespace(held_out=held_out)),
        generator=SimpleNamespace(classes=classes),
        spec=SimpleNamespace(label_names=("dark", "light")),
    )
    found = domain_accuracy(catalogue.DomainAccuracy(), context)
    assert asked == ["classify_b", "classify_a"]
    assert found["target_accuracy"].estimate.value == 0.75
    assert found["source_accuracy"].estimate.value == 1.0


@pytest.mark.parametrize("name", ["label", "labelled_label"])
def test_held_out_examples_are_classified_by_the_model(name):
    """Of four, of two of three classes, one of the last is read as another."""
    examples = np.array([0.1, 0.2, 2.3, 1.4])
    held_out = replace(SampleSet.of_array(examples), labels=np.array([0, 0, 2, 2]))
    asked = []

    def classes(signature, samples):
        asked.append(signature)
        return samples.astype(np.int64)

    context = SimpleNamespace(
        reference=SimpleNamespace(labelled=held_out),
        generator=SimpleNamespace(classes=classes),
        spec=SimpleNamespace(fields={name: SimpleNamespace(names=("a", "b", "c"))}),
    )
    found = classifier_accuracy(catalogue.ClassifierAccuracy(), context)["classifier_accuracy"]
    assert asked == ["classify"]
    assert found.estimate.value == 0.75
    assert found.note == "worst class c: 50.0% of 2 held-out examples"


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ("digits", ("sample", "label")),
        ("{name: partly_labelled, labelled: 50}", ("sample", "label")),
        (
            "{name: few_labels, labelled: digits, unlabelled: digits}",
            ("labelled_sample", "labelled_label"),
        ),
    ],
)
def test_which_held_out_examples_have_classes(source, fields):
    found = reference.load(tiny("dcgan-digits", f"data.source={source}"))
    assert found.labelled.count == 179
    for own, name in zip((found.labelled.all(), found.labelled.labels), fields, strict=True):
        np.testing.assert_array_equal(own, found.dataset.held_out[name])


def test_examples_without_classes_cannot_be_classified():
    assert reference.load(tiny("dcgan-digits", "data.source=sines")).labelled is None
