"""Molecules from training to files: metrics of runs and exports, bulk generation."""

import sys

import numpy as np
import pytest

from serving import batch
from serving.exported import ExportedModel
from tests.recipes import small
from trainer.data.molecules.smiles import SmilesError, parse
from trainer.evaluation.measures import molecules
from trainer.evaluation.workflow import evaluate_path
from trainer.exporting import export_run
from trainer.training import train

QUICK = ("evaluate.num_samples=40", "evaluate.metrics=[molecule_counts, columns]")


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("molecules")
    train(small("molgan-molecules", folder, "train.steps=2"), folder / "run", progress=False)
    return folder / "run"


@pytest.fixture(scope="module")
def exported(run_dir):
    return str(export_run(run_dir, run_dir.parent / "model").path).rpartition("/")[0]


@pytest.mark.integration
def test_a_run_and_its_export_measure_alike(run_dir, exported):
    of_run, of_export = (
        evaluate_path(str(path), QUICK).evaluations[-1] for path in (run_dir, exported)
    )
    numbers = {n.key: n.value for n in of_run.numbers}
    assert set(numbers) == {"valid", "valid_parts", "unique", "novel", "vun"}
    assert numbers["vun"] == pytest.approx(numbers["valid"] * numbers["unique"] * numbers["novel"])
    assert numbers == {n.key: n.value for n in of_export.numbers}
    assert "of real samples 100.00%" in {n.note for n in of_run.numbers}
    assert of_run.skipped[0].reason == "it is for vector samples, and these are graph ones."


@pytest.mark.integration
def test_texts_are_what_the_graphs_say(exported):
    made = ExportedModel(exported).run("generate", {"seed": np.arange(30)})
    assert made["sample"].shape == (30, 6, 6)
    for text, graph in zip(made["smiles"], made["sample"], strict=True):
        try:
            molecule = parse(text.decode())
        except SmilesError:
            assert graph.any(axis=1).sum() == 0 or _over(graph)
        else:
            assert len(molecule.atoms) == np.count_nonzero(np.diagonal(graph))


def _over(graph):
    """Whether an atom of a graph of C, N, O and F has more bonds than it may."""
    used = graph.sum(axis=1) - np.diagonal(graph)
    return (used > np.array([0, 4, 3, 2, 1])[np.diagonal(graph)]).any()


@pytest.mark.integration
def test_bulk_writes_smiles(exported, tmp_path):
    batch.generate(exported, str(tmp_path / "out"), count=20, seed=5)
    lines = (tmp_path / "out" / "samples-00000-of-00001.smi").read_text().splitlines()
    made = ExportedModel(exported).run("generate", {"seed": np.arange(5, 25)})["smiles"]
    assert [line.split("\t") for line in lines] == [
        [text.decode(), str(seed)] for text, seed in zip(made, range(5, 25), strict=True)
    ]
    batch.generate(exported, str(tmp_path / "best"), count=4, best_of=8)
    assert len((tmp_path / "best" / "samples-00000-of-00001.smi").read_text().splitlines()) == 4


def test_novel_is_what_no_training_molecule_is():
    texts = ["CCO", "OCC", "COC", "C=C"]
    training = [parse(text) for text in ("CCO", "CC", "CCN")]
    keys = [parse(text).key for text in texts]
    found = molecules._keys_like([*keys, None], training)
    assert found == {parse("CCO").key}


def test_samples_in_a_file_are_measured_whoever_made_them(tmp_path):
    """Five lines: two molecules, one of more atoms than the data and of others; parts; nothing."""
    text = "CCO 0\nOCC 1\nCCCCCCC[NH3+] 2\nC.C\nF=C\n"
    (tmp_path / "a.smi").write_text(text, "utf-8")
    source = "{name: molecules, molecules: 100, atoms: 6}:all"
    options = (*QUICK, f"evaluate.cache_dir={tmp_path}")
    page = tmp_path / "page.html"
    of_file = evaluate_path(str(tmp_path / "a.smi"), options, reference=source, report=str(page))
    numbers = {n.key: n.value for n in of_file.evaluations[-1].numbers}
    assert numbers["valid"] == pytest.approx(0.6) and numbers["valid_parts"] == pytest.approx(0.8)
    assert numbers["unique"] == pytest.approx(2 / 3)
    assert "<li>CCCCCCC[NH3+]</li>" in page.read_text("utf-8")


@pytest.mark.integration
def test_rdkit_checks_what_it_is_asked_to(run_dir, monkeypatch):
    pytest.importorskip("rdkit")
    asked = (
        "evaluate.num_samples=40",
        "evaluate.metrics=[{name: molecule_counts, checker: rdkit}]",
    )
    numbers = evaluate_path(str(run_dir), asked).evaluations[-1].numbers
    assert any("rdkit" in number.name for number in numbers)
    assert "of real samples 100.00%" in {number.note for number in numbers}
    monkeypatch.setitem(sys.modules, "rdkit", None)
    (skipped,) = evaluate_path(str(run_dir), asked).evaluations[-1].skipped
    assert "pip install 'saddlepoint[chem]'" in skipped.reason
