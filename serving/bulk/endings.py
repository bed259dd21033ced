"""Paths that look like a file where a folder is meant."""

from pathlib import PurePath

from serving.errors import UsageError

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


def check_folder(out: str) -> None:
    """Refuses a folder to write that reads as a file.

    Raises:
        UsageError: saying what would be taken.
    """
    if ending := file_ending(out):
        raise UsageError(
            f"out: {out!r} ends as a file, and a folder is written; pass {out[: -len(ending)]!r}, "
            "or put a / at the end if the folder shall be called so."
        )
