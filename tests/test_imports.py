"""What a program that imports the packages may count on."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import serving
import trainer

ROOT = Path(__file__).parents[1]


def _packages():
    for root in (trainer, serving):
        yield root.__name__
        for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            if module.ispkg:
                yield module.name


def _offered(package) -> set[str]:
    """Names that a package's own file defines or brings from elsewhere."""
    tree = ast.parse(Path(package.__file__).read_text("utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node in tree.body:
            names.add(node.name)
        elif isinstance(node, ast.ImportFrom) and node.module != package.__name__:
            names |= {alias.asname or alias.name for alias in node.names if node in tree.body}
    return names


@pytest.mark.parametrize("name", sorted(_packages()))
def test_nothing_that_a_package_offers_shares_its_name_with_a_module_below_it(name):
    """Importing the module would put it in the place of the function, from the second call on."""
    package = importlib.import_module(name)
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert not _offered(package) & modules


@pytest.mark.parametrize("package", ["trainer", "serving"])
def test_importing_says_nothing_and_brings_no_tensorflow(package):
    code = f"import sys, random; before = random.getstate(); import {package}; "
    code += "print('tensorflow' in sys.modules, random.getstate() == before)"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (result.stdout, result.stderr) == ("False True\n", "")
