"""Paths that look like a file where a folder is meant."""

from pathlib import PurePath

_OF_FILES = frozenset([
    ".png", ".jpg", ".jpeg", ".jfif", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".svg", ".pdf",
    ".npy", ".npz", ".zip", ".tar", ".gz", ".tgz", ".json", ".jsonl", ".csv", ".tsv", ".txt",
    ".yaml", ".yml", ".h5", ".hdf5", ".pkl", ".pickle", ".pt", ".pth", ".mat", ".mp4",
    ".parquet", ".tfrecord", ".tfrecords", ".array_record", ".arrayrecord",
])  # fmt: skip


def file_ending(path: str) -> str:
    """Returns the ending of a path that reads as a file's, in lower case; else nothing.

    "a.jpg" has one; "a.jpg/", "v1.2" and "a" have none.
    """
    ending = PurePath(path).suffix.lower()
    return ending if ending in _OF_FILES and not path.endswith(("/", "\\")) else ""
