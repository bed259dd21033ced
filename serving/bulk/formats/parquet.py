"""Parquet tables: images as PNG bytes in the form that Hugging Face's `datasets` reads as images.

`image` is a struct of `bytes` and `path`; `sample`, where a sample is no PNG image, is a list of
its numbers, with their shape in the table's metadata, and so is a column of arrays.
"""

import io
import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from serving.bulk.formats import NO_COMPRESSION, Content, File, Format, Samples, Shard, Written
from serving.bulk.formats.png import decode, encoded

# A group is written once so many samples wait, whatever the batches they came in.
_GROUP = 1024


class _Writer:
    def __init__(self, shard: Shard) -> None:
        import pyarrow.parquet

        self._content = shard.content
        self._schema = _schema(shard.content)
        self._file = File(
            os.path.join(shard.scratch, "shard.parquet"), f"samples-{shard.name}.parquet"
        )
        self._writer: Any = pyarrow.parquet.ParquetWriter(
            self._file.local, self._schema, compression=shard.compression
        )
        self._waiting: list[dict[str, Any]] = []

    def add(self, samples: Samples) -> None:
        columns = {
            name: column.reshape(len(samples), -1) if name in self._content.shapes else column
            for name, column in samples.columns.items()
        }
        for position, cell in enumerate(_cells(samples.values, self._content)):
            row = {name: column[position] for name, column in columns.items()}
            self._waiting.append({self._content.output: cell, **row})
            if len(self._waiting) == _GROUP:
                self._write()

    def _write(self) -> None:
        import pyarrow

        if self._waiting:
            self._writer.write_table(pyarrow.Table.from_pylist(self._waiting, self._schema))
        self._waiting = []

    def close(self) -> Written:
        self._write()
        self._writer.close()
        return Written.read(self._file)

    def abandon(self) -> None:
        self._writer.close()


def _schema(content: Content) -> Any:
    import pyarrow

    def numbers(dtype: str) -> Any:
        return pyarrow.list_(pyarrow.from_numpy_dtype(np.dtype(dtype)))

    types = {"string": pyarrow.string(), "float32": pyarrow.float32()}
    picture = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    fields = [(content.output, picture if content.is_png else numbers(content.dtype))]
    for name, dtype in content.columns.items():
        is_array = name in content.shapes
        fields.append((name, numbers(dtype) if is_array else types.get(dtype, pyarrow.int64())))
    metadata = {"shape": json.dumps(content.shape)}
    metadata |= {f"{name}.shape": json.dumps(shape) for name, shape in content.shapes.items()}
    if content.is_png:
        metadata["huggingface"] = json.dumps({"info": {"features": _features(content)}})
    return pyarrow.schema(fields, metadata)


def _features(content: Content) -> dict[str, Any]:
    features: dict[str, Any] = {content.output: {"_type": "Image"}}
    for name, dtype in content.columns.items():
        value = {"dtype": dtype, "_type": "Value"}
        is_array = name in content.shapes
        features[name] = {"feature": value, "_type": "Sequence"} if is_array else value
    if "label" in features and content.label_names:
        features["label"] = {"names": list(content.label_names), "_type": "ClassLabel"}
    return features


def _cells(values: np.ndarray, content: Content) -> Iterator[Any]:
    if not content.is_png:
        return (value.ravel() for value in values)
    return ({"bytes": file, "path": None} for file in encoded(values))


def _read(paths: Sequence[str], content: Content) -> dict[str, np.ndarray]:
    import pyarrow.parquet

    (path,) = paths
    table = pyarrow.parquet.read_table(path)
    cells = table[content.output].to_pylist()
    if content.is_png:
        values = np.stack([decode(io.BytesIO(cell["bytes"])) for cell in cells])
    else:
        values = np.array(cells, content.dtype).reshape(-1, *content.shape)
    arrays: dict[str, np.ndarray] = {content.output: values}
    for name, dtype in content.columns.items():
        column = table[name].to_pylist()
        if dtype == "string":
            arrays[name] = np.array([text.encode() for text in column], object)
        elif name in content.shapes:
            arrays[name] = np.array(column, dtype).reshape(-1, *content.shapes[name])
        else:
            arrays[name] = np.array(column)
    return arrays


FORMAT = Format("parquet", ("zstd", "snappy", NO_COMPRESSION), _Writer, _read, extra="pyarrow")
