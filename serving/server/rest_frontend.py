"""The REST face of the endpoint, under TF Serving's routes."""

import asyncio
import json
import re
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any

import uvicorn
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.http_status import HTTP_STATUS
from serving.messages import API_KEY_HEADER
from serving.server import open_files
from serving.server.acceptor import Acceptor
from serving.server.core import Core, ModelQuery
from serving.server.endpoint import Endpoint
from serving.server.http_protocol import Departure, patient_protocol
from serving.server.metrics import CONTENT_TYPE
from serving.server.options import ServerOptions
from serving.server.request_context import Progress, RequestContext, request_id
from serving.server.responses import METADATA_FIELD, metadata_response, status_response
from serving.server.rest_bodies import Bodies, BodyRefused
from serving.server.rest_request import RestRequest
from serving.server.routes import check_is_api, find_route
from serving.server.status import Code, StatusError
from serving.server.web import MODELS_PATH, WebPage

_ORIGIN = re.compile("https?://")
_LIVE, _READY = "/healthz", "/readyz"
_ID_HEADER = "x-request-id"
_CLOSE = {"connection": "close"}


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
        response = self._answer_apart(request, path)
        try:
            response = response or await self._answer(request, path)
        except asyncio.CancelledError:
            if Departure.of(scope).happened:
                return
            raise
        await response(scope, receive, send)

    def _answer_apart(self, request: Request, path: str) -> Response | None:
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
        if not endpoint.api_key.admits(request.headers):
            text = f"The request carries no valid API key; send it as {API_KEY_HEADER}."
            return _error(401, text, {"www-authenticate": "Bearer", **_CLOSE})
        if page is not None:
            return page
        if request.method == "GET" and path == self._metrics_path:
            return Response(endpoint.metrics.exposition(), headers={"content-type": CONTENT_TYPE})
        return None

    async def _answer(self, request: Request, path: str) -> Response:
        given = request.headers.get(_ID_HEADER)
        deadline = time.monotonic() + self._timeout
        context = RequestContext("REST", request_id(given), deadline)
        headers = {_ID_HEADER: context.request_id}
        try:
            with self._endpoint.recording(context) as progress:
                content = await self._dispatch(request, path, progress)
            return Response(content, media_type="application/json", headers=headers)
        except BodyRefused as refusal:  # the rest of the body is not read
            return _error(refusal.http_status, refusal.text, headers | _CLOSE)
        except StatusError as error:
            return _error(HTTP_STATUS.get(error.code.name, 500), error.text, headers)

    async def _dispatch(self, request: Request, path: str, progress: Progress) -> bytes:
        check_is_api(path)
        if request.method == "OPTIONS":
            return _preflight(request)
        route = find_route(request.method, path, request.scope["query_string"].decode("latin-1"))
        progress.method, progress.model = route.method, route.query.name
        match route.method:
            case "status":
                return _status(self._endpoint.core, route.query)
            case "metadata":
                return _metadata(self._endpoint.core, route.query)
            case "predict":
                return await self._predict(request, route.query, progress)
        raise StatusError(Code.UNIMPLEMENTED, f"{route.method} is not implemented")

    async def _predict(self, request: Request, query: ModelQuery, progress: Progress) -> bytes:
        bodies, packed = self._bodies, "gzip" in request.headers.get("content-encoding", "")
        async with bodies.read(request) as body:

            def parse() -> RestRequest:
                return RestRequest.parse(query, bodies.unpack(body) if packed else body)

            size = max(len(body), bodies.unpacked_size(body) if packed else 0)
            try:
                with Departure.of(request.scope).cancels():
                    return await self._endpoint.predict(progress, size, parse)
            except StatusError as error:
                if error.code != Code.DEADLINE_EXCEEDED:
                    raise
                text = f"The request took longer than {self._timeout:g} s"
                raise StatusError(error.code, f"{text} (--rest_api_timeout_in_ms).") from error


def with_cors(app: ASGIApp, origins: list[str]) -> ASGIApp:
    """Returns `app`, opened to pages of `origins`; without any it is left as it is."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["content-type", "authorization", API_KEY_HEADER, _ID_HEADER],
        expose_headers=[_ID_HEADER],
    )


def _error(status: int, text: str, headers: Mapping[str, str]) -> Response:
    content = json.dumps({"error": text}).encode()
    return Response(content, status, headers, media_type="application/json")


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
