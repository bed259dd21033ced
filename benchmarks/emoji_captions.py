"""How well emoji that a game makes fit their captions, by a matcher that the game never met.

The matcher is two small networks, of pictures and of words, which learned which training picture
and caption belong together (softmax over a batch, both ways). Pictures are made of the captions of
held-out emoji; those of other skin tones may be among the training ones. Matched is the share of
other captions that fit a picture worse than its own does (chance: one half), R-precision the
probability that its own fits best among itself and nine others (chance: one tenth); both over all
choices of others, exactly. The ceiling is what the real held-out pictures score, which says how
much the matcher knows.

References: Reed et al. 2016, "Generative adversarial text to image synthesis", whose ablation this
is; Xu et al. 2018, "AttnGAN", for R-precision (of 100 captions there).
"""

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import trained

RECIPE = "gan-cls-digits"
GAMES = {
    "GAN": "terms=[]",
    "GAN-CLS": "terms=[matching_aware]",
    "GAN-INT": "terms=[interpolation]",
    "GAN-INT-CLS": "terms=[matching_aware, interpolation]",
}
CANDIDATES = 10
_SIZE, _EPOCHS, _BATCH, _WIDTH = 32, 60, 128, 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--pictures", type=Path, required=True, help=".npz file or folder")
    parser.add_argument("--captions", type=Path, required=True, help=".jsonl file, a line each")
    parser.add_argument("--caption", default="name", help="the captions' field in a line")
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--steps", type=int, default=20_000)
    trained.add_arguments(parser, "runs/emoji", seeds=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    start_tensorflow()
    jobs = {
        (game, seed): _job(arguments, game, seed)
        for game in arguments.games
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    data = _data(arguments)
    score = matcher(data, epochs=1 if arguments.quick else _EPOCHS)
    words, rows = np.unique(data.held_out["text"], axis=0, return_index=True)
    asked = captions_of(words, data.spec.fields["text"].names)
    found = {
        place: fits(score(drawn(one.run_dir, asked), words))
        for place, one in trained.succeeded(made).items()
    }
    real = fits(score(data.held_out["sample"][rows], words))
    chance = {"matched": 0.5, "R-precision": 1.0 / CANDIDATES}
    return {
        "rows": [
            *(
                _row(game, [numbers for (name, _), numbers in found.items() if name == game])
                for game in arguments.games
            ),
            _row("real pictures", [real]),
            _row("chance", [chance]),
        ],
        "details": {
            "recipe": RECIPE,
            "steps": 20 if arguments.quick else arguments.steps,
            "captions": len(asked),
            "runs": [{"game": g, "seed": s, **numbers} for (g, s), numbers in found.items()],
            "problems": trained.problems(made),
        },
    }


def _overrides(arguments: argparse.Namespace) -> tuple[str, ...]:
    places = f"pictures: {arguments.pictures}, captions: {arguments.captions}"
    source = f"{{name: captions, {places}, caption: {arguments.caption}}}"
    return f"data.source={source}", f"data.size={_SIZE}"


def _job(arguments: argparse.Namespace, game: str, seed: int) -> trained.Job:
    steps = 20 if arguments.quick else arguments.steps
    overrides = (*_overrides(arguments), GAMES[game], f"seed={seed}", f"train.steps={steps}")
    every = [f"run.{name}_every={steps}" for name in ("sample", "checkpoint")]
    return trained.Job(f"{game}-{steps}-{seed}", RECIPE, (*overrides, *every), evaluation=None)


def _data(arguments: argparse.Namespace) -> Any:
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    return loading.load(load_experiment(RECIPE, [*_overrides(arguments)]).data)


def captions_of(words: np.ndarray, names: tuple[str, ...]) -> list[str]:
    """Captions int32 [n, T] as texts; 0 ends them."""
    return [" ".join(names[number] for number in row if number) for row in words]


def drawn(run_dir: str, asked: list[str]) -> np.ndarray:
    """What a run makes of captions with seeds 0, 1, …: uint8 [n, h, w, 3]."""
    import keras

    import trainer

    samples = trainer.open_run(run_dir).sample(len(asked), text=asked)
    keras.backend.clear_session()
    return samples


# ---- The matcher ---------------------------------------------------------------------------------


def matcher(data: Any, *, epochs: int) -> Any:
    """A function of pictures uint8 [n, h, w, c] and captions int32 [m, T]: scores [n, m]."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    vocabulary = len(data.spec.fields["text"].names)
    looking, reading = _looking(data.spec.sample.fixed_shape), _reading(vocabulary)
    pictures = data.train["sample"].astype(np.float32) / 255.0
    words = _bags(data.train["text"], vocabulary)
    optimizer = keras.optimizers.Adam(1e-3)
    weights = looking.trainable_variables + reading.trainable_variables

    @tf.function(reduce_retracing=True)
    def step(x: tf.Tensor, bags: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            logits = 10.0 * tf.matmul(looking(x, training=True), reading(bags), transpose_b=True)
            own = tf.range(tf.shape(x)[0])
            losses = [
                tf.nn.sparse_softmax_cross_entropy_with_logits(own, way)
                for way in (logits, tf.transpose(logits))
            ]
            loss = tf.reduce_mean(tf.add_n(losses))
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    random = np.random.RandomState(0)
    for _ in range(epochs):
        order = random.permutation(len(pictures))
        for first in range(0, len(order) - 1, _BATCH):
            rows = order[first : first + _BATCH]
            step(tf.constant(pictures[rows]), tf.constant(words[rows]))

    def score(shown: np.ndarray, told: np.ndarray) -> np.ndarray:
        seen = looking.predict(shown.astype(np.float32) / 255.0, verbose=0)
        return np.asarray(seen @ reading.predict(_bags(told, vocabulary), verbose=0).T)

    return score


def _looking(shape: tuple[int, ...]) -> Any:
    import keras

    x = inputs = keras.Input(shape)
    for filters in (32, 64, 128):
        x = keras.layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    x = keras.layers.Dropout(0.3)(keras.layers.Flatten()(x))
    return keras.Model(inputs, keras.layers.UnitNormalization()(keras.layers.Dense(_WIDTH)(x)))


def _reading(vocabulary: int) -> Any:
    import keras

    inputs = keras.Input((vocabulary,))
    return keras.Model(inputs, keras.layers.UnitNormalization()(keras.layers.Dense(_WIDTH)(inputs)))


def _bags(words: np.ndarray, vocabulary: int) -> np.ndarray:
    """Captions int32 [n, T] by which words they have, float32 [n, V]."""
    bags = np.zeros((len(words), vocabulary), np.float32)
    np.put_along_axis(bags, words.astype(np.int64), 1.0, axis=1)
    bags[:, 0] = 0.0
    return bags


def fits(scores: np.ndarray) -> dict[str, float]:
    """Matched and R-precision of scores [n, n] of pictures and captions, own ones on the diagonal.

    A picture whose own caption beats m of the n - 1 others wins against nine of them, drawn without
    replacement, with probability C(m, 9) / C(n - 1, 9).
    """
    count, others = len(scores), min(CANDIDATES, len(scores)) - 1
    beaten = (scores < np.diag(scores)[:, np.newaxis]).sum(axis=1)
    wins = [math.comb(int(m), others) / math.comb(count - 1, others) for m in beaten]
    return {"matched": float(beaten.mean() / (count - 1)), "R-precision": float(np.mean(wins))}


def _row(name: str, found: list[dict[str, float]]) -> dict[str, Any]:
    return {
        "pictures": name,
        **{key: trained.spread([n[key] for n in found]) for key in ("matched", "R-precision")},
        "seeds": len(found) if name in GAMES else "",
    }
