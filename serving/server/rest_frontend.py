"""The REST face of the endpoint, under TF Serving's routes."""

import asyncio
import json
import re
import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import tensorflow as tf
import uvicorn
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from serving.server import open_files, rest_codec
from serving.server.acceptor import Acceptor
from serving.server.core import Core, InputSource, ModelQuery
from serving.server.endpoint import Endpoint
from serving.server.gathering import Steps
from serving.server.http_protocol import patient_protocol
from serving.server.interface import METADATA_FIELD, metadata_response, status_response
from serving.server.json_text import parse_object
from serving.server.metrics import CONTENT_TYPE
from serving.server.options import ServerOptions
from serving.server.record import RequestRecord, request_id
from serving.server.rest_bodies import MAX_DIGITS, Bodies, BodyRefused
from serving.server.security import KEY_HEADER
from serving.server.status import Code, StatusError, UnknownSignature, invalid_argument
from serving.server.web import MODELS_PATH, WebPage

_NAME = r"/(?P<name>[^/:]+)"
_CHOICE = r"(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_VERB = r":(?P<verb>classify|regress|predict)"
_ROUTES = {  # the server's own words are matched whatever their case, but only obeyed in lower case
    "POST": re.compile(f"/v1/models{_NAME}{_CHOICE}{_VERB}", re.IGNORECASE),
    "GET": re.compile(f"/v1/models(?:{_NAME})?{_CHOICE}(?:/(?P<verb>metadata))?", re.IGNORECASE),
}
_API = re.compile("/v1/.*", re.IGNORECASE)
_ORIGIN = re.compile("https?://")
_LIVE, _READY = "/healthz", "/readyz"
_MAX_VERSION = 2**63 - 1
_MAX_QUOTED_PATH = 200
_ID_HEADER = "x-request-id"
_CLOSE = {"connection": "close"}
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
    """An HTTP server over an endpoint; all methods belong to the thread of one event loop."""

    def __init__(
        self,
        app: ASGIApp,
        bound: socket.socket,
        options: ServerOptions,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Serves `app` on a bound socket; nothing is answered before `start`."""
        self._socket = bound
        protocol = patient_protocol(options.slow_client_timeout_seconds)
        config = uvicorn.Config(
            app,
            http=protocol,
            timeout_keep_alive=options.keep_alive_seconds,  # type: ignore[arg-type]
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
        )
        config.load()
        self._server = uvicorn.Server(config)
        state = self._server.server_state
        self._acceptor = Acceptor(
            bound,
            lambda: protocol(config, state, {}),
            state.connections,
            open_files.max_http_connections(options.max_connections),
            tls,
        )
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to answer."""
        self._socket.listen(1024)  # from here on clients connect, and wait for the loop to turn
        self._serving = asyncio.create_task(self._server.serve(sockets=[]))
        self._acceptor.start()

    async def stop(self, grace: float) -> None:
        """Refuses new requests; returns once those under way ended, at most `grace` seconds."""
        self._acceptor.stop()
        self._server.config.timeout_graceful_shutdown = max(1, round(grace))
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving


class RestApp:
    """The ASGI application: health, metrics, the page, and TF Serving's routes."""

    def __init__(
        self,
        endpoint: Endpoint,
        options: ServerOptions,
        metrics_path: str | None,
        page: WebPage | None = None,
    ) -> None:
        """Answers from `endpoint`.

        Args:
            endpoint: what answers.
            options: limits and time-outs.
            metrics_path: where Prometheus finds the metrics; None for nowhere.
            page: the page at /; None for none.
        """
        self._endpoint = endpoint
        self._timeout = options.rest_api_timeout_in_ms / 1000
        self._metrics_path = metrics_path
        self._page = page
        self._bodies = Bodies(options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        request = Request(scope, receive)
        path = scope["raw_path"].decode("latin-1")
        response = self._aside(request, path) or await self._answer(request, path)
        await response(scope, receive, send)

    def _aside(self, request: Request, path: str) -> Response | None:
        """Answers what is no request to a model: health, the page, refusals, metrics."""
        endpoint, readable = self._endpoint, request.method in ("GET", "HEAD")
        if readable and path == _LIVE:
            return PlainTextResponse("ok\n")
        if readable and path == _READY:
            return (
                PlainTextResponse("ok\n") if endpoint.ready else PlainTextResponse("unready\n", 503)
            )
        page = self._page.answer(path) if self._page is not None and readable else None
        if page is not None and path != MODELS_PATH:
            return page
        if not endpoint.api_key.admits(_credentials(request)):
            text = f"The request carries no valid API key; send it as {KEY_HEADER}."
            return _error(401, text, {"www-authenticate": "Bearer", **_CLOSE})
        if page is not None:
            return page
        if request.method == "GET" and path == self._metrics_path:
            return Response(endpoint.metrics.exposition(), headers={"content-type": CONTENT_TYPE})
        return None

    async def _answer(self, request: Request, path: str) -> Response:
        given = request.headers.get(_ID_HEADER)
        record = RequestRecord("REST", request_id=request_id(given))
        headers = {_ID_HEADER: record.request_id}
        try:
            async with self._endpoint.recording(record):
                content = await self._dispatch(request, path, record)
                return Response(content, media_type="application/json", headers=headers)
        except BodyRefused as refusal:  # the rest of the body is not read
            return _error(refusal.http_status, refusal.text, headers | _CLOSE)
        except StatusError as error:
            return _error(_HTTP_STATUS.get(error.code, 500), error.text, headers)

    async def _dispatch(self, request: Request, path: str, record: RequestRecord) -> bytes:
        """Answers what TF Serving's interface has; a query is part of the path there."""
        if not _API.fullmatch(path):
            raise StatusError(Code.NOT_FOUND, f"Nothing is served at {path[:_MAX_QUOTED_PATH]}.")
        if request.method == "OPTIONS":
            return _preflight(request)
        if request.scope["query_string"]:
            path += "?" + request.scope["query_string"].decode("latin-1")
        match = _ROUTES[request.method].fullmatch(path) if request.method in _ROUTES else None
        if match is not None:
            query = _query(match)
            record.model = query.name
            if request.method == "GET":
                return self._look_up(query, match["verb"], record)
            if match["verb"].islower():
                return await self._post(query, match["verb"], request, record)
        text = f"Malformed request: {request.method} {path[:_MAX_QUOTED_PATH]}"
        raise invalid_argument(text)

    def _look_up(self, query: ModelQuery, verb: str | None, record: RequestRecord) -> bytes:
        if not query.name:
            raise invalid_argument("Missing model name in request.")
        record.method = "metadata" if verb == "metadata" else "status"
        return (_metadata if verb == "metadata" else _status)(self._endpoint.core, query)

    async def _post(
        self, query: ModelQuery, verb: str, request: Request, record: RequestRecord
    ) -> bytes:
        record.method = verb
        if verb != "predict":
            raise StatusError(Code.UNIMPLEMENTED, f"{verb} is not implemented")
        async with self._bodies.read(request) as body:
            return await self._predict(query, body, record, request)

    async def _predict(
        self, query: ModelQuery, body: bytes, record: RequestRecord, request: Request
    ) -> bytes:
        """Answers, unless the client goes away or the time is up."""
        packed = "gzip" in request.headers.get("content-encoding", "")

        def work() -> Steps[bytes]:
            content = self._bodies.unpack(body) if packed else body
            return (yield from predict(self._endpoint.core, query, content, record))

        size = max(len(body), self._bodies.unpacked_size(body) if packed else 0)
        working = asyncio.ensure_future(self._endpoint.work(record, work, size, self._timeout))
        gone = asyncio.ensure_future(_disconnected(request.receive))
        try:
            await asyncio.wait(
                {working, gone}, timeout=self._timeout, return_when="FIRST_COMPLETED"
            )
            if working.done():
                return working.result()
            if gone.done():
                raise StatusError(Code.CANCELLED, "The client went away.")
            text = f"The request took longer than {self._timeout:g} s (--rest_api_timeout_in_ms)."
            raise StatusError(Code.DEADLINE_EXCEEDED, text)
        finally:
            working.cancel()
            gone.cancel()


def predict(core: Core, query: ModelQuery, body: bytes, record: RequestRecord) -> Steps[bytes]:
    """Returns the JSON reply to a predict request.

    Raises:
        StatusError: the first check that failed, worded as over REST.
    """
    document = parse_object(body)
    name, form = rest_codec.signature_name(document), ""

    def read(signature: SignatureDef) -> dict[str, Any]:
        nonlocal form
        dtypes = {key: _numpy_name(info.dtype) for key, info in signature.inputs.items()}
        if not dtypes:
            raise invalid_argument(f"Failed to get input map for signature: {name or 'DEFAULT'}")
        inputs = rest_codec.decode_inputs(document, dtypes)
        form = rest_codec.request_form(document)
        document.clear()  # what waits for the model need not be held twice
        return inputs

    source = InputSource(read)
    try:
        prediction = yield from core.predict(query, name, source, record=record)
    except UnknownSignature as error:
        text = f'Serving signature name: "{error.name}" not found in signature def'
        raise invalid_argument(text) from error
    return rest_codec.encode_outputs(form, prediction.outputs)


def with_cors(app: ASGIApp, origins: list[str]) -> ASGIApp:
    """Returns `app`, opened to pages of `origins`; without any it is left as it is."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["content-type", "authorization", KEY_HEADER, _ID_HEADER],
        expose_headers=[_ID_HEADER],
    )


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _credentials(request: Request) -> dict[str, str | bytes]:
    headers = request.headers
    return {name: headers[name] for name in (KEY_HEADER, "authorization") if name in headers}


def _error(status: int, text: str, headers: Mapping[str, str]) -> Response:
    content = json.dumps({"error": text}).encode()
    return Response(content, status, headers, media_type="application/json")


def _query(match: re.Match[str]) -> ModelQuery:
    version, label = match["version"], match["label"]
    if version is not None and (len(version) > MAX_DIGITS or int(version) > _MAX_VERSION):
        raise invalid_argument(f"Failed to convert version: {version[:MAX_DIGITS]} to numeric.")
    return ModelQuery(
        unquote(match["name"] or ""),
        int(version) if version is not None else None,
        unquote(label) if label is not None else None,
    )


def _preflight(request: Request) -> bytes:
    if not _ORIGIN.search(request.headers.get("origin", "")):
        text = "Origin header is missing in CORS preflight"
        raise StatusError(Code.FAILED_PRECONDITION, text)
    return b""


def _status(core: Core, query: ModelQuery) -> bytes:
    return json.dumps(_to_dict(status_response(core.model_status(query)))).encode()


def _metadata(core: Core, query: ModelQuery) -> bytes:
    document = _to_dict(metadata_response(core, query, [METADATA_FIELD]))
    document["metadata"][METADATA_FIELD].pop("@type")
    return json.dumps(document).encode()


def _to_dict(message: Message) -> dict[str, Any]:
    return MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _numpy_name(dtype: int) -> str:
    return tf.as_dtype(dtype).name if dtype != tf.string.as_datatype_enum else "object"
