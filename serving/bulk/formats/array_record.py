"""ArrayRecord files of tf.train.Example: records that can be read in any order."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from serving.bulk.formats import (
    NO_COMPRESSION,
    Content,
    File,
    Format,
    Samples,
    Shard,
    Written,
    joined,
)
from serving.bulk.formats.examples import parsed, serialized, tfds_files

# A group of one is what random access wants, and what TFDS writes.
_OPTIONS = {"zstd": "group_size:1,zstd", NO_COMPRESSION: "group_size:1,uncompressed"}


class _Writer:
    def __init__(self, shard: Shard) -> None:
        from array_record.python.array_record_module import ArrayRecordWriter

        self._content = shard.content
        self._file = File(
            os.path.join(shard.scratch, "shard.array_record"), f"samples-{shard.name}.array_record"
        )
        self._writer = ArrayRecordWriter(self._file.local, _OPTIONS[shard.compression])

    def add(self, samples: Samples) -> None:
        for record in serialized(samples, self._content):
            self._writer.write(record)

    def close(self) -> Written:
        self._writer.close()
        return Written.read(self._file)

    def abandon(self) -> None:
        self._writer.close()


def _read(paths: Sequence[str], content: Content) -> dict[str, np.ndarray]:
    from array_record.python.array_record_module import ArrayRecordReader

    (path,) = paths
    reader = ArrayRecordReader(path)
    try:
        return joined([parsed(record, content) for record in reader.read_all()], content)
    finally:
        reader.close()


def _describe(
    content: Content, shards: Sequence[Mapping[str, Any]], compression: str
) -> dict[str, str]:
    return tfds_files(content, shards, "array_record")


FORMAT = Format(
    "array_record", tuple(_OPTIONS), _Writer, _read, extra="array_record", describe=_describe
)
