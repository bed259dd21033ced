"""The file formats of bulk generation: a range of samples becomes one or several files."""

import io
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

PNG, NPZ, TFRECORD = "png", "npz", "tfrecord"

_ID_DIGITS = 8


@dataclass(frozen=True)
class Samples:
    """A range of samples.

    Attributes:
        name: the range's name, such as "00002-of-00010".
        first: the id of the first one.
        seeds: int64 [n].
        outputs: "image", "sample" or "image_bytes", and "label" where there are labels.
    """

    name: str
    first: int
    seeds: np.ndarray
    outputs: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class File:
    """A file still in the scratch folder, and the name below the output that awaits it."""

    scratch_path: str
    name: str


Writer = Callable[[Samples, str], Iterator[File]]


def write_png(samples: Samples, scratch: str) -> Iterator[File]:
    """Writes one PNG file per sample, in a folder per class where there are labels."""
    labels = samples.outputs.get("label")
    for position, content in enumerate(samples.outputs["image_bytes"]):
        name = f"{samples.first + position:0{_ID_DIGITS}d}.png"
        path = os.path.join(scratch, name)
        _write(path, content)
        yield File(path, name if labels is None else os.path.join(str(labels[position]), name))


def write_npz(samples: Samples, scratch: str) -> Iterator[File]:
    """Writes the arrays of a range to one NumPy archive, with the seeds as "seed"."""
    name = f"samples-{samples.name}.npz"
    content = io.BytesIO()
    arrays: dict[str, Any] = {"seed": samples.seeds, **samples.outputs}
    np.savez(content, **arrays)
    _write(os.path.join(scratch, name), content.getvalue())
    yield File(os.path.join(scratch, name), name)


def write_tfrecord(samples: Samples, scratch: str) -> Iterator[File]:
    """Writes a range to one TFRecord of tf.train.Example.

    Features: `image` or `sample` (the array's bytes, little-endian, for `tf.io.decode_raw`),
    `shape` and `dtype` of one sample, `seed`, and `label` where there are labels.
    """
    name = f"samples-{samples.name}.tfrecord"
    path = os.path.join(scratch, name)
    with tf.io.TFRecordWriter(path) as writer:
        for position, seed in enumerate(samples.seeds):
            row = {key: array[position] for key, array in samples.outputs.items()}
            writer.write(_example(int(seed), row).SerializeToString(deterministic=True))
    yield File(path, name)


WRITERS: dict[str, Writer] = {PNG: write_png, NPZ: write_npz, TFRECORD: write_tfrecord}


def _example(seed: int, row: Mapping[str, np.ndarray]) -> tf.train.Example:
    features = {"seed": _integers([seed])}
    for name, value in row.items():
        if name == "label":
            features[name] = _integers([int(value)])
            continue
        little_endian = value.astype(value.dtype.newbyteorder("<"))
        features[name] = _bytes(little_endian.tobytes())
        features["shape"] = _integers(list(value.shape))
        features["dtype"] = _bytes(value.dtype.name.encode())
    return tf.train.Example(features=tf.train.Features(feature=features))


def _integers(values: list[int]) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _write(path: str, content: bytes) -> None:
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(content)
