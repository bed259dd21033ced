"""Digits read after a few labels: the semi-supervised game beside the same network without a game.

Both learn the same labelled digits, as many of each class, which the draw chooses; the game also
sees all the others, without their labels. The network of the second is the game's discriminator,
trained on the labelled digits alone by the same optimizer for as many steps. Errors are of all test
digits after the last step: nothing is chosen by them.

Reference: Salimans et al. 2016, "Improved techniques for training GANs", section 5.1, table 1,
whose errors are means over ten draws, after 300 epochs of batches of 100, of another network (fully
connected, with weight normalisation and noise).
"""

import argparse
from typing import Any

import numpy as np

from benchmarks import trained

RECIPE = "semi-digits"
# Data → overrides of the recipe.
DATA: dict[str, tuple[str, ...]] = {
    "digits": (),
    "mnist": ("train.batch_size=100",),
}
_OF = {"digits": "digits", "mnist": "tfds:mnist"}
# Errors on 10 000 test digits, by the number of labels.
PUBLISHED = {20: 1677, 50: 221, 100: 93, 200: 90}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", default="mnist", choices=list(DATA))
    parser.add_argument("--labels", nargs="+", type=int, default=[20, 50, 100, 200])
    parser.add_argument("--draws", type=int, default=1, help="of labelled digits, 0, 1, …")
    parser.add_argument("--epochs", type=int, default=100, help="of training; the paper has 300")
    parser.add_argument("--data-dir", help="where prepared tensorflow-datasets lie")
    trained.add_arguments(parser, "runs/semi", workers=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    start_tensorflow()
    jobs = {
        (labels, draw): _job(arguments, labels, draw)
        for labels in arguments.labels
        for draw in range(arguments.draws)
    }
    made = trained.make(jobs, arguments.work, workers=arguments.workers, threads=1)
    found = {place: errors(one) for place, one in trained.succeeded(made).items()}
    return {
        "rows": [
            _row(arguments, labels, [n for (own, _), n in found.items() if own == labels])
            for labels in arguments.labels
        ],
        "details": {
            "recipe": RECIPE,
            "chosen": "the last step",
            "runs": [{"labels": k, "draw": d, **numbers} for (k, d), numbers in found.items()],
            "problems": trained.problems(made),
        },
    }


def _job(arguments: argparse.Namespace, labels: int, draw: int) -> trained.Job:
    of = f"of: {_OF[arguments.data]!r}, labelled: {labels}, choice: {draw}"
    source = f"{{name: partly_labelled, {of}}}"
    length = "train.steps=20" if arguments.quick else f"train.epochs={arguments.epochs}"
    place = (f"data.data_dir={arguments.data_dir}",) if arguments.data_dir else ()
    overrides = (
        *(f"data.source={source}", f"seed={draw}", length, *DATA[arguments.data], *place),
        *("run.instruments_every=null", "run.log_every=500"),
        *("run.sample_every=5000", "run.checkpoint_every=5000"),
    )
    name = f"{arguments.data}-{labels}-{length.partition('.')[2]}-{draw}"
    return trained.Job(name, RECIPE, overrides, evaluation=None)


# ---- Errors --------------------------------------------------------------------------------------


def errors(one: trained.Trained) -> dict[str, int]:
    """How many test digits each of the two reads wrongly, and how many there are."""
    import keras

    import trainer
    from trainer.data import loading

    run = trainer.open_run(one.run_dir)
    data = loading.load(run.experiment.data)
    pictures, labels = data.held_out["sample"], data.held_out["label"]
    blocks = np.array_split(pictures, 1 + len(pictures) // 500)
    read = np.concatenate([run.ask("classify", image=block)["label"] for block in blocks])
    alone = _supervised_only(run.networks["discriminator"], data, run.experiment, one.steps)
    keras.backend.clear_session()
    return {
        "semi-supervised": int((read != labels).sum()),
        "supervised only": int((alone(pictures) != labels).sum()),
        "of": len(labels),
    }


def _supervised_only(network: Any, data: Any, experiment: Any, steps: int) -> Any:
    """A function that reads pictures, by a fresh network of the same layers and optimizer.

    Args:
        network: of the game; its weights are left alone.
        data: with the table of labelled examples.
        experiment: whose batch size, optimizer and seed count.
        steps: of training.
    """
    import keras
    import tensorflow as tf

    from trainer.data import modalities

    keras.utils.set_random_seed(experiment.seed)
    fresh = keras.models.clone_model(network)
    rate = experiment.optimizers.discriminator.learning_rate
    optimizer = keras.optimizers.Adam(rate, beta_1=0.5)
    seen = modalities.seen(tf.constant(data.train["labelled_sample"]), data.spec.sample)
    classes = tf.constant(data.train["labelled_label"])
    batch = min(experiment.train.batch_size, len(classes))

    @tf.function
    def step(rows: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            logits = fresh({"sample": tf.gather(seen, rows)}, training=True)["class_logits"]
            asked = tf.gather(classes, rows)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(asked, logits)
            loss = tf.reduce_mean(losses)
        weights = fresh.trainable_variables
        gradients = tape.gradient(loss, weights)
        pairs = [(g, v) for g, v in zip(gradients, weights, strict=True) if g is not None]
        optimizer.apply_gradients(pairs)

    random = np.random.RandomState(experiment.seed)
    for _ in range(steps):
        step(tf.constant(random.choice(len(classes), batch, replace=False)))

    def read(pictures: np.ndarray) -> np.ndarray:
        x = modalities.seen(tf.constant(pictures), data.spec.sample)
        return np.asarray(fresh.predict({"sample": x}, verbose=0)["class_logits"]).argmax(axis=1)

    return read


def _row(arguments: argparse.Namespace, labels: int, found: list[dict[str, int]]) -> dict[str, Any]:
    names = ("semi-supervised", "supervised only")
    return {
        "labels": labels,
        **{f"errors, {n}": trained.spread([of_draw[n] for of_draw in found], ".4g") for n in names},
        "of test digits": found[0]["of"] if found else "",
        **({"published": PUBLISHED.get(labels, "")} if arguments.data == "mnist" else {}),
        "epochs": "" if arguments.quick else arguments.epochs,
        "draws": len(found),
    }
