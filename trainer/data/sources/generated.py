"""What `gan generate` wrote, in any of its formats: samples, and labels where there are some."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from serving.bulk import formats
from serving.bulk.job import Job
from serving.bulk.output import Output
from trainer.config.experiment import Data
from trainer.data.images import conform
from trainer.data.reading import Part, Row, Source, as_stored
from trainer.errors import ConfigError

MANIFEST = "manifest.json"


def open_source(data: Data) -> Source:
    """Opens an output by its manifest; shards are read one at a time.

    Raises:
        ConfigError: for a folder that holds no finished output.
        UsageError: where the format's library is not installed.
    """
    path = str(Path(data.source.partition(":")[2]).expanduser())
    output = Output(path)
    manifest = output.manifest()
    if manifest is None:
        raise ConfigError(
            f"data.source: {path} holds no finished output of `gan generate`; give a folder with "
            f"its {MANIFEST}."
        )
    job = Job.of(manifest)
    return Source(
        train=Part(_rows(output, job, manifest, data), int(manifest["count"])),
        label_names=job.content.label_names if "label" in job.columns else (),
        identity={
            "source": "generated",
            "path": str(Path(path).resolve()),
            "shards": [entry["sha256"] for entry in manifest["shards"]],
        },
    )


def _rows(output: Output, job: Job, manifest: Mapping[str, Any], data: Data) -> Iterator[Row]:
    reader, content = formats.get(job.format), job.content
    index = 0
    for entry in manifest["shards"]:
        with output.local(entry["files"]) as paths:
            arrays = reader.read(paths, content)
        samples = as_stored(arrays[content.output], f"{output.path}: {entry['name']}")
        labels = arrays.get("label", np.full(len(samples), -1))
        for sample, label in zip(samples, labels.tolist(), strict=True):
            image_or_point = conform(sample, data) if sample.ndim == 3 else sample
            yield Row(image_or_point, label, f"{output.path} sample {index}")
            index += 1
