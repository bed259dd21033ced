"""README's lines of Python run as they stand there, twice in one process."""

import asyncio
import itertools
import textwrap
from pathlib import Path

import numpy as np
import pytest

import trainer
from serving.server import Server
from tests.conftest import tiny

README = Path(__file__).parents[1] / "README.md"


def _python_lines(first: str) -> str:
    """The indented lines from one on, to the next that is not indented."""
    (_, following) = README.read_text("utf-8").split(f"\n    {first}\n")
    block = itertools.takewhile(
        lambda line: not line or line.startswith("    "), following.split("\n")
    )
    return textwrap.dedent("\n".join([f"    {first}", *block]))


@pytest.mark.integration
def test_the_lines_of_training_run_twice_in_one_process(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trainer, "load_experiment", lambda *_: tiny())
    monkeypatch.setattr(
        trainer, "train", lambda recipe, run_dir, train=trainer.train: train(tiny(), run_dir)
    )
    lines = _python_lines("import trainer")
    assert "trainer.train(" in lines and "trainer.export(" in lines
    for version in (1, 2):
        names: dict = {}
        exec(lines, names)
        assert names["images"].dtype == np.uint8 and names["images"].shape == (16, 8, 8, 1)
        assert (tmp_path / "models" / "digits" / str(version) / "saved_model.pb").exists()


@pytest.fixture
def pets(tmp_path):
    """A model of two classes behind both ports, as `gan serve models/pets` would have it."""
    images = np.random.RandomState(0).randint(0, 256, (60, 8, 8, 1)).astype(np.uint8)
    labels = np.array(["cat", "dog"])[np.arange(60) % 2]
    np.savez(tmp_path / "pets.npz", images=images, labels=labels)
    experiment = tiny("cgan-digits", f"data.source=npz:{tmp_path}/pets.npz", "train.steps=1")
    trainer.train(experiment, tmp_path / "run", progress=False)
    trainer.export(tmp_path / "run", tmp_path / "pets")
    with Server(str(tmp_path / "pets"), "pets", port=0, rest_api_port=0) as server:
        yield server


@pytest.mark.integration
def test_the_lines_of_calling_run_twice_in_one_process(pets):
    lines = _python_lines("from serving import AsyncClient, Client")
    assert 'Client("localhost:8500"' in lines and 'AsyncClient("http://localhost:8501"' in lines
    lines = lines.replace(":8500", f":{pets.port}").replace(":8501", f":{pets.rest_api_port}")
    # At the top level `async with` is for notebooks.
    function = f"async def play():\n{textwrap.indent(lines, '    ')}\n    return locals()"
    for _ in range(2):
        names: dict = {"asyncio": asyncio}
        exec(function, names)
        made = asyncio.run(names["play"]())
        assert made["images"].shape == (64, 8, 8, 1) and len(made["way"]) == 32
        assert made["mix"].shape == (1, 8, 8, 1) and set(made["one"]) == {"image", "label"}
