"""Bulk generation: from an export to a data set of any size, exact, resumable and verifiable.

A plan names seed and condition of every sample, and cuts them into shards; one pure function
writes a shard; workers of this machine or Apache Beam map the one over the other. Whoever does it,
in whatever order and however often interrupted, obtains the same bytes.

`python -m serving.batch` is the same as `gan generate`, for a cloud job.
"""

from typing import Any

from serving.bulk.driver import Driver, Manner
from serving.bulk.output import Output
from serving.bulk.selection import Selection
from serving.bulk.verify import Verdict, verify

__all__ = ["Manner", "Selection", "Verdict", "generate", "verify"]


def generate(
    model_dir: str,
    out: str,
    *,
    format: str | None = None,
    compression: str | None = None,
    version: int | None = None,
    rows_per_shard: int | None = None,
    batch_size: int | None = None,
    manner: Manner | None = None,
    **selection: Any,
) -> dict[str, Any]:
    """Writes samples of an export to the folder `out`.

    Called again with the same arguments it only writes what is missing or damaged, with the
    same bytes. While a run is under way its state is in `<out>/.partial`; `<out>/manifest.json` is
    there once everything else is.

    Example:
        generate("models/digits", "out", count=10_000, format="tfrecord")
        generate("models/digits", "out", per_class=1000, manner=Manner(workers=2))
        generate("models/edges", "filled", files="outlines", signature="translate")

    Args:
        model_dir: the folder with the numbered exports.
        out: the folder to write to; new, empty, or of an earlier run with the same arguments.
        format: "png" (a file a sample), or a file a shard: "npz", "tfrecord", "array_record",
            "webdataset", "parquet", "csv", "fasta"; None for "png" where samples are pictures,
            "csv" where they are single numbers or texts, and "npz" otherwise.
        compression: within the format; None for the format's own.
        version: the version to use; None for the newest.
        rows_per_shard: samples per shard; None for as many as suit the whole.
        batch_size: rows of every call of the model; None lets a long job find the best.
        manner: by which workers or runner; None for this machine.
        **selection: which samples, the fields of `Selection`: `count`, `seed`, `label`, ….

    Returns:
        The content of `manifest.json`.

    Raises:
        UsageError: an argument is wrong, or `out` holds something else.
        ServingError: the export cannot be loaded or run, or `out` cannot be written.
        KeyboardInterrupt: somebody interrupted it; the text says what is written and how to go on.
    """
    wanted = Selection(**selection)
    driver = Driver(str(model_dir), version, manner or Manner())
    try:
        return driver.run(
            wanted,
            str(out),
            format=format,
            compression=compression,
            rows_per_shard=rows_per_shard,
            batch_size=batch_size,
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(Output(str(out)).left_by_interruption()) from None


if __name__ == "__main__":
    from serving.bulk.command import main

    main(prog_name="python -m serving.batch")
