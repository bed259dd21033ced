"""The gRPC face of the endpoint: TF Serving's services and the standard health service."""

import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager

import grpc
import numpy as np
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.errors import ServingError
from serving.server.core import Core, ModelQuery
from serving.server.models import VersionStatus
from serving.server.signatures import check_input_names
from serving.server.status import StatusError, invalid_argument
from serving.server.tensors import from_proto, to_proto

_MAX_MESSAGE = 2**31 - 1
_NUM_WORKERS = 32
_HEALTH_NAMES = ("", "PredictionService", "ModelService")
_GRPC_CODES = {code.value[0]: code for code in grpc.StatusCode}
_METADATA_FIELD = "signature_def"


class GrpcFrontend:
    """A gRPC server over a core.

    Attributes:
        port: the port in use; the one asked for, or the one the system chose for 0.
    """

    def __init__(self, core: Core, host: str, port: int) -> None:
        """Takes the port; nothing is answered before `start`.

        Raises:
            ServingError: the port is not free.
        """
        options = [
            ("grpc.max_send_message_length", _MAX_MESSAGE),
            ("grpc.max_receive_message_length", _MAX_MESSAGE),
            ("grpc.so_reuseport", 0),  # otherwise two servers would share a port in silence
        ]
        self._workers = futures.ThreadPoolExecutor(_NUM_WORKERS, "grpc")
        self._server = grpc.server(self._workers, options=options)
        self._drained = threading.Event()
        self._health = health.HealthServicer()
        self._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            _PredictionService(core), self._server
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(_ModelService(core), self._server)
        try:
            self.port = self._server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as error:
            raise ServingError(
                f"port: {port} on {host} cannot be used for gRPC; stop the program that has it "
                "or choose another with --port."
            ) from error

    def start(self) -> None:
        """Begins to answer."""
        self._server.start()
        self._set_health(health_pb2.HealthCheckResponse.SERVING)

    def drain(self, grace: float) -> None:
        """Refuses new requests from now on; those under way have `grace` seconds to finish."""
        self._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)
        self._drained = self._server.stop(grace)

    def join(self) -> None:
        """Returns once everything drained and the port is free."""
        self._drained.wait()
        self._workers.shutdown(wait=False)

    def _set_health(self, status: int) -> None:
        for name in _HEALTH_NAMES:
            self._health.set(name, status)


class _PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict and GetModelMetadata; the generated base answers UNIMPLEMENTED to the rest."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def Predict(  # noqa: N802 - the interface's name
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        def read_inputs(signature: SignatureDef) -> dict[str, np.ndarray]:
            check_input_names(signature, request.inputs)
            return {name: from_proto(name, proto) for name, proto in request.inputs.items()}

        with _aborting(context):
            prediction = self._core.predict(
                _query(request),
                request.model_spec.signature_name,
                read_inputs,
                request.output_filter,
                context.time_remaining(),
            )
            outputs = {name: to_proto(value) for name, value in prediction.outputs.items()}
            spec = _spec(prediction.name, prediction.version, prediction.signature)
            return predict_pb2.PredictResponse(model_spec=spec, outputs=outputs)

    def GetModelMetadata(  # noqa: N802
        self,
        request: get_model_metadata_pb2.GetModelMetadataRequest,
        context: grpc.ServicerContext,
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        with _aborting(context):
            return metadata_response(self._core, _query(request), request.metadata_field)


class _ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus; the generated base answers UNIMPLEMENTED to HandleReloadConfigRequest."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def GetModelStatus(  # noqa: N802
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        with _aborting(context):
            return status_response(self._core.model_status(_query(request)))


def metadata_response(
    core: Core, query: ModelQuery | None, fields: list[str]
) -> get_model_metadata_pb2.GetModelMetadataResponse:
    """Returns the signatures of a model in the interface's form.

    Raises:
        StatusError: no model spec, no field, an unknown field, or an unknown model.
    """
    if query is None:
        raise invalid_argument("Missing ModelSpec")
    if not fields:
        raise invalid_argument("GetModelMetadataRequest must specify at least one metadata_field")
    for field in fields:
        if field != _METADATA_FIELD:
            raise invalid_argument(f"Metadata field {field} is not supported")
    version, signatures = core.signature_defs(query)
    response = get_model_metadata_pb2.GetModelMetadataResponse(
        model_spec=_spec(query.name, version, "")
    )
    table = get_model_metadata_pb2.SignatureDefMap(signature_def=signatures)
    response.metadata[_METADATA_FIELD].Pack(table)
    return response


def status_response(
    statuses: list[VersionStatus],
) -> get_model_status_pb2.GetModelStatusResponse:
    """Returns the statuses of a model's versions in the interface's form."""
    response = get_model_status_pb2.GetModelStatusResponse()
    for status in statuses:
        entry = response.model_version_status.add(version=status.version, state=status.state.value)
        entry.status.error_code = status.error_code.value
        entry.status.error_message = status.error_message
    return response


def _query(request: Message) -> ModelQuery | None:
    """Returns what the request's model spec asks for; None when it has no model spec."""
    if not request.HasField("model_spec"):
        return None
    spec: model_pb2.ModelSpec = request.model_spec
    choice = spec.WhichOneof("version_choice")
    return ModelQuery(
        spec.name,
        spec.version.value if choice == "version" else None,
        spec.version_label if choice == "version_label" else None,
    )


def _spec(name: str, version: int, signature: str) -> model_pb2.ModelSpec:
    spec = model_pb2.ModelSpec(name=name, signature_name=signature)
    spec.version.value = version
    return spec


@contextmanager
def _aborting(context: grpc.ServicerContext) -> Iterator[None]:
    """Ends the call with the code and the text of a StatusError raised inside the block."""
    try:
        yield
    except StatusError as error:
        context.abort(_GRPC_CODES[error.code], error.text)
