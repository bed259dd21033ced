"""Games of one recipe side by side, read off their evaluations: what many benchmarks are."""

import argparse
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import trained


@dataclass(frozen=True)
class Ablation:
    """What is compared.

    Attributes:
        recipe: that all games change.
        games: overrides of the recipe, by what a row is called.
        columns: keys of numbers of the evaluation, by what their columns are called.
        row: what a row is.
        evaluation: overrides of it.
        floors: rows of what no game made: keys of numbers that are the same for every run, by the
            name of the row and the column.
        work: folder of the runs.
        details: what else the result says.
    """

    recipe: str
    games: Mapping[str, Sequence[str]]
    columns: Mapping[str, str]
    row: str
    evaluation: Sequence[str]
    floors: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    work: Path = Path("runs")
    details: Mapping[str, Any] = field(default_factory=dict)

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """The options of a benchmark of this kind."""
        names = list(self.games)
        parser.add_argument("--games", nargs="+", default=names, choices=names)

        parser.add_argument("--steps", type=int, help="of training; default the recipe's")
        parser.add_argument(
            "--set",
            dest="overrides",
            metavar="KEY=VALUE",
            action="append",
            default=[],
            help="of all games, such as data.data_dir=PATH",
        )
        trained.add_arguments(parser, self.work, seeds=1)

    def run(self, arguments: argparse.Namespace) -> dict[str, Any]:
        """Trains and evaluates what is not yet, and returns the result."""
        jobs = {
            (game, seed): self.job(arguments, game, seed)
            for game in arguments.games
            for seed in range(arguments.seeds)
        }
        made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
        runs = {place: one for place, one in trained.succeeded(made).items() if one.numbers}
        return {
            "rows": [*(self._row(game, runs) for game in arguments.games), *self._floors(runs)],
            "details": {
                "recipe": self.recipe,
                **self.details,
                "runs": [
                    {"game": game, "seed": seed, **(one.numbers or {})}
                    for (game, seed), one in runs.items()
                ],
                "problems": trained.problems(made),
            },
        }

    def job(self, arguments: argparse.Namespace, game: str, seed: int) -> trained.Job:
        """The run of a game with a seed."""
        steps = 20 if arguments.quick else arguments.steps
        overrides = [
            *self.games[game],
            *arguments.overrides,
            f"seed={seed}",
            *([f"train.steps={steps}"] if steps else []),
        ]
        folder = "-".join(game.replace(",", "").replace("+", "and").split())
        # Other overrides are other runs, which must not be taken for each other.
        changed = hashlib.sha256("\n".join(arguments.overrides).encode()).hexdigest()[:8]
        others = f"-{changed}" if arguments.overrides else ""
        name = f"{folder}{others}-{steps or 'all'}-{seed}"
        return trained.Job(name, self.recipe, overrides, self.evaluation)

    def _row(self, game: str, runs: Mapping[tuple[str, int], trained.Trained]) -> dict[str, Any]:
        mine = [one for (played, _), one in runs.items() if played == game]
        numbers = [one.numbers or {} for one in mine]
        return {
            self.row: game,
            **{
                column: trained.spread([n[key] for n in numbers if key in n])
                for column, key in self.columns.items()
            },
            "steps": mine[0].steps if mine else 0,
            "minutes": trained.spread([one.seconds / 60 for one in mine]),
            "seeds": len(mine),
        }

    def _floors(self, runs: Mapping[tuple[str, int], trained.Trained]) -> list[dict[str, Any]]:
        numbers = next((one.numbers for one in runs.values()), None) or {}
        return [
            {self.row: name} | {c: f"{numbers[k]:.3g}" for c, k in keys.items() if k in numbers}
            for name, keys in self.floors.items()
            if any(key in numbers for key in keys.values())
        ]
