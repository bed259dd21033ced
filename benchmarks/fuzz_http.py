"""Hostile HTTP: what is sent over a socket, in which pieces, and what came back."""

import random
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from benchmarks import fuzz_documents
from benchmarks.fuzz_server import KEY, SECONDS

_KEY_LINE = f"x-api-key: {KEY}\r\n".encode()
_PATIENCE = 8.0  # beyond every time-out of the endpoint


@dataclass(frozen=True)
class Exchange:
    """Bytes for one connection.

    Attributes:
        pieces: what is sent, piece by piece.
        pause: seconds between two pieces.
        half_close: whether the sending side is shut when all is sent.
        replies: how many replies to wait for.
        leave: whether to go away without reading.
    """

    pieces: list[bytes]
    pause: float = 0.0
    half_close: bool = False
    replies: int = 1
    leave: bool = False


class Reply(NamedTuple):
    """One HTTP reply."""

    status: int
    head: bytes
    body: bytes


def carry_out(exchange: Exchange, port: int) -> list[Reply]:
    """Sends it all and returns the replies that came; none where the endpoint cut it off."""
    received = bytearray()
    replies: list[Reply] = []
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as connection:
        with suppress(ConnectionError):
            for piece in exchange.pieces:
                connection.sendall(piece)
                if exchange.pause:
                    time.sleep(exchange.pause)
            if exchange.leave:
                return []
            if exchange.half_close:
                with suppress(OSError):  # it has been cut off already
                    connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while len(replies) < exchange.replies and (data := connection.recv(2**16)):
                received += data
                while reply := _take_reply(received, exchange.pieces[0].startswith(b"HEAD ")):
                    replies.append(reply)
    return replies


def _take_reply(received: bytearray, bare: bool) -> Reply | None:
    """Takes the first reply off what was received; None while it is incomplete."""
    head, end, rest = bytes(received).partition(b"\r\n\r\n")
    if not end:
        return None
    status = int(head.split(b" ", 2)[1])
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    length = int(fields.get(b"content-length", b"0")) if status >= 200 and not bare else 0
    if len(rest) < length:
        return None
    del received[: len(head) + len(end) + length]
    return Reply(status, head, rest[:length])


# ---- Hostile exchanges, by family ----------------------------------------------------------------


def documents(chance: random.Random) -> Exchange:
    """A well-formed POST with a hostile body."""
    model = chance.choice(["digits", "types"])
    content = fuzz_documents.body(chance, model)
    return Exchange([_post(f"/v1/models/{model}:predict".encode(), content)])


def paths(chance: random.Random) -> Exchange:
    """Any method on paths that leave the tree, hide characters or name what is not there."""
    path = chance.choice(_PATHS)
    if chance.random() < 0.3:
        path = quote(path, chance.choice(["", "/", "/:"]), errors="surrogatepass")
    if chance.random() < 0.2:
        path += chance.choice(["?x=1", "#y", "%", "%zz", "%00", "\x00", " ", "\t", "/", "//", "?"])
    if chance.random() < 0.1:
        path = chance.choice(["http://127.0.0.1:1", "http://x@y", "//", "\\\\", "file://"]) + path
    raw = path.encode("utf-8", "surrogatepass")
    if chance.random() < 0.1:
        raw = fuzz_documents.mutated(chance, raw)
    method = chance.choice(_METHODS)
    if method == b"POST":
        return Exchange([_post(raw, b'{"instances":[1]}')])
    return Exchange([method + b" " + raw + b" HTTP/1.1\r\nhost: x\r\n" + _KEY_LINE + b"\r\n"])


def heads(chance: random.Random) -> Exchange:
    """A POST whose head is broken, doubled, huge, or carries strange values."""
    lines = [b"host: x", _KEY_LINE.strip(), b"content-length: 17"]
    for _ in range(chance.choice([1, 1, 2, 3])):
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(_LINES)(chance))
    if chance.random() < 0.2:
        lines.remove(chance.choice(lines))
    first = chance.choice(_FIRST_LINES)
    head = chance.choice([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"]).join([first, *lines])
    data = head + b'\r\n\r\n{"instances":[1]}'
    if chance.random() < 0.2:
        data = fuzz_documents.mutated(chance, data)
    return Exchange([data], half_close=chance.random() < 0.5)


def framing(chance: random.Random) -> Exchange:
    """Chunks and lengths that contradict each other, smuggled requests among them."""
    line = b"POST /v1/models/digits:predict HTTP/1.1\r\nhost: x\r\n" + _KEY_LINE
    smuggled = b"GET /v1/models/digits HTTP/1.1\r\nhost: x\r\n" + _KEY_LINE + b"\r\n"
    body = b'{"instances":[1]}'
    fields, content = chance.choice(_framings(chance, body, smuggled))
    data = line + fields + b"\r\n" + content
    if chance.random() < 0.15:
        data = fuzz_documents.mutated(chance, data)
    return Exchange([data], half_close=chance.random() < 0.5)


def pipelines(chance: random.Random) -> Exchange:
    """Several requests at once, valid and not, in odd pieces."""
    requests = [chance.choice(_PIPELINED) for _ in range(chance.randrange(2, 12))]
    data = b"".join(requests)
    cuts = sorted(chance.randrange(len(data)) for _ in range(chance.choice([0, 1, 3, 30])))
    bounds = zip([0, *cuts], [*cuts, len(data)], strict=True)
    whole = not any(request in _BROKEN for request in requests)
    return Exchange([data[i:j] for i, j in bounds], replies=len(requests) if whole else 99)


def dawdlers(chance: random.Random) -> Exchange:
    """Bytes that come slowly, end early, or whose sender does not stay for the reply."""
    data = _post(b"/v1/models/digits:predict", b'{"instances":[1,2]}')
    match chance.randrange(5):
        case 0:  # to the end, byte by byte
            pieces = [data[i : i + 1] for i in range(len(data))]
            return Exchange(pieces, pause=0.3 * SECONDS / len(pieces))
        case 1:  # a part, then nothing
            return Exchange([data[: chance.randrange(len(data))]])
        case 2:
            return Exchange([data[: chance.randrange(len(data))]], half_close=True)
        case 3:
            return Exchange([data], half_close=True)
        case _:
            return Exchange([data], leave=True)


def not_http(chance: random.Random) -> Exchange:
    """Another protocol altogether, or noise."""
    data = chance.choice(
        [
            chance.randbytes(chance.choice([1, 10, 1000, 100_000])),
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + chance.randbytes(100),
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + chance.randbytes(200),
            b"\r\n" * chance.randrange(1000),
            b"EHLO example.com\r\n",
        ]
    )
    return Exchange([data], half_close=chance.random() < 0.5)


def _post(path: bytes, content: bytes) -> bytes:
    length = str(len(content)).encode()
    head = b"POST " + path + b" HTTP/1.1\r\nhost: x\r\n" + _KEY_LINE
    return head + b"content-length: " + length + b"\r\n\r\n" + content


def _get(path: bytes, extra: bytes = b"") -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\nhost: x\r\n" + _KEY_LINE + extra + b"\r\n"


def _framings(chance: random.Random, body: bytes, smuggled: bytes) -> list[tuple[bytes, bytes]]:
    size = b"%x" % len(body)
    chunked = size + b"\r\n" + body + b"\r\n0\r\n\r\n"
    te, cl = b"transfer-encoding: ", b"content-length: "
    trailer = b"x: " + b"y" * chance.choice([1, 70_000, 500_000]) + b"\r\n"
    ones = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    return [
        (te + b"chunked\r\n", chunked),
        (te + b"chunked\r\n", ones + b"0\r\n\r\n"),
        (te + b"chunked\r\n", chunked[:-2] + trailer + b"\r\n"),
        (te + b"chunked\r\n", chunked[:-2] + trailer),
        (te + b"chunked\r\n", size + b";a=" + b"b" * 70_000 + b"\r\n" + body + b"\r\n0\r\n\r\n"),
        (te + b"chunked\r\n", chance.choice(_SIZES) + b"\r\n" + body + b"\r\n0\r\n\r\n"),
        (te + b"chunked\r\n" + cl + b"5\r\n", chunked + smuggled),
        (cl + b"5\r\n" + te + b"chunked\r\n", chunked + smuggled),
        (te + chance.choice(_ENCODINGS) + b"\r\n", chunked + smuggled),
        (te + b"identity\r\n" + te + b"chunked\r\n", chunked + smuggled),
        (te[:-2] + b" : chunked\r\n", chunked + smuggled),
        (cl + b"17\r\n" + cl + chance.choice([b"17", b"18", b"0"]) + b"\r\n", body + smuggled),
        (cl + b"17, 17\r\n", body + smuggled),
        (cl + chance.choice(_LENGTHS) + b"\r\n", body),
        (cl + b"17\r\n", body[:5]),
        (cl + b"3\r\n", body + smuggled),
        (b"expect: 100-continue\r\n" + cl + b"17\r\n", body),
        (b"expect: " + chance.choice([b"200", b"", b"100-continue,x"]) + b"\r\n" + cl + b"17\r\n",
         body),
        (b"content-encoding: gzip\r\n" + cl + b"17\r\n", body),
    ]  # fmt: skip


_SIZES = (b"-1", b"0x11", b"ffffffffffffffff", b"f" * 40, b"", b"g", b"7fffffffffffffff", b" 11")
_ENCODINGS = (b"xchunked", b"chunked, chunked", b"gzip", b"chunked, gzip", b"\x0bchunked", b"")
_LENGTHS = (b"-1", b"+17", b"0x11", b"17.0", b"1e2", b"9" * 30, b"9" * 5000, b"", b"2097152", b"a")
_METHODS = (
    *[b"GET"] * 12, *[b"POST"] * 8, b"HEAD", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"TRACE",
    b"CONNECT", b"PATCH", b"PROPFIND", b"get", b"G\x00T", b"X" * 1000,
)  # fmt: skip
_PATHS = (
    "/", "*", "", "/web/", "/web/../../../etc/passwd", "/web/%2e%2e/%2e%2e/etc/passwd", "/web/..",
    "/web/models.json", "/web/index.html", "/healthz", "/readyz", "/monitoring/prometheus/metrics",
    "/v1", "/v1/models", "/v1/models/", "/v1/models/digits", "/v1/models/digits/metadata",
    "/v1/models/digits/versions/1", "/v1/models/digits/versions/1/metadata",
    "/v1/models/digits/versions/-1", "/v1/models/digits/versions/" + "9" * 30,
    "/v1/models/digits/versions/" + "9" * 5000, "/v1/models/digits/versions/" + "0" * 50 + "1",
    "/v1/models/digits/versions/١", "/v1/models/digits/labels/a:predict",
    "/v1/models/digits/labels/" + "l" * 20_000 + ":predict", "/v1/models/" + "m" * 60_000,
    "/v1/models/digits:predict", "/V1/MODELS/digits:PREDICT", "/v1/models/digits:classify",
    "/v1/models/digits:regress", "/v1/models/digits:explode", "/v1/models/digits:predict:predict",
    "/v1/models/digits%2fmetadata", "/v1/models/%64igits", "/v1/models/digits\x00",
    "/v1/models/dig\nits", "/v1/models/ü", "/v1/models/\ud800", "/v1/models/..;/digits",
    "/v1/models/../models/digits", "/./v1//models/digits", "\\v1\\models\\digits",
    "/v1/models/%ff%fe:predict", "/v1/models/{model}", "/v1/models/digits/versions/1/labels/a",
)  # fmt: skip
_FIRST_LINES = (
    *[b"POST /v1/models/digits:predict HTTP/1.1"] * 8,
    b"POST /v1/models/digits:predict HTTP/1.0", b"POST /v1/models/digits:predict HTTP/9.9",
    b"POST /v1/models/digits:predict", b"POST  /v1/models/digits:predict  HTTP/1.1",
    b"POST /v1/models/digits:predict HTTP/1.1 HTTP/1.1", b"", b"\x00", b"HTTP/1.1 200 OK",
    b"POST /" + b"a" * 100_000 + b" HTTP/1.1",
)  # fmt: skip
_LINES: tuple[Callable[[random.Random], bytes], ...] = (
    lambda chance: b"x: " + b"y" * chance.choice([10, 60_000, 70_000, 300_000]),
    lambda chance: b"\r\n".join(b"x%d: y" % i for i in range(chance.choice([10, 500, 20_000]))),
    lambda chance: b"x" * chance.choice([10, 70_000]) + b": y",
    lambda chance: b"x-request-id: " + chance.randbytes(20).replace(b"\r", b"").replace(b"\n", b""),
    lambda chance: b"x-request-id: " + b"r" * chance.choice([1, 128, 129, 10_000]),
    lambda chance: chance.choice([b"x-api-key: no", b"x-api-key:", b"authorization: Bearer",
                                  b"authorization: \xff\xfe", b"x-api-key: \xe2\x98\x83"]),
    lambda chance: chance.choice([b"connection: close", b"connection: keep-alive", b"connection: x",
                                  b"connection: upgrade\r\nupgrade: websocket",
                                  b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\n"
                                  b"http2-settings: AAMAAABkAAQAAP__", b"upgrade: " + b"u" * 500]),
    lambda chance: chance.choice([b" folded", b":", b"no colon", b"a b: c", b"\x00: a", b"a: \x00",
                                  b"a\x80: b", b"a: \x80\xff", b": nameless", b"a : b", b"a:\tb"]),
    lambda chance: chance.choice([b"host: a\r\nhost: b", b"host:", b"host: " + b"h" * 5000]),
    lambda chance: b"origin: https://a.example\r\naccess-control-request-method: POST",
    lambda chance: b"content-type: " + chance.choice([b"text/xml", b"\xff", b"application/grpc"]),
    lambda chance: b"accept-encoding: gzip;q=" + b"9" * 100,
)  # fmt: skip
_BROKEN = (b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/1.1\r\nbroken\r\n\r\n")
_PIPELINED = (
    _get(b"/healthz"),
    _get(b"/v1/models/digits"),
    _get(b"/no"),
    _get(b"/v1/models/digits", b"x-api-key: no\r\n"),
    _post(b"/v1/models/digits:predict", b'{"instances":[1]}'),
    _post(b"/v1/models/digits:predict", b"{"),
    _post(b"/v1/models/types:predict", b'{"inputs":[1.5]}'),
    *_BROKEN,
)

FAMILIES = {
    "REST documents": documents,
    "REST paths": paths,
    "HTTP heads": heads,
    "HTTP framing": framing,
    "HTTP pipelines": pipelines,
    "HTTP dawdlers": dawdlers,
    "not HTTP": not_http,
}
