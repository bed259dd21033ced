"""The endpoint as a whole: models, both interfaces and the watch over new versions."""

import asyncio
import functools
import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

from serving.address import host_and_port, model_path
from serving.errors import ServingError, UsageError
from serving.server import model_config, open_files, ports, textproto
from serving.server.access_log import AccessLog
from serving.server.batcher import Batcher
from serving.server.batching import BatchingParameters, read_parameters
from serving.server.core import Core
from serving.server.endpoint import Endpoint
from serving.server.grpc_frontend import GrpcFrontend
from serving.server.metrics import DEFAULT_PATH, Metrics
from serving.server.model_config import ModelConfig
from serving.server.models import load_version
from serving.server.options import ServerOptions, split
from serving.server.registry import NotServed, Registry, Watch
from serving.server.request_queue import QueueLimits
from serving.server.rest_frontend import RestApp, RestFrontend, with_cors
from serving.server.runtime import RuntimeOptions
from serving.server.security import grpc_credentials, http_context, read_api_key
from serving.server.status import StatusError
from serving.server.web import WebPage
from serving.versions import require_versions

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
_THREADS_PER_CORE = 4


class Server:
    """Serves the newest version below a model directory, or several models, until stopped.

    Use it as a context manager, or call `start` and `stop`. Port 0 lets the system choose; the
    attributes `port` and `rest_api_port` hold the ports in use once it has started.

    Example:
        with Server("models/digits", port=0, rest_api_port=0, enable_batching=True) as server:
            client = Client(f"127.0.0.1:{server.port}")
    """

    def __init__(
        self,
        model_dir: str = "",
        model_name: str = "default",
        *,
        version_labels: Mapping[str, int] | None = None,
        **flags: Any,
    ) -> None:
        """Describes the endpoint; nothing is loaded and no port is taken before `start`.

        Args:
            model_dir: the folder with the numbered exports; empty with `model_config_file`.
            model_name: the name under which requests ask for the model.
            version_labels: names for versions of that model, such as {"stable": 3}.
            flags: the fields of `ServerOptions`, as on the command line.

        Raises:
            UsageError: a flag's value cannot be.
        """
        named = flags.pop("model_base_path", "")
        model_dir = str(model_dir) or named
        self.options = options = ServerOptions(
            model_name=model_name, model_base_path=model_dir, **flags
        )
        options.require_models()
        self.port = options.port
        self.rest_api_port = options.rest_api_port
        self._labels = dict(version_labels or {})
        self._parts = _Parts()
        self._stopped = threading.Event()

    def start(self) -> "Server":
        """Loads the models and begins to answer.

        Raises:
            UsageError: the model directory is missing or holds no export, or a file named by a
                flag is not what it should be.
            ServingError: a port is taken, or a model cannot be loaded; nothing stays running.
        """
        try:
            self._start()
        except BaseException:
            self.stop(grace=0)
            raise
        _log.info("serving: gRPC %s, REST %s", self.port, self.rest_api_port)
        return self

    def stop(self, grace: float | None = None, delay: float = 0.0) -> None:
        """Reports unready for `delay`, refuses new requests, gives those under way `grace` seconds.

        Args:
            grace: seconds; None for the flag `grace_seconds`.
            delay: seconds in which load balancers may notice, while requests are still answered.
        """
        parts, grace = self._parts, self.options.grace_seconds if grace is None else grace
        for watch in parts.watches:
            watch.forbid()
        if parts.loop is not None:
            parts.loop.stop(grace, delay)
        for held in parts.sockets:
            held.close()
        for watch in parts.watches:  # last: a version that loads now takes its time
            watch.stop()
        if parts.endpoint is not None:
            parts.endpoint.close()
        self._parts = _Parts()
        self._stopped.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Blocks until `stop` is called; returns False if `timeout` seconds passed before."""
        return self._stopped.wait(timeout)

    @property
    def greeting(self) -> str:
        """Where a started server is found: for a person, a line an address."""
        options, parts = self.options, self._parts
        models = list(parts.endpoint.registry.models) if parts.endpoint is not None else []
        scheme = "https" if options.rest_ssl_cert_file else "http"
        web = f"{scheme}://{host_and_port(options.host, self.rest_api_port)}"
        page = [f"  page  {web}/"] if options.web else []
        rest = web + (model_path(models[0]) if len(models) == 1 else "")
        grpc = ("grpcs://" if options.ssl_config_file else "") + host_and_port(
            options.host, self.port
        )
        lines = [f"Serving {', '.join(models)}:", f"  gRPC  {grpc}", f"  REST  {rest}", *page]
        return "\n".join(lines)

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

    def _start(self) -> None:
        options, parts = self.options, self._parts
        configs = self._configs()
        credentials, tls = grpc_credentials(options.ssl_config_file), http_context(options)
        arguments = _channel_arguments(options.grpc_channel_arguments)
        metrics_path = _metrics_path(options.monitoring_config_file)
        rest_socket = parts.hold(ports.bind("rest_api_port", options.host, options.rest_api_port))
        self.rest_api_port = rest_socket.getsockname()[1]
        # gRPC itself would complain in its own words.
        reserved = parts.hold(ports.bind("port", options.host, options.port))
        parts.endpoint = endpoint = _build_endpoint(options)
        page = WebPage(endpoint.registry.models) if options.web else None
        _load(endpoint.registry, configs)
        reserved.close()  # until here nobody could take the port while the models loaded
        app = with_cors(RestApp(endpoint, options, metrics_path, page), options.origins)
        parts.loop = loop = _Loop(endpoint)
        loop.start(
            lambda: GrpcFrontend(
                endpoint,
                (options.host, options.port),
                credentials,
                arguments,
                answers_health=options.enable_grpc_healthcheck_service,
            ),
            lambda: RestFrontend(app, rest_socket, options, tls),
        )
        self.port = loop.grpc_port
        parts.watches = self._watches(endpoint.registry)
        for watch in parts.watches:
            watch.start()

    def _configs(self) -> list[ModelConfig]:
        options = self.options
        if options.model_config_file:
            return model_config.read_file(options.model_config_file)
        require_versions(options.model_base_path)
        return [ModelConfig(options.model_name, options.model_base_path, labels=self._labels)]

    def _watches(self, registry: Registry) -> list[Watch]:
        options = self.options

        def reload() -> None:
            registry.apply(model_config.read_file(options.model_config_file))

        watches = [Watch("versions", options.file_system_poll_wait_seconds, registry.refresh)]
        if options.model_config_file:
            seconds = options.model_config_file_poll_wait_seconds
            watches.append(Watch("models", seconds, reload))
        return watches


class _Parts:
    """What a started server holds, and must give back however far the start came."""

    def __init__(self) -> None:
        self.endpoint: Endpoint | None = None
        self.loop: _Loop | None = None
        self.sockets: list[socket.socket] = []
        self.watches: list[Watch] = []

    def hold(self, held: socket.socket) -> socket.socket:
        self.sockets.append(held)
        return held


class _Loop:
    """The thread with the event loop in which both interfaces live."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.grpc_port = 0
        self._endpoint = endpoint
        self._loop = asyncio.new_event_loop()
        self._grpc: GrpcFrontend | None = None
        self._rest: RestFrontend | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="interfaces")
        self._thread.daemon = True

    def start(
        self, make_grpc: Callable[[], GrpcFrontend], make_rest: Callable[[], RestFrontend]
    ) -> None:
        self._thread.start()
        self._wait(self._start(make_grpc, make_rest))

    def stop(self, grace: float, delay: float) -> None:
        self._wait(self._drain(grace, delay))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(
        self, make_grpc: Callable[[], GrpcFrontend], make_rest: Callable[[], RestFrontend]
    ) -> None:
        self._grpc = make_grpc()
        self.grpc_port = self._grpc.port
        self._rest = make_rest()
        self._endpoint.ready = True
        await self._rest.start()
        await self._grpc.start()

    async def _drain(self, grace: float, delay: float) -> None:
        self._endpoint.ready = False
        if self._grpc is not None:
            await self._grpc.report_unready()
        await asyncio.sleep(delay)
        frontends = [each for each in (self._grpc, self._rest) if each is not None]
        await asyncio.gather(*(frontend.stop(grace) for frontend in frontends))
        await self._loop.shutdown_default_executor()

    def _wait(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


def serve(
    model_dir: str = "",
    model_name: str = "default",
    *,
    on_start: Callable[[Server], None] | None = None,
    **flags: Any,
) -> None:
    """Serves until SIGTERM or SIGINT, then drains; call it from the main thread.

    Args:
        model_dir: the folder with the numbered exports; empty with `model_config_file`.
        model_name: the name under which requests ask for the model.
        on_start: called with the server once it answers.
        flags: the fields of `ServerOptions`, as on the command line.

    Raises:
        UsageError: the model directory is missing or holds no export, or a flag's value cannot be.
        ServingError: a port is taken, or a model cannot be loaded.
    """
    server = Server(model_dir, model_name, **flags)
    signalled = threading.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)
    previous = {number: signal.signal(number, lambda *_: signalled.set()) for number in numbers}
    try:
        open_files.raise_limit()
        gc.freeze()  # TensorFlow's modules stay; to look through them takes 0.2 s of every request
        server.start()
        if on_start is not None:
            on_start(server)
        # A signal in the very moment before a wait begins does not end it: so none lasts for ever.
        while not signalled.wait(_LOOK_SECONDS):
            pass
    finally:
        server.stop(delay=server.options.drain_delay_seconds if signalled.is_set() else 0.0)
        gc.unfreeze()
        for number, handler in previous.items():
            signal.signal(number, handler)


def _build_endpoint(options: ServerOptions) -> Endpoint:
    load = functools.partial(
        load_version,
        options=RuntimeOptions(
            options.tensorflow_intra_op_parallelism or options.tensorflow_session_parallelism,
            options.tensorflow_inter_op_parallelism or options.tensorflow_session_parallelism,
        ),
        warm_up=options.enable_model_warmup,
    )
    registry = Registry(
        split(options.allowed_base_paths),
        load,
        labels_for_unavailable=options.allow_version_labels_for_unavailable_models,
    )
    num_threads = max(options.grpc_max_threads, options.rest_api_num_threads)
    num_threads = num_threads or _THREADS_PER_CORE * (os.cpu_count() or 1)
    max_rows, max_bytes = options.max_request_rows, options.max_queue_bytes
    batching = _batching(options)
    batcher = Batcher(QueueLimits(num_threads, options.max_queue, max_bytes, max_rows), batching)
    return Endpoint(
        Core(registry.models, batching, max_rows),
        registry,
        batcher,
        Metrics(registry.models, lambda: batcher.waiting, lambda: batcher.working),
        AccessLog(options.access_log),
        read_api_key(options),
        ThreadPoolExecutor(num_threads, "codec"),
        max_bytes,
    )


def _batching(options: ServerOptions) -> BatchingParameters | None:
    if not options.enable_batching:
        return None
    path = options.batching_parameters_file
    return read_parameters(path) if path else BatchingParameters()


def _load(registry: Registry, configs: list[ModelConfig]) -> None:
    try:
        registry.apply(configs)
    except NotServed as error:
        reasons = "; ".join(
            f"{fault.where} in {registry.models[fault.model].config.base_path}: {fault.reason}"
            for fault in error.faults
        )
        raise ServingError(f"no version of a model can be loaded: {reasons}.") from error
    except StatusError as error:  # a label
        raise ServingError(f"version_labels: {error.text}.") from error


def _metrics_path(path: str) -> str | None:
    if not path:
        return DEFAULT_PATH
    message = textproto.new("MonitoringConfig")
    config = textproto.read(message, path, "monitoring_config_file").prometheus_config
    return (config.path or DEFAULT_PATH) if config.enable else None


def _channel_arguments(text: str) -> list[tuple[str, int | str]]:
    arguments: list[tuple[str, int | str]] = []
    for part in split(text):
        key, equals, value = part.partition("=")
        if not key or not equals:
            raise UsageError(f"grpc_channel_arguments: received {part!r}; expected key=value.")
        arguments.append((key, int(value) if value.lstrip("-").isdigit() else value))
    return arguments
