"""What the pages say is true: links lead somewhere, code runs, notebooks end."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from trainer.catalogue import DataSource
from trainer.catalogue.choice import members
from trainer.config.recipe import load_experiment, with_overrides
from trainer.training import train

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_links_of_the_front_pages_lead_to_files(name):
    """Those of docs/ are `make docs`'s to check."""
    links = re.findall(r"\]\(([^)#]+)", (ROOT / name).read_text("utf-8"))
    assert [link for link in links if ":" not in link and not (ROOT / link).exists()] == []


def test_the_front_page_links_every_chapter():
    text = (ROOT / "docs" / "index.md").read_text("utf-8")
    chapters = {path.name for path in (ROOT / "docs" / "systems").glob("*.md")}
    assert chapters == set(re.findall(r"\(systems/([\w.]+)\)", text))


def remedies():
    """The options in the table of what to do when training fails, a list each."""
    page = (ROOT / "docs" / "failing.md").read_text("utf-8")
    cells = [row.rpartition(" | ")[2] for row in page.splitlines() if row.startswith("| ")]
    found = [shlex.split(code) for cell in cells for code in re.findall(r"`(--set .*?)`", cell)]
    return [[word for word in words if word != "--set"] for words in found]


@pytest.mark.parametrize("overrides", remedies(), ids=" ".join)
def test_what_to_do_when_training_fails_is_taken(overrides):
    """By a plain DCGAN of labels, or by a game that has what the remedy is for."""
    others = {
        "matching_aware": "gan-cls-digits",
        "mutual_information": "infogan-digits",
        "regression": "attributes-digits",
    }
    fitting = (recipe for term, recipe in others.items() if term in " ".join(overrides))
    recipe = next(fitting, "cgan-digits")
    experiment = load_experiment(recipe, overrides)
    assert with_overrides(experiment, overrides) == experiment  # and so they are in it


def test_there_are_remedies():
    assert len(remedies()) > 15


def test_the_page_of_data_names_every_source_and_no_other():
    text = (ROOT / "docs" / "data.md").read_text("utf-8")
    sources = {kind.model_fields["name"].default for kind in members(DataSource)}
    rows = re.findall(r"^\| (`.*?) \| ", text, re.MULTILINE)
    spelled = {name for row in rows for name in re.findall(r"`(?:\{name: )?([\w.]+)", row)}
    assert spelled == sources | {"data.source"} and len(sources) > 30


def test_a_network_of_ones_own_trains(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "howto" / "own-network.md").read_text("utf-8")
    (module,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (recipe,) = re.findall(r"    # mine.yaml\n((?:    .*\n)+)", page)
    (tmp_path / "my_networks.py").write_text(module, "utf-8")
    (tmp_path / "mine.yaml").write_text(re.sub("^    ", "", recipe, flags=re.MULTILINE), "utf-8")
    monkeypatch.chdir(tmp_path)
    small = ["train.steps=2", "train.batch_size=16", "run.instruments_every=null"]
    summary = train(load_experiment("mine.yaml", small), tmp_path / "run", progress=False)
    assert summary.step == 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_show_what_their_cells_made(path):
    """Every code cell was run, in order, and none ended in an error."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    kinds = {output["output_type"] for cell in code for output in cell["outputs"]}
    assert "error" not in kinds and "display_data" in kinds


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(path, tmp_path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    (tmp_path / "notebook.py").write_text("\n\n".join(code), "utf-8")
    subprocess.run(
        [sys.executable, "notebook.py"],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=600,
    )
