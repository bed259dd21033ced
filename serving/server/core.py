"""What the endpoint does, whichever way a request comes in."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from serving.server.gathering import ModelCall, Steps
from serving.server.models import (
    Model,
    Servable,
    VersionStatus,
    servable_not_found,
    with_models_here,
)
from serving.server.record import RequestRecord
from serving.server.rows import RowBudget
from serving.server.signatures import (
    DEFAULT_SIGNATURE,
    declared_rows,
    find_signature,
    select_outputs,
)
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


@dataclass(frozen=True)
class InputSource:
    """The inputs of a request, as yet undecoded.

    Attributes:
        read: decodes them, once the signature is known, to exactly the inputs that it has.
        shapes: gives names and shapes without decoding, where that is possible.
    """

    read: Callable[[SignatureDef], Mapping[str, np.ndarray]]
    shapes: Callable[[], Iterable[tuple[str, Sequence[int]]]] = tuple


class Core:
    """Resolves, validates and runs requests over a set of models."""

    def __init__(self, models: Mapping[str, Model], rows: RowBudget | None = None) -> None:
        """Serves `models` by name: a mapping that may change while requests come in.

        Args:
            models: what is served.
            rows: bounds the rows of one request and of all that run at once; None sets no bound.
        """
        self._models = models
        self._rows = rows or RowBudget(0)

    def predict(
        self,
        query: ModelQuery | None,
        signature_name: str,
        inputs: InputSource,
        output_filter: Sequence[str] = (),
        record: RequestRecord | None = None,
    ) -> Steps[Prediction]:
        """Answers a Predict request, once it is told what came of the run that it yields.

        Args:
            query: the model wanted; None when the request had no model spec.
            signature_name: the signature wanted; empty means `serving_default`.
            inputs: what to feed.
            output_filter: names of the outputs wanted; empty means all.
            record: where to note what answered, how many rows there were and how long it took.

        Raises:
            StatusError: the first check that failed, or the runtime's own error.
        """
        record = record or RequestRecord("")
        record.signature = name = signature_name or DEFAULT_SIGNATURE
        with self.lease(query) as servable:
            record.model, record.version = servable.name, servable.version
            runtime = servable.runtime
            signature = find_signature(runtime, name)
            self._rows.check(declared_rows(signature, inputs.shapes()))
            arrays = inputs.read(signature)
            outputs = select_outputs(signature, output_filter)
            record.rows = declared_rows(signature, _shapes(arrays))
            self._rows.check(record.rows)
            batched = runtime.is_batched(name, arrays)
            call = ModelCall(runtime, name, arrays, outputs, record.rows, batched)
            try:
                result = yield call
            finally:
                record.queue_seconds += call.waited
                record.run_seconds = call.seconds
            record.batch_rows = result.batch_rows
            return Prediction(servable.name, servable.version, name, result.outputs)

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


def _shapes(arrays: Mapping[str, np.ndarray]) -> list[tuple[str, tuple[int, ...]]]:
    return [(name, array.shape) for name, array in arrays.items()]
