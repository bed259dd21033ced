"""The internal batch size: found once, by a short try, and kept in the plan."""

import time
from dataclasses import replace

from serving.bulk.job import Job
from serving.bulk.plans import Columns
from serving.bulk.sampler import ShardSampler
from serving.errors import UsageError
from serving.exported import INTERNAL_BATCH, ExportedModel

# A smaller job is over before a better size has paid for the search.
_WORTH_TUNING = 16_384
_SIZES = (32, 64, 128, 256, 512)
_SECONDS = 0.3
# The smallest size that is nearly as fast as the fastest keeps memory and padding low.
_NEARLY = 0.97


def tuned(
    model: ExportedModel,
    job: Job,
    table: Columns | None,
    asked: int | None,
    folder: str | None = None,
) -> int:
    """Returns the batch size to use: what was asked for, or the best for a long job.

    Pictures of any size go one by one: they may differ, and a few large ones fill the memory.

    Raises:
        UsageError: for less than 1.
    """
    if asked is not None:
        if asked < 1:
            raise UsageError(f"batch_size: received {asked}; expected 1 or more.")
        return asked
    if _takes_any_size(model, job):
        return 1
    if job.drawn.count < _WORTH_TUNING:
        return INTERNAL_BATCH
    rates = {size: _rate(model, job, table, size, folder) for size in _SIZES}
    fastest = max(rates.values())
    return next(size for size in _SIZES if rates[size] >= _NEARLY * fastest)


def _takes_any_size(model: ExportedModel, job: Job) -> bool:
    if not model.description.has_signature(job.signature):  # of the first pass of `best_of`
        return False
    inputs = model.description.signature(job.signature).inputs.values()
    return any(field.is_file and None in field.shape for field in inputs)


def _rate(
    model: ExportedModel, job: Job, table: Columns | None, size: int, folder: str | None
) -> float:
    """Samples a second in calls of `size`, the first one left out."""
    sampler = ShardSampler(model, replace(job, internal_batch=size), folder=folder)
    if table is None:
        inputs = job.drawn.columns(0, size)
    else:
        inputs = {name: column[:size] for name, column in table.items()}
    sampler.make(inputs)
    begun, made = time.perf_counter(), 0
    while time.perf_counter() - begun < _SECONDS:
        sampler.make(inputs)
        made += size
    return made / (time.perf_counter() - begun)
