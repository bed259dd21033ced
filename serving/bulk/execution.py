"""Who writes the shards of a job: this process, workers of this machine, or a runner of Beam."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from serving.bulk import workers
from serving.bulk.job import ShardSpec, WorkerConfig
from serving.bulk.output import Output, ShardRecord, without_run
from serving.bulk.progress import Progress
from serving.bulk.statistics import RunStatistics
from serving.errors import UsageError
from serving.exported import ExportedModel

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExecutionOptions:
    """How a job is done; nothing of it decides the bytes.

    Attributes:
        workers: processes, 0 for this one, None for as many as the machine has room for.
        runner: a Beam runner, or None for the embedded way.
        runner_options: of that runner, as on its command line.
        progress: whether to show a progress bar.
    """

    workers: int | None = None
    runner: str | None = None
    runner_options: Sequence[str] = ()
    progress: bool = True

    def check(self) -> None:
        """Refuses a runner that is not there, and options that nobody knows.

        Raises:
            UsageError: naming the runner or the option.
        """
        if self.runner is not None:
            from serving.bulk import beam

            beam.check(self.runner, self.runner_options)
        elif self.runner_options:
            raise UsageError(
                f"options: {self.runner_options[0]!r} is none of `generate`; a runner's own "
                "options need --runner."
            )


def write_shards(
    config: WorkerConfig,
    specs: Sequence[ShardSpec],
    model: ExportedModel,
    options: ExecutionOptions,
    alone: bool,
) -> list[ShardRecord]:
    """Has all shards written that are not whole, and returns what the manifest says of each.

    Args:
        config: what a worker needs.
        specs: the shards.
        model: the export that the job was planned with, for this process.
        options: by whom.
        alone: whether this process computes in one thread, as workers do.

    Raises:
        UsageError: an option is wrong.
        ServingError: a shard cannot be written.
    """
    output = Output(config.out)
    with Progress(output, len(specs), options.progress) as bar:
        if options.runner is not None:
            from serving.bulk import beam

            beam.map_shards(config, specs, options.runner, options.runner_options)
        elif count := workers.num_workers(options.workers, specs, alone):
            workers.map_by_workers(config, specs, count)
        else:
            workers.map_here(model, config, specs)
        records = output.records([spec.name for spec in specs])
        statistics = RunStatistics.of(records, config.run)
        bar.finish(str(statistics))
    _log.info("%s: %s", config.out, statistics)
    return [without_run(record) for record in records]
