"""Texts from training to numbers: runs, exports and files of samples measure alike."""

import numpy as np
import pytest

from serving import batch
from serving.exported import ExportedModel
from tests.recipes import small
from trainer.errors import ConfigError
from trainer.evaluation.workflow import evaluate_path
from trainer.exporting import export_run
from trainer.training import train

QUICK = ("evaluate.num_samples=60",)
KEYS = {f"{name}_{order}" for name in ("bleu", "self_bleu") for order in (2, 3, 4, 5)}
KEYS |= {f"distinct_{size}" for size in (1, 2, 3)} | {
    "ngram_js",
    "ngram_js_markov",
    "ngram_js_real",
}
KEYS |= {"unique_texts", "copied_texts", "grammatical", "text_nll"}


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    quick = ("train.steps=2", "data.source.sentences=300", "evaluate.every=2", *QUICK)
    train(small("seqgan-grammar", folder, *quick), folder / "run", progress=False)
    return folder / "run"


def numbers(*args, **kwargs):
    evaluation = evaluate_path(*args, **kwargs).evaluations[-1]
    assert not evaluation.skipped
    return {n.key: n for n in evaluation.numbers}


@pytest.mark.integration
def test_a_run_its_export_and_its_texts_measure_alike(run_dir, tmp_path):
    of_run = numbers(str(run_dir), QUICK)
    assert of_run.keys() == KEYS
    assert all(np.isfinite(n.value) for n in of_run.values())
    assert (
        of_run["bleu_2"].name.startswith("bleu_2_60_test") and "training" in of_run["bleu_2"].note
    )
    export = export_run(run_dir, tmp_path / "model").path
    of_export = numbers(str(export), QUICK)
    models = str(tmp_path / "model")
    texts = ExportedModel(models).run("generate", {"seed": np.arange(60)})["text"]
    (tmp_path / "a.txt").write_bytes(b"\n".join(texts) + b"\n")
    here = batch.ExecutionOptions(workers=0, progress=False)
    batch.generate(models, str(tmp_path / "out"), count=60, format="csv", execution=here)
    reference = "{name: grammar, sentences: 300}:test"
    of_file, of_output = (
        numbers(str(tmp_path / name), QUICK, reference=reference) for name in ("a.txt", "out")
    )
    # What a text's probability is, only the run can be asked.
    assert KEYS - of_export.keys() == KEYS - of_file.keys() == {"text_nll"}
    assert of_run["text_nll"].value == pytest.approx(np.log(22), rel=0.1)
    for key, number in of_export.items():
        assert number.value == of_run[key].value == of_file[key].value, key
        assert number.value == of_output[key].value, key


@pytest.mark.integration
def test_texts_are_shown(run_dir):
    evaluate_path(str(run_dir), QUICK)
    page = (run_dir / "report.html").read_text()
    assert "Generated</h3>" in page and page.count("<li>") >= 60
    assert (run_dir / "evaluations.jsonl").read_text().count("self_bleu_5") >= 1


@pytest.mark.parametrize(
    ("content", "reference", "sentence"),
    [
        (b"a\n\xff\n", "grammar", r"TARGET: .* is not UTF-8 text \(byte 2, in line 2\)"),
        (b"a\n", "grammar", r"TARGET: .* holds less than 2 lines"),
        (b"a\nb\n", "digits", r"TARGET: it holds texts, and the real samples are of kind 'image'"),
    ],
)
def test_files_that_cannot_be_measured_get_a_sentence(tmp_path, content, reference, sentence):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        evaluate_path(str(tmp_path / "a.txt"), QUICK, reference=reference)


@pytest.mark.integration
def test_an_oracle_knows_how_likely_sequences_are(tmp_path):
    few = small("mle-oracle", tmp_path, "train.steps=2", *QUICK)
    train(few, tmp_path / "run", progress=False)
    asked = ("evaluate.metrics=[oracle_likelihood, text_likelihood]", *QUICK)
    of_run = numbers(str(tmp_path / "run"), asked)
    assert of_run["oracle_nll_real"].value < of_run["oracle_nll"].value
    assert of_run["oracle_nll"].value == pytest.approx(of_run["oracle_nll_random"].value, rel=0.2)
    assert of_run["text_nll"].value == pytest.approx(np.log(20), rel=0.05)
