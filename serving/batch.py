"""Bulk generation: from an export to a data set of any size, exact, resumable and verifiable.

A plan names seed and condition of every sample, and cuts them into shards; one pure function
writes a shard; workers of this machine or Apache Beam map the one over the other. Whoever does it,
in whatever order and however often interrupted, obtains the same bytes.

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
