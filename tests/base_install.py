"""A Python in which only the base install can be imported: what an environment of it would have."""

import ast
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

_REFUSE = """
import sys

class Refuser:
    refused = set({refused!r})

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.refused:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Refuser())
"""


def listed(name: str) -> list[str]:
    """The requirements that setup.py keeps under a name, such as BASE."""
    for node in ast.parse((ROOT / "setup.py").read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    raise KeyError(name)


def run(code: str, *arguments: str, cwd=ROOT) -> subprocess.CompletedProcess[str]:
    """Runs lines of Python that can import the standard library, this project and its base."""
    refused = sorted(set(metadata.packages_distributions()) - _importable(listed("BASE")))
    code = _REFUSE.format(refused=refused) + code
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def _importable(requirements: list[str]) -> set[str]:
    """Names to import of distributions and of what they require in turn, and of this project."""
    wanted, todo = {"saddlepoint"}, [*requirements]
    while todo:
        name = re.match(r"[\w.-]+", todo.pop())[0].lower().replace("_", "-")
        if name not in wanted:
            wanted.add(name)
            todo += [line for line in _requires(name) if "extra ==" not in line]
    return {
        package
        for package, distributions in metadata.packages_distributions().items()
        if wanted & {one.lower().replace("_", "-") for one in distributions}
    }


def _requires(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:  # asked for on other systems or Pythons only
        return []
