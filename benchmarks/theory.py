"""The numbers at the end of the games that `gan lab` plays, as a table beside the figures.

A figure's numbers are read from the file that `gan lab` wrote into the folder; where there is none,
it is made.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Figure → what its games are measured by.
NUMBERS = {
    "collapse-ring": "modes covered, of 8",
    "collapse-grid": "modes covered, of 25",
    "bilinear": "distance from the equilibrium, times a step",
    "vanishing-gradient": "the generator's gradient when D has learned alone",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--work", type=Path, default=Path("runs/lab"), help="folder of figures")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Makes the figures that are not there, and returns their numbers."""
    rows = [row for name in NUMBERS for row in rows_of(name, _document(arguments.work, name))]
    return {"rows": rows, "details": {"figures": {n: f"gan lab {n}" for n in NUMBERS}}}


def _document(folder: Path, name: str) -> dict[str, Any]:
    path = folder / f"{name}.json"
    if not path.exists():
        from trainer.lab import writing

        writing.make(name, str(folder))
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def rows_of(name: str, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row a game of one figure."""
    read = {"bilinear": _factors, "vanishing-gradient": _gradients}.get(name, _modes)
    values, steps = read(document)
    return [
        {"figure": name, "game": game, "number": NUMBERS[name], "value": value}
        | {"steps": steps, "seeds": 1}
        for game, value in values.items()
    ]


def _modes(document: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    modes = {game: frames[-1]["modes"] for game, frames in document["games"].items()}
    return modes, document["steps"][-1]


def _factors(document: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    games = {name: game["factor"] for name, game in document["games"].items()}
    return {n: f"{f:.4f}" for n, f in games.items() if f is not None}, document["steps"]


def _gradients(document: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    ends = {game: f"{sizes[-1]:.2g}" for game, sizes in document["gradients"].items()}
    return ends, document["stages"][-1]
