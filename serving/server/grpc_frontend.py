"""The gRPC face of the endpoint: TF Serving's services, standard health and reflection."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any

import grpc
import numpy as np
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health, health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2,
    predict_pb2,
    prediction_service_pb2,
)

from serving.address import host_and_port
from serving.server import open_files, ports
from serving.server.core import InputSource
from serving.server.endpoint import Endpoint
from serving.server.gathering import Steps
from serving.server.interface import metadata_response, model_query, model_spec, status_response
from serving.server.model_config import from_proto
from serving.server.record import RequestRecord, request_id
from serving.server.security import ApiKey
from serving.server.signatures import read_inputs
from serving.server.status import StatusError
from serving.server.tensors import shape_of, to_proto

_MAX_MESSAGE = 2**31 - 1
_MAX_DETAILS = 1024  # bytes of an error's text that travel
_HEALTH_NAMES = ("", "PredictionService", "ModelService")
_HEALTH_METHODS = f"/{health.SERVICE_NAME}/"
_GRPC_CODES = {code.value[0]: code for code in grpc.StatusCode}
_OPTIONS: dict[str, int | str] = {
    "grpc.max_send_message_length": _MAX_MESSAGE,
    "grpc.max_receive_message_length": _MAX_MESSAGE,
    "grpc.so_reuseport": 0,  # otherwise two servers would share a port in silence
    "grpc.keepalive_time_ms": 60_000,  # finds clients that vanished without a word
    "grpc.keepalive_timeout_ms": 20_000,
}


class GrpcFrontend:
    """A gRPC server over an endpoint; all methods belong to the thread of one event loop.

    Attributes:
        port: the port in use; the one asked for, or the one the system chose for 0.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        address: tuple[str, int],
        credentials: grpc.ServerCredentials | None = None,
        arguments: list[tuple[str, int | str]] | None = None,
        *,
        answers_health: bool = True,
    ) -> None:
        """Takes the port; nothing is answered before `start`.

        Args:
            endpoint: what answers.
            address: host and port.
            credentials: for TLS; None for plain text.
            arguments: gRPC channel arguments beyond our own.
            answers_health: whether the standard health service is there.

        Raises:
            ServingError: the port is not free.
        """
        interceptors = [_KeyCheck(endpoint.api_key)] if endpoint.api_key else []
        room = {"grpc.max_allowed_incoming_connections": open_files.max_grpc_connections()}
        options = _OPTIONS | room | dict(arguments or [])  # of two, the first would count
        self._server = grpc.aio.server(options=list(options.items()), interceptors=interceptors)
        self._health = _Health()
        self._add_services(endpoint, answers_health)
        self.port = _bind(self._server, address, credentials)

    async def start(self) -> None:
        """Begins to answer."""
        await self._server.start()
        await self._set_health(health_pb2.HealthCheckResponse.SERVING)

    async def report_unready(self) -> None:
        """Tells health checks that no new requests are welcome; they are still answered."""
        await self._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)

    async def stop(self, grace: float) -> None:
        """Refuses new requests; returns once those under way ended, at most `grace` seconds."""
        await self._server.stop(grace)

    def _add_services(self, endpoint: Endpoint, answers_health: bool) -> None:
        services: list[tuple[ModuleType, str, object]] = [
            (prediction_service_pb2, "PredictionService", _PredictionService(endpoint)),
            (model_service_pb2, "ModelService", _ModelService(endpoint)),
        ]
        if answers_health:
            services.append((health_pb2, "Health", self._health))
        names = [f.DESCRIPTOR.services_by_name[name].full_name for f, name, _ in services]
        mirror = reflection.aio.ReflectionServicer([*names, reflection.SERVICE_NAME])
        services.append((reflection_pb2, "ServerReflection", mirror))
        self._server.add_generic_rpc_handlers(tuple(_handlers(*each) for each in services))

    async def _set_health(self, status: int) -> None:
        for name in _HEALTH_NAMES:
            await self._health.set(name, status)


def _handlers(module: ModuleType, name: str, service: object) -> grpc.GenericRpcHandler:
    """Returns the handlers of a service, one for each of its methods.

    The generated registration would answer bytes that are no request with UNKNOWN and a traceback
    in the log.
    """
    descriptor = module.DESCRIPTOR.services_by_name[name]
    methods = {}
    for method in descriptor.methods:
        kind, write = (GetMessageClass(m) for m in (method.input_type, method.output_type))
        parsing, handler = _SHAPES[method.client_streaming, method.server_streaming]
        answer = parsing(kind, getattr(service, method.name))
        methods[method.name] = handler(answer, response_serializer=write.SerializeToString)
    return grpc.method_handlers_generic_handler(descriptor.full_name, methods)


def _parsing(
    kind: type[Message], answer: Callable[[Any, grpc.aio.ServicerContext], Awaitable[Message]]
) -> Callable[[bytes, grpc.aio.ServicerContext], Awaitable[Message]]:
    async def parse_and_answer(data: bytes, context: grpc.aio.ServicerContext) -> Message:
        return await answer(await _parse(kind, data, context), context)

    return parse_and_answer


def _parsing_each(
    kind: type[Message],
    answer: Callable[[AsyncIterator[Message], grpc.aio.ServicerContext], AsyncIterator[Message]],
) -> Callable[[AsyncIterator[bytes], grpc.aio.ServicerContext], AsyncIterator[Message]]:
    async def parse_and_answer(
        stream: AsyncIterator[bytes], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Message]:
        requests = (await _parse(kind, data, context) async for data in stream)
        async for reply in answer(requests, context):
            yield reply

    return parse_and_answer


async def _parse(kind: type[Message], data: bytes, context: grpc.aio.ServicerContext) -> Message:
    try:
        return kind.FromString(data)
    except DecodeError:
        text = f"The {len(data)} bytes received are no {kind.DESCRIPTOR.full_name}."
        return await context.abort(grpc.StatusCode.INTERNAL, text)


# How a method is answered, by whether its requests and its replies are streams.
_SHAPES: dict[tuple[bool, bool], tuple[Callable[..., Any], Callable[..., Any]]] = {
    (False, False): (_parsing, grpc.unary_unary_rpc_method_handler),
    (False, True): (_parsing, grpc.unary_stream_rpc_method_handler),
    (True, True): (_parsing_each, grpc.stream_stream_rpc_method_handler),
}


async def _never_exported(
    self: object, request: Message, context: grpc.aio.ServicerContext
) -> Message:
    text = "A generator answers Predict; Classify, Regress and MultiInference are not implemented."
    return await context.abort(grpc.StatusCode.UNIMPLEMENTED, text)


class _PredictionService:
    """Predict and GetModelMetadata; the rest is what a generator never exports."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def Predict(  # noqa: N802 - the interface's name
        self, request: predict_pb2.PredictRequest, context: grpc.aio.ServicerContext
    ) -> predict_pb2.PredictResponse:
        def work() -> Steps[predict_pb2.PredictResponse]:
            return _predict(self._endpoint, request, record)

        async with _answering(self._endpoint, context, "predict") as record:
            record.model = request.model_spec.name
            timeout = context.time_remaining()
            return await self._endpoint.work(record, work, request.ByteSize(), timeout)

    async def GetModelMetadata(  # noqa: N802
        self,
        request: get_model_metadata_pb2.GetModelMetadataRequest,
        context: grpc.aio.ServicerContext,
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        async with _answering(self._endpoint, context, "metadata") as record:
            record.model = request.model_spec.name
            core = self._endpoint.core
            return metadata_response(core, model_query(request), request.metadata_field)

    Classify = Regress = MultiInference = _never_exported


class _ModelService:
    """GetModelStatus and HandleReloadConfigRequest."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def GetModelStatus(  # noqa: N802
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.aio.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        async with _answering(self._endpoint, context, "status") as record:
            record.model = request.model_spec.name
            return status_response(self._endpoint.core.model_status(model_query(request)))

    async def HandleReloadConfigRequest(  # noqa: N802
        self,
        request: model_management_pb2.ReloadConfigRequest,
        context: grpc.aio.ServicerContext,
    ) -> model_management_pb2.ReloadConfigResponse:
        async with _answering(self._endpoint, context, "reload"):
            configs = from_proto(request.config)
            await asyncio.to_thread(self._endpoint.registry.reload, configs)
            return _reload_response(request.metric_names)


class _Health(health.aio.HealthServicer):
    """grpcio's own, with the one method that its asynchronous form lacks.

    Releases before 1.82 have no such method, nor its messages; nobody calls it there.
    """

    async def List(  # noqa: N802
        self, request: "health_pb2.HealthListRequest", context: grpc.aio.ServicerContext
    ) -> "health_pb2.HealthListResponse":
        checks = {name: health_pb2.HealthCheckRequest(service=name) for name in _HEALTH_NAMES}
        statuses = {name: await self.Check(check, context) for name, check in checks.items()}
        return health_pb2.HealthListResponse(statuses=statuses)


class _KeyCheck(grpc.aio.ServerInterceptor):
    """Refuses calls without the key; health checks need none."""

    def __init__(self, key: ApiKey) -> None:
        self._key = key

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler:
        if handler_call_details.method.startswith(_HEALTH_METHODS):
            return await continuation(handler_call_details)
        if self._key.admits(dict(handler_call_details.invocation_metadata or ())):
            return await continuation(handler_call_details)
        return grpc.unary_unary_rpc_method_handler(_refuse)


def _reload_response(metric_names: Iterable[str]) -> model_management_pb2.ReloadConfigResponse:
    """Says by how much the metrics asked for rose: TensorFlow's own, none of which is kept here."""
    response = model_management_pb2.ReloadConfigResponse()
    for name in sorted(set(metric_names)):
        response.metric.add(name=name, int64_value_increase=0)
    return response


async def _refuse(request: bytes, context: grpc.aio.ServicerContext) -> None:
    text = "The request carries no valid API key; send it as x-api-key."
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, text)


def _predict(
    endpoint: Endpoint,
    request: predict_pb2.PredictRequest,
    record: RequestRecord,
) -> Steps[predict_pb2.PredictResponse]:
    def read(signature: SignatureDef) -> dict[str, np.ndarray]:
        return read_inputs(signature, request.inputs)

    def shapes() -> list[tuple[str, list[int]]]:
        return [(name, shape_of(proto)) for name, proto in request.inputs.items()]

    prediction = yield from endpoint.core.predict(
        model_query(request),
        request.model_spec.signature_name,
        InputSource(read, shapes),
        request.output_filter,
        record,
    )
    return predict_pb2.PredictResponse(
        model_spec=model_spec(prediction.name, prediction.version, prediction.signature),
        outputs={name: to_proto(value) for name, value in prediction.outputs.items()},
    )


@asynccontextmanager
async def _answering(
    endpoint: Endpoint, context: grpc.aio.ServicerContext, method: str
) -> AsyncIterator[RequestRecord]:
    """Records the call; ends it with the code and the text of a StatusError raised inside."""
    metadata = dict(context.invocation_metadata() or ())
    record = RequestRecord("GRPC", method, request_id(metadata.get("x-request-id")))
    try:
        async with endpoint.recording(record):
            yield record
    except StatusError as error:
        try:
            await context.abort(_GRPC_CODES[error.code], _details(error.text))
        except grpc.aio.InternalError as over:  # the client's deadline was a moment earlier
            raise asyncio.CancelledError from over


def _details(text: str) -> str:
    """Returns a text that fits, without blanks at its end: Node's HTTP/2 drops such a header."""
    content = text.encode()
    if len(content) <= _MAX_DETAILS:
        return text.rstrip(" ")
    return content[:_MAX_DETAILS].decode(errors="ignore") + "...TRUNCATED"


def _bind(
    server: grpc.aio.Server, address: tuple[str, int], credentials: grpc.ServerCredentials | None
) -> int:
    host, port = address
    target = host_and_port(host, port)
    try:
        if credentials is None:
            return server.add_insecure_port(target)
        return server.add_secure_port(target, credentials)
    except RuntimeError as error:
        raise ports.taken("port", host, port) from error
