"""The page in front of any endpoint that speaks TF Serving's REST interface."""

import contextlib
import re
import threading
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

FILES = Path(__file__).resolve().parents[2] / "serving" / "web"
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Page:
    """What the page's origin answers; a test may change `refusal` and `models` under way.

    `rewritten` are bytes of replies that become others.
    """

    def __init__(self, upstreams, models):
        """Forwards to the endpoint of each model, {name: address}; lists `models`."""
        self.models = models
        self.refusal = None
        self.rewritten = {}
        self.api_key = None
        self.requests = []
        self._upstreams = upstreams
        self._http = httpx.Client(timeout=30)

    def app(self):
        """Returns the ASGI application."""
        return Starlette(
            routes=[
                Route("/web/models.json", self._list),
                Route("/", lambda request: self._file("index.html")),
                Route("/web/{name}", lambda request: self._file(request.path_params["name"])),
                Route("/v1/{path:path}", self._forward, methods=["GET", "POST"]),
            ]
        )

    def _file(self, name):
        path = FILES / name
        headers = {"content-security-policy": POLICY}
        return Response(path.read_bytes(), media_type=TYPES[path.suffix], headers=headers)

    def _refused(self, request):
        if self.api_key and request.headers.get("x-api-key") != self.api_key:
            return JSONResponse({"error": "API key missing or wrong"}, 401)
        return None

    async def _list(self, request):
        return self._refused(request) or JSONResponse({"models": self.models})

    async def _forward(self, request):
        body = await request.body()
        self.requests.append((request.url.path, body))
        if self.refusal is not None:
            status, text = self.refusal
            return JSONResponse({"error": text}, status)
        if refused := self._refused(request):
            return refused
        path = request.url.path
        address = self._upstreams[re.match(r"/v1/models/([^/:]+)", path)[1]]
        reply = await run_in_threadpool(
            self._http.request, request.method, address + path, content=body
        )
        content = reply.content
        for old, new in self.rewritten.items():
            content = content.replace(old, new)
        return Response(content, reply.status_code, media_type="application/json")


@contextlib.contextmanager
def serving(page, port=0):
    """Serves a page in a thread and yields its address."""
    config = uvicorn.Config(page.app(), port=port, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
