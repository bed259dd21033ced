"""README's lines of Python run as they stand there, twice in one process."""

import re
import textwrap
from pathlib import Path

import numpy as np

import trainer
from tests.conftest import tiny

README = Path(__file__).parents[1] / "README.md"


def _python_lines(first: str) -> str:
    """The indented block that begins with a line."""
    blocks = re.findall(r"(?:^(?: {4}.*)?\n)+", README.read_text("utf-8"), re.MULTILINE)
    (found,) = (b for b in blocks if textwrap.dedent(b).lstrip("\n").startswith(first))
    return textwrap.dedent(found)


def test_the_lines_of_training_run_twice_in_one_process(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trainer, "load_experiment", lambda *_: tiny())
    monkeypatch.setattr(
        trainer, "train", lambda recipe, run_dir, train=trainer.train: train(tiny(), run_dir)
    )
    lines = _python_lines("import trainer\n")
    assert "trainer.train(" in lines and "trainer.export(" in lines
    for version in (1, 2):
        names: dict = {}
        exec(lines, names)
        assert names["images"].dtype == np.uint8 and names["images"].shape == (16, 8, 8, 1)
        assert (tmp_path / "models" / "digits" / str(version) / "saved_model.pb").exists()
