"""The whole road of every recipe, found by listing: train, resume, export, every signature.

It resumes in the process that trained, which need not trace the game again. One recipe of each
round, wrapper and modality goes a harder road, with a kill, in integration/.
"""

import pytest
import tensorflow as tf

from tests.asking import ask_everything
from tests.conftest import assert_same, checkpointed, shown
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
        whole, pictures = checkpointed(run_dir), shown(run_dir)
        put_back_to(2, run_dir)
        assert opened.play(progress=False).start == 2
    assert_same(whole, checkpointed(run_dir))
    assert pictures == shown(run_dir)
    loaded = tf.saved_model.load(export_run(run_dir, tmp_path / "models").path)
    ask_everything(loaded.signatures)
