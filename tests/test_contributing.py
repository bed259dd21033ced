"""What CONTRIBUTING.md says of adding a system is true."""

import re
from pathlib import Path

import pytest

from trainer.config.recipe import load_experiment
from trainer.exporting import export_run
from trainer.training import train

ROOT = Path(__file__).parents[1]


@pytest.mark.integration
def test_its_recipe_is_a_whole_system(tmp_path):
    (recipe,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.S)
    path = tmp_path / "lsbigan-digits.yaml"
    path.write_text(recipe, "utf-8")
    small = ["network.base_filters=4", "train.steps=2", "train.batch_size=16"]
    train(load_experiment(str(path), small), tmp_path / "run", progress=False)
    version = Path(export_run(tmp_path / "run", tmp_path / "models").path)
    card = (version / "assets.extra" / "model_card.md").read_text("utf-8")
    assert all(name in card for name in ("encode", "reconstruct", "anomaly_score"))


def test_the_files_it_names_are_there():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`((?:game|layers|networks|data|catalogue)/[\w/.]*)`", text)
    assert len(named) > 10
    for name in named:
        assert (ROOT / "trainer" / name).exists(), name
