import json
import re
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from serving import batch
from serving.exported import ExportedModel
from tests.conftest import TINY, tiny
from trainer.cli import main
from trainer.config.recipe import load_experiment
from trainer.errors import ConfigError
from trainer.evaluation import workflow
from trainer.evaluation.requirements import parse
from trainer.evaluation.workflow import evaluate_path
from trainer.exporting import export_run
from trainer.training import train

# Projections need no training, and few numbers need few samples.
QUICK = (
    "evaluate.extractor={name: random_projection, size: 8}",
    "evaluate.num_samples=120",
    "evaluate.metrics=[frechet, prdc, sliced_wasserstein]",
)


@pytest.fixture
def run_dir(trained_run, tmp_path, monkeypatch):
    """A copy of the tiny run, to be written into."""
    shutil.copytree(trained_run, tmp_path / "run")
    return str(tmp_path / "run")


@pytest.fixture(scope="module")
def samples(exported, tmp_path_factory):
    """The first 120 samples of the export as arrays."""
    from serving.exported import ExportedModel

    outputs = ExportedModel(str(exported)).run("generate", {"seed": np.arange(120)})
    folder = tmp_path_factory.mktemp("samples")
    np.savez(folder / "samples.npz", images=outputs["image"], labels=outputs["label"])
    for i, (image, label) in enumerate(zip(outputs["image"], outputs["label"], strict=True)):
        (folder / "png" / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(folder / "png" / str(label) / f"{i:04}.png")
    here = batch.ExecutionOptions(workers=0, progress=False)
    out = str(folder / "generated")
    batch.generate(str(exported), out, count=120, format="tfrecord", execution=here)
    return folder


def values(outcome):
    return {n.key: n.value for n in outcome.evaluations[-1].numbers}


@pytest.mark.integration
def test_run_export_arrays_and_pictures_of_one_generator_measure_alike(run_dir, exported, samples):
    of_run = evaluate_path(run_dir, QUICK)
    expected = values(of_run)
    assert set(expected) == {"fd", "precision", "recall", "density", "coverage", "swd"}
    # Files hold no seeds, so their order may differ: numbers agree to rounding.
    for path, reference in (
        (str(exported), None),
        (str(exported / "1"), "digits"),
        (str(samples / "samples.npz"), "digits:test"),
        (str(samples / "png"), "digits:test"),
        (str(samples / "generated"), "digits:test"),
    ):
        outcome = evaluate_path(path, QUICK, reference=reference)
        assert values(outcome) == pytest.approx(expected, rel=1e-6), path
        assert outcome.report is None and outcome.history == []
    evaluation = of_run.evaluations[0]
    assert (evaluation.recipe, evaluation.step) == ("cgan-digits", 4)
    assert evaluation.config_hash == tiny().hash


def test_an_evaluation_of_a_run_is_a_row_and_a_page_of_it(run_dir, tmp_path):
    outcome = evaluate_path(run_dir, QUICK, command="gan evaluate run")
    rows = (tmp_path / "run" / "evaluations.jsonl").read_text().splitlines()
    assert [json.loads(row) for row in rows] == [outcome.evaluations[0].as_dict()]
    page = (tmp_path / "run" / "report.html").read_text()
    assert "fd_120_test_proj8" in page and "gan evaluate run" in page
    assert "data:image/png;base64," in page and "Picture 20 of the quiz" in page


@pytest.mark.integration
def test_evaluating_twice_gives_the_same_numbers(run_dir):
    first, second = (evaluate_path(run_dir, QUICK).evaluations[0] for _ in range(2))
    assert first.numbers == second.numbers and first.protocol == second.protocol


@pytest.mark.integration
def test_another_seed_gives_other_samples(run_dir):
    first = values(evaluate_path(run_dir, QUICK))
    second = values(evaluate_path(run_dir, (*QUICK, "evaluate.seed=1000")))
    assert first["fd"] != second["fd"]


@pytest.mark.integration
def test_all_checkpoints_the_best_of_them_and_its_export(evaluated_run, tmp_path):
    run_dir = str(tmp_path / "run")
    without = shutil.ignore_patterns("evaluations.jsonl", "best")
    shutil.copytree(evaluated_run, run_dir, ignore=without)
    outcome = evaluate_path(run_dir, QUICK, checkpoint="all")
    assert [e.step for e in outcome.evaluations] == [2, 4, 6]
    best = min(outcome.evaluations, key=lambda e: e.find("fd").value)
    again = evaluate_path(run_dir, QUICK, checkpoint="best")
    assert again.evaluations[0].step == best.step
    exported = export_run(run_dir, tmp_path / "models", "best:fd")
    assert exported.step == best.step
    assert exported.reason.startswith("best by fd_120_test_proj8")


@pytest.mark.parametrize(
    ("bound", "met"), [("fd_120>=0", True), ("precision<=1", True), ("recall>1", False)]
)
def test_requirements_are_checked(run_dir, bound, met):
    outcome = evaluate_path(run_dir, QUICK, requirements=[parse(bound)])
    assert outcome.met is met
    assert outcome.as_dict()["requirements"][0]["met"] is met


def test_a_metric_that_cannot_be_had_says_why_and_the_others_go_on(run_dir):
    outcome = evaluate_path(
        run_dir,
        (*QUICK[:2], "evaluate.metrics=[gan_test, inception_score, sliced_wasserstein]"),
        requirements=[parse("gan_test>0.5")],
    )
    evaluation = outcome.evaluations[0]
    assert [n.key for n in evaluation.numbers] == ["swd"]
    assert {m.metric for m in evaluation.skipped} == {"gan_test", "inception_score"}
    assert "evaluate.extractor=classifier" in evaluation.skipped[0].reason
    assert not outcome.met


def test_fewer_samples_than_features_is_no_number(run_dir):
    outcome = evaluate_path(
        run_dir,
        ("evaluate.extractor=raw", "evaluate.num_samples=50", "evaluate.metrics=[frechet]"),
    )
    assert outcome.evaluations[0].numbers == ()
    assert "50" in outcome.evaluations[0].skipped[0].reason
    assert "64" in outcome.evaluations[0].skipped[0].reason


def test_a_constant_generator_is_named(tmp_path):
    np.savez(tmp_path / "same.npz", images=np.full((150, 8, 8, 1), 9, np.uint8))
    outcome = evaluate_path(str(tmp_path / "same.npz"), QUICK, reference="digits")
    assert "All 120 generated samples are the same." in outcome.evaluations[0].warnings
    assert values(outcome)["recall"] == 0.0


# Few held out, as in large data sets: most copies are of examples that have no counterpart.
@pytest.mark.parametrize("holdout_share", ["0.1", "0.02"])
def test_a_memorising_generator_is_flagged_and_an_honest_one_is_not(
    tmp_path, digits, holdout_share
):
    np.savez(tmp_path / "copies.npz", images=digits.train["sample"][::9])
    np.savez(tmp_path / "honest.npz", images=digits.held_out["sample"][36:])
    overrides = (
        "evaluate.extractor=raw",
        "evaluate.metrics=[memorisation]",
        f"data.holdout_share={holdout_share}",
    )
    copied = evaluate_path(str(tmp_path / "copies.npz"), overrides, reference="digits")
    assert any("memorises" in warning for warning in copied.evaluations[0].warnings)
    assert values(copied)["authenticity"] < 0.05
    if holdout_share == "0.1":  # The same examples are held out here as in the fixture.
        honest = evaluate_path(str(tmp_path / "honest.npz"), overrides, reference="digits")
        assert not any("memorises" in warning for warning in honest.evaluations[0].warnings)


@pytest.mark.integration
def test_data_that_changed_under_a_run_is_refused(tmp_path, digits):
    np.savez(tmp_path / "own.npz", images=digits.train["sample"][:200])
    experiment = tiny("dcgan-digits", f"data.source=npz:{tmp_path}/own.npz")
    train(experiment, tmp_path / "run", progress=False)
    np.savez(tmp_path / "own.npz", images=digits.train["sample"][200:400])
    with pytest.raises(ConfigError, match=r"was trained on other data than npz:.* is now"):
        evaluate_path(str(tmp_path / "run"), QUICK)


@pytest.mark.integration
def test_a_run_on_other_data_bears_a_name_of_its_own_on_every_page(tmp_path, digits):
    np.savez(tmp_path / "own.npz", images=digits.train["sample"][:200])
    run_dir, models = tmp_path / "pets", tmp_path / "models"
    overrides = [f"data.source=npz:{tmp_path}/own.npz", "network.base_filters=4", *TINY]
    train(load_experiment("dcgan-digits", overrides, run_dir), run_dir, progress=False)
    outcome = evaluate_path(str(run_dir), QUICK)
    page = (run_dir / "report.html").read_text()
    headings = re.findall(r"<(?:title|h1)>(.*?)</", page)
    assert len(headings) == 2 and all(heading.startswith("pets") for heading in headings)
    assert outcome.text.lstrip().startswith("pets")
    export_run(run_dir, models)
    described = ExportedModel(str(models)).description
    assert described.document["name"] == "pets"  # what `gan serve`'s page and its tab are called
    card = (models / "1" / "assets.extra" / "model_card.md").read_text()
    assert card.startswith("# pets\n")
    assert "scikit-learn" not in card and "dcgan-digits" not in " ".join(headings)


@pytest.mark.integration
def test_moved_data_is_named_and_the_fingerprint_decides(tmp_path, digits):
    np.savez(tmp_path / "own.npz", images=digits.train["sample"][:200])
    np.savez(tmp_path / "other.npz", images=digits.train["sample"][200:400])
    train(tiny("dcgan-digits", f"data.source=npz:{tmp_path}/own.npz"), tmp_path / "run")
    models = str(tmp_path / "models")
    export_run(tmp_path / "run", models)
    (tmp_path / "own.npz").rename(tmp_path / "moved.npz")
    for target in (str(tmp_path / "run"), models):
        outcome = CliRunner().invoke(main, [
            *("evaluate", target, "--data", f"npz:{tmp_path}/moved.npz", "--json"),
            *(word for override in QUICK for word in ("--set", override)),
        ])  # fmt: skip
        assert outcome.exit_code == 0, outcome.stderr
        protocol = json.loads(outcome.stdout)["protocol"]
        assert (protocol["num_real"], protocol["split"]) == (20, "test")
        refused = CliRunner().invoke(
            main, ["evaluate", target, "--data", f"npz:{tmp_path}/other.npz"]
        )
        assert refused.exit_code == 2 and "was trained on other data than" in refused.stderr


def test_the_data_of_an_export_cannot_be_cut_otherwise(exported):
    with pytest.raises(ConfigError, match="was trained on other data"):
        evaluate_path(str(exported), (*QUICK, "data.holdout_share=0.5"))


def test_a_page_that_cannot_be_written_is_refused_first_or_warned_of(run_dir, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"--report: .* cannot be written"):
        evaluate_path(run_dir, QUICK, report=str(tmp_path / "file" / "page.html"))
    (tmp_path / "run" / "report.html").mkdir()
    outcome = evaluate_path(run_dir, QUICK)
    assert outcome.report is None and outcome.evaluations[0].numbers
    assert "cannot be written" in caplog.text


@pytest.mark.integration
def test_a_log_cut_short_or_foreign_loses_no_other_row(run_dir, tmp_path, caplog):
    path = tmp_path / "run" / "evaluations.jsonl"
    path.write_text('{"step": 4}\n{"step": 4, "cut')
    outcome = evaluate_path(run_dir, QUICK)
    assert outcome.history == outcome.evaluations
    assert "a row is left out" in caplog.text
    assert export_run(run_dir, tmp_path / "models").step == 4


def test_a_metric_that_breaks_costs_no_other(run_dir, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("somebody's own")

    monkeypatch.setattr("trainer.evaluation.measures.features.prdc", broken)
    evaluation = evaluate_path(run_dir, QUICK).evaluations[0]
    assert [m.metric for m in evaluation.skipped] == ["prdc"]
    assert {n.key for n in evaluation.numbers} == {"fd", "swd"}


def test_folders_called_test_and_train_are_folders(samples, tmp_path, monkeypatch):
    shutil.copytree(samples / "png", tmp_path / "test")
    monkeypatch.chdir(tmp_path)
    outcome = evaluate_path(str(samples / "samples.npz"), QUICK, reference="folder:test")
    assert outcome.evaluations[0].protocol.reference == "folder:test"


@pytest.mark.parametrize(
    ("path", "options", "sentence"),
    [
        ("nowhere", {}, "TARGET: 'nowhere' does not exist"),
        ("{samples}/png", {}, "--reference: .* say what real ones are"),
        ("{run}", {"reference": "digits"}, "is measured against its own data"),
        ("{run}", {"checkpoint": "3"}, "--checkpoint: received '3'; accepted are last"),
        ("{run}", {"checkpoint": "best"}, "no checkpoint .* was evaluated"),
        ("{models}", {"checkpoint": "best"}, "is no run; leave it out"),
        ("{run}", {"overrides": ["train.batch_size=8"]}, "of a run only evaluate"),
        ("{samples}/png", {"reference": "ring"}, "samples are 8x8x1 uint8 and the real ones 2"),
        ("{samples}/png", {"reference": "digits:wrong"}, "digits takes no argument"),
        ("{samples}/png", {"reference": "nothing"}, "data.source: received 'nothing'"),
    ],
)
def test_what_cannot_be_evaluated_gets_a_sentence(
    run_dir, exported, samples, path, options, sentence
):
    path = path.format(run=run_dir, samples=samples, models=exported)
    overrides = (*QUICK, *options.pop("overrides", ()))
    with pytest.raises(ConfigError, match=sentence):
        evaluate_path(path, overrides, **options)


def test_float_samples_in_other_units_are_named(tmp_path):
    points = np.random.RandomState(0).uniform(0, 255, (200, 2)).astype(np.float32)
    np.savez(tmp_path / "points.npz", x=points)
    outcome = evaluate_path(
        str(tmp_path / "points.npz"), ("evaluate.metrics=[sliced_wasserstein]",), reference="ring"
    )
    assert any("in the same units?" in warning for warning in outcome.evaluations[0].warnings)


def test_a_number_of_samples_beyond_the_files_takes_them_all(samples):
    outcome = evaluate_path(
        str(samples / "samples.npz"), (*QUICK, "evaluate.num_samples=5000"), reference="digits"
    )
    protocol = outcome.evaluations[0].protocol
    assert (protocol.num_fake, protocol.num_real) == (120, 1797)


@pytest.mark.integration
def test_all_of_a_reference_is_used_unless_the_model_was_trained_on_it(exported, digits, tmp_path):
    np.savez(tmp_path / "other.npz", images=digits.train["sample"][:90])
    for reference, split, num_real in (
        (f"npz:{tmp_path}/other.npz", "all", 90),
        (f"npz:{tmp_path}/other.npz:test", "test", 9),
        (f"npz:{tmp_path}/other.npz:train", "train", 81),
        ("digits", "test", 120),
    ):
        outcome = evaluate_path(str(exported), QUICK, reference=reference)
        protocol = outcome.evaluations[0].protocol
        assert (protocol.split, protocol.num_real) == (split, num_real), reference
    # The split stays with the number.
    assert outcome.evaluations[0].numbers[0].name.startswith("fd_120_test_")


@pytest.mark.parametrize("already", [0, 1])
def test_an_interrupted_evaluation_says_what_is_kept(run_dir, monkeypatch, already):
    original, checkpoints, calls = workflow.evaluate, workflow._checkpoints, []

    def evaluate(*arguments):
        calls.append(arguments)
        if len(calls) > already:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(workflow, "evaluate", evaluate)
    monkeypatch.setattr(workflow, "_checkpoints", lambda *arguments: [*checkpoints(*arguments)] * 2)
    kept = f"the evaluations of step 4 are kept in {run_dir}" if already else "the same command"
    with pytest.raises(KeyboardInterrupt, match=kept):
        evaluate_path(run_dir, QUICK)
