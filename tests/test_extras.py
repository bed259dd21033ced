"""The base install is a client's: what needs more names the extra that brings it."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from serving import extras
from tests import base_install

GAN = """
import json, sys
from click.testing import CliRunner
from trainer.cli import main

for line in json.loads(sys.argv[1]):
    result = CliRunner().invoke(main, line, prog_name="gan")
    print(json.dumps([result.exit_code, result.stdout, result.stderr]))
"""


def _answers(cwd, *lines):
    result = base_install.run(GAN, json.dumps(lines), cwd=cwd)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_commands_name_the_extra_that_they_need(tmp_path):
    (tmp_path / "models" / "1").mkdir(parents=True)
    (tmp_path / "models" / "1" / "saved_model.pb").touch()
    lines = {
        ("train", "cgan-digits"): "`gan train` needs the package 'tensorflow', which is not "
        "installed; pip install 'saddlepoint[train]'.",
        ("train", "cgan-digits", "--dry-run"): "pip install 'saddlepoint[train]'.",
        ("demo",): "pip install 'saddlepoint[train]'.",
        ("lab", "dirac"): "pip install 'saddlepoint[train]'.",
        ("serve", "models"): "pip install 'saddlepoint[serve]'.",
        ("generate", "models", "--count", "1", "--out", "out"): "'saddlepoint[serve]'.",
        ("call", "localhost:1"): "target: a gRPC address needs the package 'grpc', "
        "which is not installed; pip install 'saddlepoint[serve]', or give REST's address, such "
        "as http://HOST:8501.",
    }
    for line, (code, _, stderr) in zip(lines, _answers(tmp_path, *lines), strict=True):
        assert (code, stderr.count("\n")) == (2, 1), (line, stderr)
        assert stderr.startswith("gan: ") and stderr.rstrip().endswith(lines[line]), line
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


def test_what_reads_configurations_alone_works(tmp_path):
    (tmp_path / "photos").mkdir()
    for i in range(8):
        picture = np.full((16, 16, 3), 30 * i, np.uint8)
        Image.fromarray(picture).save(tmp_path / "photos" / f"{i}.png")
    answers = _answers(
        tmp_path, ["--version"], ["recipes"], ["recipes", "cgan-digits"], ["init", "photos"]
    )
    assert [(code, stderr) for code, _, stderr in answers] == [(0, "")] * 4
    assert (tmp_path / "photos.yaml").exists()


def test_a_package_of_another_extra_is_named_with_both():
    assert "'saddlepoint[train,serve]'" in extras.missing(
        "starlette.routing", "train", "`gan demo`"
    )
    assert extras.missing("somebodys_module", "train", "`gan train`") is None


def test_the_names_are_those_of_setup_py():
    """A requirement's import name is its own, but for these."""
    imported = {
        "array-record": "array_record",
        "scikit-learn": "sklearn",
        "grpcio": "grpc",
        "grpcio-health-checking": "grpc_health",
        "grpcio-reflection": "grpc_reflection",
        "tensorflow-serving-api": "tensorflow_serving",
        "tensorflow-datasets": "tensorflow_datasets",
        "prometheus-client": "prometheus_client",
    }
    brought = {"train": {"markupsafe"}, "serve": set()}  # by jinja2
    for extra, requirements in (("train", "TRAIN"), ("serve", "SERVE")):
        names = {re.match(r"[\w-]+", line)[0] for line in base_install.listed(requirements)}
        names -= {"importlib_resources"}  # imported by tensorflow-datasets alone
        found = {imported.get(name, name) for name in names} | brought[extra]
        assert found == extras.IMPORTED_BY[extra]


def test_make_test_all_installs_the_packages_without_which_tests_skip():
    """What a requirement brings in turn counts: constraints.txt has all of them."""
    asked = {
        name
        for path in (base_install.ROOT / "tests").rglob("*.py")
        for name in re.findall(r'importorskip\(\s*"(\w+)', path.read_text("utf-8"))
    }
    distributions = {"google": "google-cloud-aiplatform", "mlflow": "mlflow-skinny"}
    wanted = {distributions.get(name, name.replace("_", "-")) for name in asked}
    pinned = (base_install.ROOT / "constraints.txt").read_text("utf-8")
    assert len(wanted) > 10 and wanted - set(re.findall(r"^([\w-]+)==", pinned, re.M)) == set()


@pytest.mark.slow
def test_an_environment_of_the_base_alone(tmp_path):
    """Installs it from the package index, and asks it to train."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    binaries = tmp_path / "venv" / "bin"
    subprocess.run(
        [binaries / "pip", "install", "-q", "-c", "constraints.txt", "."],
        cwd=base_install.ROOT,
        check=True,
    )
    installed = subprocess.run(
        [binaries / "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    ).stdout
    assert "tensorflow" not in installed and "keras" not in installed
    train = [binaries / "gan", "train", "cgan-digits"]
    result = subprocess.run(train, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 2 and "pip install 'saddlepoint[train]'" in result.stderr
    code = "import serving; print(serving.Client('http://127.0.0.1:1', max_retries=0))"
    subprocess.run([binaries / "python", "-c", code], cwd=tmp_path, check=True)
