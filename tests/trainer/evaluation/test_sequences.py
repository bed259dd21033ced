"""Sequences from training to numbers: metrics of runs and exports."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from serving import batch
from serving.exported import ExportedModel
from tests.recipes import small
from trainer import catalogue
from trainer.data.alphabets import field_of
from trainer.data.examples import DataSpec, Examples
from trainer.data.sources import fasta
from trainer.data.symbols import ids_of
from trainer.errors import ConfigError, MetricError
from trainer.evaluation.measures import sequences
from trainer.evaluation.measures.design import designs
from trainer.evaluation.samples import SampleSet
from trainer.evaluation.workflow import evaluate_path
from trainer.exporting import export_run
from trainer.fields import Field
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


@pytest.mark.integration
def test_a_run_its_export_and_its_fasta_files_measure_alike(run_dir, exported, tmp_path):
    here = batch.ExecutionOptions(workers=0, progress=False)
    batch.generate(exported, str(tmp_path / "out"), count=60, format="fasta", execution=here)
    reference = "{name: motifs, sequences: 200, length: 12}:test"
    of_run, of_export, of_files = (
        {n.key: n.value for n in evaluate_path(str(path), QUICK, **asked).evaluations[-1].numbers}
        for path, asked in (
            (run_dir, {}),
            (exported, {}),
            (tmp_path / "out", {"reference": reference}),
        )
    )
    assert of_files == of_export
    assert {"ngram_js", "ngram_js_markov", "ngram_js_real", "motif_once", "motif_once_real",
            "position_matrix", "position_matrix_markov", "coupling"} <= set(of_run)  # fmt: skip
    assert of_run == pytest.approx(of_export, abs=0.1)
    assert of_run["motif_once_real"] == 1.0
    assert of_run["ngram_js_real"] < of_run["ngram_js"]


@pytest.mark.integration
def test_exports_write_letters(exported):
    model = ExportedModel(exported)
    made = model.run("generate", {"seed": np.arange(5)})["text"]
    assert all(len(text) == 12 and set(text) <= set(b"ACGT") for text in made)
    latent = model.run("latents", {"seed": np.arange(5)})["latent"]
    assert model.run("decode", {"latent": latent})["text"].tolist() == made.tolist()


@pytest.mark.integration
def test_generated_sequences_are_fasta_files(exported, tmp_path):
    here = batch.ExecutionOptions(workers=0, progress=False)
    batch.generate(exported, str(tmp_path / "out"), count=5, seed=3, format="fasta", execution=here)
    records = fasta.read(tmp_path / "out" / "samples-00000-of-00001.fasta")
    made = ExportedModel(exported).run("generate", {"seed": np.arange(3, 8)})["text"]
    assert [record.letters.encode() for record in records] == made.tolist()
    assert records[0].header == "00000000 seed=3"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (">a\nACGTACGTACGN\n", "TARGET: 'ACGTACGTACGN' is no sequence of 12 of the data's"),
        (">a\nACGT\n", "TARGET: 'ACGT' is no sequence of 12 of the data's symbols"),
        ("ACGT\n", "TARGET: line 1 of .* stands in front of the first header"),
    ],
)
def test_other_fasta_files_get_a_sentence(tmp_path, content, sentence):
    (tmp_path / "a.fasta").write_text(content)
    reference = "{name: motifs, sequences: 200, length: 12}:test"
    with pytest.raises(ConfigError, match=sentence):
        evaluate_path(str(tmp_path / "a.fasta"), QUICK, reference=reference)


# ---- By hand: real sequences are also those of training ------------------------------------------


def context(real, fake, *, labels=None, fake_labels=None, **about):
    field = replace(field_of("dna", **about), shape=(len(real[0]),))
    fields = {"sample": field, "label": Field((), "int64", "label", names=("EI", "IE", "N"))}
    known = _set(real, labels)
    return SimpleNamespace(
        spec=DataSpec(fields if labels else {"sample": field}, "", len(real)),
        real=known,
        fake=_set(fake, fake_labels),
        reference=SimpleNamespace(train=known),
        seed=0,
    )


def _set(texts, labels):
    ids = ids_of(texts, "ACGT", len(texts[0]))
    return replace(SampleSet.of_array(ids), labels=None if labels is None else np.array(labels))


def values(results):
    return {key: result.estimate.value for key, result in results.items()}


def test_motifs_are_counted():
    given = context(["TATAC", "CTATA"], ["TATAC", "CCCCC", "TATAG", "CTATA"], motif="TATA")
    found = values(sequences.motif(catalogue.Motif(), given))
    assert (found["motif_once"], found["motif_once_real"]) == (0.75, 1.0)
    # Two of three begin at the first of two places: H(1/3).
    assert found["motif_evenness"] == pytest.approx(0.9182958)
    assert found["motif_evenness_real"] == pytest.approx(1.0)


def test_sites_belong_to_their_class():
    real, labels = ["CGTC", "AGTA", "AGCC", "AGTT", "AAAA"], [0, 0, 1, 1, 2]
    fake, fake_labels = ["CGTC", "CCCC", "AGTC", "GTAA"], [0, 0, 1, 2]
    given = context(
        real, fake, labels=labels, fake_labels=fake_labels, sites={"EI": [1, "GT"], "IE": [0, "AG"]}
    )
    results = sequences.sites(catalogue.Sites(), given)
    assert values(results) == {"sites": 0.75, "sites_real": 1.0}
    assert results["sites"].note == "EI 0.500, IE 1.000"
    results = sequences.position_matrix(catalogue.PositionMatrix(order=1), given)
    assert results["position_matrix"].note.startswith("EI ") and "N" not in (
        results["position_matrix"].note
    )
    assert values(results)["position_matrix_real"] == pytest.approx(1.0)
    with pytest.raises(MetricError, match="no class with a site has samples on both sides"):
        sequences.sites(
            catalogue.Sites(),
            context(real, fake, labels=labels, fake_labels=[2] * 4, sites={"EI": [1, "GT"]}),
        )


def test_coupled_places_are_those_of_the_training_sequences():
    real = ["ACA", "CCC"] * 50
    given = context(real, ["ACA", "ACC", "CCA", "CCC"] * 25)
    results = sequences.coupling(catalogue.Coupling(), given)
    assert results["coupling"].note == "places 0 and 2"
    assert values(results)["coupling_real"] == pytest.approx(1.0, abs=0.02)
    assert values(results)["coupling"] == pytest.approx(0.0, abs=0.02)


def test_words_stand_beside_a_chain_and_the_training_sequences():
    real = ["ACGTACGT", "CGTACGTA"] * 20
    given = context(real, ["AAAAAAAA"] * 40)
    found = values(sequences.ngrams(catalogue.NGrams(n=3, order=1), given))
    assert found["ngram_js"] == pytest.approx(1.0)
    assert found["ngram_js_real"] == 0.0 and found["ngram_js_markov"] < 0.05


@pytest.mark.parametrize("highest", [True, False])
def test_designs_stand_beside_the_best_training_sequence(highest):
    """The property is how many A there are, which the second opinion finds."""
    ids = np.random.RandomState(0).randint(4, size=(400, 6))
    ids[(ids == 0).sum(axis=1) > 3] = 1
    ids[0] = [0, 0, 0, 1, 0, 0]
    count = (ids == 0).sum(axis=1, keepdims=True).astype(np.float32)
    deviation = float(count.std())
    part = Examples.of(sample=ids, attributes=count / deviation)
    named = {
        "text": np.array([b"AAAAAA", b"CCCCCA", b"CCCCCC"], object),
        "predicted": np.array([6.0, 1.0, 5.0]),
    }
    fields = {
        "sample": replace(field_of("dna"), shape=(6,)),
        "attributes": Field((1,), kind="attributes", names=("As",)),
    }
    searches = [catalogue.Design(highest=highest)]
    given = SimpleNamespace(
        spec=DataSpec(fields, "", 400),
        reference=SimpleNamespace(dataset=SimpleNamespace(train=part, held_out=part)),
        generator=SimpleNamespace(named=lambda seeds, signature="generate": named),
        target=SimpleNamespace(
            experiment=SimpleNamespace(export=SimpleNamespace(searches=searches))
        ),
        first_seed=0,
    )
    found = values(designs(catalogue.Designs(count=3, best=1), given))
    # Of the best training sequences one has five A and one has none. The highest design has six,
    # the lowest, of which 1 is promised, has one.
    wanted = {"designs": 1.0, "designs_generated": 1.0} if highest else {
        "designs": -1.0, "designs_generated": 0.0,
    }  # fmt: skip
    assert {n: found[n] * deviation for n in wanted} == pytest.approx(wanted, abs=0.1)
    assert found["designs_fit"] > 0.999
    with pytest.raises(MetricError, match="no property 'Cs', but As"):
        designs(catalogue.Designs(property="Cs"), given)
