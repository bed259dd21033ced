"""The REST face of the endpoint, under TF Serving's routes."""

import json
import logging
import re
import socket
import threading
from typing import Any
from urllib.parse import unquote

import tensorflow as tf
import uvicorn
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from serving.errors import ServingError
from serving.server import rest_codec
from serving.server.core import Core, ModelQuery
from serving.server.grpc_frontend import metadata_response, status_response
from serving.server.status import Code, StatusError, UnknownSignature, invalid_argument

_log = logging.getLogger(__name__)

_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
_RUN_TIMEOUT = 30.0  # seconds; a client cannot say over REST how long it is willing to wait
_MODEL = r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_POST_ROUTE = re.compile(_MODEL + r":(?P<verb>classify|regress|predict)", re.IGNORECASE)
_GET_ROUTE = re.compile(_MODEL + r"(?P<metadata>/metadata)?", re.IGNORECASE)
_NAMELESS_ROUTE = re.compile(r"/v1/models", re.IGNORECASE)
_MAX_VERSION = 2**63 - 1
_MAX_DIGITS = 100  # beyond any number that a client may have padded
_HTTP_STATUS = {
    Code.CANCELLED: 499,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.UNAVAILABLE: 503,
    Code.UNAUTHENTICATED: 401,
}


class RestFrontend:
    """An HTTP server over a core, in a thread of its own.

    Attributes:
        port: the port in use; the one asked for, or the one the system chose for 0.
    """

    def __init__(self, core: Core, host: str, port: int) -> None:
        """Takes the port; nothing is answered before `start`.

        Raises:
            ServingError: the port is not free.
        """
        self._socket = _bind(host, port)
        self.port = self._socket.getsockname()[1]
        config = uvicorn.Config(build_app(core), log_config=None, access_log=False, lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="rest", daemon=True
        )

    def start(self) -> None:
        """Begins to answer."""
        self._socket.listen()  # from here on clients connect, and wait for the loop to turn
        self._thread.start()

    def drain(self, grace: float) -> None:
        """Refuses new requests from now on; those under way have `grace` seconds to finish."""
        self._server.config.timeout_graceful_shutdown = max(1, round(grace))
        self._server.should_exit = True

    def join(self) -> None:
        """Returns once everything drained and the port is free."""
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()


def build_app(core: Core) -> Starlette:
    """Returns the ASGI application that answers TF Serving's REST routes from `core`."""

    async def answer(request: Request) -> Response:
        body = await request.body()
        path = request.scope["raw_path"].decode("latin-1")
        status, content = await run_in_threadpool(respond, core, request.method, path, body)
        return Response(content, status, media_type="application/json")

    return Starlette(routes=[Route("/{path:path}", answer, methods=_METHODS)])


def respond(core: Core, method: str, path: str, body: bytes) -> tuple[int, bytes]:
    """Answers one request.

    Args:
        core: what answers.
        method: the HTTP method.
        path: the path as it was sent, still percent-encoded.
        body: the request's body.

    Returns:
        The HTTP status and the JSON content.
    """
    try:
        return 200, _dispatch(core, method, path, body)
    except StatusError as error:
        return _HTTP_STATUS.get(error.code, 500), _error(error.text)
    except Exception as error:  # the reply must be JSON even where this program is at fault
        _log.exception("%s %s failed", method, path)
        return 500, _error(f"{type(error).__name__}: {error}")


def _dispatch(core: Core, method: str, path: str, body: bytes) -> bytes:
    if method == "POST" and (match := _POST_ROUTE.fullmatch(path)):
        if match["verb"].lower() != "predict":
            raise StatusError(Code.UNIMPLEMENTED, f"{match['verb']} is not implemented")
        return _predict(core, _query(match), body)
    if method == "GET" and (match := _GET_ROUTE.fullmatch(path)):
        query = _query(match)
        return _metadata(core, query) if match["metadata"] else _status(core, query)
    if method == "GET" and _NAMELESS_ROUTE.fullmatch(path):
        raise invalid_argument("Missing model name in request.")
    raise invalid_argument(f"Malformed request: {method} {path}")


def _error(text: str) -> bytes:
    return json.dumps({"error": text}).encode()


def _query(match: re.Match[str]) -> ModelQuery:
    version, label = match["version"], match["label"]
    if version is not None and (len(version) > _MAX_DIGITS or int(version) > _MAX_VERSION):
        raise invalid_argument(f"Failed to convert version: {version} to numeric.")
    return ModelQuery(
        unquote(match["name"]),
        int(version) if version is not None else None,
        unquote(label) if label is not None else None,
    )


def _predict(core: Core, query: ModelQuery, body: bytes) -> bytes:
    document = rest_codec.parse_body(body)
    name = rest_codec.signature_name(document)

    def read_inputs(signature: SignatureDef) -> dict[str, Any]:
        dtypes = {key: _numpy_name(info.dtype) for key, info in signature.inputs.items()}
        if not dtypes:
            raise invalid_argument(f"Failed to get input map for signature: {name or 'DEFAULT'}")
        return rest_codec.decode_inputs(document, dtypes)

    try:
        prediction = core.predict(query, name, read_inputs, timeout=_RUN_TIMEOUT)
    except UnknownSignature as error:
        text = f'Serving signature name: "{error.name}" not found in signature def'
        raise invalid_argument(text) from error
    return rest_codec.encode_outputs(rest_codec.request_form(document), prediction.outputs)


def _status(core: Core, query: ModelQuery) -> bytes:
    return json.dumps(_to_dict(status_response(core.model_status(query)))).encode()


def _metadata(core: Core, query: ModelQuery) -> bytes:
    document = _to_dict(metadata_response(core, query, ["signature_def"]))
    document["metadata"]["signature_def"].pop("@type")
    return json.dumps(document).encode()


def _to_dict(message: Message) -> dict[str, Any]:
    return MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _numpy_name(dtype: int) -> str:
    return tf.as_dtype(dtype).name if dtype != tf.string.as_datatype_enum else "object"


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off; else replies wait 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise ServingError(
            f"rest_api_port: {port} on {host} cannot be used ({error.strerror}); stop the program "
            "that has it or choose another with --rest_api_port."
        ) from error
    return bound
