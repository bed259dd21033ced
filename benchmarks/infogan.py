"""What InfoGAN's code of ten categories finds without labels: its error as a classifier of digits.

Every test digit is given the category that Q, the head of the discriminator, finds likeliest.
Categories are matched with digits one to one, as well as can be (the paper's rule), and what does
not match is the error. Information is of the generated digits: for the code of categories

    I(c; G(z, c)) ≥ H(c) + E[log Q(c | G(z, c))],

whose ceiling is H(c) = ln 10 = 2.303 nats, and for each continuous code likewise with H(c) = ln 2,
where there is no ceiling: a number may be written ever more exactly.
All seeds stand in the result, for the paper's 5 % is of a good one. Beside them stand ten clusters
of the pixels (k-means), matched alike.

Reference: Chen et al. 2016, "InfoGAN: interpretable representation learning by information
maximizing generative adversarial nets", section 7.2; the protocol on MNIST is that of the
authors' code: batches of 128, 5 000 updates, Adam at 2e-4 and 1e-3 for the generator, both weights
1, and a Q whose Gaussian has a deviation of one. Networks are the recipe's.
"""

import argparse
from typing import Any

import numpy as np

from benchmarks import trained

RECIPE = "infogan-digits"
# Data → overrides of the recipe.
DATA: dict[str, tuple[str, ...]] = {
    "digits": (),
    "mnist": (
        "data.source=tfds:mnist",
        "prior.size=62",
        "train.batch_size=128",
        "optimizers.generator.learning_rate=1e-3",
        "optimizers.discriminator.learning_rate=2e-4",
        "terms=[{name: mutual_information, deviation: one}]",
    ),
}
_STEPS = {"digits": 3000, "mnist": 5000}
PUBLISHED = 0.05
_ASKED = 2000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", default="mnist", choices=list(DATA))
    parser.add_argument("--steps", type=int, help="of training; default the data's own")
    parser.add_argument("--data-dir", help="where prepared tensorflow-datasets lie")
    trained.add_arguments(parser, "runs/infogan", seeds=5, workers=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    start_tensorflow()
    jobs = {seed: _job(arguments, seed) for seed in range(arguments.seeds)}
    made = trained.make(jobs, arguments.work, workers=arguments.workers, threads=1)
    data = _data(arguments)
    pictures, labels = data.held_out["sample"], data.held_out["label"]
    found = {
        seed: measured(one.run_dir, pictures, labels, data.spec.sample)
        for seed, one in trained.succeeded(made).items()
    }
    errors = sorted(numbers["error"] for numbers in found.values())
    clusters = {"code": "k-means of pixels", "error": _clustered(pictures, labels)}
    summary = [
        {"code": "InfoGAN, median of seeds", "error": float(np.median(errors)) if errors else ""},
        {"code": "InfoGAN, best seed", "error": min(errors, default="")},
    ]
    published = [{"code": "published (a good seed)", "error": PUBLISHED}]
    return {
        "rows": [
            *({"code": f"InfoGAN, seed {seed}", **numbers} for seed, numbers in found.items()),
            *summary,
            clusters,
            *(published if arguments.data == "mnist" else []),
        ],
        "details": {
            "recipe": RECIPE,
            "overrides": list(_overrides(arguments)),
            "pictures": len(labels),
            "runs": [{"seed": seed, **numbers} for seed, numbers in found.items()],
            "problems": trained.problems(made),
        },
    }


def _steps(arguments: argparse.Namespace) -> int:
    return 20 if arguments.quick else arguments.steps or _STEPS[arguments.data]


def _overrides(arguments: argparse.Namespace) -> tuple[str, ...]:
    steps = _steps(arguments)
    place = (f"data.data_dir={arguments.data_dir}",) if arguments.data_dir else ()
    every = (f"run.{name}_every={steps}" for name in ("log", "sample", "checkpoint"))
    return (*DATA[arguments.data], *place, f"train.steps={steps}", *every)


def _job(arguments: argparse.Namespace, seed: int) -> trained.Job:
    overrides = (*_overrides(arguments), f"seed={seed}", "run.instruments_every=null")
    name = f"{arguments.data}-{_steps(arguments)}-{seed}"
    return trained.Job(name, RECIPE, overrides, evaluation=None)


def _data(arguments: argparse.Namespace) -> Any:
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    return loading.load(load_experiment(RECIPE, [*_overrides(arguments)]).data)


# ---- What a code knows ---------------------------------------------------------------------------


def measured(
    run_dir: str, pictures: np.ndarray, labels: np.ndarray, field: Any
) -> dict[str, float]:
    """Error of the code of categories, and the information of all codes in nats.

    Args:
        run_dir: of a trained run.
        pictures: test digits as stored.
        labels: int64 [n].
        field: of the pictures.
    """
    import keras

    import trainer

    run = trainer.open_run(run_dir)
    judge = run.networks["discriminator"]
    found = _answers(judge, pictures, field)["category"].argmax(axis=1)
    numbers = {"error": assignment_error(found, labels)}
    asked = run.ask("latents", seed=np.arange(_ASKED))["latent"]
    answers = _answers(judge, run.ask("decode", latent=asked)["image"], field)
    for part in run.description.latent_layout:
        if part["kind"] != "noise":
            codes = asked[:, part["start"] : part["start"] + part["size"]]
            heard = information(codes, answers[part["name"]], one_hot=part["kind"] == "one_hot")
            numbers[f"nats of {part['name']}"] = heard
    keras.backend.clear_session()
    return numbers


def _answers(judge: Any, pictures: np.ndarray, field: Any) -> dict[str, np.ndarray]:
    """What Q says of pictures as stored, by the code's name."""
    from trainer.data import modalities

    blocks = np.array_split(pictures, 1 + len(pictures) // 500)
    said = [judge({"sample": modalities.seen(block, field)}, training=False) for block in blocks]
    heads = [name for name in said[0] if name.startswith("code_")]
    return {
        name.removeprefix("code_"): np.concatenate([np.asarray(answer[name]) for answer in said])
        for name in heads
    }


def assignment_error(codes: np.ndarray, labels: np.ndarray) -> float:
    """Share that differs where codes are matched with labels one to one as well as can be."""
    from scipy.optimize import linear_sum_assignment

    counts = np.zeros((int(codes.max()) + 1, int(labels.max()) + 1), np.int64)
    np.add.at(counts, (codes, labels), 1)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    return float(1.0 - counts[rows, columns].sum() / len(labels))


def information(codes: np.ndarray, answers: np.ndarray, *, one_hot: bool) -> float:
    """The lower bound H(c) + E[log Q(c | x)] in nats, of codes [n, d] as they were drawn."""
    from trainer.game.terms import mutual_information

    return float(np.mean(mutual_information.information(codes, answers, one_hot=one_hot)))


def _clustered(pictures: np.ndarray, labels: np.ndarray) -> float:
    """The error of ten clusters of the pixels."""
    from sklearn.cluster import KMeans

    rows = pictures.reshape(len(pictures), -1) / 255.0
    return assignment_error(KMeans(10, n_init=1, random_state=0).fit_predict(rows), labels)
