"""NumPy archives: an array of the samples, one of each column, and the names of the labels."""

import os
import zipfile
from collections.abc import Sequence
from typing import IO

import numpy as np

from serving.bulk.formats import NO_COMPRESSION, Content, File, Format, Samples, Shard, Written

# One array of them beside the labels that number them.
_CLASS_NAMES = "label_names"


class _Writer:
    """Streams the samples into the archive; columns are small and wait for the end."""

    def __init__(self, shard: Shard) -> None:
        self._content = shard.content
        self._file = File(os.path.join(shard.scratch, "shard.npz"), f"samples-{shard.name}.npz")
        method = zipfile.ZIP_DEFLATED if shard.compression == "deflate" else zipfile.ZIP_STORED
        self._archive = zipfile.ZipFile(self._file.local, "w", method)
        self._columns: list[Samples] = []
        self._member = self._open(self._content.output)
        header = {
            "descr": np.lib.format.dtype_to_descr(np.dtype(self._content.dtype).newbyteorder("<")),
            "fortran_order": False,
            "shape": (shard.count, *self._content.shape),
        }
        np.lib.format.write_array_header_1_0(self._member, header)

    def _open(self, name: str) -> IO[bytes]:
        # A ZipInfo made by its name alone carries no time.
        info = zipfile.ZipInfo(f"{name}.npy")
        info.compress_type = self._archive.compression
        return self._archive.open(info, "w", force_zip64=True)

    def add(self, samples: Samples) -> None:
        self._member.write(np.ascontiguousarray(samples.values).data)
        self._columns.append(Samples(samples.first, samples.values[:0], samples.columns))

    def _write(self, name: str, array: np.ndarray) -> None:
        with self._open(name) as member:
            np.lib.format.write_array(member, array, allow_pickle=False)

    def close(self) -> Written:
        self._member.close()
        for name in self._content.columns:
            column = np.concatenate([part.columns[name] for part in self._columns])
            if column.dtype == object:
                column = np.char.decode(column.astype(np.bytes_), "utf-8")
            self._write(name, column)
        if "label" in self._content.columns and self._content.label_names:
            self._write(_CLASS_NAMES, np.array(self._content.label_names))
        self._archive.close()
        return Written.read(self._file)

    def abandon(self) -> None:
        self._member.close()
        self._archive.close()


def _read(paths: Sequence[str], content: Content) -> dict[str, np.ndarray]:
    (path,) = paths
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive if name != _CLASS_NAMES}
    for name, dtype in content.columns.items():
        if dtype == "string":
            encoded = [str(text).encode() for text in arrays[name]]
            arrays[name] = np.array(encoded, object)
    return arrays


FORMAT = Format("npz", (NO_COMPRESSION, "deflate"), _Writer, _read)
