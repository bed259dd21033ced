"""The endpoint as a whole: models, both interfaces and the watch over new versions."""

import logging
import signal
import threading
from collections.abc import Callable, Mapping
from types import TracebackType

from serving.errors import ServingError, UsageError
from serving.server.core import Core
from serving.server.grpc_frontend import GrpcFrontend
from serving.server.models import Model
from serving.server.rest_frontend import RestFrontend
from serving.versions import require_versions

_log = logging.getLogger(__name__)


class Server:
    """Serves the newest version below a model directory, until stopped.

    Use it as a context manager, or call `start` and `stop`. Port 0 lets the system choose; the
    attributes `port` and `rest_api_port` hold the ports in use once it has started.

    Example:
        with Server("models/digits", port=0, rest_api_port=0) as server:
            client = Client(f"127.0.0.1:{server.port}")
    """

    def __init__(
        self,
        model_dir: str,
        model_name: str = "default",
        port: int = 8500,
        rest_api_port: int = 8501,
        host: str = "127.0.0.1",
        *,
        version_labels: Mapping[str, int] | None = None,
        poll_seconds: float = 1.0,
    ) -> None:
        """Describes the endpoint; nothing is loaded and no port is taken before `start`.

        Args:
            model_dir: the folder with the numbered exports.
            model_name: the name under which requests ask for the model.
            port: the gRPC port.
            rest_api_port: the HTTP port.
            host: the address to listen on; "0.0.0.0" for every one.
            version_labels: names for versions, such as {"stable": 3}.
            poll_seconds: how often `model_dir` is looked at.

        Raises:
            UsageError: a port is no port.
        """
        _check_port("port", port)
        _check_port("rest_api_port", rest_api_port)
        self.port = port
        self.rest_api_port = rest_api_port
        self.host = host
        self._model_dir = str(model_dir)
        self._model = Model(model_name, self._model_dir, version_labels)
        self._poll_seconds = poll_seconds
        self._frontends: list[GrpcFrontend | RestFrontend] = []
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._watch_versions, name="versions", daemon=True)

    def start(self) -> "Server":
        """Loads the newest version and begins to answer.

        Raises:
            UsageError: the model directory is missing or holds no export.
            ServingError: a port is taken, or no version can be loaded; nothing stays running.
        """
        require_versions(self._model_dir)
        core = Core({self._model.name: self._model})
        try:
            rest_frontend = RestFrontend(core, self.host, self.rest_api_port)
            self._frontends.append(rest_frontend)
            self._load_first()
            # The last thing that can fail: gRPC frees a port only after a server has run on it.
            grpc_frontend = GrpcFrontend(core, self.host, self.port)
            self._frontends.append(grpc_frontend)
        except BaseException:
            self.stop(grace=0)
            raise
        self.port, self.rest_api_port = grpc_frontend.port, rest_frontend.port
        for frontend in self._frontends:
            frontend.start()
        self._watch.start()
        _log.info("serving %s: gRPC %s, REST %s", self._model.name, self.port, self.rest_api_port)
        return self

    def stop(self, grace: float = 10.0) -> None:
        """Refuses new requests, gives those under way `grace` seconds, and frees the model."""
        self._stopping.set()
        for frontend in self._frontends:
            frontend.drain(grace)
        while self._frontends:
            self._frontends.pop().join()
        if self._watch.is_alive():
            self._watch.join()
        self._model.close()

    def wait(self, timeout: float | None = None) -> bool:
        """Blocks until `stop` is called; returns False if `timeout` seconds passed before."""
        return self._stopping.wait(timeout)

    def __enter__(self) -> "Server":
        """Starts the server."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops the server."""
        self.stop()

    def _load_first(self) -> None:
        self._model.refresh()
        if self._model.available:
            return
        reasons = "; ".join(
            f"version {status.version}: {status.error_message}" for status in self._model.statuses()
        )
        raise ServingError(
            f"model directory: no version in {self._model_dir!r} can be loaded ({reasons}); "
            "export the model again."
        )

    def _watch_versions(self) -> None:
        while not self._stopping.wait(self._poll_seconds):
            try:
                self._model.refresh()
            except Exception:  # a file system that fails for a moment must not end the watch
                _log.exception("looking for versions in %s failed", self._model_dir)


def serve(
    model_dir: str,
    model_name: str = "default",
    port: int = 8500,
    rest_api_port: int = 8501,
    host: str = "127.0.0.1",
    *,
    grace: float = 10.0,
    on_start: Callable[[Server], None] | None = None,
) -> None:
    """Serves until SIGTERM or SIGINT, then drains; call it from the main thread.

    Args:
        model_dir: the folder with the numbered exports.
        model_name: the name under which requests ask for the model.
        port: the gRPC port.
        rest_api_port: the HTTP port.
        host: the address to listen on.
        grace: seconds that requests under way may take once a signal has come.
        on_start: called with the server once it answers.

    Raises:
        UsageError: the model directory is missing or holds no export, or a port is no port.
        ServingError: a port is taken, or no version can be loaded.
    """
    server = Server(model_dir, model_name, port, rest_api_port, host)
    signalled = threading.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)
    previous = {number: signal.signal(number, lambda *_: signalled.set()) for number in numbers}
    try:
        server.start()
        if on_start is not None:
            on_start(server)
        signalled.wait()
    finally:
        server.stop(grace)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _check_port(name: str, port: int) -> None:
    if not 0 <= port <= 65535:
        raise UsageError(f"{name}: received {port}; expected 0 (any free one) to 65535.")
