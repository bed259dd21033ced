"""Evaluating models that make samples of given ones: each of a held-out example."""

import numpy as np
import pytest

from serving.description import Description
from tests.conftest import tiny
from trainer.config.recipe import load_experiment
from trainer.data import loading
from trainer.data.examples import Dataset, Examples
from trainer.errors import ConfigError
from trainer.evaluation.generators import Generator
from trainer.evaluation.reference import Reference
from trainer.evaluation.targets import Target

SAMPLE = {"output": "image", "shape": [8, 8, 1], "dtype": "uint8", "range": [0, 255]}


class Negative:
    """An export that turns pictures into negatives, a seed added."""

    def __init__(self, signature, *inputs):
        self.signature = signature
        image = {"shape": [8, 8, 1], "dtype": "uint8", "kind": "image"}
        seed = {"shape": [], "dtype": "int64", "kind": "seed"}
        given = {name: seed if name == "seed" else image for name in inputs}
        fields = {"inputs": given, "outputs": {"image": image}}
        self.description = Description(
            {
                "format": 1,
                "sample": SAMPLE,
                "latent": {"prior": "none", "layout": []},
                "condition": None,
                "signatures": {signature: {}, "score": {}},
                "fields": {signature: fields},
            }
        )

    def run(self, signature, inputs):
        assert signature == self.signature
        image = 255 - inputs["image"].astype(np.int64)
        if "seed" in inputs:
            image = image + inputs["seed"][:, None, None, None]
        return {"image": image}


def _target(recipe, model, *overrides):
    experiment = load_experiment(recipe, ["evaluate.seed=5", *overrides])
    return Target("export", experiment, generator=Generator(model))


def _samples(target, dataset):
    return target.samples(Reference(target.experiment, dataset))


@pytest.fixture(scope="module")
def domains():
    return loading.load(load_experiment("cyclegan-digits").data)


@pytest.fixture(scope="module")
def pairs():
    return loading.load(load_experiment("pix2pix-digits").data)


def test_a_domain_is_compared_with_what_is_made_of_the_other_one(domains):
    samples = _samples(_target("cyclegan-digits", Negative("translate_to_a", "image")), domains)
    assert samples.truth is None
    assert samples.count == len(domains.held_out) == 89
    places = np.array([7, 3])
    np.testing.assert_array_equal(samples.take(places), 255 - domains.held_out["b"][places])
    assert domains.spec.sample == domains.spec.fields["a"]
    np.testing.assert_array_equal(domains.held_out.samples, domains.held_out["a"])


def test_seeds_belong_to_examples(pairs):
    model = Negative("translate", "image", "seed")
    samples = _samples(_target("pix2pix-digits", model, "evaluate.num_samples=20"), pairs)
    assert samples.count == 20
    expected = 255 - pairs.held_out["image"][7].astype(int) + 5 + 7
    np.testing.assert_array_equal(samples.take(np.array([7]))[0], expected)


def test_a_derived_input_is_made_of_the_example(digits):
    experiment = tiny("cgan-digits", "condition={name: derived, factor: 2}")
    target = Target("x", experiment, generator=Generator(Negative("translate", "image")))
    samples = _samples(target, digits)
    made = samples.take(np.array([0]))[0]
    np.testing.assert_array_equal(samples.truth.take(np.array([3])), digits.held_out["sample"][3:4])
    assert samples.given.take(np.array([0, 1])).shape == (2, 4, 4, 1)
    picture = digits.held_out["sample"][0, ..., 0].astype(float)
    means = picture.reshape(4, 2, 4, 2).mean(axis=(1, 3))
    assert np.abs(made[..., 0] - (255 - means)).max() <= 0.5 + 1e-3


def test_a_signature_and_a_field_are_asked_for(domains):
    asked = ("evaluate.signature=translate_to_b", "evaluate.field=b")
    target = _target("cyclegan-digits", Negative("translate_to_b", "image"), *asked)
    reference = Reference(target.experiment, domains)
    places = np.array([7, 3])
    made = target.samples(reference).take(places)
    np.testing.assert_array_equal(made, 255 - domains.held_out["a"][places])
    np.testing.assert_array_equal(reference.real.take(places), domains.held_out["b"][places])
    with pytest.raises(ConfigError, match=r"field: received 'c', .* can be measured are a, b"):
        Reference(load_experiment("cyclegan-digits", ["evaluate.field=c"]), domains)
    wrong = _target("cyclegan-digits", Negative("translate_to_b", "image"), "evaluate.signature=x")
    with pytest.raises(ConfigError, match=r"signature: received 'x', .* are translate_to_b"):
        wrong.samples(reference)


def test_all_of_the_data_is_translated_where_all_is_asked_for(pairs):
    model = Negative("translate", "image", "seed")
    for split, parts in (("train", [pairs.train]), ("all", [pairs.train, pairs.held_out])):
        samples = _samples(_target("pix2pix-digits", model, f"evaluate.split={split}"), pairs)
        given, truth = (
            np.concatenate([part[name] for part in parts])[:1000] for name in ("image", "sample")
        )
        assert samples.count == len(truth)
        np.testing.assert_array_equal(samples.given.take(np.arange(len(given))), given)
        np.testing.assert_array_equal(samples.truth.take(np.arange(len(truth))), truth)


def test_without_held_out_examples_there_is_nothing_to_translate(pairs):
    empty = Examples(tuple({n: x[:0] for n, x in t.items()} for t in pairs.held_out.tables))
    dataset = Dataset(pairs.train, empty, pairs.spec)
    with pytest.raises(ConfigError, match=r"evaluate.split.*set data.holdout_share"):
        _samples(_target("pix2pix-digits", Negative("translate", "image")), dataset)


def test_other_data_must_hold_what_the_model_is_given(digits):
    target = _target("dcgan-digits", Negative("translate", "image"))
    samples = _samples(target, digits)
    with pytest.raises(ConfigError, match=r"--reference: translate is given 'image'.*sample"):
        samples.take(np.array([0]))
