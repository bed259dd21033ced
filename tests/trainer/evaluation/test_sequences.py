"""Sequences from training to numbers: metrics of runs and exports."""

import numpy as np
import pytest

from serving import batch
from serving.exported import ExportedModel
from tests.recipes import small
from trainer.data.sources import fasta
from trainer.evaluation.workflow import evaluate_path
from trainer.exporting import export_run
from trainer.training import train

QUICK = ("evaluate.num_samples=60",)


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sequences")
    train(small("killoran-motifs", folder, "train.steps=2"), folder / "run", progress=False)
    return folder / "run"


@pytest.fixture(scope="module")
def exported(run_dir):
    return str(export_run(run_dir, run_dir.parent / "model").path).rpartition("/")[0]


def test_a_run_and_its_export_measure_alike(run_dir, exported):
    of_run, of_export = (
        {n.key: n.value for n in evaluate_path(str(path), QUICK).evaluations[-1].numbers}
        for path in (run_dir, exported)
    )
    assert {"ngram_js", "ngram_js_markov", "ngram_js_real", "motif_once", "motif_once_real",
            "position_matrix", "position_matrix_markov", "coupling"} <= set(of_run)  # fmt: skip
    assert of_run == pytest.approx(of_export, abs=0.1)
    assert of_run["motif_once_real"] == 1.0
    assert of_run["ngram_js_real"] < of_run["ngram_js"]


def test_exports_write_letters(exported):
    model = ExportedModel(exported)
    made = model.run("generate", {"seed": np.arange(5)})["text"]
    assert all(len(text) == 12 and set(text) <= set(b"ACGT") for text in made)
    latent = model.run("latents", {"seed": np.arange(5)})["latent"]
    assert model.run("decode", {"latent": latent})["text"].tolist() == made.tolist()


def test_generated_sequences_are_fasta_files(exported, tmp_path):
    here = batch.Manner(workers=0, progress=False)
    batch.generate(exported, str(tmp_path / "out"), count=5, seed=3, format="fasta", manner=here)
    records = fasta.read(tmp_path / "out" / "samples-00000-of-00001.fasta")
    made = ExportedModel(exported).run("generate", {"seed": np.arange(3, 8)})["text"]
    assert [record.letters.encode() for record in records] == made.tolist()
    assert records[0].header == "00000000 seed=3"
