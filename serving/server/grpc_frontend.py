"""The gRPC face of the endpoint: TF Serving's services, standard health and reflection."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from types import ModuleType
from typing import Any, NoReturn, TypeAlias

import grpc
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health, health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2,
    prediction_service_pb2,
)

from serving.address import host_and_port
from serving.messages import API_KEY_HEADER
from serving.server import open_files, ports
from serving.server.endpoint import Endpoint
from serving.server.grpc_request import GrpcRequest, parse_message
from serving.server.model_config import from_proto
from serving.server.request_context import Progress, RequestContext, request_id
from serving.server.responses import metadata_response, model_query, status_response
from serving.server.security import ApiKey
from serving.server.status import Code, StatusError

_Context: TypeAlias = grpc.aio.ServicerContext

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
        own = [
            (prediction_service_pb2, "PredictionService"),
            (model_service_pb2, "ModelService"),
        ]
        handlers = [_own_service(*each, endpoint) for each in own]
        if answers_health:
            handlers.append(_foreign_service(health_pb2, "Health", self._health))
        names = [handler.service_name() for handler in handlers]
        mirror = reflection.aio.ReflectionServicer([*names, reflection.SERVICE_NAME])
        handlers.append(_foreign_service(reflection_pb2, "ServerReflection", mirror))
        self._server.add_generic_rpc_handlers(tuple(handlers))

    async def _set_health(self, status: int) -> None:
        for name in _HEALTH_NAMES:
            await self._health.set(name, status)


# ---- TF Serving's services: methods that read and write their messages themselves ---------------


def _own_service(module: ModuleType, name: str, endpoint: Endpoint) -> grpc.ServiceRpcHandler:
    descriptor = module.DESCRIPTOR.services_by_name[name]
    handlers = {}
    for method in descriptor.methods:
        answer = partial(_answer, endpoint, *_METHODS.get(method.name, ("", _never_exported)))
        handlers[method.name] = grpc.unary_unary_rpc_method_handler(answer)
    return grpc.method_handlers_generic_handler(descriptor.full_name, handlers)


async def _answer(
    endpoint: Endpoint, method: str, answer: "_Method", data: bytes, context: _Context
) -> bytes:
    """Records a call and ends it with the code and the text of a StatusError of `answer`."""
    metadata, left = dict(context.invocation_metadata() or ()), context.time_remaining()
    deadline = None if left is None else time.monotonic() + left
    asked = RequestContext("GRPC", request_id(metadata.get("x-request-id")), deadline)
    try:
        with endpoint.recording(asked, method) as progress:
            return await answer(endpoint, progress, data)
    except StatusError as error:
        return await _abort(context, error)


async def _predict(endpoint: Endpoint, progress: Progress, data: bytes) -> bytes:
    return await endpoint.predict(progress, len(data), lambda: GrpcRequest.parse(data))


async def _metadata(endpoint: Endpoint, progress: Progress, data: bytes) -> bytes:
    request = parse_message(get_model_metadata_pb2.GetModelMetadataRequest, data)
    progress.model = request.model_spec.name
    response = metadata_response(endpoint.core, model_query(request), request.metadata_field)
    return response.SerializeToString()


async def _status(endpoint: Endpoint, progress: Progress, data: bytes) -> bytes:
    request = parse_message(get_model_status_pb2.GetModelStatusRequest, data)
    progress.model = request.model_spec.name
    response = status_response(endpoint.core.model_status(model_query(request)))
    return response.SerializeToString()


async def _reload(endpoint: Endpoint, progress: Progress, data: bytes) -> bytes:
    request = parse_message(model_management_pb2.ReloadConfigRequest, data)
    await asyncio.to_thread(endpoint.registry.reload, from_proto(request.config))
    response = model_management_pb2.ReloadConfigResponse()
    # By how much the metrics asked for rose: TensorFlow's own, none of which is kept here.
    for name in sorted(set(request.metric_names)):
        response.metric.add(name=name, int64_value_increase=0)
    return response.SerializeToString()


async def _never_exported(endpoint: Endpoint, progress: Progress, data: bytes) -> bytes:
    text = "A generator answers Predict; Classify, Regress and MultiInference are not implemented."
    raise StatusError(Code.UNIMPLEMENTED, text)


_Method = Callable[[Endpoint, Progress, bytes], Awaitable[bytes]]
_METHODS: dict[str, tuple[str, _Method]] = {
    "Predict": ("predict", _predict),
    "GetModelMetadata": ("metadata", _metadata),
    "GetModelStatus": ("status", _status),
    "HandleReloadConfigRequest": ("reload", _reload),
}


async def _abort(context: _Context, error: StatusError) -> NoReturn:
    """Ends a call with the code and the text of an error."""
    try:
        await context.abort(_GRPC_CODES[error.code], _details(error.text))
    except grpc.aio.InternalError as over:  # the client's deadline was a moment earlier
        raise asyncio.CancelledError from over
    raise AssertionError("abort raises")


def _details(text: str) -> str:
    """Returns a text that fits, without blanks at its end: Node's HTTP/2 drops such a header."""
    content = text.encode()
    if len(content) <= _MAX_DETAILS:
        return text.rstrip(" ")
    return content[:_MAX_DETAILS].decode(errors="ignore") + "...TRUNCATED"


# ---- grpcio's services: health and reflection ---------------------------------------------------


def _foreign_service(module: ModuleType, name: str, service: object) -> grpc.ServiceRpcHandler:
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
    kind: type[Message], answer: Callable[[Any, _Context], Awaitable[Message]]
) -> Callable[[bytes, _Context], Awaitable[Message]]:
    async def parse_and_answer(data: bytes, context: _Context) -> Message:
        return await answer(await _parse(kind, data, context), context)

    return parse_and_answer


def _parsing_each(
    kind: type[Message],
    answer: Callable[[AsyncIterator[Message], _Context], AsyncIterator[Message]],
) -> Callable[[AsyncIterator[bytes], _Context], AsyncIterator[Message]]:
    async def parse_and_answer(
        stream: AsyncIterator[bytes], context: _Context
    ) -> AsyncIterator[Message]:
        requests = (await _parse(kind, data, context) async for data in stream)
        async for reply in answer(requests, context):
            yield reply

    return parse_and_answer


async def _parse(kind: type[Message], data: bytes, context: _Context) -> Message:
    try:
        return parse_message(kind, data)
    except StatusError as error:
        return await _abort(context, error)


# How a method is answered, by whether its requests and its replies are streams.
_SHAPES: dict[tuple[bool, bool], tuple[Callable[..., Any], Callable[..., Any]]] = {
    (False, False): (_parsing, grpc.unary_unary_rpc_method_handler),
    (False, True): (_parsing, grpc.unary_stream_rpc_method_handler),
    (True, True): (_parsing_each, grpc.stream_stream_rpc_method_handler),
}


class _Health(health.aio.HealthServicer):
    """grpcio's own, with the one method that its asynchronous form lacks.

    Releases before 1.82 have no such method, nor its messages; nobody calls it there.
    """

    async def List(  # noqa: N802
        self, request: "health_pb2.HealthListRequest", context: _Context
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


async def _refuse(request: bytes, context: _Context) -> None:
    text = f"The request carries no valid API key; send it as {API_KEY_HEADER}."
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, text)


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
