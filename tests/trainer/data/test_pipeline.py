import numpy as np
import pytest
import tensorflow as tf

from trainer.config.experiment import Devices
from trainer.data import pipeline
from trainer.data.examples import Examples
from trainer.data.pipeline import Share, batches, check_size
from trainer.errors import ConfigError
from trainer.run.distribution import distributed, strategy_for


@pytest.fixture
def examples(noise):
    """Ten labelled images of 3x4 pixels, each different from its own mirror image."""
    return Examples.of(sample=noise(10, 3, 4, 1), label=np.arange(10) * 7)


def take(count, examples, **arguments):
    arguments = {"batch_size": 4, "seed": 5, **arguments}
    return list(batches(examples, **arguments).take(count).as_numpy_iterator())


def assert_same(left, right):
    assert len(left) == len(right) > 0
    for a, b in zip(left, right, strict=True):
        assert a.keys() == b.keys()
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_batches_are_what_they_say(noise, dtype):
    examples = Examples.of(sample=noise(20, 3, 4, 2, dtype=dtype), label=np.arange(20))
    dataset = batches(examples, batch_size=4, turns=3, seed=0)
    assert dataset.element_spec == {
        "sample": tf.TensorSpec([4, 3, 3, 4, 2], dtype),
        "label": tf.TensorSpec([4, 3], tf.int64),
        "position": tf.TensorSpec([4], tf.int64),
    }
    for batch in dataset.take(3).as_numpy_iterator():
        np.testing.assert_array_equal(batch["position"], [0, 1, 2, 3])
        np.testing.assert_array_equal(batch["sample"], examples["sample"][batch["label"]])


def test_unlabelled_points_have_no_label(noise):
    examples = Examples.of(sample=noise(10, 2, dtype=np.float32))
    dataset = batches(examples, batch_size=4, seed=0)
    assert set(dataset.element_spec) == {"sample", "position"}
    assert dataset.element_spec["sample"].shape == [4, 1, 2]


def test_every_epoch_draws_every_example_once_across_batches(examples):
    """Batches of four straddle epochs of ten; turns come one after the other within a step."""
    steps = take(15, examples, batch_size=2, turns=2)
    drawn = np.concatenate([step["label"].T.ravel() for step in steps])
    epochs = drawn.reshape(6, 10)
    for epoch in epochs:
        assert sorted(epoch) == examples.labels.tolist()
    assert len({tuple(epoch) for epoch in epochs}) == 6


def test_turns_draw_what_single_turns_would(examples):
    one = take(6, examples, batch_size=2)
    three = take(2, examples, batch_size=2, turns=3)
    for step, batch in enumerate(three):
        for turn in range(3):
            single = one[3 * step + turn]
            np.testing.assert_array_equal(batch["sample"][:, turn], single["sample"][:, 0])
            np.testing.assert_array_equal(batch["label"][:, turn], single["label"][:, 0])


@pytest.mark.parametrize("start", [1, 7, 515])
def test_a_restart_draws_the_same_batches(examples, start):
    whole = take(start + 5, examples, turns=2, flip=("sample",))
    assert_same(whole[start:], take(5, examples, turns=2, flip=("sample",), start_step=start))


def test_the_number_of_steps_drawn_at_once_changes_nothing(examples, monkeypatch):
    many = take(9, examples, turns=2, flip=("sample",))
    monkeypatch.setattr(pipeline, "_EXAMPLES_PER_CALL", 1)
    assert_same(many, take(9, examples, turns=2, flip=("sample",)))
    monkeypatch.setattr(pipeline, "_EXAMPLES_PER_CALL", 20)
    assert_same(many, take(9, examples, turns=2, flip=("sample",)))


def test_seeds_have_orders_of_their_own(examples):
    first, other = take(5, examples), take(5, examples, seed=6)
    assert any((a["label"] != b["label"]).any() for a, b in zip(first, other, strict=True))


def test_flips_are_a_pure_function_of_the_position(examples):
    plain, flipped = take(200, examples), take(200, examples, flip=("sample",))
    mirrored = []
    for a, b in zip(plain, flipped, strict=True):
        np.testing.assert_array_equal(a["label"], b["label"])
        for before, after in zip(a["sample"][:, 0], b["sample"][:, 0], strict=True):
            mirrored.append(not np.array_equal(before, after))
            np.testing.assert_array_equal(after, before[:, ::-1] if mirrored[-1] else before)
    assert 340 < sum(mirrored) < 460
    # The coin belongs to the draw: the same example is mirrored in one epoch and not in another.
    by_epoch = np.array(mirrored).reshape(80, 10)
    assert len({tuple(epoch) for epoch in by_epoch}) > 70
    other_seed = take(200, examples, flip=("sample",), seed=6)
    assert any((a["sample"] != b["sample"]).any() for a, b in zip(flipped, other_seed, strict=True))


def test_memory_mapped_examples_give_the_same_bytes(tmp_path, noise):
    samples = noise(50, 3, 4, 1, dtype=np.uint16)
    mapped = np.memmap(tmp_path / "samples", np.uint16, "w+", shape=samples.shape)
    mapped[:] = samples
    labels = np.arange(50)
    arguments = {"batch_size": 8, "turns": 2, "flip": ("sample",), "start_step": 3}
    in_memory = take(20, Examples.of(sample=samples, label=labels), **arguments)
    assert_same(in_memory, take(20, Examples.of(sample=mapped, label=labels), **arguments))


def test_a_step_may_draw_all_examples_but_not_more(examples):
    assert sorted(take(1, examples, batch_size=5, turns=2)[0]["label"].ravel()) == list(
        examples.labels
    )
    with pytest.raises(
        ConfigError,
        match=r"train\.batch_size: received 6 for 2 discriminator turn\(s\) a step; there are 10 "
        r"training examples .*; take at most 5\.",
    ):
        check_size(examples, 6, 2)


def test_replicas_share_the_global_batch():
    strategy = strategy_for(Devices(kind="cpu", replicas=2))
    examples = Examples.of(
        sample=np.arange(40, dtype=np.float32).reshape(20, 2), label=np.arange(20)
    )
    options = {"batch_size": 4, "turns": 2, "seed": 5}
    replicas = distributed(strategy, lambda share: batches(examples, **options, share=share))
    for expected in batches(examples, **options).take(12).as_numpy_iterator():
        batch = next(replicas)
        for name, values in expected.items():
            shards = strategy.experimental_local_results(batch[name])
            assert [len(shard) for shard in shards] == [2, 2], name
            np.testing.assert_array_equal(np.concatenate(shards), values)


def test_each_worker_draws_its_own_positions_of_the_global_batch(examples):
    """Three workers of two replicas each, a row a replica; pictures are mirrored as in one."""
    options = {"batch_size": 6, "turns": 2, "start_step": 3, "flip": ("sample",)}
    whole = take(4, examples, **options)
    shares = [Share(first, 2, 6) for first in (0, 2, 4)]
    drawn = [take(8, examples, **options, share=share) for share in shares]
    for step, expected in enumerate(whole):
        parts = [batch for own in drawn for batch in own[2 * step : 2 * step + 2]]
        assert [batch["position"].tolist() for batch in parts] == [[i] for i in range(6)]
        together = {name: np.concatenate([part[name] for part in parts]) for name in expected}
        assert_same([together], [expected])


def test_tables_are_drawn_apart_and_their_rows_together(noise):
    first = noise(10, 3, 4, 1)
    tables = ({"a": first, "number": np.arange(10)}, {"b": noise(7, 2), "of": np.arange(7)})
    steps = list(batches(Examples(tables), batch_size=5, seed=5).take(14).as_numpy_iterator())
    for step in steps:
        np.testing.assert_array_equal(step["a"], first[step["number"]])
        np.testing.assert_array_equal(step["b"], tables[1]["b"][step["of"]])
    # The first table draws what it would draw alone.
    alone = Examples.of(a=first, number=np.arange(10))
    for step, expected in zip(steps, batches(alone, batch_size=5, seed=5), strict=False):
        np.testing.assert_array_equal(step["number"], expected["number"])
    # A smaller table begins its next epoch sooner: 70 rows are ten epochs of it.
    epochs = np.concatenate([step["of"].ravel() for step in steps]).reshape(10, 7)
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)


def test_tables_of_one_size_have_orders_of_their_own():
    tables = tuple({name: np.arange(50)} for name in ("a", "b", "c"))
    (step,) = batches(Examples(tables), batch_size=50, seed=5).take(1).as_numpy_iterator()
    for one, other in (("a", "b"), ("a", "c"), ("b", "c")):
        assert (step[one] != step[other]).mean() > 0.8


def test_a_later_table_may_be_smaller_than_a_batch():
    examples = Examples(({"a": np.arange(8)}, {"b": np.arange(3)}))
    (step,) = batches(examples, batch_size=8, seed=0).take(1).as_numpy_iterator()
    assert np.bincount(step["b"].ravel()).min() >= 2


def test_pictures_of_a_row_are_mirrored_together(noise):
    image = noise(10, 3, 4, 1)
    examples = Examples(({"image": image, "sample": 255 - image}, {"other": image}))
    drawn = batches(examples, batch_size=10, seed=0, flip=("image", "sample", "other"))
    coins = []
    for step in drawn.take(20).as_numpy_iterator():
        np.testing.assert_array_equal(step["image"], 255 - step["sample"])
        for name in ("image", "other"):
            whole = {row.tobytes() for row in image}
            coins.append([row[0].tobytes() in whole for row in step[name]])
    # Each table has coins of its own.
    first, other = np.array(coins[::2]), np.array(coins[1::2])
    assert 0.35 < (first != other).mean() < 0.65


def test_only_the_named_pictures_are_mirrored(noise):
    examples = Examples.of(image=noise(10, 3, 4, 1), sample=noise(10, 3, 4, 1))
    plain = list(batches(examples, batch_size=10, seed=0).take(5).as_numpy_iterator())
    mirrored = batches(examples, batch_size=10, seed=0, flip=("image",)).take(5)
    changed = 0
    for before, after in zip(plain, mirrored.as_numpy_iterator(), strict=True):
        np.testing.assert_array_equal(before["sample"], after["sample"])
        changed += (before["image"] != after["image"]).any()
    assert changed == 5
