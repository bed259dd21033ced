"""An export in this process, run at one fixed batch size."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import numpy as np
import tensorflow as tf

from serving.description import Description
from serving.errors import ServingError, UsageError
from serving.versions import fingerprint, require_versions, version_path

INTERNAL_BATCH = 64


class ExportedModel:
    """One version of an exported generator.

    Float arithmetic depends on the batch size in its last bits. Every call therefore runs whole
    batches of one number of rows, the last one padded, so a sample has the same bits wherever
    it stands among others.

    Attributes:
        version: the version's number.
        fingerprint: SHA-256 over the export's files.
        description: what the model says of itself.
    """

    def __init__(self, model_dir: str, version: int | None = None) -> None:
        """Loads `version`, or the newest, from `model_dir`.

        Raises:
            UsageError: there is no such folder or version.
            ServingError: the export cannot be loaded or does not describe itself.
        """
        versions = require_versions(model_dir)
        self.version = versions[-1] if version is None else version
        if self.version not in versions:
            raise UsageError(f"version: {version} is not in {model_dir!r}; it has {versions}.")
        path = version_path(model_dir, self.version)
        self.fingerprint = fingerprint(path)
        with _failing(f"the export {path!r} cannot be loaded"):
            self._loaded = tf.saved_model.load(path)
        self._signatures = self._loaded.signatures
        if "describe" not in self._signatures:
            raise ServingError(
                f"the export {path!r} has no 'describe' signature; export it with `gan export`."
            )
        row = {"row": np.zeros(1, np.int64)}
        self.description = Description.parse(self._run("describe", row)["description"][0])

    def run(
        self,
        signature: str,
        inputs: dict[str, np.ndarray],
        internal_batch: int = INTERNAL_BATCH,
    ) -> dict[str, np.ndarray]:
        """Returns the outputs of `signature` for arrays with n rows each, n at least 1.

        Raises:
            ServingError: the model fails on them.
        """
        return in_batches(partial(self._run, signature), inputs, internal_batch)

    def _run(self, signature: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        with _failing(f"the signature {signature!r} failed"):
            outputs = self._signatures[signature](
                **{name: tf.constant(array) for name, array in inputs.items()}
            )
        return {name: tensor.numpy() for name, tensor in outputs.items()}


def in_batches(
    function: Callable[[dict[str, np.ndarray]], Mapping[str, np.ndarray]],
    inputs: Mapping[str, np.ndarray],
    size: int = INTERNAL_BATCH,
) -> dict[str, np.ndarray]:
    """A function's outputs for arrays of n rows each, n at least 1, `size` rows at a time.

    The last batch is padded with its last row, so that every batch has the same number of rows.
    """
    num_rows = len(next(iter(inputs.values())))
    parts = []
    for start in range(0, num_rows, size):
        rows = np.arange(start, start + size)
        parts.append(function({n: array.take(rows, 0, mode="clip") for n, array in inputs.items()}))
    return {name: np.concatenate([p[name] for p in parts])[:num_rows] for name in parts[0]}


@contextmanager
def _failing(what: str) -> Iterator[None]:
    """Turns what TensorFlow raises on a broken export into a ServingError."""
    try:
        yield
    except (tf.errors.OpError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ServingError(f"{what}: {error}") from error
