"""The page for playing with a generator: a fixed set of files, read once."""

import json
from collections.abc import Mapping
from importlib import resources

from starlette.responses import Response

from serving.errors import ServingError
from serving.server.models import Model

_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
}
_HEADERS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
MODELS_PATH = "/web/models.json"


class WebPage:
    """Answers GET for the page's files; a path from a request is only a key in a table."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        """Reads the package's files.

        Raises:
            ServingError: this installation has no page.
        """
        self._models = models
        self._files: dict[str, tuple[bytes, str]] = {}
        for file in resources.files("serving").joinpath("web").iterdir():
            kind = _TYPES.get(file.name.rpartition(".")[2])
            if kind and file.is_file():
                self._files[f"/web/{file.name}"] = file.read_bytes(), kind
        if "/web/index.html" not in self._files:
            raise ServingError("web: this installation has no page; install saddlepoint again.")
        self._files["/"] = self._files["/web/index.html"]

    def answer(self, path: str) -> Response | None:
        """Returns the file or the list of models at `path`; None where there is nothing."""
        if path == MODELS_PATH:
            return Response(self._list(), media_type="application/json", headers=_HEADERS)
        if path not in self._files:
            return None
        content, kind = self._files[path]
        return Response(content, media_type=kind, headers=_HEADERS)

    def _list(self) -> bytes:
        models = [
            {
                "name": name,
                "versions": [str(v) for v in model.available],
                "labels": {label: str(version) for label, version in model.labels.items()},
            }
            for name, model in sorted(self._models.items())
            if not model.closed
        ]
        return json.dumps({"models": models}).encode()
