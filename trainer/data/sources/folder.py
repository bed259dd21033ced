"""A folder of image files, read with Pillow; its subfolders may be the classes."""

import logging
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from trainer.catalogue import Folder
from trainer.config.experiment import Data
from trainer.data.decoding import read_image
from trainer.data.images import conform
from trainer.data.reading import Part, Row, Source, Table, labelled
from trainer.errors import ConfigError

ENDINGS = (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".webp", ".gif", ".tif", ".tiff")

_logger = logging.getLogger("saddlepoint")

# Files decoded ahead by the threads.
_AHEAD = 256


def open_source(data: Data) -> Source:
    """Lists the images below the folder; they are decoded when the rows are read.

    The first-level folders, sorted, are the classes if every image lies in one; images that lie
    flat have no labels. Hidden files and folders are left out.

    Raises:
        ConfigError: for a folder that is missing or has less than two images; while the rows are
            read, for more unreadable files than `data.max_corrupt_share`.
    """
    assert isinstance(data.source, Folder)
    root = Path(data.source.path).expanduser()
    if not root.is_dir():
        raise ConfigError(
            f"data.source: {root} is not a folder; give the path of a folder of images on a local "
            "disk."
        )
    files = image_files(root)
    if len(files) < 2:
        raise ConfigError(
            f"data.source: {root} holds {len(files)} images, and training needs at least 2; "
            f"accepted endings are {', '.join(ENDINGS)}."
        )
    names, labels = _classes([file.relative_to(root) for file in files])
    return Source(
        tables=(Table(Part(_rows(root, files, labels, data), len(files)), labels=labels),),
        fields=labelled(names),
        identity={
            "source": "folder",
            "path": str(root.resolve()),
            "files": [[str(f.relative_to(root)), *_size_and_time(f)] for f in files],
        },
    )


# ---- Which files ---------------------------------------------------------------------------------


def image_files(root: Path) -> list[Path]:
    """Images below a folder, in the order in which they are read."""
    return list(_image_files(root, seen=set()))


def _image_files(folder: Path, seen: set[str]) -> Iterator[Path]:
    """Images below a folder in the order of their names; no folder is entered twice."""
    place = os.path.realpath(folder)
    if place in seen:
        return
    seen.add(place)
    for path in sorted(folder.iterdir(), key=_order):
        if path.name.startswith("."):
            continue
        if os.path.isdir(path):
            yield from _image_files(path, seen)
        elif path.suffix.lower() in ENDINGS:
            yield path


def _order(path: Path) -> tuple[str, str]:
    """Files by their names without endings, so that folders of paired pictures agree."""
    return path.name if os.path.isdir(path) else path.stem, path.name


def _classes(files: list[Path]) -> tuple[tuple[str, ...], np.ndarray | None]:
    """Names of the classes and each file's class, int64 [n]; or no names and None."""
    flat = [file for file in files if len(file.parts) == 1]
    if flat:
        if len(flat) < len(files):
            _logger.warning(
                "data.source: %d images lie outside the subfolders, such as %s, so the examples "
                "have no labels.",
                len(flat),
                flat[0],
            )
        return (), None
    names = sorted({file.parts[0] for file in files})
    numbers = {name: number for number, name in enumerate(names)}
    return tuple(names), np.array([numbers[file.parts[0]] for file in files], np.int64)


def _size_and_time(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns


# ---- Reading them --------------------------------------------------------------------------------


def _rows(
    root: Path, files: list[Path], labels: np.ndarray | None, data: Data
) -> Iterator[Row | None]:
    """Decodes in threads, in order; names unreadable files and stops when there are too many."""

    def attempt(index: int) -> Row | Exception:
        file = files[index]
        try:
            image = read_image(file)
        except Exception as error:
            # On broken bytes Pillow raises nearly anything: OSError, SyntaxError, struct.error,
            # TypeError, …; one file must not end a long reading.
            return error
        fields = {"sample": conform(image, data)}
        if labels is not None:
            fields["label"] = labels[index]
        return Row(fields, str(file.relative_to(root)))

    unreadable: list[str] = []
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(files), _AHEAD):
            ahead = range(start, min(start + _AHEAD, len(files)))
            for index, outcome in zip(ahead, pool.map(attempt, ahead), strict=True):
                file = files[index]
                if isinstance(outcome, Row):
                    yield outcome
                    continue
                _logger.warning("%s cannot be read and is skipped: %s", file, outcome)
                unreadable.append(str(file.relative_to(root)))
                _refuse_too_many(unreadable, len(files), root, data.max_corrupt_share)
                yield None
    if unreadable:
        _logger.warning("%d of the %d images were skipped.", len(unreadable), len(files))


def _refuse_too_many(unreadable: list[str], count: int, root: Path, share: float) -> None:
    if len(unreadable) > share * count:
        raise ConfigError(
            f"data.max_corrupt_share: received {share:g}, but already {len(unreadable)} of the "
            f"{count} images in {root} cannot be read ({', '.join(unreadable[:3])}); remove or "
            "mend them, or raise the share."
        )
