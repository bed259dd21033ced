"""Tar files as WebDataset reads them: the members of a sample share its id as their name.

`ID.png` (or `ID.npy`, where a sample is no PNG image), `ID.cls` (the label), `ID.json` (the other
columns).
"""

import gzip
import io
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
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
from serving.bulk.formats.png import decode, encoded

_GZIP = "gzip"


class _Writer:
    def __init__(self, shard: Shard) -> None:
        self._content = shard.content
        ending = "tar.gz" if shard.compression == _GZIP else "tar"
        self._file = File(
            os.path.join(shard.scratch, "shard.tar"), f"samples-{shard.name}.{ending}"
        )
        self._raw = open(self._file.local, "wb")  # noqa: SIM115 - until close()
        # Neither a name nor a time in the header.
        self._zip = gzip.GzipFile("", "wb", 6, self._raw, mtime=0) if ending[3:] else None
        self._tar = tarfile.TarFile(
            fileobj=self._zip or self._raw, mode="w", format=tarfile.USTAR_FORMAT
        )

    def add(self, samples: Samples) -> None:
        ending, contents = _as_files(samples.values, self._content)
        for position, content in enumerate(contents):
            key = f"{samples.first + position:0{self._content.id_digits}d}"
            row = {name: column[position] for name, column in samples.columns.items()}
            self._member(key, ending, content)
            if "label" in row:
                self._member(key, "cls", str(int(row.pop("label"))).encode())
            plain = {n: v.decode() if isinstance(v, bytes) else v.tolist() for n, v in row.items()}
            self._member(key, "json", json.dumps(plain).encode())

    def _member(self, key: str, ending: str, content: bytes) -> None:
        info = tarfile.TarInfo(f"{key}.{ending}")
        info.size, info.mode = len(content), 0o644
        self._tar.addfile(info, io.BytesIO(content))

    def close(self) -> Written:
        self._tar.close()
        self._close_files()
        return Written.read(self._file)

    def abandon(self) -> None:
        self._close_files()

    def _close_files(self) -> None:
        if self._zip is not None:
            self._zip.close()
        self._raw.close()


def _as_files(values: np.ndarray, content: Content) -> tuple[str, Iterator[bytes]]:
    return ("png", encoded(values)) if content.is_png else ("npy", map(_as_npy, values))


def _as_npy(value: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, value, allow_pickle=False)
    return buffer.getvalue()


def _read(paths: Sequence[str], content: Content) -> dict[str, np.ndarray]:
    (path,) = paths
    rows: dict[str, dict[str, Any]] = {}
    with tarfile.open(path, "r:*") as archive:
        for member in archive:
            key, _, ending = member.name.partition(".")
            file = archive.extractfile(member)
            assert file is not None  # members are plain files
            rows.setdefault(key, {}).update(_parsed(ending, file.read(), content))
    return joined(list(rows.values()), content)


def _parsed(ending: str, file: bytes, content: Content) -> dict[str, Any]:
    if ending == "cls":
        return {"label": int(file)}
    if ending == "json":
        row: dict[str, Any] = json.loads(file)
        return {name: v.encode() if isinstance(v, str) else v for name, v in row.items()}
    buffer = io.BytesIO(file)
    return {content.output: decode(buffer) if ending == "png" else np.load(buffer)}


FORMAT = Format("webdataset", (NO_COMPRESSION, _GZIP), _Writer, _read)
