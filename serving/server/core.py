"""What the endpoint does, whichever way a request comes in."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from serving.server.batching import BatchingParameters, batch_size
from serving.server.models import (
    Model,
    Servable,
    VersionStatus,
    servable_not_found,
    with_models_here,
)
from serving.server.request_queue import ModelCall
from serving.server.signatures import DEFAULT_SIGNATURE, declared_rows, select_outputs
from serving.server.status import Code, StatusError, invalid_argument


@dataclass(frozen=True)
class ModelQuery:
    """Which model a request asks for: its name, and a version or a label or neither."""

    name: str
    version: int | None = None
    label: str | None = None


class PredictRequest(Protocol):
    """A request for a prediction, as one of the interfaces has parsed it."""

    @property
    def query(self) -> ModelQuery | None:
        """The model wanted; None when the request has no model spec."""

    @property
    def signature(self) -> str:
        """The signature wanted; empty means `serving_default`."""

    @property
    def output_filter(self) -> Sequence[str]:
        """The names of the outputs wanted; empty means all."""

    def decode(self, signature: SignatureDef) -> Mapping[str, np.ndarray]:
        """Returns exactly the inputs that the signature has.

        Raises:
            StatusError: the request has others, or a value is none.
        """

    def encode(self, servable: Servable, outputs: Mapping[str, np.ndarray]) -> bytes:
        """Returns the reply.

        Raises:
            StatusError: the outputs cannot travel.
        """

    def unknown_signature(self) -> StatusError:
        """Returns the error that the model has no such signature, in the interface's words."""


class Core:
    """Resolves and validates requests over a set of models."""

    def __init__(
        self,
        models: Mapping[str, Model],
        batching: BatchingParameters | None = None,
        max_rows: int = 0,
    ) -> None:
        """Serves `models` by name: a mapping that may change while requests come in.

        Args:
            models: what is served.
            batching: how requests share batches; None where every one runs alone.
            max_rows: the most rows of a request; 0 sets no bound.
        """
        self._models = models
        self._batching = batching
        self._max_rows = max_rows

    def prepare(
        self, servable: Servable, request: PredictRequest, deadline: float | None = None
    ) -> ModelCall:
        """Returns what a request asks of a version.

        Raises:
            StatusError: the first check that failed.
        """
        name = request.signature or DEFAULT_SIGNATURE
        signature = servable.runtime.signatures.get(name)
        if signature is None:
            raise request.unknown_signature()
        inputs = request.decode(signature)
        outputs = select_outputs(signature, request.output_filter)
        rows = declared_rows(signature, inputs)
        if self._max_rows and rows > self._max_rows:
            raise invalid_argument(
                f"The request has {rows} rows; this server takes at most {self._max_rows} rows a "
                "request (--max_request_rows). Split it."
            )
        size = batch_size(inputs, self._batching)
        return ModelCall(servable, name, inputs, outputs, rows, size, deadline)

    def signature_defs(self, query: ModelQuery | None) -> tuple[int, dict[str, SignatureDef]]:
        """Returns the version that answers and its signatures by name.

        Raises:
            StatusError: the model, version or label is unknown.
        """
        with self.lease(query) as servable:
            return servable.version, servable.runtime.signatures

    def model_status(self, query: ModelQuery | None) -> list[VersionStatus]:
        """Returns the status of one version, or of all that the model has had.

        A label chooses nothing here, as in TF Serving.

        Raises:
            StatusError: the model or the version is unknown.
        """
        if query is None:
            raise invalid_argument("Missing ModelSpec")
        model = self._models.get(query.name)
        statuses = model.statuses() if model is not None else []
        wanted = "any versions"
        if query.version is not None:
            statuses = [status for status in statuses if status.version == query.version]
            wanted = f"version {query.version}"
        if not statuses:
            text = f"Could not find {wanted} of model {query.name}"
            error = StatusError(Code.NOT_FOUND, text)
            known = model is not None or not query.name
            raise error if known else with_models_here(error, self._models)
        return statuses

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
        model = self._models.get(query.name)
        if model is None:
            raise with_models_here(servable_not_found(query.name, version), self._models)
        with model.lease(version) as servable:
            yield servable

    def _version(self, query: ModelQuery) -> int | None:
        if query.label is None:
            return query.version
        model = self._models.get(query.name)
        labels = model.labels if model is not None else {}
        if query.label not in labels:
            raise invalid_argument(f"Unrecognized servable version label: {query.label}")
        return labels[query.label]
