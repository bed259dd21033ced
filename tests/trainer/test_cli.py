import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from trainer import task
from trainer.cli import main
from trainer.commands.base import hanging, start_tensorflow
from trainer.config.recipe import recipe_names, recipe_text
from trainer.errors import RESTART
from trainer.lab.figures import FIGURES
from trainer.run.summary import Summary

ROOT = Path(__file__).resolve().parents[2]


def gan(*arguments):
    return CliRunner().invoke(main, list(arguments))


def test_recipes_are_listed_by_chapter_one_a_line():
    lines = gan("recipes").stdout.splitlines()
    listed = [line.split()[0] for line in lines if line.startswith("  ")]
    assert sorted(listed) == recipe_names()
    assert "First games" in lines
    assert set(json.loads(gan("recipes", "--json").stdout)) == set(recipe_names())
    needed = {"dcgan-digits", "cgan-digits", "mlp-ring", "dcgan-mnist", "cgan-mnist"}
    assert needed | {"dcgan-fashion"} <= set(recipe_names())


def test_descriptions_are_wrapped_beside_their_names_on_a_terminal(monkeypatch):
    text = "one two three four five six seven eight nine ten eleven twelve thirteen"
    assert hanging("  name  ", text) == f"  name  {text}"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "40")
    lines = hanging("  name  ", text).split("\n")
    assert len(lines) == 3 and max(map(len, lines)) <= 40
    assert lines[1].startswith("        ") and " ".join(" ".join(lines).split()) == f"name {text}"


def test_one_recipe_is_printed_with_its_comments():
    assert gan("recipes", "mlp-ring").stdout.strip() == recipe_text("mlp-ring").strip()
    refused = gan("recipes", "mlp-rin")
    assert refused.exit_code == 2 and "mlp-ring" in refused.stderr


def test_the_figures_of_the_lab_are_listed_and_drawn(tmp_path):
    lines = gan("lab").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(FIGURES)
    assert json.loads(gan("lab", "--json").stdout).keys() == FIGURES.keys()
    (made,) = json.loads(gan("lab", "objectives", "--out", str(tmp_path), "--json").stdout)
    assert {made[kind] for kind in ("png", "svg", "json")} == {str(p) for p in tmp_path.iterdir()}


def test_a_dry_run_prints_the_resolved_recipe_looks_at_the_data_and_writes_nothing(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    result = gan("train", "cgan-digits", "--dry-run", "--set", "seed=3", "--set", "train.steps=7")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert "seed: 3  # default 0" in lines and "  steps: 7  # default 5000" in lines
    assert "  name: label  # default none" in lines and "  batch_size: 64" in lines
    assert "#   classes: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9" in lines
    assert "#   epochs: about 0.277, which 7 steps make" in lines
    as_json = json.loads(gan("train", "cgan-digits", "--dry-run", "--json").stdout)
    assert as_json["train"]["steps"] > 0 and as_json["train"]["batch_size"] > 0
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_says_the_steps_that_epochs_make():
    arguments = ["train", "cgan-digits", "--dry-run", "--set", "train.epochs=2.5"]
    lines = gan(*arguments).stdout.splitlines()
    # 1 797 digits less the tenth that is held out, in batches of 64.
    assert "#   steps: about 64, which 2.5 epochs make" in lines
    assert "  epochs: 2.5  # default null" in lines
    assert not [line for line in lines if line.startswith("  steps:")]
    train = json.loads(gan(*arguments, "--json").stdout)["train"]
    assert train["epochs"] == 2.5 and train["steps"] is None


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["data.source=folder:nowhere"], "nowhere is not a folder"),
        (["data.source=npz:unlabelled.npz"], "condition.name: received 'label'"),
        (["data.source=npz:unlabelled.npz", "condition=none"], "take at most 9"),
        (["data.source=tfds:mnist", "data.data_dir=nowhere"], "'mnist' is not prepared"),
        (["data.source=folder:sizes", "condition=none"], "data.size: received null"),
        (["data.source=folder:broken", "condition=none"], "data.max_corrupt_share: received 0.01"),
    ],
)
def test_a_dry_run_refuses_what_would_not_train(overrides, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("unlabelled.npz", images=np.zeros((10, 8, 8), np.uint8))
    for name, sides in (("sizes", (8, 9)), ("broken", (8, 8))):
        os.makedirs(name)
        for index, side in enumerate(sides):
            Image.new("L", (side, 8)).save(f"{name}/{index}.png")
    (tmp_path / "broken" / "2.png").write_bytes(b"no picture")
    changes = [word for override in overrides for word in ("--set", override)]
    result = gan("train", "cgan-digits", "--dry-run", *changes)
    assert result.exit_code == 2 and words in result.stderr
    assert "Traceback" not in result.stderr


def test_a_dry_run_refuses_samples_that_the_round_cannot_play_on(tmp_path, monkeypatch):
    """Where the source's class does not tell, the examples that were opened do."""
    monkeypatch.chdir(tmp_path)
    np.savez("points.npz", samples=np.zeros((200, 2), np.float32))
    result = gan("train", "lapgan-digits", "--dry-run", "--set", "data.source=npz:points.npz")
    assert result.exit_code == 2
    sentence = "received 'pyramid' with data.source=npz:points.npz, which holds numbers, but it pla"
    assert f"round.name: {sentence}" in result.stderr


def test_the_version_is_printed():
    assert re.search(r"saddlepoint, version \d+\.\d+", gan("--version").stdout)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train"], "Missing argument 'RECIPE'"),
        (["train", "nonesuch"], "RECIPE: received 'nonesuch'"),
        (["train", "cgan-digits", "--frobnicate"], "No such option"),
        (["train", "cgan-digits", "--set", "data.source=folder:/nowhere"], "data.source"),
        (["train", "cgan-digits", "--set", "data.source=ring"], "network.name"),
        (["train", "cgan-digits", "--set", "train.batch_size=5000"], "train.batch_size"),
        (["resume"], "Missing argument 'RUN_DIR'"),
        (["resume", "/nowhere"], "RUN_DIR: '/nowhere' holds no run"),
        (["export", "/nowhere", "--to", "/tmp/never"], "RUN_DIR"),
        (["serve", "/nowhere"], "/nowhere"),
        (["evaluate", "/nowhere"], "TARGET: '/nowhere' does not exist"),
        (["evaluate", "/nowhere", "--require", "fcd=8"], "--require: received 'fcd=8'"),
        (["compare"], "Missing argument"),
        (["compare", "/nowhere"], "/nowhere"),
        (["generate", "/nowhere", "--count", "1", "--out", "x"], "/nowhere"),
        (["generate", "/nowhere", "--count", "1", "--out", "x", "--format", "gif"], "gif"),
        (["generate", "/nowhere", "--out", "x"], "Missing option '--count', or one of '--per-cl"),
        (["generate", "/nowhere", "--count", "1", "--out", "x.npz"], "pass 'x', or put a / at the"),
        (["lab", "dirak"], "NAME: received 'dirak'; did you mean dirac?"),
        (["lab", "--out", "x"], "NAME: it is missing, with --out x"),
        (["lab", "dirac", "--out", __file__], "--out: "),
    ],
    ids=lambda a: " ".join(a) if isinstance(a, list) else "",
)
def test_usage_errors_end_with_code_2_and_a_sentence(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = gan(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_a_place_that_cannot_be_used_gets_a_sentence(trained_run, tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    train = ["train", "cgan-digits", "--run-dir"]
    export = ["export", str(trained_run), "--to"]
    for arguments in ([*train, str(file)], [*train, str(file / "below")], [*train, "s3://b/r"],
                      [*export, str(file)], [*export, str(file / "below")], [*export, "s3://b/m"],
                      ["demo", "--dir", str(tmp_path)]):  # fmt: skip
        result = gan(*arguments)
        assert result.exit_code in (1, 2), arguments
        assert result.stderr.startswith("gan: ") and "Traceback" not in result.stderr, arguments
        assert result.stderr.count("\n") == 1, arguments
    assert file.read_text() == "mine" and list(tmp_path.iterdir()) == [file]


def test_a_failed_run_ends_with_code_1(tmp_path):
    wild = "optimizers.discriminator={name: sgd, learning_rate: 1e30}"
    result = gan("train", "cgan-digits", "--run-dir", str(tmp_path / "r"), "--set", wild,
                 "--set", "network.base_filters=4", "--set", "train.steps=30")  # fmt: skip
    assert result.exit_code == 1
    assert "training stopped" in result.stderr


def test_an_export_and_samples_of_it(trained_run, tmp_path):
    models, out = str(tmp_path / "models"), tmp_path / "samples"
    exported = gan("export", str(trained_run), "--to", models, "--json")
    said = {"path": f"{models}/1", "step": 4, "reason": "the last one"}
    assert json.loads(exported.stdout) == said
    made = gan("generate", models, "--count", "5", "--label", "3", "--out", str(out))
    assert made.exit_code == 0, made.stderr
    assert len(list(out.rglob("*.png"))) == 5
    foreign = gan("generate", models, "--count", "6", "--label", "3", "--out", str(out))
    assert foreign.exit_code == 2


QUICK = [
    *("--set", "evaluate.num_samples=100", "--set", "evaluate.metrics=[sliced_wasserstein]"),
    *("--set", "evaluate.extractor=raw"),
]


@pytest.fixture(scope="module")
def evaluated_run(trained_run, tmp_path_factory):
    """A copy of the tiny run with an evaluation."""
    run_dir = tmp_path_factory.mktemp("evaluated") / "run"
    shutil.copytree(trained_run, run_dir)
    result = gan("evaluate", str(run_dir), *QUICK)
    assert result.exit_code == 0, result.stderr
    assert "swd_100_test" in result.stdout and "report.html" in result.stdout
    return run_dir


@pytest.fixture
def evaluated(evaluated_run, tmp_path):
    """A copy of that, to be written into."""
    shutil.copytree(evaluated_run, tmp_path / "run")
    return str(tmp_path / "run")


def test_a_requirement_decides_the_exit_code(evaluated):
    met = gan("evaluate", evaluated, *QUICK, "--require", "swd<1", "--json")
    assert met.exit_code == 0
    assert json.loads(met.stdout)["requirements"][0]["met"] is True
    unmet = gan("evaluate", evaluated, *QUICK, "--require", "swd_100<0")
    assert unmet.exit_code == 1
    assert "swd_100 < 0: not met" in unmet.stdout


def test_the_export_says_which_checkpoint_it_is_and_carries_a_card(evaluated, tmp_path):
    result = gan("export", evaluated, "--to", str(tmp_path / "models"), "--checkpoint", "best")
    assert "step 4, best by swd_100_test = " in result.stdout
    extra = tmp_path / "models" / "1" / "assets.extra"
    card = json.loads((extra / "model_card.json").read_text())
    assert card["checkpoint"]["step"] == 4
    assert card["evaluation"]["numbers"][0]["name"] == "swd_100_test"
    assert "swd_100_test" in (extra / "model_card.md").read_text()


def test_runs_exports_and_files_are_compared(evaluated, tmp_path):
    gan("export", evaluated, "--to", str(tmp_path / "models"))
    document = gan("evaluate", evaluated, *QUICK, "--json").stdout
    (tmp_path / "a.json").write_text(document)
    targets = [evaluated, str(tmp_path / "models"), str(tmp_path / "a.json")]
    result = gan("compare", *targets)
    assert result.exit_code == 0, result.stderr
    assert "swd_100_test" in result.stdout
    (tmp_path / "b.json").write_text(document.replace('"split": "test"', '"split": "train"'))
    refused = gan("compare", evaluated, str(tmp_path / "b.json"))
    assert refused.exit_code == 2 and "split" in refused.stderr


def test_the_cloud_job_does_not_export_what_falls_short(tmp_path, monkeypatch):
    monkeypatch.setenv("CLOUD_ML_HP_METRIC_FILE", str(tmp_path / "metrics"))
    overrides = ["network.base_filters=4", "train.batch_size=16"]
    arguments = [
        *("cgan-digits", "--run-dir", str(tmp_path / "r"), "--model-dir", str(tmp_path / "m")),
        *(word for override in overrides for word in ("--set", override)),
        *(*QUICK, "--tune", "swd", "--train.steps=2"),
    ]
    short = CliRunner().invoke(task.main, [*arguments, "--require", "swd<0"])
    assert short.exit_code == 1
    told = json.loads((tmp_path / "metrics").read_text())
    assert float(told["swd"]) > 0 and told["global_step"] == "2"
    assert not (tmp_path / "m").exists()
    enough = CliRunner().invoke(task.main, [*arguments, "--require", "swd<9"])
    assert enough.exit_code == 0 and (tmp_path / "m" / "1" / "saved_model.pb").exists()


def test_the_cloud_job_takes_its_places_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("AIP_CHECKPOINT_DIR", str(tmp_path / "job" / "checkpoints") + "/")
    monkeypatch.setenv("AIP_MODEL_DIR", str(tmp_path / "model"))
    overrides = ["network.base_filters=4", "train.batch_size=16", "train.steps=2"]
    arguments = ["cgan-digits", *(word for o in overrides for word in ("--set", o))]
    for _ in range(2):  # A restart runs the same command again; it exports once.
        result = CliRunner().invoke(task.main, arguments)
        assert result.exit_code == 0, result.stderr
        assert (tmp_path / "job" / "config.yaml").exists()
        assert [p.name for p in (tmp_path / "model").iterdir()] == ["1"]


def test_a_cloud_job_that_is_told_to_stop_asks_to_be_started_again(tmp_path, monkeypatch):
    stopped = Summary(str(tmp_path), 0, 7, "signal", 1.0, None)
    monkeypatch.setattr("trainer.training.train", lambda *_, **__: stopped)
    arguments = ["cgan-digits", "--run-dir", str(tmp_path), "--require", "fcd<1"]
    assert CliRunner().invoke(task.main, arguments).exit_code == RESTART


def test_the_cloud_job_refuses_what_the_command_refuses():
    result = CliRunner().invoke(task.main, ["cgan-digits", "--set", "train.stepz=1"])
    assert result.exit_code == 2 and "did you mean train.steps" in result.stderr
    gate = ["--require", "recall>0", "--set", "evaluate.metrics=[frechet]"]
    result = CliRunner().invoke(task.main, ["cgan-digits", *gate])
    assert result.exit_code == 2 and "set evaluate.metrics=[frechet, prdc]." in result.stderr


@pytest.mark.parametrize(("said", "line"), [("", "Interrupted."), ("Half is done.",) * 2])
def test_ctrl_c_ends_in_a_sentence(monkeypatch, said, line):
    def interrupted(name):
        raise KeyboardInterrupt(said)

    monkeypatch.setattr("trainer.commands.recipes.recipe_text", interrupted)
    result = gan("recipes", "mlp-ring")
    assert (result.exit_code, result.stderr) == (130, f"gan: {line}\n")


EARLY = """
import sys
from click.testing import CliRunner
from trainer.cli import main
result = CliRunner().invoke(main, sys.argv[1:])
assert result.exit_code == 2, result.output
assert "tensorflow" not in sys.modules
"""


@pytest.mark.parametrize("arguments", [
    ["train", "mle-grammar", "--set", "data.source=digits"],
    ["generate", "m", "--out", "x"],
    ["generate", "m", "--out", "x", "--count", "1", "--proportions", "cat"],
    ["generate", "m", "--out", "x", "--count", "1", "--code", "0=1", "--code", "0=2"],
    ["generate", "m", "--out", "x.png", "--count", "1"],
    ["translate", "m", "photos", "--out", "x.png"],
    ["translate", "m", "photos", "--out", "x", "--input", "mask"],
    ["call", "localhost:8500", "--out", "f.jpg"],
    ["call", "localhost:8500", "--count", "0"],
    ["lab", "dirak"],
], ids=" ".join)  # fmt: skip
def test_what_the_command_line_alone_tells_is_said_before_tensorflow_starts(arguments):
    subprocess.run([sys.executable, "-c", EARLY, *arguments], check=True, cwd=ROOT, timeout=60)


def test_commands_ask_anew_for_what_another_process_may_have_replaced(monkeypatch):
    monkeypatch.delenv("GCS_STAT_CACHE_MAX_AGE")
    start_tensorflow()
    assert os.environ["GCS_STAT_CACHE_MAX_AGE"] == "0"
