"""How far pictures are from the attributes that they were asked to have, and which digit they show.

`attributes-digits` is asked for digits and attributes of held-out examples. Attributes are moments
of a picture's light, so what was made is measured as the data are, exactly
(`trainer.data.sources.posed_digits`). Errors are root mean squares in units of the attribute's
deviation among the data: 1 is what an attribute scores that is always the mean, √2 one that is
drawn without regard to what was asked. The digit is read by a support vector machine that learned
the training pictures.
"""

import argparse
from typing import Any

import numpy as np

from benchmarks import trained
from trainer.data.sources import posed_digits

RECIPE = "attributes-digits"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--steps", type=int, default=4000)
    trained.add_arguments(parser, "runs/posed", seeds=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    start_tensorflow()
    steps = 20 if arguments.quick else arguments.steps
    every = [f"run.{name}_every={steps}" for name in ("log", "sample", "checkpoint")]
    jobs = {
        seed: trained.Job(
            f"{RECIPE}-{steps}-{seed}",
            RECIPE,
            (f"seed={seed}", f"train.steps={steps}", *every),
            evaluation=None,
        )
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    data = loading.load(load_experiment(RECIPE).data)
    asked, labels = data.held_out["attributes"], data.held_out["label"]
    scale, classify = data.train["attributes"].std(axis=0), classifier(data.train)
    found = [
        errors(drawn(one.run_dir, labels, asked), asked, scale, classify, labels)
        for one in trained.succeeded(made).values()
    ]
    others = np.random.RandomState(0).permutation(len(labels))
    real = data.held_out["sample"]
    references = {
        "held-out pictures": errors(real, asked, scale, classify, labels),
        "held-out pictures, shuffled": errors(real[others], asked, scale, classify, labels),
    }
    return {
        "rows": [
            {**_row(RECIPE, found), "steps": steps, "seeds": len(found)},
            *(_row(name, [values]) for name, values in references.items()),
        ],
        "details": {
            "recipe": RECIPE,
            "asked": len(labels),
            "deviations": dict(zip(posed_digits.NAMES, scale.tolist(), strict=True)),
            "runs": found,
            "problems": trained.problems(made),
        },
    }


def classifier(examples: Any) -> Any:
    """A support vector machine that learned training pictures."""
    from sklearn.svm import SVC

    machine = SVC(gamma="scale", C=10.0).fit(_rows(examples["sample"]), examples.labels)
    return lambda pictures: machine.predict(_rows(pictures))


def _rows(pictures: np.ndarray) -> np.ndarray:
    return pictures.reshape(len(pictures), -1) / 255.0


def drawn(run_dir: str, labels: np.ndarray, attributes: np.ndarray) -> np.ndarray:
    """What a run makes of labels and attributes with seeds 0, 1, …: uint8 [n, 16, 16, 1]."""
    import keras

    import trainer

    run = trainer.open_run(run_dir)
    samples = run.sample(len(labels), label=labels, attributes=attributes)
    keras.backend.clear_session()
    return samples


def errors(
    pictures: np.ndarray, asked: np.ndarray, scale: np.ndarray, classify: Any, labels: np.ndarray
) -> dict[str, float]:
    """Root mean squared errors of the attributes [n, 4] in units of `scale`, and digits right."""
    off = (posed_digits.measure(pictures) - asked) / scale
    by_name = dict(zip(posed_digits.NAMES, np.sqrt((off**2).mean(axis=0)).tolist(), strict=True))
    return {**by_name, "digit": float((classify(pictures) == labels).mean())}


def _row(name: str, runs: list[dict[str, float]]) -> dict[str, Any]:
    columns = runs[0] if runs else {}
    return {"pictures": name} | {
        column: trained.spread([values[column] for values in runs]) for column in columns
    }
