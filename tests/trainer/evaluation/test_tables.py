"""Tables from training to files: metrics of runs and exports, bulk generation, the clients."""

import csv

import numpy as np
import pytest

from serving import Client, batch
from serving.errors import UsageError
from serving.exported import ExportedModel
from serving.server import Server
from tests.recipes import small
from trainer.errors import ConfigError
from trainer.evaluation.workflow import evaluate_path
from trainer.exporting import export_run
from trainer.training import train

QUICK = ("evaluate.num_samples=60", "evaluate.metrics=[{name: utility, models: [tree]}, "
         "mixed_columns, closest_record, columns]")  # fmt: skip
COLUMNS = ["age", "job", "income", "savings", "purpose", "amount", "repaid"]


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    train(small("ctgan-loans", folder, "train.steps=2"), folder / "run", progress=False)
    return folder / "run"


@pytest.fixture(scope="module")
def exported(run_dir):
    return str(export_run(run_dir, run_dir.parent / "model").path).rpartition("/")[0]


@pytest.mark.integration
def test_a_run_and_its_export_measure_alike(run_dir, exported):
    of_run, of_export = (
        {n.key: n.value for n in evaluate_path(str(path), QUICK).evaluations[-1].numbers}
        for path in (run_dir, exported)
    )
    assert set(of_run) == {
        *("utility_f1", "utility_f1_real", "utility_accuracy", "utility_accuracy_real"),
        *("column_w1", "column_js", "association", "closest_record", "copied_rows"),
    }
    assert of_run == pytest.approx(of_export, abs=0.05)
    (skipped,) = evaluate_path(str(run_dir), QUICK).evaluations[-1].skipped
    assert skipped.reason == "it is for vector samples, and these are table ones."


@pytest.mark.integration
def test_files_measure_as_the_model_that_made_them(exported, tmp_path):
    out, reference = str(tmp_path / "out"), "{name: loans, rows: 300}:all"
    here = batch.ExecutionOptions(workers=0, progress=False)
    batch.generate(exported, out, count=60, format="csv", execution=here)
    of_files, of_model = (
        {
            n.key: n.value
            for n in evaluate_path(path, QUICK, reference=reference).evaluations[-1].numbers
        }
        for path in (out, exported)
    )
    assert of_files == pytest.approx(of_model, abs=1e-3) and "utility_f1" in of_files


def test_rows_are_shown_while_training(run_dir):
    lines = list(csv.reader((run_dir / "samples" / "step-00000002.txt").open()))
    assert lines[0] == COLUMNS and len(lines) == 21


def test_other_columns_get_a_sentence(exported, tmp_path):
    (tmp_path / "a.csv").write_text("age,job\n" + "31,nurse\n45,pilot\n" * 20)
    with pytest.raises(ConfigError, match=r"holds '\w+', which the data's does not"):
        evaluate_path(exported, QUICK, reference=f"{{name: table, path: {tmp_path}/a.csv}}:all")


@pytest.mark.integration
@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_files_have_the_columns_in_their_order(exported, tmp_path, format):
    here = batch.ExecutionOptions(workers=0, progress=False)
    out = str(tmp_path / "out")
    label = "job=nurse"
    batch.generate(exported, out, count=30, format=format, label=label, execution=here)
    made = ExportedModel(exported).run(
        "generate_conditional", {"seed": np.arange(30), "label": np.full(30, 3)}
    )
    rows = _read(tmp_path / "out" / f"samples-00000-of-00001.{format}")
    assert list(rows) == ["seed", "label", *COLUMNS]
    assert rows["job"] == [job.decode() for job in made["job"]]
    assert list(map(int, rows["amount"])) == made["amount"].tolist()
    income = [np.nan if cell in ("", None) else float(cell) for cell in rows["income"]]
    np.testing.assert_allclose(income, made["income"])
    assert batch.verify(out, model_dir=exported, share=1.0).problems == []


def _read(path):
    if path.suffix == ".parquet":
        return pytest.importorskip("pyarrow.parquet").read_table(path).to_pydict()
    with path.open() as file:
        header, *lines = csv.reader(file)
    return dict(zip(header, map(list, zip(*lines, strict=True)), strict=True))


@pytest.mark.integration
def test_clients_get_columns_and_name_categories(exported):
    with Server(exported, "loans", port=0, rest_api_port=0) as server:
        replies = []
        for address in (f"localhost:{server.port}", f"http://localhost:{server.rest_api_port}"):
            with Client(address, "loans") as client:
                replies.append(client.generate(range(40)))
                named = client.generate_conditional([1, 2], labels=["repaid=no", "job=nurse"])
                with pytest.raises(UsageError, match=r"'job=pilot' is no name of a label"):
                    client.generate_conditional([1], labels="job=pilot")
        assert list(replies[0]) == COLUMNS and set(named) == set(COLUMNS)
        for name in COLUMNS:
            np.testing.assert_array_equal(replies[0][name], replies[1][name])
        assert isinstance(replies[0]["job"][0], str) and replies[0]["age"].dtype == np.int64
