"""Requests over REST, with no TensorFlow on the client's side."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np

from serving.errors import RequestError, request_error

_BY_HTTP_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class RestTransport:
    """A kept-alive HTTP connection to one model behind TF Serving's REST interface."""

    def __init__(self, target: str, model: str, version: int | None) -> None:
        """Prepares requests to `target`; nothing is sent yet."""
        versions = "" if version is None else f"/versions/{version}"
        self._url = f"{target.rstrip('/')}/v1/models/{quote(model, safe='')}{versions}:predict"
        self._http = httpx.Client()

    def call(
        self,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Mapping[str, str],
        timeout: float,
    ) -> dict[str, np.ndarray]:
        """Runs a signature once; JSON has no types, so those in `outputs` are applied.

        Raises:
            RequestError: the server's refusal, or no answer.
        """
        columns = {name: _to_json(array) for name, array in inputs.items()}
        content = json.dumps({"signature_name": signature, "inputs": columns})
        reply = self._post(content, timeout)
        try:
            values = (
                reply["outputs"] if len(outputs) > 1 else {next(iter(outputs)): reply["outputs"]}
            )
            return {name: _to_array(values[name], dtype) for name, dtype in outputs.items()}
        except (KeyError, TypeError, ValueError) as error:
            text = f"the reply does not hold the outputs {dict(outputs)}: {error!r}"
            raise request_error("INTERNAL", text) from error

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def _post(self, content: str, timeout: float) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        try:
            reply = self._http.post(self._url, content=content, headers=headers, timeout=timeout)
        except httpx.TimeoutException as error:
            raise request_error("DEADLINE_EXCEEDED", f"no answer in {timeout:.3g} s") from error
        except httpx.TransportError as error:
            raise request_error("UNAVAILABLE", str(error)) from error
        if reply.status_code != 200:
            raise _refusal(reply)
        try:
            return reply.json()
        except ValueError as error:
            raise request_error("INTERNAL", f"the reply is no JSON: {error}") from error


def _refusal(reply: httpx.Response) -> RequestError:
    status = _BY_HTTP_STATUS.get(reply.status_code, "UNKNOWN")
    try:
        text = reply.json()["error"]
    except (ValueError, KeyError, TypeError):
        text = reply.text
    return request_error(status, text)


def _to_json(array: np.ndarray) -> Any:
    if array.dtype != object:
        return array.tolist()
    encode = np.frompyfunc(lambda value: {"b64": base64.b64encode(value).decode()}, 1, 1)
    return encode(array).tolist()


def _to_array(value: Any, dtype: str) -> np.ndarray:
    if dtype != "string":
        return np.array(value, dtype)
    return np.frompyfunc(_to_bytes, 1, 1)(np.array(value, object))


def _to_bytes(value: str | dict[str, str]) -> bytes:
    return value.encode() if isinstance(value, str) else base64.b64decode(value["b64"])
