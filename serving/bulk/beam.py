"""The plan mapped by Apache Beam: `Create(plan) | Reshuffle | write`, on any runner."""

import argparse
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from serving.bulk import hardware
from serving.bulk.job import PlanRow
from serving.bulk.output import Entry
from serving.bulk.shard import ShardWriter, Task
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

RUNNERS = ("DirectRunner", "DataflowRunner", "FlinkRunner", "SparkRunner", "PortableRunner")

# These ask a job server which options it knows besides Beam's own.
_ASKING = frozenset({"FlinkRunner", "SparkRunner", "PortableRunner"})
_NAMESPACE = "saddlepoint"
_logger = logging.getLogger("saddlepoint")


class WriteShard(beam.DoFn):
    """Writes the shard of a row and passes its entry on."""

    def __init__(self, task: Task) -> None:
        """Keeps the task; the model is loaded where the rows are."""
        self._task = task
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
        hardware.use_one_thread()
        self._writer = self._shared.acquire(lambda: ShardWriter.load(self._task))

    def process(self, row: dict[str, Any]) -> Iterator[Entry]:
        """Writes one shard unless it is whole."""
        assert self._writer is not None  # setup comes first
        entry, measures = self._writer.ensure_shard(PlanRow(**row))
        self._samples.inc(measures.samples)
        self._rejected.inc(measures.drawn - measures.samples)
        self._skipped.inc(measures.skipped)
        self._bytes.inc(measures.bytes)
        if measures.batches:
            self._batch_ms.update(round(1e3 * measures.batch_seconds / measures.batches))
        yield entry


def check(runner: str, options: Sequence[str]) -> None:
    """Refuses a runner that is not there, and options that it does not know.

    Raises:
        UsageError: naming the runner or the option.
    """
    if runner not in RUNNERS:
        raise UsageError(f"runner: received {runner!r}; expected one of {', '.join(RUNNERS)}.")
    try:
        made = beam.runners.create_runner(runner)
    except (ImportError, ValueError) as error:
        raise UsageError(
            f"runner: {runner} cannot be used ({error}); install Beam's extra for it, such as "
            "apache-beam[gcp]."
        ) from error
    unknown = _unknown(options)
    if unknown and (runner not in _ASKING or not unknown[0].startswith("--")):
        raise UsageError(f"options: {runner} does not know {unknown[0]!r}; see its documentation.")
    settings = PipelineOptions([f"--runner={runner}", *options])
    if errors := PipelineOptionsValidator(settings, made).validate():
        raise UsageError(f"options: {runner} says: {' '.join(errors)}")


def map_rows(task: Task, rows: Sequence[PlanRow], runner: str, options: Sequence[str]) -> None:
    """Writes all shards and waits for the last.

    Raises:
        ServingError: a shard failed, or the runner did.
    """
    settings = PipelineOptions([f"--runner={runner}", *options])
    try:
        pipeline = beam.Pipeline(options=settings)
        _ = (
            pipeline
            | "Plan" >> beam.Create([asdict(row) for row in rows])
            | "Spread" >> beam.Reshuffle()
            | "Write" >> beam.ParDo(WriteShard(task))
        )
        result = pipeline.run()
        state = result.wait_until_finish()
    except (UsageError, ServingError):
        raise
    except Exception as error:  # runners raise what they like
        raise ServingError(f"{runner}: {_cause(error)}") from error
    if state is not None and state != "DONE":
        raise ServingError(f"{runner} ended in the state {state}; run the same command again.")
    _report(result)


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


def _report(result: Any) -> None:
    """Says what the counters came to."""
    found = result.metrics().query()
    counters = {m.key.metric.name: m.committed or m.attempted for m in found["counters"]
                if m.key.metric.namespace == _NAMESPACE}  # fmt: skip
    for name in sorted(counters):
        _logger.info("%s: %s", name, counters[name])
