"""Requests over REST, with no TensorFlow on the client's side."""

import asyncio
import base64
import json
import ssl
import time
from itertools import chain
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

import httpx
import numpy as np

from serving.address import model_path
from serving.environment import check_proxy, proxy_for, trusted_certificates
from serving.errors import (
    HandshakeFailed,
    IdleConnectionLost,
    RequestError,
    UsageError,
    request_error,
)
from serving.http_status import canonical_status
from serving.messages import API_KEY_HEADER, Call, Certificates, Endpoint, Reply

_MAX_PORT = 65535
_LOST = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)


class _Way:
    """What became of one request on its way, told by httpx's `trace` extension.

    Attributes:
        is_kept: whether it travels on a connection that an earlier one had opened.
        is_answered: whether the head of an answer has come.
    """

    def __init__(self) -> None:
        self.is_kept = True
        self.is_answered = False

    def note(self, event: str, _: object) -> None:
        self.is_kept &= not event.startswith("connection.connect_")
        self.is_answered |= event == "http11.receive_response_headers.complete"

    async def note_async(self, event: str, _: object) -> None:
        self.note(event, _)


class RestMessages:
    """Calls as HTTP requests for one model, and HTTP answers as replies.

    Attributes:
        url: where calls are posted.
        headers: of every request.
        proxy: which they go through; None for none.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        """Works out the address.

        Raises:
            UsageError: the target is no address, or the environment names a proxy that is none.
        """
        self.url = _url(endpoint)
        parsed = httpx.URL(self.url)
        self.proxy = proxy_for(parsed.scheme, parsed.host)
        if self.proxy is not None:
            check_proxy(self.proxy)
        self._target = endpoint.target + (f" through {self.proxy}" if self.proxy else "")
        self.headers = {"Content-Type": "application/json"}
        if endpoint.api_key is not None:
            self.headers[API_KEY_HEADER] = endpoint.api_key

    def content(self, call: Call) -> bytes:
        """Returns the body that asks for `call`."""
        columns = {name: _to_json(array) for name, array in call.inputs.items()}
        return json.dumps({"signature_name": call.signature, "inputs": columns}).encode()

    def reply(self, call: Call, status: int, content: bytes) -> Reply:
        """Returns what an answer says; JSON has no types, so those of `call` are applied.

        Raises:
            RequestError: it is a refusal, or cannot be read.
        """
        if status != 200:
            raise self._refusal(status, content)
        try:
            values = json.loads(content)["outputs"]
            if len(call.outputs) == 1:  # REST drops the name of a signature's only output
                values = {next(iter(call.outputs)): values}
            outputs = {name: _to_array(values[name], dtype) for name, dtype in call.outputs.items()}
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            text = f"the reply does not hold the outputs {dict(call.outputs)}: {error!r}"
            raise request_error("INTERNAL", text) from error
        return Reply(outputs, None)

    def error(self, error: Exception, timeout: float, way: "_Way") -> RequestError:
        """Returns the exception for a request that no answer came to."""
        if isinstance(error, httpx.TimeoutException | TimeoutError):
            return request_error("DEADLINE_EXCEEDED", f"no answer in {timeout:.3g} s")
        text = f"{self._target}: {str(error) or type(error).__name__}"
        if "CERTIFICATE" in text or "certificate" in text:
            return HandshakeFailed("UNAVAILABLE", text)
        if way.is_kept and not way.is_answered and isinstance(error, _LOST):
            return IdleConnectionLost("UNAVAILABLE", text)
        return request_error("UNAVAILABLE", text)

    def _refusal(self, status: int, content: bytes) -> RequestError:
        try:
            text = json.loads(content)["error"]
        except (ValueError, KeyError, TypeError):  # not the endpoint's own words
            text = content.decode(errors="replace") or f"HTTP status {status}"
            text += f" (from {self._target})" if self.proxy else ""
        return request_error(canonical_status(status), text)


class RestTransport:
    """Kept-alive HTTP connections to one model behind TF Serving's REST interface."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Prepares requests; nothing is sent yet.

        Raises:
            UsageError: the target is no address, or a certificate cannot be read.
        """
        self._messages = RestMessages(endpoint)
        self._http = httpx.Client(**_options(self._messages, _trust(endpoint)))

    def send(self, call: Call, timeout: float) -> Reply:
        """Runs a signature once.

        Raises:
            RequestError: the server's refusal, or no answer.
        """
        content, deadline, way = self._messages.content(call), time.monotonic() + timeout, _Way()
        try:
            with self._http.stream(
                "POST",
                self._messages.url,
                content=content,
                timeout=timeout,
                extensions={"trace": way.note},
            ) as answer:
                received = b"".join(_until(deadline, part) for part in answer.iter_bytes())
        except (httpx.TransportError, OSError) as error:  # a TLS alert comes as the latter
            raise self._messages.error(error, timeout, way) from error
        return self._messages.reply(call, answer.status_code, received)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()


class AsyncRestTransport:
    """Kept-alive HTTP connections as `RestTransport`'s, for coroutines: some for each event loop.

    A connection belongs to the loop that opened it.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        """Prepares requests; nothing is sent yet.

        Raises:
            UsageError: the target is no address, or a certificate cannot be read.
        """
        self._messages = RestMessages(endpoint)
        self._trust = _trust(endpoint)
        self._of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient]
        self._of_loop = WeakKeyDictionary()

    async def send(self, call: Call, timeout: float) -> Reply:
        """Runs a signature once.

        Raises:
            RequestError: the server's refusal, or no answer.
        """
        content, way = self._messages.content(call), _Way()
        try:
            async with asyncio.timeout(timeout):
                answer = await self._http.post(
                    self._messages.url,
                    content=content,
                    timeout=timeout,
                    extensions={"trace": way.note_async},
                )
        except (httpx.TransportError, OSError) as error:  # a TLS alert comes as the latter
            raise self._messages.error(error, timeout, way) from error
        return self._messages.reply(call, answer.status_code, answer.content)

    async def close(self) -> None:
        """Closes the connections of this loop."""
        await self._http.aclose()

    @property
    def _http(self) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        if loop not in self._of_loop:
            self._of_loop[loop] = httpx.AsyncClient(**_options(self._messages, self._trust))
        return self._of_loop[loop]


def _url(endpoint: Endpoint) -> str:
    which = ""
    if endpoint.version is not None:
        which = f"/versions/{endpoint.version}"
    elif endpoint.label is not None:
        which = f"/labels/{quote(endpoint.label, safe='')}"
    base = endpoint.target.rstrip("/")
    try:
        parsed = httpx.URL(base)
    except httpx.InvalidURL as error:
        raise UsageError(f"target: {endpoint.target!r} is no address: {error}.") from error
    if not parsed.host or (parsed.port or 0) > _MAX_PORT:
        raise UsageError(f"target: {endpoint.target!r} is no address; pass 'http://host:8501'.")
    return f"{base}{model_path(endpoint.model)}{which}:predict"


def _options(messages: RestMessages, trust: ssl.SSLContext | bool) -> dict[str, Any]:
    """How httpx is set up: what it would find in the environment has been looked at by us."""
    proxy = messages.proxy.url if messages.proxy else None
    return {"headers": messages.headers, "verify": trust, "proxy": proxy, "trust_env": False}


def _trust(endpoint: Endpoint) -> ssl.SSLContext | bool:
    """Whom an encrypted connection trusts; True for httpx's own choice."""
    if not endpoint.is_encrypted:
        return False  # nothing is looked at, so nothing is loaded
    files: Certificates = endpoint.certificates
    named, file, folder = "certificate", files.authority, None
    if file is None:
        named, file, folder = trusted_certificates()
    if not (files or file or folder):
        return True
    try:
        context = ssl.create_default_context(cafile=file, capath=folder)
        if files.certificate:
            context.load_cert_chain(files.certificate, files.key)
    except OSError as error:  # ssl.SSLError is one
        names = ", ".join(repr(name) for name in (file, files.certificate) if name)
        raise UsageError(f"{named}: {names} cannot be used: {error}.") from error
    return context


def _until(deadline: float, part: bytes) -> bytes:
    """HTTP timeouts bound a single read; a server that trickles would hold its caller for ever."""
    if time.monotonic() > deadline:
        raise TimeoutError
    return part


def _to_json(array: np.ndarray) -> Any:
    if array.dtype != object:
        return array.tolist()
    encode = np.frompyfunc(lambda value: {"b64": base64.b64encode(value).decode()}, 1, 1)
    return encode(array).tolist()


def _to_array(value: Any, dtype: str) -> np.ndarray:
    if dtype != "string":
        return _numbers(value, dtype)
    return np.frompyfunc(_to_bytes, 1, 1)(np.array(value, object))


def _numbers(value: list[Any], dtype: str) -> np.ndarray:
    """Returns nested lists as an array, as `np.array` does.

    That looks at every list on its own, and a picture is a list for every pixel: unfolding a level
    at a time takes a tenth of the time.
    """
    shape: list[int] = []
    level: list[Any] = [value]
    while level and isinstance(level[0], list):
        sizes = set(map(len, level))
        if len(sizes) > 1:
            raise ValueError(f"lists of {sorted(sizes)} values side by side")
        shape += sizes
        level = list(chain.from_iterable(level))
    return np.array(level, dtype).reshape(shape)


def _to_bytes(value: str | dict[str, str]) -> bytes:
    return value.encode() if isinstance(value, str) else base64.b64decode(value["b64"])
