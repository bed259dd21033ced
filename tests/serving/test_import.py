"""What the package may import, and what importing it costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "serving").rglob("*.py"))


@pytest.mark.parametrize("module", ["serving", "serving.rest_transport"])
def test_importing_costs_no_tensorflow(module):
    code = f"import sys, {module}; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_rest_client_costs_no_tensorflow(digits_server):
    code = (
        "import sys, serving\n"
        f"client = serving.Client('http://127.0.0.1:{digits_server.rest_api_port}', 'digits')\n"
        "assert client.generate([1, 2])['image'].shape == (2, 8, 8, 1)\n"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def imported_packages(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or ".").split(".")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_neither_keras_nor_the_trainer_is_imported(path):
    assert not {"keras", "trainer", "tf_keras"} & set(imported_packages(path))
