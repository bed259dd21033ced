"""TF Serving's REST routes.

A table of patterns rather than a router's: the server's own words have any case, a name may hold
an escaped slash, a query is part of the path, and what matches nothing is a 400 of its own.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from serving.server.core import ModelQuery
from serving.server.rest_bodies import MAX_DIGITS
from serving.server.status import Code, StatusError, invalid_argument

_NAME = r"/(?P<name>[^/:]+)"
_CHOICE = r"(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_VERB = r":(?P<verb>classify|regress|predict)"
_ROUTES = {  # the server's own words are matched whatever their case, but only obeyed in lower case
    "POST": re.compile(f"/v1/models{_NAME}{_CHOICE}{_VERB}", re.IGNORECASE),
    "GET": re.compile(f"/v1/models(?:{_NAME})?{_CHOICE}(?:/(?P<verb>metadata))?", re.IGNORECASE),
}
_API = re.compile("/v1/.*", re.IGNORECASE)
_MAX_VERSION = 2**63 - 1
_MAX_QUOTED = 200


@dataclass(frozen=True)
class Route:
    """What a path asks for: "predict", "classify", "regress", "metadata" or "status" of a model."""

    method: str
    query: ModelQuery


def check_is_api(path: str) -> None:
    """Refuses paths outside the interface.

    Raises:
        StatusError: NOT_FOUND.
    """
    if not _API.fullmatch(path):
        raise StatusError(Code.NOT_FOUND, f"Nothing is served at {path[:_MAX_QUOTED]}.")


def find_route(method: str, path: str, query: str) -> Route:
    """Returns what a request asks for.

    Args:
        method: HTTP's.
        path: as it was sent.
        query: what stood behind a question mark, likewise; part of the path here.

    Raises:
        StatusError: INVALID_ARGUMENT.
    """
    whole = f"{path}?{query}" if query else path
    match = _ROUTES[method].fullmatch(whole) if method in _ROUTES else None
    if match is None or (method == "POST" and not match["verb"].islower()):
        raise invalid_argument(f"Malformed request: {method} {whole[:_MAX_QUOTED]}")
    asked = _query(match)
    if not asked.name:
        raise invalid_argument("Missing model name in request.")
    if method == "POST":
        return Route(match["verb"], asked)
    return Route("metadata" if match["verb"] == "metadata" else "status", asked)


def _query(match: re.Match[str]) -> ModelQuery:
    version, label = match["version"], match["label"]
    if version is not None and (len(version) > MAX_DIGITS or int(version) > _MAX_VERSION):
        raise invalid_argument(f"Failed to convert version: {version[:MAX_DIGITS]} to numeric.")
    return ModelQuery(
        unquote(match["name"] or ""),
        int(version) if version is not None else None,
        unquote(label) if label is not None else None,
    )
