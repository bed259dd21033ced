"""What the endpoint does, whichever way a request comes in."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from serving.server.models import Model, Servable, VersionStatus, servable_not_found
from serving.server.signatures import DEFAULT_SIGNATURE, find_signature, run_signature
from serving.server.status import Code, StatusError, invalid_argument


@dataclass(frozen=True)
class ModelQuery:
    """Which model a request asks for: its name, and a version or a label or neither."""

    name: str
    version: int | None = None
    label: str | None = None


@dataclass(frozen=True)
class Prediction:
    """The outputs, and which model, version and signature they came from."""

    name: str
    version: int
    signature: str
    outputs: dict[str, np.ndarray]


class Core:
    """Resolves, validates and runs requests over a set of models."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        """Serves `models` by name."""
        self._models = dict(models)

    def predict(
        self,
        query: ModelQuery | None,
        signature_name: str,
        read_inputs: Callable[[SignatureDef], Mapping[str, np.ndarray]],
        output_filter: Sequence[str] = (),
        timeout: float | None = None,
    ) -> Prediction:
        """Answers a Predict request.

        Args:
            query: the model wanted; None when the request had no model spec.
            signature_name: the signature wanted; empty means `serving_default`.
            read_inputs: decodes the inputs, once the signature that they must meet is known.
            output_filter: names of the outputs wanted; empty means all.
            timeout: seconds the run may take.

        Raises:
            StatusError: the first check that failed, or the runtime's own error.
        """
        name = signature_name or DEFAULT_SIGNATURE
        with self.lease(query) as servable:
            signature = find_signature(servable.runtime, name)
            inputs = read_inputs(signature)
            outputs = run_signature(servable.runtime, signature, inputs, output_filter, timeout)
            return Prediction(servable.name, servable.version, name, outputs)

    def signature_defs(self, query: ModelQuery | None) -> tuple[int, dict[str, SignatureDef]]:
        """Returns the version that answers and its signatures by name.

        Raises:
            StatusError: the model, version or label is unknown.
        """
        with self.lease(query) as servable:
            return servable.version, servable.runtime.signatures

    def model_status(self, query: ModelQuery | None) -> list[VersionStatus]:
        """Returns the status of one version, or of all that the model has had.

        Raises:
            StatusError: the model, version or label is unknown.
        """
        if query is None:
            raise invalid_argument("Missing ModelSpec")
        model = self._models.get(query.name)
        statuses = model.statuses() if model is not None else []
        if not statuses:
            text = f"Could not find any versions of model {query.name}"
            raise StatusError(Code.NOT_FOUND, text)
        version = self._version(query)
        if version is None:
            return statuses
        matching = [status for status in statuses if status.version == version]
        if not matching:
            text = f"Could not find version {version} of model {query.name}"
            raise StatusError(Code.NOT_FOUND, text)
        return matching

    @contextmanager
    def lease(self, query: ModelQuery | None) -> Iterator[Servable]:
        """Yields the loaded version that `query` asks for and keeps it loaded meanwhile.

        Raises:
            StatusError: the model, version or label is missing or unknown.
        """
        if query is None:
            raise invalid_argument("Missing ModelSpec")
        if not query.name:
            raise invalid_argument("ModelSpec has no name specified.")
        version = self._version(query)
        if query.name not in self._models:
            raise servable_not_found(query.name, version)
        with self._models[query.name].lease(version) as servable:
            yield servable

    def _version(self, query: ModelQuery) -> int | None:
        if query.label is None:
            return query.version
        labels = self._models[query.name].labels if query.name in self._models else {}
        if query.label not in labels:
            raise invalid_argument(f"Unrecognized servable version label: {query.label}")
        return labels[query.label]
