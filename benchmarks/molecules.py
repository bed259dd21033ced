"""What MolGAN's molecules are worth on QM9: valid, unique and novel ones, and the product.

The training data's validity under our own checker comes first: no generator of its graphs can be
asked for more. Games that are not asked for stay as they were last measured, or say that they were
not run.

Reference: De Cao & Kipf 2018, "MolGAN: an implicit generative model for small molecular graphs",
table 3; its molecules are of one part or several, ours of one.
"""

import argparse
import csv
import json
import random
from pathlib import Path
from typing import Any

from benchmarks import harness, trained

_RESULT = "molecules.json"
_GAME = ("run.instruments_every=null", "evaluate.num_samples=6400", "evaluate.seed=0")
# Games to their overrides beside the recipe's own.
_GAMES: dict[str, tuple[str, ...]] = {
    "WGAN-GP alone": ("round.adversarial_share=1.0",),
    "half of it reward": ("round.adversarial_share=0.5",),
    "reward alone": ("round.adversarial_share=0.0",),
    "half, probabilities": ("round.adversarial_share=0.5", "network.making=softmax"),
    "half, straight through": ("round.adversarial_share=0.5", "network.making=straight_through"),
}
_PUBLISHED = {
    "game": "published (MolGAN)",
    "valid": "0.981",
    "unique": "0.104",
    "novel": "0.942",
    "V·U·N": "0.096",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--games", nargs="+", default=list(_GAMES), choices=list(_GAMES))
    parser.add_argument("--steps", type=int, default=20_000, help="the critic sees QM9 21 times")
    parser.add_argument("--folder", type=Path, default=Path("../shared/data"), help="of the data")
    trained.add_arguments(parser, "runs/molecules", seeds=3, workers=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Reads the data, trains what is not trained, and returns the result."""
    path = arguments.folder.resolve() / "qm9" / "qm9.csv"
    if arguments.quick:
        path = _few(path, arguments.work)
    readable = _readable(path)
    seeds = range(arguments.seeds)
    jobs = {
        (name, seed): _job(arguments, path, name, seed)
        for name in arguments.games
        for seed in seeds
    }
    made = trained.make(jobs, arguments.work, workers=arguments.workers, threads=arguments.threads)
    before = trained.measured_before(
        arguments.results / _RESULT, ("game",), [(name,) for name in arguments.games]
    )
    anew = {name: _row(name, [made[name, s] for s in seeds]) for name in arguments.games}
    rows = [anew.get(n) or before.rows.get((n,)) or _row(n, []) for n in _GAMES]
    return {
        "rows": [_of_data(readable), _PUBLISHED, *rows],
        "details": {
            "recipe": "molgan-molecules",
            "overrides": list(_GAME),
            "games": {name: list(overrides) for name, overrides in _GAMES.items()},
            "data": readable,
            "runs": before.runs
            + [
                {"game": n, "seed": s, "numbers": one.numbers, "problem": one.problem}
                for (n, s), one in made.items()
            ],
        },
    }


def _few(path: Path, folder: Path) -> Path:
    """A file of 500 of the molecules."""
    header, *lines = path.read_text("utf-8").splitlines()
    chosen = [header, *random.Random(0).sample(lines, 500)]
    folder.mkdir(parents=True, exist_ok=True)
    few = folder.resolve() / "qm9-few.csv"
    few.write_text("\n".join(chosen) + "\n", "utf-8")
    return few


def _readable(path: Path) -> dict[str, Any]:
    """How many lines are molecules under our rules, of one part, and different."""
    from trainer.data.molecules.smiles import SmilesError, parse

    with path.open(encoding="utf-8", newline="") as file:
        lines = [row["smiles"] for row in csv.DictReader(file)]
    molecules = []
    for line in lines:
        try:
            molecules.append(parse(line))
        except SmilesError:
            continue
    whole = [molecule for molecule in molecules if molecule.is_connected]
    charged = sum(any(atom[-1] in "+-" for atom in molecule.atoms) for molecule in whole)
    return {
        "lines": len(lines),
        "valid": len(molecules) / len(lines),
        "valid, of one part": len(whole) / len(lines),
        "unique": len({molecule.key for molecule in whole}) / len(whole),
        "charged": charged / len(whole),
    }


def _of_data(readable: dict[str, Any]) -> dict[str, Any]:
    return {
        "game": "QM9 itself",
        "valid": f"{readable['valid, of one part']:.3f}",
        "unique": f"{readable['unique']:.3f}",
        "valid, in parts too": f"{readable['valid']:.3f}",
    }


def _job(arguments: argparse.Namespace, path: Path, name: str, seed: int) -> trained.Job:
    steps = 20 if arguments.quick else arguments.steps
    source = json.dumps({"name": "smiles", "path": str(path)})
    every = min(steps, 2000)
    overrides = (
        f"data.source={source}",
        *_GAME,
        *_GAMES[name],
        *(("evaluate.num_samples=200",) if arguments.quick else ()),
        f"round.begin={steps // 2}",
        f"seed={seed}",
        f"train.steps={steps}",
        f"run.sample_every={every}",
        f"run.checkpoint_every={every}",
    )
    return trained.Job(f"{name.replace(' ', '-')}-{steps}-{seed}", "molgan-molecules", overrides)


def _row(name: str, runs: list[trained.Trained]) -> dict[str, Any]:
    done = [one for one in runs if not one.problem]
    if not done:
        return {"game": name, "valid": "not run"}
    numbers = [one.numbers or {} for one in done]
    keys = {"valid": "valid", "unique": "unique", "novel": "novel", "V·U·N": "vun"}
    keys |= {"valid, in parts too": "valid_parts"}
    return {
        "game": name,
        **{title: trained.spread([n[key] for n in numbers]) for title, key in keys.items()},
        "steps": done[0].steps,
        "seconds": round(min(one.seconds for one in done)),
        "seeds": len(done),
        "commit": harness.commit(),
    }
