"""Invariant 3: a sample depends on the model, its seed and its condition, and on nothing else."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from trainer.game.assembly import assemble


@pytest.fixture(scope="module")
def live(digits):
    live = assemble(tiny(), digits.spec).live
    live.refresh()
    return live


def _ask(live, signature, **inputs):
    """A signature called with tensors, at whatever number of rows."""
    tensors = {name: tf.constant(rows, tf.int64) for name, rows in inputs.items()}
    return live.signatures[signature].function(**tensors)


def _same_grey(a, b):
    return np.abs(a.astype(int) - b.astype(int)).max() <= 1


@pytest.mark.parametrize("size", [7, 64])
def test_a_seed_gives_the_same_sample_alone_and_anywhere_in_a_batch(live, size):
    alone = _ask(live, "generate_conditional", seed=[42], label=[3])["image"].numpy()[0]
    for place in (0, size // 2, size - 1):
        seeds, labels = np.arange(1000, 1000 + size), np.arange(size) % 10
        seeds[place], labels[place] = 42, 3
        among = _ask(live, "generate_conditional", seed=seeds, label=labels)["image"]
        assert _same_grey(among.numpy()[place], alone)


def test_at_one_batch_size_the_bits_do_not_depend_on_the_place(live):
    seeds = np.arange(64)
    order = np.random.default_rng(0).permutation(64)
    one, other = (
        live.run("generate_conditional", {"seed": rows, "label": rows % 10})["image"]
        for rows in (seeds, seeds[order])
    )
    np.testing.assert_array_equal(one[order], other)


def test_labels_follow_the_marginal_and_their_own_seed(live, digits):
    labels = live.run("condition", {"seed": np.arange(20000)})["label"]
    shares = np.bincount(labels, minlength=10) / len(labels)
    np.testing.assert_allclose(shares, digits.spec.marginal, atol=5 * 0.3 / np.sqrt(20000))
    some = live.run("condition", {"seed": np.arange(77, 80)})["label"]
    np.testing.assert_array_equal(some, labels[77:80])


def test_statistics_come_from_fixed_latents(live):
    generator = live.networks["generator"].model
    before = [v.numpy() for v in generator.non_trainable_variables]
    live.refresh()
    for a, v in zip(before, generator.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(a, v.numpy())


def test_a_label_out_of_range_fails(live):
    for label in (-1, 10):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"label must lie in \[0, 9\]"):
            _ask(live, "generate_conditional", seed=[0], label=[label])


def test_it_answers_in_float32_whatever_trains(digits):
    game = assemble(tiny("cgan-digits", "train.precision=mixed_bfloat16"), digits.spec)
    for network in game.live.networks.values():
        assert network.model.dtype_policy.name == "float32"
    trained, asked = (m["discriminator"] for m in (game.gan.networks, game.live.networks))
    trained.trainable_variables[0].assign_add(tf.ones_like(trained.trainable_variables[0]))
    game.live.refresh()
    for a, b in zip(trained.variables, asked.model.variables, strict=True):
        np.testing.assert_array_equal(a, b)


def test_it_describes_itself_as_its_export_does(live):
    document = live.description.document
    fields = document["fields"]["generate_conditional"]
    assert fields["inputs"]["label"]["names"] == [str(digit) for digit in range(10)]
    assert fields["outputs"]["image"]["shape"] == [8, 8, 1]
    assert "decode_unrounded" not in document["signatures"]
