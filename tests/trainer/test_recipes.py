"""The whole road of every recipe, found by listing: train, resume, export, every signature.

It resumes in the process that trained, which need not trace the game again; integration/ kills.
"""

import json

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import checkpointed
from tests.playing import put_back_to
from tests.recipes import small
from trainer.config.recipe import recipe_names
from trainer.data.sources import mixtures
from trainer.exporting import export_run
from trainer.training import session


@pytest.fixture(autouse=True)
def few_points(monkeypatch):
    """Mixtures are read row by row, in fresh objects twice a test."""
    monkeypatch.setattr(mixtures, "NUM_POINTS", 2000)


@pytest.mark.parametrize("recipe", recipe_names())
def test_a_recipe_goes_the_whole_road(recipe, tmp_path):
    run_dir = tmp_path / "run"
    with session(small(recipe, tmp_path, "train.steps=4"), run_dir) as opened:
        summary = opened.play(progress=False)
        assert summary.step == 4 and summary.ended_by == "steps" and summary.samples
        whole = checkpointed(run_dir)
        put_back_to(2, run_dir)
        assert opened.play(progress=False).start == 2
    _assert_same(whole, checkpointed(run_dir))
    loaded = tf.saved_model.load(export_run(run_dir, tmp_path / "models").path)
    _ask_everything(loaded.signatures)


def _assert_same(one, other):
    assert one.keys() == other.keys() and one
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def _ask_everything(signatures):
    assert "describe" in signatures and len(signatures) > 2
    row = signatures["describe"](row=tf.zeros([1], tf.int64))
    described = json.loads(row["description"].numpy()[0])["fields"].values()
    fields = {n: field for signature in described for n, field in signature["inputs"].items()}
    for name, function in signatures.items():
        inputs = function.structured_input_signature[1]
        seven = {n: _rows(spec, 7, fields.get(n, {})) for n, spec in inputs.items()}
        all_rows = function(**seven)
        alone = function(**{n: rows[2:3] for n, rows in seven.items()})
        for output in all_rows:
            a, b = all_rows[output].numpy(), alone[output].numpy()
            assert len(a) == 7 and len(b) == 1, f"{name}.{output}"
            _assert_alike(a[2], b[0], f"{name}.{output}")


def _rows(spec, count, field):
    shape = [count, *(side or 5 for side in spec.shape[1:])]
    if spec.dtype == tf.string:
        return tf.fill(shape, "a")
    random = np.random.RandomState(0)
    if spec.dtype.is_integer:
        high = 2 if spec.dtype == tf.int64 else 200
        high = len(field["names"]) if field.get("kind") == "label_map" else high
        return tf.constant(random.randint(0, high, shape), spec.dtype)
    return tf.constant(random.uniform(0.1, 0.9, shape), spec.dtype)


def _assert_alike(a, b, message):
    """Within one grey level, or a hundred-thousandth: other batch sizes round otherwise."""
    if np.issubdtype(np.asarray(a).dtype, np.integer):
        assert np.abs(a.astype(int) - b.astype(int)).max(initial=0) <= 1, message
    elif np.issubdtype(np.asarray(a).dtype, np.floating):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4, err_msg=message)
    elif not message.endswith("image_bytes"):
        # PNG bytes may differ by a grey level that the pictures beside them are tested for.
        assert a == b, message
