"""What `gan generate` wrote, in any of its formats: samples, and labels where there are some."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from serving.bulk import formats
from serving.bulk.job import Job
from serving.bulk.output import Output
from serving.fields import STRING
from trainer.catalogue import Generated
from trainer.config.experiment import Data
from trainer.data.reading import Part, Row, Source, Table, as_stored, labelled, rows_of
from trainer.errors import ConfigError

MANIFEST = "manifest.json"


def open_source(data: Data) -> Source:
    """Opens an output by its manifest; shards are read one at a time.

    Raises:
        ConfigError: for a folder that holds no finished output.
        UsageError: where the format's library is not installed.
    """
    assert isinstance(data.source, Generated)
    path = str(Path(data.source.path).expanduser())
    output = Output(path)
    manifest = output.manifest()
    if manifest is None:
        raise ConfigError(
            f"data.source: {path} holds no finished output of `gan generate`; give a folder with "
            f"its {MANIFEST}."
        )
    job = Job.of(manifest)
    return Source(
        tables=(Table(Part(_rows(output, job, manifest, data), int(manifest["count"]))),),
        fields=labelled(job.content.label_names) if "label" in job.columns else {},
        identity={
            "source": "generated",
            "path": str(Path(path).resolve()),
            "shards": [record["sha256"] for record in manifest["shards"]],
        },
    )


def texts(path: str) -> list[str]:
    """The texts, or SMILES, of a finished output of `gan generate`; none where it holds others.

    Raises:
        UsageError: where the format's library is not installed.
    """
    output = Output(path)
    manifest = output.manifest()
    if manifest is None:
        return []
    job = Job.of(manifest)
    if job.content.dtype != STRING:
        return []
    shards = _shards(output, job, manifest)
    return [text.decode("utf-8") for shard in shards for text in shard[job.content.output]]


def _shards(
    output: Output, job: Job, manifest: Mapping[str, Any]
) -> Iterator[Mapping[str, np.ndarray]]:
    """The arrays of each shard, by name."""
    reader = formats.get(job.format)
    for record in manifest["shards"]:
        with output.local(record["files"]) as paths:
            yield reader.read(paths, job.content)


def _rows(
    output: Output, job: Job, manifest: Mapping[str, Any], data: Data
) -> Iterator[Row | None]:
    content, index = job.content, 0
    for record, arrays in zip(manifest["shards"], _shards(output, job, manifest), strict=True):
        samples = as_stored(arrays[content.output], f"{output.path}: {record['name']}")
        labels = arrays["label"] if "label" in job.columns else None
        yield from rows_of(samples, labels, output.path, data, first=index).rows
        index += len(samples)
