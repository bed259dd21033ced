"""Generators that ignore what they are told, or their latent, are found out by name."""

import numpy as np
import pytest

from serving.description import Description
from tests.conftest import tiny
from trainer import catalogue
from trainer.errors import MetricError
from trainer.evaluation import reference
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.evaluating import evaluate
from trainer.evaluation.generators import Generator
from trainer.evaluation.measures.labels import gan_test
from trainer.evaluation.targets import Target

IMAGE = {"shape": [8, 8, 1], "dtype": "uint8", "kind": "image", "range": [0, 255]}
LABEL = {"shape": [], "dtype": "int64", "kind": "label", "range": [0, 9]}
SLANT = {"shape": [1], "dtype": "float32", "kind": "attributes"}
SEED = {"shape": [], "dtype": "int64", "kind": "seed"}


class Digits:
    """An export that answers digits of the data: which one, by seed and label as it hears them."""

    def __init__(self, data, hears_seed=True, hears_label=True, deaf_to=()):
        self.data, self.hears = data, (hears_seed, hears_label)
        self.others = {name: SLANT for name in deaf_to}
        self.description = Description(
            {
                "format": 1,
                "sample": {"output": "image", **IMAGE},
                "latent": {"prior": "none", "layout": []},
                "condition": {"kind": "label", "num_classes": 10, "names": list("0123456789")},
                "signatures": {"generate": {}, "generate_conditional": {}},
                "fields": {
                    "generate": {
                        "inputs": {"seed": SEED},
                        "outputs": {"image": IMAGE, "label": LABEL, **self.others},
                    },
                    "generate_conditional": {
                        "inputs": {"seed": SEED, "label": LABEL, **self.others},
                        "outputs": {"image": IMAGE},
                    },
                },
            }
        )

    def run(self, signature, inputs):
        assert self.description.document["fields"][signature]["inputs"].keys() == inputs.keys()
        seed, label = inputs["seed"], inputs.get("label", inputs["seed"] * 7 % 10)
        by_seed, by_label = self.hears
        asked = label if by_label else (seed * 3 + 1) % 10
        rows = [np.flatnonzero(self.data.labels == c) for c in range(10)]
        numbers = seed if by_seed else 0 * seed
        chosen = [rows[c][n % len(rows[c])] for c, n in zip(asked, numbers, strict=True)]
        image = {"image": self.data.samples[np.array(chosen)]}
        others = {name: seed[:, np.newaxis] for name in self.others}
        return image | ({} if signature == "generate_conditional" else {"label": label, **others})


@pytest.fixture(scope="module")
def real():
    return reference.load(_experiment())


def _experiment():
    projection = "evaluate.extractor={name: random_projection, size: 8}"
    return tiny("cgan-digits", projection, "evaluate.metrics=[conditional_diversity]")


def measured(real, **how):
    model = Digits(real.dataset.held_out, **how)
    evaluation, _ = evaluate(Target("export", _experiment(), generator=Generator(model)), real)
    assert evaluation.skipped == ()
    warned = [sentence for sentence in evaluation.warnings if "hardly uses" in sentence]
    return {number.key: number for number in evaluation.numbers}, warned


def test_a_generator_of_the_data_varies_as_the_data_do(real):
    found, warned = measured(real)
    ceiling = found["conditional_diversity_real"]
    assert found["conditional_diversity"].value == pytest.approx(ceiling.value, abs=0.1)
    assert found["condition_effect"].value == pytest.approx(1.0, abs=0.1)
    assert 0.5 < ceiling.value < 0.9 and ceiling.error < 0.05 and warned == []


def test_one_picture_a_class_is_warned_of(real):
    found, (sentence,) = measured(real, hears_seed=False)
    assert found["conditional_diversity"].value == 0.0 and found["condition_effect"].value > 0.8
    assert sentence.startswith("Samples of one condition differ 0.000 times as much as real ones")


def test_pictures_without_regard_to_the_label_are_warned_of(real):
    found, (sentence,) = measured(real, hears_label=False)
    assert found["condition_effect"].value == 0.0 and found["conditional_diversity"].value > 0.8
    assert sentence.startswith("Samples of one seed under other conditions differ 0.000 times")


def test_one_of_several_conditions_that_changes_nothing_is_warned_of(real):
    found, (sentence,) = measured(real, deaf_to=["slant"])
    value, note = found["condition_effect"].value, found["condition_effect"].note
    assert value > 0.8 and note == f"changed alone: label {value:.3f}, slant 0.000"
    assert sentence.endswith("the generator hardly uses slant.")


def test_an_export_that_does_not_tell_what_it_draws_is_refused(real):
    model = Digits(real.dataset.held_out)
    generator = Generator(model)
    answer = model.run
    model.run = lambda name, inputs: {"image": answer(name, inputs)["image"]}
    with pytest.raises(MetricError, match="does not tell which label it draws; give the run"):
        generator.conditions(np.arange(3))


def test_labels_that_are_not_obeyed_are_warned_of(real):
    class Read(EvaluationContext):
        """The classes of samples as they are, without a classifier."""

        def predicted_labels(self):
            held_out = self.reference.dataset.held_out
            of = {x.tobytes(): y for x, y in zip(held_out.samples, held_out.labels, strict=True)}
            return np.array([of[x.tobytes()] for x in self.fake.all()])

    for hears, warned in ((True, False), (False, True)):
        model = Digits(real.dataset.held_out, hears_label=hears)
        context = Read(Target("export", _experiment(), generator=Generator(model)), real)
        result = gan_test(catalogue.GanTest(), context)["gan_test"]
        assert ("by chance in 10" in result.warning) is warned
        assert result.estimate.value == 1.0 if hears else result.estimate.value < 0.2
