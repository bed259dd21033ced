"""TFRecord files of tf.train.Example, loadable as a TensorFlow data set."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from serving.bulk.formats import NO_COMPRESSION, Content, Format, Shard, joined
from serving.bulk.formats.examples import RecordWriter, parsed, tfds_files

_GZIP = "gzip"


def _open(shard: Shard) -> RecordWriter:
    options = tf.io.TFRecordOptions("GZIP" if shard.compression == _GZIP else "")
    return RecordWriter(shard, "tfrecord", lambda path: tf.io.TFRecordWriter(path, options))


def _read(paths: Sequence[str], content: Content) -> dict[str, np.ndarray]:
    (path,) = paths
    with open(path, "rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    records = tf.data.TFRecordDataset(path, "GZIP" if compressed else "")
    return joined([parsed(record, content) for record in records.as_numpy_iterator()], content)


def _describe(
    content: Content, shards: Sequence[Mapping[str, Any]], compression: str
) -> dict[str, str]:
    # TFDS reads no compressed TFRecord files.
    return {} if compression == _GZIP else tfds_files(content, shards, "tfrecord")


FORMAT = Format("tfrecord", (NO_COMPRESSION, _GZIP), _open, _read, describe=_describe)
