"""ArrayRecord files of tf.train.Example: records that can be read in any order."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from serving.bulk.formats import NO_COMPRESSION, Content, Format, Shard, joined
from serving.bulk.formats.examples import RecordWriter, parsed, tfds_files

# A group of one is what random access wants, and what TFDS writes.
_OPTIONS = {"zstd": "group_size:1,zstd", NO_COMPRESSION: "group_size:1,uncompressed"}


def _open(shard: Shard) -> RecordWriter:
    from array_record.python.array_record_module import ArrayRecordWriter

    options = _OPTIONS[shard.compression]
    return RecordWriter(shard, "array_record", lambda path: ArrayRecordWriter(path, options))


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
    "array_record", tuple(_OPTIONS), _open, _read, extra="array_record", describe=_describe
)
