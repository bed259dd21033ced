"""Numbers for Prometheus: TF Serving's names where it has them, `saddlepoint_…` for the rest."""

from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from serving.server.models import Model, State
from serving.server.request_context import Progress
from serving.server.status import Code

DEFAULT_PATH = "/monitoring/prometheus/metrics"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_TF = ":tensorflow:serving:"
_MICROSECONDS = tuple(10 * 1.8**power for power in range(33))  # TF Serving's own buckets
_SECONDS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_ROWS = tuple(2**power for power in range(15))


class Metrics:
    """The metrics of one endpoint, in a registry of their own."""

    def __init__(
        self, models: Mapping[str, Model], waiting: Callable[[], int], working: Callable[[], int]
    ) -> None:
        """Starts at zero.

        Args:
            models: what is served; requests for others are counted under an empty name, so that
                invented names do not fill the memory.
            waiting: how many requests wait.
            working: how many are worked on.
        """
        self._models = models
        self._children: dict[tuple[Any, tuple[str, ...]], Any] = {}
        self._registry = registry = CollectorRegistry()
        self._count = Counter(
            f"{_TF}request_count",
            "Requests by status.",
            ["model_name", "status"],
            registry=registry,
        )
        self._latency = Histogram(
            f"{_TF}request_latency",
            "Microseconds from arrival to reply.",
            ["model_name", "API", "entrypoint"],
            buckets=_MICROSECONDS,
            registry=registry,
        )
        self._runtime = Histogram(
            f"{_TF}runtime_latency",
            "Microseconds inside TensorFlow.",
            ["model_name", "API", "runtime"],
            buckets=_MICROSECONDS,
            registry=registry,
        )
        self._queue = self._histogram("queue_seconds", "Waiting before the run.", _SECONDS)
        self._rows = self._histogram("request_rows", "Rows of a request.", _ROWS)
        self._batch = self._histogram("batch_rows", "Rows run together, as a request saw.", _ROWS)
        self._batches = Counter(
            "saddlepoint_batches", "Batches run.", ["model_name"], registry=registry
        )
        for name, help_, read in (
            ("saddlepoint_requests_waiting", "Requests waiting for a thread.", waiting),
            ("saddlepoint_requests_working", "Requests in a thread.", working),
        ):
            Gauge(name, help_, registry=registry).set_function(read)
        self._available = Gauge(
            "saddlepoint_version_available",
            "1 for a version that answers, 0 for one that does not (any more).",
            ["model_name", "version"],
            registry=registry,
        )

    def observe(self, progress: Progress, status: Code) -> None:
        """Counts a finished request: over gRPC predictions only, as in TF Serving."""
        context = progress.context
        model = progress.model if progress.model in self._models else ""
        predicted, rest = progress.method == "predict", context.entrypoint == "REST"
        if predicted or rest:
            self._of(self._count, model, status.name).inc()
            if status == Code.OK:
                api = ("predict" if rest else "Predict") if predicted else ""
                latency = self._of(self._latency, model, api, context.entrypoint)
                latency.observe(1e6 * context.seconds)
        if not predicted:
            return
        self._of(self._queue, model).observe(progress.queue_seconds)
        if progress.run_seconds:
            self._of(self._runtime, model, "Predict", "TF1").observe(1e6 * progress.run_seconds)
            self._of(self._rows, model).observe(progress.rows)
        if progress.batch_rows:
            self._of(self._batch, model).observe(progress.batch_rows)
            self._of(self._batches, model).inc(progress.rows / progress.batch_rows)

    def exposition(self) -> bytes:
        """Returns all numbers in Prometheus' text format."""
        self._available.clear()
        served = {n: model for n, model in list(self._models.items()) if not model.closed}
        for name, model in served.items():
            for status in model.statuses():
                answers = status.state == State.AVAILABLE
                self._available.labels(name, str(status.version)).set(answers)
        text = generate_latest(self._registry)
        # prometheus_client ends every counter's name in _total; TF Serving does not.
        return text.replace(b"request_count_total", b"request_count")

    def _of(self, metric: Any, *labels: str) -> Any:
        """Returns the part of a metric with these labels; looking it up anew costs more."""
        key = (metric, labels)
        if key not in self._children:
            self._children[key] = metric.labels(*labels)
        return self._children[key]

    def _histogram(self, name: str, help_: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(
            f"saddlepoint_{name}", help_, ["model_name"], buckets=buckets, registry=self._registry
        )
