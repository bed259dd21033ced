"""`--json`: every command has it, and nothing but the document is on standard output."""

import json

import click
import pytest
import yaml
from click.testing import CliRunner

from serving.bulk.command import main as serving_batch
from serving.json_output import json_option, say
from trainer.cli import main as gan
from trainer.task import main as trainer_task

COMMANDS = {**gan.commands, "trainer.task": trainer_task, "serving.batch": serving_batch}
# What each command refuses at once, by the command's name.
REFUSED = {
    "recipes": ["nonesuch"],
    "init": ["nowhere"],
    "train": ["nonesuch"],
    "resume": ["nowhere"],
    "demo": ["--set", "nonesuch=1"],
    "lab": ["nonesuch"],
    "submit": ["nowhere.yaml"],
    "evaluate": ["nowhere"],
    "compare": ["nowhere"],
    "export": ["nowhere", "--to", "models"],
    "serve": ["nowhere"],
    "call": ["ftp://nowhere"],
    "generate": ["nowhere", "--count", "1", "--out", "out"],
    "translate": ["nowhere", "pictures", "--out", "out"],
    "verify": ["nowhere"],
    "trainer.task": ["nonesuch"],
    "serving.batch": ["nowhere", "--count", "1", "--out", "out"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_refusal_is_a_sentence_beside_an_empty_standard_output(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(COMMANDS[name], [*REFUSED[name], "--json"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1 and "No such option" not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["recipes"],
        ["recipes", "mlp-ring"],
        ["init", "lines.txt"],
        ["train", "mlp-ring", "--dry-run"],
        ["lab"],
        ["submit", "job.yaml", "--dry-run"],
    ],
    ids=" ".join,
)
def test_standard_output_is_one_document(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lines.txt").write_text("abc\nacb\n" * 20)
    job = {"name": "one", "recipe": "mlp-ring", "run_dir": "runs/one", "platform": "slurm"}
    (tmp_path / "job.yaml").write_text(yaml.safe_dump(job))
    result = CliRunner().invoke(gan, [*arguments, "--json"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1 and json.loads(result.stdout)


def test_the_real_server_is_not_asked_for_json(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    arguments = ["serve", "models", "--engine=tensorflow_model_server", "--json"]
    result = CliRunner().invoke(gan, arguments)
    assert result.exit_code == 2 and result.stderr.startswith("gan: json: ")


@click.command()
@json_option
def chatty(as_json):
    print("a network of the user's own")
    say(as_json, {"loss": float("nan"), "steps": [1, float("inf")]}, "said")


def test_what_else_is_printed_goes_to_standard_error_and_numbers_are_finite():
    result = CliRunner().invoke(chatty, ["--json"])
    assert json.loads(result.stdout) == {"loss": None, "steps": [1, None]}
    assert result.stderr == "a network of the user's own\n"
    result = CliRunner().invoke(chatty, [])
    assert result.stdout == "a network of the user's own\nsaid\n" and not result.stderr
