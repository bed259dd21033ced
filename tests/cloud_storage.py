"""Cloud Storage on loopback, for TensorFlow's own `gs://` file system, with faults on request.

The emulators on the package index do not do: one answers TensorFlow's uploads with an error and
sends the rest to plain http, the other knows no folders; none fails when it is told to. What
TensorFlow asks is little, so it is answered here. It asks two fixed names over TLS: programs under
test run in a network of their own (`network.py`), where these names are this machine.
"""

import json
import re
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from urllib.parse import parse_qs, unquote, urlsplit

HOSTS = ("www.googleapis.com", "storage.googleapis.com")
# Of a cut upload the service keeps whole blocks.
_BLOCK = 1 << 18


@dataclass
class Fault:
    """What happens to requests whose "METHOD path" matches a pattern.

    Attributes:
        kind: "status", "cut" (the connection ends in the middle of the upload) or "slow".
        value: the status, or seconds.
        times: how often it happens.
        share: of them, drawn at random from a seed.
    """

    kind: str
    value: float
    pattern: str
    times: float = float("inf")
    share: float = 1.0
    random: Random = field(default_factory=lambda: Random(0))

    def meets(self, request: str) -> bool:
        """Whether it falls on this request, which then counts."""
        if self.times <= 0 or re.search(self.pattern, request) is None:
            return False
        hit = self.random.random() < self.share
        self.times -= hit
        return hit


@dataclass
class _Upload:
    bucket: str
    name: str
    content: bytes = b""


@dataclass
class _Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class _RefusedError(Exception):
    """An error as the service words it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        document = {"error": {"code": status, "message": message}}
        self.answer = _Answer(status, json.dumps(document).encode())


class CloudStorage:
    """Buckets of objects in memory behind a socket that listens.

    Attributes:
        objects: (bucket, name) → content; names end with a slash where they mark a folder.
        asked: how often each "METHOD path" was asked.
        answered: how many of these requests met no fault.
    """

    def __init__(self, listener: socket.socket, certificate: str, bucket: str = "bucket") -> None:
        self.bucket = bucket
        self.objects: dict[tuple[str, str], bytes] = {}
        self.generations: Counter[tuple[str, str]] = Counter()
        self.asked: Counter[str] = Counter()
        self.answered = 0
        self._uploads: dict[str, _Upload] = {}
        self._faults: list[Fault] = []
        self._forbidden: set[str] = set()
        self._lock = threading.Lock()
        self._server = _Server(listener, certificate, self)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Ends the server."""
        self._server.shutdown()
        self._server.server_close()

    def names(self, below: str = "") -> list[str]:
        """The objects of the bucket below a folder, sorted, relative to it."""
        with self._lock:
            found = [n for b, n in self.objects if b == self.bucket and n.startswith(below)]
        return sorted(name.removeprefix(below) for name in found if not name.endswith("/"))

    # ---- Faults ------------------------------------------------------------------------------

    def fail(self, status: int, at: str = "", **how: float) -> None:
        """Answers requests that match `at` with a status (`times`, `share`: see `Fault`)."""
        self._faults.append(Fault("status", status, at, **how))

    def cut(self, **how: float) -> None:
        """Cuts the connection in the middle of uploads (`times`, `share`: see `Fault`)."""
        self._faults.append(Fault("cut", 0, "^PUT ", **how))

    def slow(self, seconds: float, **how: float) -> None:
        """Waits so long before answers (`times`, `share`: see `Fault`)."""
        self._faults.append(Fault("slow", seconds, "", **how))

    def forbid(self, *permissions: str) -> None:
        """Refuses what takes one of these permissions, such as storage.objects.create."""
        self._forbidden.update(permissions)

    def recover(self) -> None:
        """Ends all faults."""
        self._faults.clear()
        self._forbidden.clear()

    def fault(self, request: str, *kinds: str) -> Fault | None:
        """The fault of one of these kinds that falls on a request."""
        with self._lock:
            found = (f for f in self._faults if f.kind in kinds and f.meets(request))
            return next(found, None)

    # ---- The service -------------------------------------------------------------------------

    def answer(self, method: str, url: str, headers: dict[str, str], body: bytes) -> _Answer:
        """Carries out one request."""
        split = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        try:
            with self._lock:
                self.answered += 1
                for pattern, handle in self._routes().items():
                    match = re.fullmatch(pattern, f"{method} {split.path}")
                    if match:
                        names = [unquote(part) for part in match.groups()]
                        return handle(*names, query=query, headers=headers, body=body)
            raise _RefusedError(501, f"{method} {url} is not known here")
        except _RefusedError as refusal:
            return refusal.answer

    def _routes(self) -> dict[str, Callable[..., _Answer]]:
        api = "/storage/v1/b/([^/]+)"
        return {
            f"GET {api}": self._get_bucket,
            f"GET {api}/storageLayout": self._get_layout,
            f"GET {api}/o": self._list,
            f"GET {api}/o/([^/]+)": self._stat,
            f"DELETE {api}/o/([^/]+)": self._delete,
            f"POST {api}/o/([^/]+)/rewriteTo/b/([^/]+)/o/([^/]+)": self._copy,
            f"POST /upload{api}/o": self._upload,
            "PUT /session/(.+)": self._put,
            "GET /([^/]+)/(.+)": self._read,
        }

    def _allow(self, permission: str, bucket: str) -> None:
        if permission in self._forbidden:
            raise _RefusedError(
                403,
                f"job@project.iam.gserviceaccount.com does not have {permission} access to the "
                f"Google Cloud Storage object. Permission '{permission}' denied on resource (or it "
                "may not exist).",
            )
        if bucket != self.bucket:
            raise _RefusedError(404, "The specified bucket does not exist.")

    def _object(self, bucket: str, name: str) -> bytes:
        if (bucket, name) not in self.objects:
            raise _RefusedError(404, f"No such object: {bucket}/{name}")
        return self.objects[bucket, name]

    def _keep(self, bucket: str, name: str, content: bytes) -> _Answer:
        self.objects[bucket, name] = content
        self.generations[bucket, name] += 1
        return _json(**self._fields(bucket, name))

    def _fields(self, bucket: str, name: str) -> dict[str, str]:
        return {
            "name": name,
            "size": str(len(self.objects[bucket, name])),
            "generation": str(self.generations[bucket, name]),
            "updated": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        }

    def _get_bucket(self, bucket: str, **_: object) -> _Answer:
        self._allow("storage.buckets.get", bucket)
        return _json(name=bucket, location="HERE")

    def _get_layout(self, bucket: str, **_: object) -> _Answer:
        self._allow("storage.buckets.get", bucket)
        return _json(hierarchicalNamespace={"enabled": False})

    def _list(self, bucket: str, query: dict[str, str], **_: object) -> _Answer:
        self._allow("storage.objects.list", bucket)
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter")
        entries: dict[str, bool] = {}
        for of, name in sorted(self.objects):
            if of == bucket and name.startswith(prefix):
                head, cut, _rest = name[len(prefix) :].partition(delimiter or "\0")
                is_folder = bool(delimiter and cut)
                entries[prefix + head + "/" if is_folder else name] = is_folder
        first, most = int(query.get("pageToken", 0)), int(query.get("maxResults", 1000))
        page = list(entries)[first : first + most]
        more = {"nextPageToken": str(first + most)} if first + most < len(entries) else {}
        items = [self._fields(bucket, name) for name in page if not entries[name]]
        return _json(items=items, prefixes=[name for name in page if entries[name]], **more)

    def _stat(self, bucket: str, name: str, **_: object) -> _Answer:
        self._allow("storage.objects.get", bucket)
        self._object(bucket, name)
        return _json(**self._fields(bucket, name))

    def _delete(self, bucket: str, name: str, **_: object) -> _Answer:
        self._allow("storage.objects.delete", bucket)
        self._object(bucket, name)
        del self.objects[bucket, name]
        return _Answer(204)

    def _copy(self, bucket: str, name: str, to: str, new: str, **_: object) -> _Answer:
        self._allow("storage.objects.create", to)
        self._keep(to, new, self._object(bucket, name))
        return _json(done=True)

    def _upload(
        self, bucket: str, query: dict[str, str], body: bytes, headers: dict[str, str], **_: object
    ) -> _Answer:
        self._allow("storage.objects.create", bucket)
        if query["uploadType"] == "media":
            return self._keep(bucket, query["name"], body)
        number = str(len(self._uploads))
        self._uploads[number] = _Upload(bucket, query["name"])
        return _Answer(200, headers={"Location": f"https://{headers['host']}/session/{number}"})

    def _put(self, number: str, headers: dict[str, str], body: bytes, **_: object) -> _Answer:
        upload = self._uploads[number]
        first, total = _content_range(headers.get("content-range"), len(body))
        if first is not None:
            upload.content = upload.content[:first] + body
        if len(upload.content) < total:
            kept = {"Range": f"bytes=0-{len(upload.content) - 1}"} if upload.content else {}
            return _Answer(308, headers=kept)
        return self._keep(upload.bucket, upload.name, upload.content)

    def keep_part(self, path: str, headers: dict[str, str], part: bytes) -> None:
        """Keeps what has come of an upload whose connection was cut: whole blocks of it."""
        with self._lock:
            upload = self._uploads[path.rpartition("/")[2]]
            first, _ = _content_range(headers.get("content-range"), len(part))
            whole = upload.content[: first or 0] + part
            upload.content = whole[: len(whole) - len(whole) % _BLOCK]

    def _read(self, bucket: str, name: str, headers: dict[str, str], **_: object) -> _Answer:
        self._allow("storage.objects.get", bucket)
        content = self._object(bucket, name)
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", headers.get("range", ""))
        if not asked:
            return _Answer(200, content)
        first, last = int(asked[1]), int(asked[2])
        return _Answer(206, content[first : last + 1]) if first < len(content) else _Answer(416)


def _json(**values: object) -> _Answer:
    return _Answer(200, json.dumps(values).encode(), {"Content-Type": "application/json"})


def _content_range(header: str | None, length: int) -> tuple[int | None, int]:
    """Where a part of an upload begins, None where it only asks how far it came; and the total."""
    if header is None:
        return 0, length
    match = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+)", header)
    assert match is not None, header
    return int(match[1]) if match[1] is not None else None, int(match[2])


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listener: socket.socket, certificate: str, storage: CloudStorage) -> None:
        super().__init__(("127.0.0.1", 443), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket, self.storage = listener, storage
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)

    def finish_request(self, request, client_address):
        # Here, in the thread of this request: TensorFlow opens a connection for each.
        with self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request, client_address):
        """A client may end at any moment; what it made of an answer it says itself."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""

    def do_GET(self) -> None:
        storage, request = self.server.storage, f"{self.command} {unquote(self.path)}"
        headers = {name.lower(): value for name, value in self.headers.items()}
        storage.asked[request] += 1
        body = self._body()
        slow = storage.fault(request, "slow")
        if slow:
            time.sleep(slow.value)
        failed = storage.fault(request, "status", "cut")
        if failed and failed.kind == "cut":
            storage.keep_part(self.path, headers, body[: len(body) // 2])
            self.close_connection = True
            return
        if failed:
            answer = _RefusedError(int(failed.value), "Try again later.").answer
        else:
            answer = storage.answer(self.command, self.path, headers, body)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        self.close_connection = True
        # One piece with the headers.
        self._headers_buffer += [b"\r\n", answer.body]
        self.flush_headers()

    do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - as the base class calls them

    def _body(self) -> bytes:
        """What was sent; TensorFlow sends uploads in chunks and with a length."""
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body
