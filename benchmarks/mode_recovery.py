"""Modes of the ring and the grid that a game reaches, plain beside every remedy.

Everything but the remedy is the same in all rows: networks, batch, steps, samples, data. A row that
needs other learning rates or more turns says so in its overrides, which stand in the result. Rows
that are not asked for stay as they were last measured, or say that they were not run.

Reference: the protocol and the published rows of Lin et al. 2018, "PacGAN", table 1.
"""

import argparse
from typing import Any

from benchmarks import harness, trained

_BASE = (
    "train.batch_size=100",
    "run.log_every=2500",
    "run.sample_every=25000",
    "run.checkpoint_every=12500",
    "evaluate.num_samples=2500",
)
_MODES = {"ring": 8, "grid": 25}
_COUNTED = f"modes (of {_MODES['ring']} or {_MODES['grid']})"
_RESULT = "mode_recovery.json"

# Of the paper's 400 000 steps on the grid, those that all rows are played for.
_STEPS = 25_000
# Stands in overrides for the number of steps that are played.
_ALL_STEPS = "ALL_STEPS"
_FALLING = tuple(
    f"optimizers.{side}.schedule={{name: linear, steps: {_ALL_STEPS}}}"
    for side in ("generator", "discriminator")
)

# Name → overrides of mlp-ring.
REMEDIES: dict[str, tuple[str, ...]] = {
    "GAN": (),
    "unrolled, 5 steps": ("wrappers=[{name: unroll, steps: 5}]",),
    "unrolled, 10 steps": ("wrappers=[{name: unroll, steps: 10}]",),
    "minibatch discrimination": (
        "network.discriminator_batch_features=minibatch",
        "network.discriminator_group=20",
    ),
    "PacGAN2": ("wrappers=[{name: pack, samples: 2}]",),
    "WGAN-GP": (
        "objective=wasserstein",
        # The authors' own code for such toys takes 0.1 in place of 10.
        "penalties=[{name: gradient_penalty, weight: 0.1}]",
        "round.discriminator_turns=5",
    ),
    "GAN, rates falling to 0": _FALLING,
    "PacGAN2, rates falling to 0": ("wrappers=[{name: pack, samples: 2}]", *_FALLING),
    "R1": ("penalties=[{name: r1, gamma: 0.1}]",),
    "spectral norm": ("network.discriminator_normalization=spectral",),
    "RpGAN + R1 + R2": (
        "objective=relativistic",
        "penalties=[{name: r1, gamma: 0.1}, {name: r2, gamma: 0.1}]",
    ),
    "PacGAN2 + RpGAN + R1 + R2": (
        "wrappers=[{name: pack, samples: 2}]",
        "objective=relativistic",
        "penalties=[{name: r1, gamma: 0.1}, {name: r2, gamma: 0.1}]",
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", nargs="+", default=list(_MODES), choices=list(_MODES))
    parser.add_argument("--remedies", nargs="+", default=list(REMEDIES), choices=list(REMEDIES))
    parser.add_argument("--steps", type=int, default=_STEPS, help="each number has its own rows")
    trained.add_arguments(parser, "runs/modes", seeds=5, workers=2)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    steps = steps_of(arguments)
    asked = [(data, remedy, steps) for remedy in arguments.remedies for data in arguments.data]
    jobs = {
        (data, remedy, seed): _job(arguments, data, remedy, seed)
        for data, remedy, _ in asked
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=arguments.workers, threads=1)
    columns = ("data", "game", "steps")
    before = trained.measured_before(arguments.results / _RESULT, columns, asked)
    anew = {
        place: _row(*place, [made[place[0], place[1], s] for s in range(arguments.seeds)])
        for place in asked
    }
    planned = [(data, remedy, _STEPS) for data in _MODES for remedy in REMEDIES]
    places = dict.fromkeys((*planned, *before.rows, *asked))
    return {
        "rows": [anew.get(p) or before.rows.get(p) or not_run(*p) for p in places],
        "details": {
            "recipe": "mlp-ring",
            "overrides": [*_BASE, f"train.steps={steps}"],
            "remedies": REMEDIES,
            "runs": before.runs
            + [
                {"data": d, "game": r, "steps": steps, "seed": s, **_of_run(one)}
                for (d, r, s), one in made.items()
            ],
        },
    }


def steps_of(arguments: argparse.Namespace) -> int:
    """Steps of each run."""
    steps: int = 100 if arguments.quick else arguments.steps
    return steps


def _of_run(one: trained.Trained) -> dict[str, Any]:
    return {"numbers": one.numbers, "problem": one.problem}


def _job(arguments: argparse.Namespace, data: str, remedy: str, seed: int) -> trained.Job:
    steps = steps_of(arguments)
    short = (
        ("run.log_every=50", "run.sample_every=100", "run.checkpoint_every=100")
        if arguments.quick
        else ()
    )
    own = (override.replace(_ALL_STEPS, str(steps)) for override in REMEDIES[remedy])
    overrides = (f"data.source={data}", *_BASE, *own, *short)
    return trained.Job(
        f"{data}-{remedy.replace(' ', '-').replace(',', '')}-{steps}-{seed}",
        "mlp-ring",
        (*overrides, f"seed={seed}", f"train.steps={steps}"),
        ("evaluate.metrics=[modes]",),
    )


def not_run(data: str, remedy: str, steps: int) -> dict[str, Any]:
    """The row of what has not been measured."""
    return {"data": data, "game": remedy, _COUNTED: "not run", "steps": steps}


def _row(data: str, remedy: str, steps: int, runs: list[trained.Trained]) -> dict[str, Any]:
    done = [one for one in runs if not one.problem]
    if not done:
        return not_run(data, remedy, steps)
    found = [one.numbers or {} for one in done]
    # A generator none of whose samples lies at a mode has no numbers, and has found none.
    modes = [numbers.get("modes", 0.0) for numbers in found]
    near = [100.0 * numbers.get("on_modes", 0.0) for numbers in found]
    return {
        "data": data,
        "game": remedy,
        _COUNTED: trained.spread(modes),
        "within 3 σ, %": trained.spread(near),
        "KL of modes": trained.spread([n["mode_kl"] for n in found if "mode_kl" in n]),
        "steps": steps,
        "seconds, fastest": round(min(one.seconds for one in done)),
        "seeds": len(done),
        "commit": harness.commit(),
    }
