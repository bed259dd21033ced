"""Bulk generation: from an export to a data set of any size, exact, resumable and verifiable.

A plan names seed and condition of every sample, and cuts them into shards; one pure function
writes a shard; workers of this machine or Apache Beam map the one over the other. On one
kind of processor the bytes are the same, in whatever order and however often interrupted.

`python -m serving.batch` is the same as `gan generate`, for a cloud job.
"""

from serving.bulk.driver import generate
from serving.bulk.execution import ExecutionOptions
from serving.bulk.selection import Selection
from serving.bulk.verify import Verdict, verify

__all__ = ["ExecutionOptions", "Selection", "Verdict", "generate", "verify"]


if __name__ == "__main__":
    from serving.bulk.command import main

    main(prog_name="python -m serving.batch")
