"""One client for a served generator, over gRPC and REST alike."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import numpy as np

from serving.description import DESCRIBE_OUTPUTS, Description
from serving.errors import UsageError
from serving.retry import with_retries
from serving.transports import connect

_CHUNK_BYTES = 2 * 2**20  # half of what a gRPC client takes by default; REST text is longer
_MAX_CHUNK_ROWS = 1024

Rows = Sequence[int] | np.ndarray


class Client:
    """Talks to one model behind the embedded endpoint or TF Serving.

    Inputs are checked against the model's own description before they are sent. Long requests
    are cut into chunks and their answers joined in order. A request that finds nobody
    (UNAVAILABLE) is repeated after a growing, jittered pause within its deadline. The
    description is read once: after a model with other labels or shapes took over the name,
    make a new client.

    Example:
        with Client("http://127.0.0.1:8501") as client:
            images = client.generate(range(16))["image"]
    """

    def __init__(
        self,
        target: str,
        model: str = "default",
        timeout: float = 30.0,
        max_retries: int = 5,
        version: int | None = None,
        chunk_rows: int | None = None,
    ) -> None:
        """Prepares the connection; the first request opens it.

        Args:
            target: "host:8500" for gRPC, "http://host:8501" for REST.
            model: the name under which the model is served.
            timeout: seconds that one request (one chunk) may take, its repetitions included.
            max_retries: repetitions of a request after UNAVAILABLE.
            version: the version to ask for; None for the newest.
            chunk_rows: rows per message; None for as many as keep a message near 2 MiB.

        Raises:
            UsageError: `target` names no endpoint, or a number is out of range.
        """
        if timeout <= 0:
            raise UsageError(f"timeout: received {timeout}; expected seconds greater than 0.")
        if max_retries < 0:
            raise UsageError(f"max_retries: received {max_retries}; expected 0 or more.")
        if chunk_rows is not None and chunk_rows < 1:
            raise UsageError(f"chunk_rows: received {chunk_rows}; expected 1 or more.")
        self._transport = connect(target, model, version)
        self._timeout = timeout
        self._max_retries = max_retries
        self._chunk_rows = chunk_rows
        self._description: Description | None = None

    def describe(self) -> dict[str, Any]:
        """Returns the model's description, a JSON document, read once.

        Raises:
            RequestError: the model has no `describe`, or nobody answers.
        """
        return self._described().document

    def generate(self, seeds: Rows, *, png: bool = False) -> dict[str, np.ndarray]:
        """Returns a sample for every seed, and its label where the model gives one.

        Args:
            seeds: integers, [n]; the same seed gives the same sample.
            png: whether to return PNG files instead of pixels.

        Returns:
            "image" uint8 [n, h, w, c] or "sample" [n, …], or "image_bytes" with [n] bytes
            objects; "label" int64 [n] too where the model draws one.

        Raises:
            UsageError: the seeds are no integers, or the model has no such signature.
            RequestError: the server's refusal, or no answer.
        """
        return self.predict(_png("generate", png), {"seed": seeds})

    def generate_conditional(
        self, seeds: Rows, labels: int | Rows, *, png: bool = False
    ) -> dict[str, np.ndarray]:
        """Returns a sample for every seed under the given labels.

        Args:
            seeds: integers, [n].
            labels: integers, [n], or one for all.
            png: whether to return PNG files instead of pixels.

        Returns:
            "image", "sample" or "image_bytes" as `generate` does.

        Raises:
            UsageError: a label is out of range, or the model takes none.
            RequestError: the server's refusal, or no answer.
        """
        inputs = {"seed": seeds, "label": _spread(labels, np.size(seeds))}
        return self._predict_labelled(_png("generate_conditional", png), inputs)

    def decode(
        self, latents: np.ndarray, labels: int | Rows | None = None
    ) -> dict[str, np.ndarray]:
        """Returns the samples of latents, float32 [n, z], under labels where the model takes them.

        Raises:
            UsageError: a shape or a label is not what the model takes.
            RequestError: the server's refusal, or no answer.
        """
        return self._predict_labelled("decode", _with_labels("latent", latents, labels))

    def latents(self, seeds: Rows) -> np.ndarray:
        """Returns the latents that `generate` uses for `seeds`, float32 [n, z].

        Raises:
            UsageError: the seeds are no integers.
            RequestError: the server's refusal, or no answer.
        """
        return self.predict("latents", {"seed": seeds})["latent"]

    def score(self, samples: np.ndarray, labels: int | Rows | None = None) -> np.ndarray:
        """Returns how real the discriminator finds `samples`: logits, float32 [n].

        Raises:
            UsageError: a shape, a type or a label is not what the model takes.
            RequestError: the server's refusal, or no answer.
        """
        name = self._described().sample_output
        return self._predict_labelled("score", _with_labels(name, samples, labels))["realism"]

    def predict(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Runs any signature of the model.

        Args:
            signature: its name.
            inputs: values by input name, all with equally many rows.

        Returns:
            Arrays by output name; strings as object arrays of bytes.

        Raises:
            UsageError: the description rules the inputs out.
            RequestError: the server's refusal, or no answer.
        """
        description = self._described()
        arrays = description.check_inputs(signature, inputs)
        outputs = description.outputs(signature)
        num_rows, step = len(next(iter(arrays.values()))), self._rows_per_chunk(description)
        parts = []
        for start in range(0, num_rows, step):
            chunk = {name: array[start : start + step] for name, array in arrays.items()}
            parts.append(self._call(signature, chunk, outputs))
        return {name: np.concatenate([part[name] for part in parts]) for name in outputs}

    def close(self) -> None:
        """Ends the connection."""
        self._transport.close()

    def __enter__(self) -> "Client":
        """Returns the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the connection."""
        self.close()

    def _predict_labelled(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        if "label" in inputs and self._described().num_classes is None:
            raise UsageError(f"labels: {signature} of this model takes no labels; leave them out.")
        return self.predict(signature, inputs)

    def _described(self) -> Description:
        if self._description is None:
            row = {"row": np.zeros(1, np.int64)}
            reply = self._call("describe", row, DESCRIBE_OUTPUTS)
            self._description = Description.parse(reply["description"][0])
        return self._description

    def _rows_per_chunk(self, description: Description) -> int:
        fitting = _CHUNK_BYTES // max(1, description.bytes_per_row())
        return self._chunk_rows or max(1, min(_MAX_CHUNK_ROWS, fitting))

    def _call(
        self, signature: str, inputs: Mapping[str, np.ndarray], outputs: Mapping[str, str]
    ) -> dict[str, np.ndarray]:
        def attempt(remaining: float) -> dict[str, np.ndarray]:
            return self._transport.call(signature, inputs, outputs, remaining)

        return with_retries(attempt, self._timeout, self._max_retries)


def _png(signature: str, png: bool) -> str:
    return f"{signature}_png" if png else signature


def _spread(labels: int | Rows, num_rows: int) -> Rows:
    return np.full(num_rows, labels) if np.ndim(labels) == 0 else np.asarray(labels)


def _with_labels(name: str, values: np.ndarray, labels: int | Rows | None) -> dict[str, Any]:
    if labels is None:
        return {name: values}
    return {name: values, "label": _spread(labels, len(np.atleast_1d(values)))}
