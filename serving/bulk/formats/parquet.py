"""Parquet tables: images as PNG bytes in the form that Hugging Face's `datasets` reads as images.

`image` is a struct of `bytes` and `path`; `sample`, where a sample is no PNG image, is a list of
its numbers, with their shape in the table's metadata, and so is a column of arrays; single numbers
and texts are columns like others, and a missing number is null.
"""

import io
import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from serving.bulk.formats import NO_COMPRESSION, Content, File, Format, Samples, Shard, Written
from serving.bulk.formats.png import decode, encoded
from serving.fields import STRING

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
            columns = {
                field.name: pyarrow.array(
                    [row[field.name] for row in self._waiting], field.type, from_pandas=True
                )
                for field in self._schema
            }
            self._writer.write_table(pyarrow.Table.from_pydict(columns, self._schema))
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

    def single(dtype: str) -> Any:
        types = {"string": pyarrow.string(), "float32": pyarrow.float32()}
        return types.get(dtype, pyarrow.int64())

    picture = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    output = single(content.dtype) if content.is_single else numbers(content.dtype)
    types = {content.output: picture if content.is_png else output}
    for name, dtype in content.columns.items():
        types[name] = numbers(dtype) if name in content.shapes else single(dtype)
    metadata = {"shape": json.dumps(content.shape)}
    metadata |= {f"{name}.shape": json.dumps(shape) for name, shape in content.shapes.items()}
    if content.is_png:
        metadata["huggingface"] = json.dumps({"info": {"features": _features(content)}})
    names = content.names if content.place is not None else list(types)
    return pyarrow.schema([(name, types[name]) for name in names], metadata)


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
    if content.is_single:
        return iter(values)
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
    elif content.is_single:
        values = _singles(cells, content.dtype)
    else:
        values = np.array(cells, content.dtype).reshape(-1, *content.shape)
    arrays: dict[str, np.ndarray] = {content.output: values}
    for name, dtype in content.columns.items():
        column = table[name].to_pylist()
        if name in content.shapes:
            arrays[name] = np.array(column, dtype).reshape(-1, *content.shapes[name])
        else:
            arrays[name] = _singles(column, dtype)
    return arrays


def _singles(cells: Sequence[Any], dtype: str) -> np.ndarray:
    if dtype == STRING:
        return np.array([text.encode() for text in cells], object)
    if np.dtype(dtype).kind == "f":
        return np.array([np.nan if cell is None else cell for cell in cells], dtype)
    return np.array(cells)


FORMAT = Format(
    "parquet",
    ("zstd", "snappy", NO_COMPRESSION),
    _Writer,
    _read,
    keeps_texts=True,
    extra="pyarrow",
)
