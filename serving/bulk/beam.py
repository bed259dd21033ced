"""The plan mapped by Apache Beam: `Create(plan) | Reshuffle | write`, on any runner."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from serving import files
from serving.bulk import cluster
from serving.bulk.job import ShardSpec, WorkerConfig
from serving.bulk.output import Output
from serving.bulk.statistics import RunStatistics
from serving.errors import ServingError, UsageError

try:
    import apache_beam as beam
    from apache_beam.metrics import Metrics
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
    from apache_beam.utils.shared import Shared
except ImportError as error:
    raise UsageError(
        f"runner: Apache Beam is not installed ({error}); pip install 'saddlepoint[batch]', or "
        "leave --runner out: all cores of this machine work without it."
    ) from error

if TYPE_CHECKING:
    from serving.bulk.shard import ShardWriter

# Those that Beam does not know by their short names are here with their modules.
RUNNERS = {
    "DirectRunner": "DirectRunner",
    "DaskRunner": "apache_beam.runners.dask.dask_runner.DaskRunner",
    "DataflowRunner": "DataflowRunner",
    "FlinkRunner": "FlinkRunner",
    "SparkRunner": "SparkRunner",
    "PortableRunner": "PortableRunner",
}
_EXTRAS = {"DaskRunner": "'saddlepoint[dask]'", "DataflowRunner": "'apache-beam[gcp]'"}
# These ask a job server which options it knows besides Beam's own.
_ASKING = frozenset({"FlinkRunner", "SparkRunner", "PortableRunner"})
# How many parts a plan is cut into on Dask, one shard each up to here.
_PARTITIONS = 10_000
# What workers must have as the driver has it: to understand it, and to write the same bytes.
_SAME = ("saddlepoint", "tensorflow", "numpy", "apache-beam")
_NAMESPACE = "saddlepoint"


class WriteShard(beam.DoFn):
    """Writes the shard of a spec; what came of it stands in the shard's record.

    The counters are for the runner's page, where it has one.
    """

    def __init__(self, config: WorkerConfig) -> None:
        """Keeps the config; the model is loaded where the shards are written."""
        self._config = config
        self._versions = cluster.library_versions(_SAME)
        # One model a process, however many threads work in it.
        self._shared = Shared()
        self._writer: ShardWriter | None = None
        self._samples = Metrics.counter(_NAMESPACE, "samples")
        self._rejected = Metrics.counter(_NAMESPACE, "rejected")
        self._skipped = Metrics.counter(_NAMESPACE, "skipped")
        self._bytes = Metrics.counter(_NAMESPACE, "bytes")
        self._batch_ms = Metrics.distribution(_NAMESPACE, "batch_ms")

    def setup(self) -> None:
        """Loads the model, once a process."""
        # TensorFlow comes with these, and to a worker alone: a scheduler reads the plan, too.
        from serving.bulk import hardware
        from serving.bulk.shard import ShardWriter

        found = cluster.library_versions(_SAME)
        cluster.check_versions(cluster.worker_name(), found, self._versions)
        with _naming_worker():
            # Several threads of a worker share one model, each of them computing by itself.
            hardware.use_one_thread(at_once=cluster.worker_threads())
            Output(self._config.out).require(self._config.job)
            self._writer = self._shared.acquire(lambda: ShardWriter.load(self._config))

    def process(self, spec: dict[str, Any]) -> None:
        """Writes one shard unless it is whole."""
        assert self._writer is not None  # setup comes first
        with _naming_worker():
            record = self._writer.ensure_shard(ShardSpec(**spec))
        summary = RunStatistics.of([record], self._config.run)
        self._samples.inc(summary.samples)
        self._rejected.inc(summary.rejected)
        self._skipped.inc(summary.skipped)
        self._bytes.inc(summary.bytes)
        if summary.batches:
            self._batch_ms.update(round(1e3 * summary.batch_seconds / summary.batches))


@contextmanager
def _naming_worker() -> Iterator[None]:
    """Puts the name of the worker in front of what it says.

    Raises:
        ServingError: in place of each of ours: the driver has checked what a user says.
    """
    try:
        yield
    except (UsageError, ServingError) as error:
        raise ServingError(f"worker {cluster.worker_name()}: {error}") from error


def check(runner: str, options: Sequence[str]) -> None:
    """Refuses a runner that is not there, and options that it does not know.

    Raises:
        UsageError: naming the runner or the option.
    """
    made = _runner(runner)
    unknown = _unknown(options)
    if unknown and (_short(runner) not in _ASKING or not unknown[0].startswith("--")):
        raise UsageError(f"options: {runner} does not know {unknown[0]!r}; see its documentation.")
    if errors := PipelineOptionsValidator(_settings(runner, options, 1), made).validate():
        raise UsageError(f"options: {runner} says: {' '.join(errors)}")


def map_shards(
    config: WorkerConfig, specs: Sequence[ShardSpec], runner: str, options: Sequence[str]
) -> None:
    """Writes all shards and waits for the last.

    Raises:
        ServingError: a shard failed, or the runner did.
    """
    # Workers have working folders of their own.
    config = replace(
        config,
        model_dir=files.absolute(config.model_dir),
        out=files.absolute(config.out),
        classifier=None if config.classifier is None else files.absolute(config.classifier),
    )
    try:
        pipeline = beam.Pipeline(options=_settings(runner, options, len(specs)))
        _ = (
            pipeline
            | "Plan" >> beam.Create([asdict(spec) for spec in specs])
            | "Spread" >> beam.Reshuffle()
            | "Write" >> beam.ParDo(WriteShard(config))
        )
        result = pipeline.run()
        state = _finished(result)
    except (UsageError, ServingError):
        raise
    except Exception as error:  # runners raise what they like
        raise ServingError(f"{runner}: {_cause(error)}") from error
    if state is not None and state != "DONE":
        raise ServingError(f"{runner} ended in the state {state}; run the same command again.")


def _finished(result: Any) -> str | None:
    """Waits for a run and returns its state; Ctrl-C ends it on its cluster, too."""
    try:
        if hasattr(result, "client") and hasattr(result, "futures"):  # Dask's
            cluster.wait(result, cluster.library_versions(_SAME))
            return None
        state: str | None = result.wait_until_finish()
        return state
    except KeyboardInterrupt:
        with suppress(Exception):
            result.cancel()
        raise


def _runner(name: str) -> beam.runners.PipelineRunner:
    """The runner of a short or a full name.

    Raises:
        UsageError: there is none, or it cannot be used here.
    """
    if name not in RUNNERS and "." not in name:
        raise UsageError(
            f"runner: received {name!r}; expected one of {', '.join(RUNNERS)}, or the full name of "
            "a runner's class, package.module.Class."
        )
    try:
        made = beam.runners.create_runner(RUNNERS.get(name, name))
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        extra = _EXTRAS.get(_short(name), "what it comes with")
        raise UsageError(
            f"runner: {name} cannot be used ({error}); install it, pip install {extra}, or pass "
            f"one of {', '.join(RUNNERS)}."
        ) from error
    if not isinstance(made, beam.runners.PipelineRunner):
        raise UsageError(
            f"runner: {name} is no runner of Beam's; expected one of {', '.join(RUNNERS)}, or the "
            "full name of such a class."
        )
    return made


def _short(runner: str) -> str:
    return runner.rpartition(".")[2]


def _settings(runner: str, options: Sequence[str], num_rows: int) -> PipelineOptions:
    settings = PipelineOptions([f"--runner={RUNNERS.get(runner, runner)}", *options])
    if _short(runner) == "DaskRunner":
        from apache_beam.runners.dask.dask_runner import DaskOptions

        # By itself it puts 128 shards into a part, all shards of a small job into one worker.
        dask = settings.view_as(DaskOptions)
        if dask.npartitions is None and dask.partition_size is None:
            dask.partition_size = -(-num_rows // _PARTITIONS)
    return settings


def _unknown(options: Sequence[str]) -> list[str]:
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False, exit_on_error=False)
    for kind in {str(kind): kind for kind in PipelineOptions.__subclasses__()}.values():
        kind._add_argparse_args(parser)
    try:
        return parser.parse_known_args(list(options))[1]
    except (argparse.ArgumentError, SystemExit) as error:
        raise UsageError(f"options: {error}") from error


def _cause(error: BaseException) -> str:
    """The innermost sentence of an error that travelled through a runner."""
    for line in reversed(str(error).splitlines()):
        kind, colon, text = line.partition(": ")
        if colon and kind.endswith(("ServingError", "UsageError")):
            return text.partition(" [while running")[0]
    # A job server that does not answer raises an error without words.
    return str(error) or f"{type(error).__name__}; see whether its endpoint answers"
