"""Training a small classifier on labelled examples, real or generated."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from trainer.data import modalities
from trainer.data.examples import DataSpec, Examples, sample_of
from trainer.data.pipeline import batches
from trainer.errors import ConfigError
from trainer.evaluation.extractors import Features
from trainer.evaluation.extractors.blocks import Run, check_samples, in_blocks
from trainer.evaluation.extractors.classifier_network import architecture, build

_BATCH = 128
# Examples seen: so many passes, but within these bounds; larger images get the lower upper bound,
# because each takes several times as long.
_PASSES = 5
_LEAST_SEEN = 80_000
_MOST_SEEN = 300_000
_MOST_LARGE_SEEN = 100_000
_LARGE_PIXELS = 64 * 64
_LEARNING_RATE = 2e-3
_WEIGHT_DECAY = 1e-3
# Rows, and numbers, that go through the network at a time outside of training.
_BLOCK = 512
_BLOCK_NUMBERS = 2**23


@dataclass(frozen=True)
class Classifier:
    """A trained classifier of stored samples.

    Attributes:
        model: float32 samples in [-1, 1] → "features" and "logits"
            (`trainer.evaluation.extractors.classifier_network.build`).
        spec: of the data that it was trained on.
    """

    model: keras.Model
    spec: DataSpec

    def extract(self, samples: np.ndarray) -> Features:
        """Samples [n, *shape] in stored units → features [n, 64] and logits [n, k].

        Raises:
            ConfigError: for samples of another shape or type.
        """
        check_samples(samples, self.spec)
        return in_blocks(self._run, samples, self._block)

    def predict(self, samples: np.ndarray) -> np.ndarray:
        """The most likely class of each sample, int64 [n]."""
        logits = self.extract(samples).logits
        assert logits is not None
        return np.argmax(logits, axis=1).astype(np.int64)

    def accuracy(self, examples: Examples) -> float | None:
        """Share of the examples read as their label; None where there are none, or no labels."""
        if examples.labels is None or not len(examples):
            return None
        return float(np.mean(self.predict(examples.samples) == examples.labels))

    @property
    def kind(self) -> str:
        """What the network is, in the name of the extractor."""
        return "cnn" if self.spec.sample.kind == "image" else "mlp"

    @cached_property
    def hash(self) -> str:
        """Hexadecimal SHA-256 of the architecture, the preprocessing and the weights in order."""
        spec = self.spec
        form = [spec.sample.shape, spec.sample.dtype, spec.sample.limits, architecture(self.model)]
        digest = hashlib.sha256(json.dumps(form).encode())
        for array in self.model.get_weights():
            digest.update(array.tobytes())
        return digest.hexdigest()

    @property
    def _block(self) -> int:
        return int(np.clip(_BLOCK_NUMBERS // self.spec.sample.size, 8, _BLOCK))

    @cached_property
    def _run(self) -> Run:
        block = tf.TensorSpec([self._block, *self.spec.sample.shape], tf.float32)

        @tf.function(input_signature=[block])
        def forward(samples: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            outputs = self.model(modalities.seen(samples, self.spec.sample), training=False)
            return outputs["features"], outputs["logits"]

        return lambda samples: forward(tf.cast(samples, tf.float32))


def train_classifier(examples: Examples, spec: DataSpec, *, seed: int = 0) -> Classifier:
    """Trains a classifier from scratch; the same one for the same examples on one kind of machine.

    Nothing of Keras' or NumPy's global state is read or changed, so a training run may evaluate
    itself with it. A bar shows on a terminal when it takes longer than a second.

    Args:
        examples: labelled, at least one of each class; stored samples like those of the data.
        spec: of the data: form of the samples and names of the classes.
        seed: of the initial weights and of the order of the examples.

    Raises:
        ConfigError: for less than two classes, a class without examples, or samples from which
            nothing finite can be learned.
    """
    check_labels(examples, spec)
    model = build(spec, seed)
    _fit(model, examples, spec, seed)
    if not all(np.isfinite(array).all() for array in model.get_weights()):
        raise ConfigError(
            "evaluate.extractor: training a classifier ended in weights that are not finite; "
            "check the examples for values that are not."
        )
    return Classifier(model, spec)


def check_labels(examples: Examples, spec: DataSpec) -> None:
    """Refuses examples that cannot teach a classifier.

    Raises:
        ConfigError: for no labels, less than two classes, or a class without examples.
    """
    if examples.labels is None or not spec.num_classes:
        raise ConfigError(
            "evaluate.extractor: a classifier needs labelled examples, and these have no labels; "
            "take random_projection, raw or inception."
        )
    if spec.num_classes < 2:
        raise ConfigError(
            f"evaluate.extractor: a classifier needs at least 2 classes, and the data has only "
            f"{spec.label_names[0]!r}; take random_projection, raw or inception."
        )
    counts = np.bincount(examples.labels, minlength=spec.num_classes)
    absent = [name for name, count in zip(spec.label_names, counts, strict=True) if not count]
    if absent:
        more = f" and {len(absent) - 3} more" if len(absent) > 3 else ""
        raise ConfigError(
            "evaluate.extractor: a classifier needs examples of every class, and there is none of "
            f"{', '.join(map(repr, absent[:3]))}{more}; give more data, or take "
            "random_projection, raw or inception."
        )


def _fit(model: keras.Model, examples: Examples, spec: DataSpec, seed: int) -> None:
    batch_size, num_steps = min(_BATCH, len(examples)), _num_steps(len(examples), spec)
    step = _training_step(model, _optimizer(num_steps), spec)
    drawn = batches(examples, batch_size=batch_size, seed=seed).take(num_steps)
    sample = sample_of(examples)
    for batch in tqdm(
        drawn, "Training a classifier", num_steps, delay=1, disable=None, leave=False
    ):
        step(batch[sample][:, 0], batch["label"][:, 0])


def _num_steps(count: int, spec: DataSpec) -> int:
    sample = spec.sample
    is_large = sample.kind == "image" and sample.size > _LARGE_PIXELS * sample.fixed_shape[-1]
    most = _MOST_LARGE_SEEN if is_large else _MOST_SEEN
    return int(np.clip(_PASSES * count, _LEAST_SEEN, most)) // _BATCH


def _optimizer(num_steps: int) -> keras.optimizers.Optimizer:
    """Adam with decoupled weight decay, a tenth of the steps warming up and the rest a cosine."""
    warmup = num_steps // 10
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, num_steps - warmup, warmup_target=_LEARNING_RATE, warmup_steps=warmup
    )
    return keras.optimizers.AdamW(rate, weight_decay=_WEIGHT_DECAY, name="classifier_optimizer")


def _training_step(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, spec: DataSpec
) -> Any:
    variables = model.trainable_variables
    optimizer.build(variables)

    @tf.function
    def step(samples: tf.Tensor, labels: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            logits = model(modalities.seen(samples, spec.sample), training=True)["logits"]
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses)
        optimizer.apply(tape.gradient(loss, variables), variables)

    return step
