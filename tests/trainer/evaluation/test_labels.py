from types import SimpleNamespace

import numpy as np

from trainer import catalogue
from trainer.evaluation.measures.labels import domain_accuracy


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
