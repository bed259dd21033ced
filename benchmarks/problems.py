"""One table of what goes wrong in games, what helps, and by how much this project saw it help.

Every number is looked up in a result file; what none holds was not run, and its command says how.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HEAD = ("problem", "remedy", "number", "before", "after", "steps", "seeds")


@dataclass(frozen=True)
class Numbers:
    """Numbers of one kind in a result.

    Attributes:
        result: its name.
        shown: what the number is.
        column: where it stands.
        where: columns and cells that choose rows, the game apart.
        command: of `python -m benchmarks`, for what is not there.
    """

    result: str
    shown: str
    column: str
    where: Mapping[str, str]
    command: str


@dataclass(frozen=True)
class Problem:
    """What goes wrong, in which game it was seen, and what was played instead.

    Attributes:
        name: of what goes wrong.
        numbers: that show it.
        before: the game that has it.
        remedies: the games that are beside it.
    """

    name: str
    numbers: Numbers
    before: str
    remedies: Sequence[str]


_RING = Numbers(
    *("theory", "modes covered of the ring's 8", "value"), {"figure": "collapse-ring"}, "theory"
)
_GRID = Numbers(
    *("mode_recovery", "KL of the grid's modes, nats", "KL of modes"),
    {"data": "grid"},
    'mode_recovery --remedies "{}"',
)
_NEAR = Numbers(
    *("mode_recovery", "% within 3 σ, ring", "within 3 σ, %"),
    {"data": "ring"},
    'mode_recovery --remedies "{}"',
)
_CIRCLE = Numbers(
    *("theory", "distance to the equilibrium, times a step", "value"),
    {"figure": "bilinear"},
    "theory",
)
_GRADIENT = Numbers(
    *("theory", "generator's gradient, D having learned alone", "value"),
    {"figure": "vanishing-gradient"},
    "theory",
)
_FEW = {"data": "digits, 180 of 1 797"}
_GAP = Numbers(
    *("little_data", "D(real) - D(held out), 180 digits", "D(real) - D(held out)"),
    _FEW,
    "little_data --data 'digits, 180 of 1 797' --remedies {}",
)
_DISTANCE = Numbers(
    *("little_data", "classifier FD, 180 digits", "classifier FD"), _FEW, _GAP.command
)
_STACKED = Numbers(
    *("stacked_modes", "modes of stacked MNIST's 1 000", "modes"),
    {"discriminator": "quarter"},
    'stacked_modes --games DCGAN "{}"',
)

PROBLEMS = (
    Problem(
        "Modes are lost: D learns at a fifth of the rate of G",
        _RING,
        "plain",
        (
            *("D at G's rate", "k = 5", "unrolled, 5 steps", "packed by 2", "minibatch features"),
            *("spectral norm", "R1, γ = 0.1", "WGAN-GP, k = 5", "RpGAN + R1 + R2, D at G's rate"),
        ),
    ),
    Problem(
        "All modes are found, unevenly",
        _GRID,
        "GAN",
        (
            *("PacGAN2", "R1", "RpGAN + R1 + R2", "PacGAN2 + RpGAN + R1 + R2"),
            *("minibatch discrimination", "WGAN-GP", "unrolled, 5 steps", "unrolled, 10 steps"),
            "spectral norm",
        ),
    ),
    Problem("Samples lie around their modes", _NEAR, "GAN", ("GAN, rates falling to 0",)),
    Problem("Players circle in turns", _CIRCLE, "in turns", ("R1, γ = 0.5", "unrolled, 5 steps")),
    Problem(
        "Players who move at once spiral outwards",
        _CIRCLE,
        "both at once",
        ("both at once, optimistic", "both at once, extra-gradient"),
    ),
    Problem(
        "The generator's gradient vanishes when D wins",
        _GRADIENT,
        "minimax",
        ("non-saturating", "Wasserstein + GP"),
    ),
    Problem("D knows few examples by heart", _GAP, "plain", ("DiffAugment", "ADA")),
    Problem("Few examples make bad samples", _DISTANCE, "plain", ("DiffAugment", "ADA")),
    Problem(
        "A thousand modes are lost",
        _STACKED,
        "DCGAN",
        ("PacDCGAN2", "minibatch discrimination", "RpGAN + R1 + R2"),
    ),
)


def table(results: Path) -> str:
    """The table as Markdown, from the result files of a folder."""
    lines = [_HEAD, ("---",) * len(_HEAD)]
    for problem in PROBLEMS:
        document = _document(results / f"{problem.numbers.result}.json")
        lines += [_line(problem, remedy, document) for remedy in problem.remedies]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _document(path: Path) -> Mapping[str, Any]:
    if not path.exists():
        return {"rows": []}
    document: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _line(problem: Problem, remedy: str, document: Mapping[str, Any]) -> tuple[str, ...]:
    numbers = problem.numbers
    before, after = (_row(document, numbers, game) for game in (problem.before, remedy))
    head = (problem.name, remedy, numbers.shown, str(before.get(numbers.column, "not run")))
    if numbers.column in after:
        row = (str(after[column]) for column in (numbers.column, "steps", "seeds"))
        return (*head, *row)
    command = f"python -m benchmarks {numbers.command.format(remedy)}"
    return (*head, f"not run: `{command}`", "", "")


def _row(document: Mapping[str, Any], numbers: Numbers, game: str) -> Mapping[str, Any]:
    """The game's row; empty where it was not run."""
    wanted = {**numbers.where, "game": game}
    for row in document["rows"]:
        if all(row.get(column) == cell for column, cell in wanted.items()):
            return {} if "not run" in row.values() else row
    return {}
