"""What decides whether a sample is kept."""

from typing import ClassVar, Protocol

import numpy as np
import tensorflow as tf

from serving.bulk.plans import Columns
from serving.description import Description
from serving.errors import ServingError, UsageError
from serving.exported import ExportedModel, in_batches
from serving.versions import MARKER, fingerprint


class Scorer(Protocol):
    """Gives every sample a number; the larger the better.

    Attributes:
        name: of the column that the numbers become.
    """

    name: ClassVar[str]

    def __call__(self, values: np.ndarray, columns: Columns, batch: int) -> np.ndarray:
        """Returns float32 [n] for samples [n, *shape], in calls of `batch` rows."""


def require_score(description: Description) -> None:
    """Refuses an export whose samples have no realism.

    Raises:
        UsageError: saying why.
    """
    if not description.has_signature("score"):
        raise UsageError(
            "realism: this export has no 'score' signature (its discriminator may judge several "
            "samples at once); use a classifier."
        )


class Realism:
    """The discriminator's logit."""

    name: ClassVar[str] = "realism"

    def __init__(self, model: ExportedModel) -> None:
        require_score(model.description)
        self._model = model

    def __call__(self, values: np.ndarray, columns: Columns, batch: int) -> np.ndarray:
        """See `Scorer`."""
        score = self._model.description.signature("score")
        # Molecules are read as texts and judged as graphs, which stand beside them.
        judged = columns[score.subject] if values.dtype == object else values
        inputs = {**columns, score.subject: judged}
        inputs = {name: inputs[name] for name in score.inputs}
        return self._model.run(score.name, inputs, batch)["realism"].astype(np.float32)


class Confidence:
    """A classifier's probability of the sample's label, or of its surest class without labels.

    The classifier is a SavedModel whose `serving_default` takes samples in the model's units, cast
    to the type it asks for, and gives one array [n, classes] of probabilities or logits.
    """

    name: ClassVar[str] = "confidence"

    def __init__(self, path: str) -> None:
        """Loads the classifier in the folder `path`.

        Raises:
            UsageError: there is no SavedModel with such a signature.
        """
        if not tf.io.gfile.exists(f"{path}/{MARKER}"):
            raise UsageError(
                f"classifier: {path!r} is no SavedModel; pass the folder that holds {MARKER}."
            )
        self.fingerprint = fingerprint(path)
        try:
            self._loaded = tf.saved_model.load(path)
            self._run = self._loaded.signatures["serving_default"]
            ((self._input, spec),) = self._run.structured_input_signature[1].items()
            (self._output,) = self._run.structured_outputs
        except (tf.errors.OpError, OSError, ValueError, KeyError, RuntimeError) as error:
            raise UsageError(
                f"classifier: {path!r} cannot be used ({error}); it needs a 'serving_default' "
                "with one input and one output."
            ) from error
        self._dtype = spec.dtype

    def __call__(self, values: np.ndarray, columns: Columns, batch: int) -> np.ndarray:
        """See `Scorer`."""
        scores = in_batches(self._scores, {self._input: values}, batch)[self._output]
        labels = columns.get("label")
        if labels is None:
            return scores.max(axis=1)
        if labels.max() >= scores.shape[1]:
            raise UsageError(
                f"classifier: it knows {scores.shape[1]} classes, and the model's labels go to "
                f"{labels.max()}; pass a classifier of the same classes."
            )
        return scores[np.arange(len(scores)), labels]

    def _scores(self, samples: dict[str, np.ndarray]) -> Columns:
        (values,) = samples.values()
        inputs = {self._input: tf.cast(tf.constant(values), self._dtype)}
        try:
            scores = self._run(**inputs)[self._output].numpy().astype(np.float64)
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise ServingError(f"The classifier failed: {error}") from error
        if scores.ndim != 2:
            raise UsageError(
                f"classifier: its output has shape {list(scores.shape)}; expected [n, classes]."
            )
        return {self._output: _probabilities(scores).astype(np.float32)}


def _probabilities(scores: np.ndarray) -> np.ndarray:
    """Rows that are distributions as they are, all others by their softmax."""
    exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
    softmax = exponents / exponents.sum(axis=1, keepdims=True)
    ready = (scores >= 0).all(axis=1) & (abs(scores.sum(axis=1) - 1) < 1e-3)
    return np.where(ready[:, None], scores, softmax)
