"""How likely an oracle finds what writers made of its own sequences: random, MLE, SeqGAN, floor.

The oracle is a random LSTM, so the floor is known: its own sequences. Published numbers are those
of another oracle (vocabulary 5 000, length 20), so what may be compared is the share of the
distance between maximum likelihood and the floor that the game closes. Likelihood under the oracle
rewards a writer that repeats itself: self-BLEU and what the writer says of held-out sequences stand
beside it.

Reference: Yu et al. 2017, "SeqGAN: sequence generative adversarial nets with policy gradient",
table 1: random 10.310, MLE 9.038, SeqGAN 8.736.
"""

import argparse
from typing import Any

from benchmarks import trained

# Name of a row → recipe, and what differs from it.
_GAMES = {
    "MLE": ("mle-oracle", ()),
    "SeqGAN": ("seqgan-oracle", ()),
    "SeqGAN, baseline": ("seqgan-oracle", ("round.baseline=mean",)),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--games", nargs="+", choices=tuple(_GAMES), default=list(_GAMES))
    trained.add_arguments(parser, "runs/oracle", seeds=3, workers=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    jobs = {
        (game, seed): _job(game, seed, quick=arguments.quick)
        for game in arguments.games
        for seed in range(1 if arguments.quick else arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=arguments.workers, threads=arguments.threads)
    done = trained.succeeded(made)
    of_game = {g: [one for (game, _), one in done.items() if game == g] for g in _GAMES}
    return {
        "rows": rows({game: [dict(one.numbers or {}) for one in o] for game, o in of_game.items()}),
        "details": {
            "runs": [
                {"game": game, "seed": seed, "steps": one.steps, "numbers": one.numbers}
                for (game, seed), one in made.items()
            ],
            "problems": trained.problems(made),
        },
    }


def _job(game: str, seed: int, *, quick: bool) -> trained.Job:
    recipe, overrides = _GAMES[game]
    short = ("train.steps=20", "evaluate.num_samples=100") if quick else ()
    policy = ("round.pretrain_generator=10", "round.pretrain_discriminator=0")
    few = policy if quick and "SeqGAN" in game else ()
    name = f"{game.lower().replace(', ', '-')}-{seed}{'-quick' if quick else ''}"
    measured = "evaluate.metrics=[oracle_likelihood, text_likelihood, self_bleu, novelty]"
    return trained.Job(name, recipe, (*overrides, *short, *few, f"seed={seed}"), (measured,))


def rows(numbers: dict[str, list[dict[str, float]]]) -> list[dict[str, Any]]:
    """The table: random and the floor as the runs measured them, and every game between.

    Args:
        numbers: of each game, those of its runs.
    """
    every = [one for runs in numbers.values() for one in runs]
    table = [{"writer": "random", "NLL": _mean(every, "oracle_nll_random")}]
    rival = _value(numbers["MLE"], "oracle_nll")
    floor = _value(every, "oracle_nll_real")
    for game, runs in numbers.items():
        row: dict[str, Any] = {"writer": game, "NLL": _mean(runs, "oracle_nll")}
        own = _value(runs, "oracle_nll")
        if None not in (own, rival, floor) and game != "MLE":
            row["share closed"] = f"{(rival - own) / (rival - floor):.1%}"  # type: ignore[operator]
        if runs:
            row |= {
                "NLL of held-out sequences": _mean(runs, "text_nll"),
                "self-BLEU-2": _mean(runs, "self_bleu_2"),
                "different": _mean(runs, "unique_texts"),
                "seeds": len(runs),
            }
        table.append(row)
    return [*table, {"writer": "the oracle itself (floor)", "NLL": _mean(every, "oracle_nll_real")}]


def _mean(runs: list[dict[str, float]], key: str) -> str:
    return trained.spread([one[key] for one in runs], ".4g")


def _value(runs: list[dict[str, float]], key: str) -> float | None:
    values = [one[key] for one in runs]
    return sum(values) / len(values) if values else None
