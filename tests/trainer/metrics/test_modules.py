"""Importing a module must not shadow the function of the same name."""

import ast
from pathlib import Path

import pytest

import trainer

PACKAGES = ("metrics", "evaluation", "evaluation/measures")


@pytest.mark.parametrize("package", PACKAGES)
def test_no_function_shares_its_name_with_a_module_beside_it(package):
    files = sorted(Path(trainer.__file__).parent.joinpath(package).glob("*.py"))
    functions = {
        node.name
        for file in files
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert functions and not functions & {file.stem for file in files}
