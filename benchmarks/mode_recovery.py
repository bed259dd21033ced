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
_RESULT = "mode_recovery.json"

_FALLING = tuple(
    f"optimizers.{side}.schedule={{name: linear, steps: 25000}}"
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
    parser.add_argument("--steps", type=int, default=25_000)
    trained.add_arguments(parser, "runs/modes", seeds=5, workers=2)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    asked = [(data, remedy) for remedy in arguments.remedies for data in arguments.data]
    jobs = {
        (data, remedy, seed): _job(arguments, data, remedy, seed)
        for data, remedy in asked
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=arguments.workers, threads=1)
    before = trained.measured_before(arguments.results / _RESULT, ("data", "game"), asked)
    anew = {
        (data, remedy): _row(data, remedy, [made[data, remedy, s] for s in range(arguments.seeds)])
        for data, remedy in asked
    }
    places = [(data, remedy) for data in _MODES for remedy in REMEDIES]
    none: list[trained.Trained] = []
    return {
        "rows": [anew.get(p) or before.rows.get(p) or _row(*p, none) for p in places],
        "details": {
            "recipe": "mlp-ring",
            "overrides": [*_BASE, f"train.steps={arguments.steps}"],
            "remedies": REMEDIES,
            "runs": before.runs
            + [
                {"data": d, "game": r, "seed": s, "numbers": one.numbers, "problem": one.problem}
                for (d, r, s), one in made.items()
            ],
        },
    }


def _job(arguments: argparse.Namespace, data: str, remedy: str, seed: int) -> trained.Job:
    steps = 100 if arguments.quick else arguments.steps
    short = (
        ("run.log_every=50", "run.sample_every=100", "run.checkpoint_every=100")
        if arguments.quick
        else ()
    )
    overrides = (f"data.source={data}", *_BASE, *REMEDIES[remedy], *short)
    return trained.Job(
        f"{data}-{remedy.replace(' ', '-').replace(',', '')}-{steps}-{seed}",
        "mlp-ring",
        (*overrides, f"seed={seed}", f"train.steps={steps}"),
        ("evaluate.metrics=[modes]",),
    )


def _row(data: str, remedy: str, runs: list[trained.Trained]) -> dict[str, Any]:
    counted = f"modes (of {_MODES['ring']} or {_MODES['grid']})"
    done = [one for one in runs if not one.problem]
    if not done:
        return {"data": data, "game": remedy, counted: "not run"}
    found = [one.numbers or {} for one in done]
    # A generator none of whose samples lies at a mode has no numbers, and has found none.
    modes = [numbers.get("modes", 0.0) for numbers in found]
    near = [100.0 * numbers.get("on_modes", 0.0) for numbers in found]
    return {
        "data": data,
        "game": remedy,
        counted: trained.spread(modes),
        "within 3 σ, %": trained.spread(near),
        "KL of modes": trained.spread([n["mode_kl"] for n in found if "mode_kl" in n]),
        "steps": done[0].steps,
        "seconds, fastest": round(min(one.seconds for one in done)),
        "seeds": len(done),
        "commit": harness.commit(),
    }
