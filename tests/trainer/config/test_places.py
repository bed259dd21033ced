"""What is wrong on a command line is answered before TensorFlow is imported."""

import json
import subprocess
import sys

import pytest

# Runs each command in one process and prints exit code, message and whether TensorFlow is there.
PROGRAM = """
import json, sys
from click.testing import CliRunner
from trainer import task
from trainer.cli import main
for arguments in json.loads(sys.argv[1]):
    job = arguments[0] == "task"
    result = CliRunner().invoke(task.main if job else main, arguments[job:])
    print(json.dumps([result.exit_code, result.stderr, "tensorflow" in sys.modules]))
"""
COMMANDS = {
    "train nonesuch": "RECIPE: received 'nonesuch'",
    "train cgan-digits --set train.stepz=1": "did you mean train.steps",
    "train cgan-digits --set data.source=folder:nowhere": "data.source: nowhere does not exist",
    "train cgan-digits --set data.source=npz:nowhere.npz": "data.source: nowhere.npz does not",
    "train cgan-digits --set train.warm_start=nowhere": "train.warm_start: 'nowhere'",
    "train cgan-digits --set network=nowhere_nets:Mine": "no module 'nowhere_nets'",
    "train cgan-digits --run-dir file": "--run-dir: 'file' is a file",
    "train photos": "`gan init photos`",
    "task cgan-digits --set data.source=folder:nowhere": "data.source: nowhere does not exist",
    "init nowhere": "DATA: 'nowhere' does not exist",
    "resume nowhere": "RUN_DIR: 'nowhere' holds no run",
    "export nowhere --to models": "RUN_DIR: 'nowhere' holds no run",
    "export photos --to models": "RUN_DIR: 'photos' holds no run",
    "evaluate nowhere": "TARGET: 'nowhere' does not exist",
    "evaluate photos --reference folder:nowhere": "--reference: 'nowhere' does not exist",
    "evaluate photos --reference folder:nowhere:test": "--reference: 'nowhere:test' does not",
    "evaluate moved": "data.source: gone, the data of 'moved', does not exist; say where it lies",
    "evaluate moved --data folder:away": "data.source: away, the data of 'moved', does not exist",
    "evaluate models": "data.source: gone, the data of 'models', does not exist",
    "evaluate models --data folder:file --reference digits": "--data: received 'folder:file'",
    "evaluate file --reference-pairs photos": "TARGET: 'file' is no local folder",
    "evaluate photos --reference-pairs nowhere": "--reference-pairs: 'nowhere' is no local folder",
    "evaluate photos --reference-pairs taken --reference digits": "together with --reference",
    "evaluate moved --reference-pairs photos": "TARGET: 'moved' is a run or an export",
    "resume moved": "now by --set data.source=SOURCE",
    "export classless --to m": "no module 'lost_nets' in modules='/lost'",
    "resume classless": "no module 'lost_nets' in modules='/lost'",
    "resume classless --set modules=nets": "data.source: gone, the data of 'classless', does not",
    "compare nowhere": "TARGET: 'nowhere' is no run",
    "serve": "model directory: received none",
    "serve nowhere": "model directory: 'nowhere' does not exist",
    "serve photos": "model directory: 'photos' holds no export",
    "serve photos --port 99999": "port: received 99999",
    "generate nowhere --count 3 --out o": "model directory: 'nowhere' does not exist",
    "generate photos --count -3 --out o": "count: received -3",
    "generate photos --count 3 --batch-size 0 --out o": "batch_size: received 0",
    "generate photos --per-class -1 --out o": "per_class: received -1",
    "translate nowhere photos --out o": "model directory: 'nowhere' does not exist",
    "verify nowhere": "DIRECTORY: 'nowhere' does not exist",
    "verify photos --model nowhere": "model directory: 'nowhere' does not exist",
    "demo --set train.stepz=1": "did you mean train.steps",
    "demo --dir taken": "--dir: 'taken' is not empty and holds no demo",
    "demo --dir file": "--dir: 'file' is a file",
    "serve --model_config_file nowhere": "model_config_file: 'nowhere' cannot be read: No such",
    "serve --model_config_file file --ssl_config_file nowhere": "ssl_config_file: 'nowhere' cannot",
    "serve --model_config_file file --api_key_file nowhere": "api_key_file: 'nowhere' cannot",
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Command → exit code, message, whether TensorFlow was imported by then."""
    here = tmp_path_factory.mktemp("here")
    (here / "file").write_text("mine")
    (here / "photos").mkdir()
    (here / "taken").mkdir()
    (here / "taken" / "mine").touch()
    (here / "nets").mkdir()
    (here / "nets" / "lost_nets.py").touch()
    exported = here / "models" / "1"
    for folder in (here / "moved", here / "classless", exported / "assets.extra"):
        folder.mkdir(parents=True)
        lost = "modules: /lost\nnetwork: lost_nets:Mine\n" if folder.name == "classless" else ""
        (folder / "config.yaml").write_text(f"{lost}data: {{source: 'folder:gone'}}\n")
    (exported / "saved_model.pb").touch()
    before = {path.name for path in here.iterdir()}
    commands = json.dumps([command.split() for command in COMMANDS])
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, commands], cwd=here, capture_output=True, text=True
    )
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == len(COMMANDS), result.stderr
    assert {path.name for path in here.iterdir()} == before
    return dict(zip(COMMANDS, lines, strict=True))


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_wrong_is_answered_before_tensorflow_is_imported(command, answers):
    code, message, has_tensorflow = answers[command]
    assert code == 2 and COMMANDS[command] in message
    assert not has_tensorflow
