"""TFRecord files of tf.train.Example, loadable as a TensorFlow data set."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

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

_GZIP = "gzip"


class _Writer:
    def __init__(self, shard: Shard) -> None:
        self._content = shard.content
        self._file = File(
            os.path.join(shard.scratch, "shard.tfrecord"), f"samples-{shard.name}.tfrecord"
        )
        options = tf.io.TFRecordOptions("GZIP" if shard.compression == _GZIP else "")
        self._writer = tf.io.TFRecordWriter(self._file.local, options)

    def add(self, samples: Samples) -> None:
        for record in serialized(samples, self._content):
            self._writer.write(record)

    def close(self) -> Written:
        self._writer.close()
        return Written.read(self._file)

    def abandon(self) -> None:
        self._writer.close()


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


FORMAT = Format("tfrecord", (NO_COMPRESSION, _GZIP), _Writer, _read, describe=_describe)
