"""Features by any SavedModel: one signature that turns a batch of samples into vectors."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from serving.versions import fingerprint
from trainer import catalogue
from trainer.data import modalities
from trainer.data.examples import Dataset, DataSpec
from trainer.errors import ConfigError
from trainer.evaluation.extractors import Extractor, Features
from trainer.evaluation.extractors.blocks import Run, check_samples, in_blocks

_FIELD = "evaluate.extractor"
# Rows that go through a model which takes any number.
_BLOCK = 64


def make(
    options: catalogue.SavedModelExtractor, dataset: Dataset, source: str, cache: Path
) -> Extractor:
    """The named signature and outputs of a SavedModel, its features flattened to [n, d].

    The signature takes one input, [n, *shape] with n free or fixed. It is run once on zeros, so
    that a model which does not do as it says is refused before anything else is computed.

    Raises:
        ConfigError: when the model, the signature or an output is missing, or does not fit.
    """
    function = _signature(options)
    spec = dataset.spec
    name, takes = _input(function, options)
    _check_input(takes, spec, options)
    outputs = _outputs(function, options)
    size = takes.shape[0] or _BLOCK
    prepare = _preparation(takes.dtype, spec, options.scale)

    def run(samples: np.ndarray) -> tuple[tf.Tensor, tf.Tensor | None]:
        found = function(**{name: prepare(samples)})
        return found[outputs[0]], found[outputs[1]] if len(outputs) > 1 else None

    first = _first_block(run, size, spec, options)
    digest = _digest(options, spec)
    return Extractor(
        name=f"savedmodel-{digest[:4]}",
        hash=digest,
        kind="other" if first.logits is None else "classifier",
        dimension=first.features.shape[1],
        num_classes=0 if first.logits is None else first.logits.shape[1],
        knows_labels=False,
        accuracy=None,
        extract=lambda samples: _extracted(run, samples, size, spec),
        origin=options.path,
    )


def differentiable(
    options: catalogue.SavedModelExtractor, spec: DataSpec
) -> Callable[[tf.Tensor], tf.Tensor]:
    """The features of samples that are on the model's scale already, float32, as a function.

    Raises:
        ConfigError: as `make`; and for a model that takes whole numbers, which have no gradient.
    """
    function = _signature(options)
    name, takes = _input(function, options)
    if not takes.dtype.is_floating or not takes.shape.is_compatible_with(
        [None, *spec.sample.fixed_shape]
    ):
        raise ConfigError(
            f"{_FIELD}.path: signature {options.signature!r} takes {takes.dtype.name} of shape "
            f"{takes.shape}; a loss needs one that takes any number of samples of shape "
            f"{spec.sample.shape} as floating point."
        )
    output = _outputs(function, options)[0]
    return lambda samples: function(**{name: tf.cast(samples, takes.dtype)})[output]


def _extracted(run: Run, samples: np.ndarray, size: int, spec: DataSpec) -> Features:
    check_samples(samples, spec)
    return in_blocks(run, samples, size)


# ---- What the model offers -----------------------------------------------------------------------


def _signature(options: catalogue.SavedModelExtractor) -> Any:
    try:
        model = tf.saved_model.load(_folder(options))
    except (OSError, ValueError, KeyError, RuntimeError, tf.errors.OpError) as error:
        raise ConfigError(
            f"{_FIELD}.path: {options.path} cannot be loaded as a SavedModel "
            f"({_in_short(error)}); give the folder that holds its saved_model.pb."
        ) from error
    signatures = getattr(model, "signatures", {})
    if options.signature not in signatures:
        raise ConfigError(
            f"{_FIELD}.signature: received {options.signature!r}; the model has "
            f"{_listed(signatures)}."
        )
    function = signatures[options.signature]
    # A signature does not keep the model alive that its variables belong to.
    function.saved_model = model
    return function


def _input(function: Any, options: catalogue.SavedModelExtractor) -> tuple[str, tf.TensorSpec]:
    inputs = function.structured_input_signature[1]
    if len(inputs) != 1:
        raise ConfigError(
            f"{_FIELD}.signature: {options.signature!r} takes {len(inputs)} inputs "
            f"({_listed(inputs)}); give one that takes the samples alone."
        )
    return next(iter(inputs.items()))


def _check_input(
    takes: tf.TensorSpec, spec: DataSpec, options: catalogue.SavedModelExtractor
) -> None:
    """The samples must have the form that the model takes, and reach its type without loss."""
    given = np.dtype(spec.sample.dtype if options.scale == "stored" else np.float32)
    fits = takes.shape.is_compatible_with(
        [takes.shape[0] if takes.shape.rank else 1, *spec.sample.shape]
    )
    number = takes.dtype.is_floating or takes.dtype.is_integer
    if not fits or not number or not np.can_cast(given, takes.dtype.as_numpy_dtype, "safe"):
        raise ConfigError(
            f"{_FIELD}.path: signature {options.signature!r} takes {takes.dtype.name} of shape "
            f"{takes.shape}, and the samples are {given.name} of shape "
            f"{(None, *spec.sample.shape)} with scale={options.scale}; give a model for such "
            "samples, or another scale."
        )


def _outputs(function: Any, options: catalogue.SavedModelExtractor) -> list[str]:
    """The names of the features and, where it is asked for, of the logits."""
    offered = function.structured_outputs
    for field, name in (("output", options.output), ("logits", options.logits)):
        if name is not None and name not in offered:
            raise ConfigError(
                f"{_FIELD}.{field}: received {name!r}; signature {options.signature!r} has "
                f"{_listed(offered)}."
            )
    logits = [] if options.logits is None else [options.logits]
    if options.output is not None:
        return [options.output, *logits]
    candidates = [name for name in offered if name not in logits] or logits
    if len(candidates) != 1:
        raise ConfigError(
            f"{_FIELD}.output: signature {options.signature!r} has several outputs; name one of "
            f"{_listed(offered)}."
        )
    return [*candidates, *logits]


def _first_block(
    run: Run, size: int, spec: DataSpec, options: catalogue.SavedModelExtractor
) -> Features:
    """What comes of zeros, refused where it is not a row of numbers a sample."""
    try:
        zeros = np.zeros((size, *spec.sample.fixed_shape), spec.sample.dtype)
        results = [np.asarray(result) for result in run(zeros) if result is not None]
        rows = [result.shape[0] if result.ndim > 1 else None for result in results]
        if rows != [size] * len(rows) or any(result.dtype.kind not in "fiu" for result in results):
            kinds = ", ".join(f"{result.dtype.name} {result.shape}" for result in results)
            raise ValueError(f"it gave {kinds}")
        return in_blocks(run, zeros, size)
    except (ValueError, TypeError, tf.errors.OpError) as error:
        raise ConfigError(
            f"{_FIELD}.path: signature {options.signature!r} does not turn {size} samples into "
            f"{size} rows of numbers ({_in_short(error)}); give another signature or output."
        ) from error


def _preparation(dtype: tf.DType, spec: DataSpec, scale: str) -> Any:
    def prepare(samples: np.ndarray) -> tf.Tensor:
        if scale == "stored":
            is_unrounded = dtype.is_integer and samples.dtype.kind == "f"
            return tf.saturate_cast(np.rint(samples) if is_unrounded else samples, dtype)
        x = modalities.seen(samples, spec.sample)
        return tf.cast(x if scale == "symmetric" else (x + 1.0) / 2.0, dtype)

    return prepare


def _digest(options: catalogue.SavedModelExtractor, spec: DataSpec) -> str:
    form = [spec.sample.shape, spec.sample.dtype, spec.sample.limits]
    chosen = [options.signature, options.output, options.logits, options.scale]
    identity = [fingerprint(_folder(options)), chosen, form]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()


def _folder(options: catalogue.SavedModelExtractor) -> str:
    return os.path.expanduser(options.path)


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names)) or "none"


def _in_short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
