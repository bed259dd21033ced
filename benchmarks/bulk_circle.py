"""The whole circle: labelled digits are generated, loaded by TFDS, and teach a classifier.

Its accuracy on the real test set is GAN-train (Shmelkov et al. 2018, "How good is my GAN?"); the
same classifier taught by the real training set is the ceiling.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--models", required=True, help="model directory of a cgan-mnist run")
    parser.add_argument("--data-dir", help="where prepared tensorflow-datasets lie")
    parser.add_argument("--per-class", type=int, default=6000, help="digits of each class")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Goes round and returns the result."""
    from serving.batch import generate
    from trainer.catalogue import Tfds
    from trainer.config.experiment import Data
    from trainer.data import loading
    from trainer.evaluation.extractors.classifier_training import train_classifier

    per_class = 300 if arguments.quick else arguments.per_class
    real = loading.load(Data(source=Tfds(dataset="mnist"), data_dir=arguments.data_dir))
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        out = str(Path(folder) / "digits")
        manifest = generate(arguments.models, out, per_class=per_class, format="tfrecord")
        seconds = time.perf_counter() - begun
        made = _examples(out)
    rows = []
    for name, examples in (("generated", made), ("real", real.train)):
        begun = time.perf_counter()
        classifier = train_classifier(examples, real.spec)
        rows.append(
            {
                "taught by": f"{len(examples)} {name} digits",
                "accuracy on the real test set, %": _percent(classifier.accuracy(real.held_out)),
                "training, s": round(time.perf_counter() - begun, 1),
            }
        )
    return {
        "rows": rows,
        "details": {
            "per_class": per_class,
            "generation_s": round(seconds, 1),
            "internal_batch": manifest["internal_batch"],
            "model_fingerprint": manifest["model_fingerprint"],
        },
    }


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)


def _examples(out: str) -> Any:
    """The generated data set, as TensorFlow Datasets gives it to anybody."""
    import numpy as np
    import tensorflow_datasets as tfds

    from trainer.data.examples import Examples

    rows = list(
        tfds.builder_from_directory(out).as_dataset(split="train").batch(1024).as_numpy_iterator()
    )
    images = np.concatenate([row["image"] for row in rows])
    labels = np.concatenate([row["label"] for row in rows])
    return Examples.of(sample=images, label=labels)
