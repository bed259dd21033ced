"""What the package may import, and what importing it costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests import base_install

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "serving").rglob("*.py"))


@pytest.mark.parametrize("module", ["serving", "serving.rest_transport"])
def test_importing_costs_no_tensorflow(module):
    code = f"import sys, {module}; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_rest_client_needs_the_base_install_alone(digits_server, tmp_path):
    address = f"http://127.0.0.1:{digits_server.rest_api_port}"
    code = (
        "import sys, serving\n"
        "client = serving.Client(sys.argv[1], 'digits')\n"
        "assert client.generate([1, 2])['image'].shape == (2, 8, 8, 1)\n"
        "from trainer.cli import main\n"
        "main(['call', sys.argv[1], '--label', '3', '--out', sys.argv[2]])"
    )
    result = base_install.run(code, address, str(tmp_path / "three.png"))
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "three.png").read_bytes().startswith(b"\x89PNG")


def imported_packages(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or ".").split(".")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_neither_keras_nor_the_trainer_is_imported(path):
    assert not {"keras", "trainer", "tf_keras"} & set(imported_packages(path))
