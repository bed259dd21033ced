"""What a run came to, from the records of its shards: the same whoever wrote them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RunStatistics:
    """Sums over the shards of a job.

    Attributes:
        samples: that were written by this run.
        rejected: samples that were made for those and not kept.
        skipped: samples of shards that were whole before.
        bytes: that were written by this run.
        batches: calls of the model.
        batch_seconds: that they took.
    """

    samples: int = 0
    rejected: int = 0
    skipped: int = 0
    bytes: int = 0
    batches: int = 0
    batch_seconds: float = 0.0

    @classmethod
    def of(cls, records: Sequence[Mapping[str, Any]], run: str) -> "RunStatistics":
        """The sums over records as `ShardWriter` keeps them, for the `run` of a `WorkerConfig`."""
        new = [record for record in records if record.get("run") == run]
        samples = sum(record["count"] for record in new)
        return cls(
            samples=samples,
            rejected=sum(record.get("drawn", record["count"]) for record in new) - samples,
            skipped=sum(record["count"] for record in records) - samples,
            bytes=sum(record["bytes"] for record in new),
            batches=sum(record["batches"] for record in new),
            batch_seconds=sum(record["batch_seconds"] for record in new),
        )

    def __str__(self) -> str:
        parts = [f"{self.samples} samples", f"{self.bytes / 2**20:.0f} MiB"]
        if self.batches:
            parts.append(f"{1e3 * self.batch_seconds / self.batches:.0f} ms a batch")
        if self.rejected:
            parts.append(f"{self.rejected} rejected")
        if self.skipped:
            parts.append(f"{self.skipped} were there")
        return ", ".join(parts)
