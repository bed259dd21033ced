"""What `gan generate` wrote, in any of its formats: samples, and labels where there are some."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from serving.bulk import formats
from serving.bulk.job import Job
from serving.bulk.output import Output
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
            "shards": [entry["sha256"] for entry in manifest["shards"]],
        },
    )


def _rows(
    output: Output, job: Job, manifest: Mapping[str, Any], data: Data
) -> Iterator[Row | None]:
    reader, content = formats.get(job.format), job.content
    index = 0
    for entry in manifest["shards"]:
        with output.local(entry["files"]) as paths:
            arrays = reader.read(paths, content)
        samples = as_stored(arrays[content.output], f"{output.path}: {entry['name']}")
        labels = arrays["label"] if "label" in job.columns else None
        yield from rows_of(samples, labels, output.path, data, first=index).rows
        index += len(samples)
