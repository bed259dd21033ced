"""A folder of image files, read with Pillow; its subfolders may be the classes."""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from trainer.catalogue import Folder
from trainer.config.experiment import Data
from trainer.data.decoding import read_image
from trainer.data.images import conform
from trainer.data.reading import Part, Row, Source, Table, labelled, readable
from trainer.errors import ConfigError

ENDINGS = (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".webp", ".gif", ".tif", ".tiff")

_T = TypeVar("_T")

_logger = logging.getLogger("saddlepoint")

# Files decoded ahead by the threads.
_AHEAD = 256
# Names of folders that are parts of a data set, not classes of it.
_SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation", "eval", "dev"}
# Classes and endings that a line of the log names.
_LISTED = 20
# A decoded image, where it was read, and the configuration → what is stored.
Conform = Callable[[np.ndarray, str, Data], np.ndarray]


def conform_to(image: np.ndarray, origin: str, data: Data) -> np.ndarray:
    """The image as the configuration asks for it."""
    return conform(image, data)


def open_source(data: Data, conformed: Conform = conform_to) -> Source:
    """Lists the images below the folder; they are decoded when the rows are read.

    What a decoded image becomes is the word of `conformed`, which is told where it was read.

    The first-level folders, sorted, are the classes if every image lies in one; images that lie
    flat have no labels. Hidden files and folders are left out. The log says how many files of which
    endings are left out, and how many images each class has.

    Raises:
        ConfigError: for a folder that is missing, has less than two images, or holds splits in the
            place of classes; while the rows are read, for more unreadable files than
            `data.max_corrupt_share`.
    """
    assert isinstance(data.source, Folder)
    found = contents(data.source.path)
    _tell(found)
    root, files, labels = found.root, found.images, found.labels
    return Source(
        tables=(
            Table(Part(_rows(root, files, labels, data, conformed), len(files)), labels=labels),
        ),
        fields=labelled(found.names),
        identity={
            "source": "folder",
            "path": str(root.resolve()),
            "files": [[str(f.relative_to(root)), *size_and_time(f)] for f in files],
        },
    )


# ---- Which files ---------------------------------------------------------------------------------


class Contents(NamedTuple):
    """What a folder holds, none of it opened.

    Attributes:
        root: the folder.
        images: files with one of the known endings, in the order in which they are read.
        others: how many files of each other ending there are.
        repeated: links to folders that are listed elsewhere.
        names: of the classes; empty where there are none.
        labels: each image's class, int64 [n]; None where there are none.
    """

    root: Path
    images: list[Path]
    others: Counter[str]
    repeated: list[Path]
    names: tuple[str, ...]
    labels: np.ndarray | None


def contents(path: str) -> Contents:
    """Lists a folder of images.

    Raises:
        ConfigError: for a folder that is missing, has less than two images, or holds splits in the
            place of classes.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise ConfigError(
            f"data.source: {root} is not a folder; give the path of a folder of images on a local "
            "disk."
        )
    found = _listed(root)
    if len(found.images) < 2:
        raise ConfigError(
            f"data.source: {root} holds {len(found.images)} images, and training needs at least 2; "
            f"accepted endings are {', '.join(ENDINGS)}."
        )
    _refuse_splits(root, found.images)
    names, labels = _classes([file.relative_to(root) for file in found.images])
    return Contents(root, found.images, found.others, found.repeated, names, labels)


@dataclass
class _Listing:
    """What lies below a folder, in the order of names.

    Attributes:
        root: real path of the folder.
        images: files with one of the known endings.
        others: how many files of each other ending there are.
        repeated: links to folders that are listed elsewhere.
        folders: real paths of the folders that were entered.
    """

    root: str
    images: list[Path] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    repeated: list[Path] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)

    def add(self, folder: Path) -> None:
        """Lists a folder and those below it; none is entered twice, and hidden ones never."""
        self.folders.add(os.path.realpath(folder))
        for path in sorted(folder.iterdir(), key=_order):
            if path.name.startswith("."):
                continue
            if not os.path.isdir(path):
                self._add_file(path)
            elif self._is_read_elsewhere(path):
                self.repeated.append(path)
            else:
                self.add(path)

    def _is_read_elsewhere(self, folder: Path) -> bool:
        """Whether a folder was entered, or is a link to one that is below the root anyway."""
        place = os.path.realpath(folder)
        if place in self.folders or not folder.is_symlink():
            return place in self.folders
        parts = Path(os.path.relpath(place, self.root)).parts
        return not any(part.startswith(".") for part in parts)

    def _add_file(self, path: Path) -> None:
        ending = path.suffix.lower()
        if ending in ENDINGS:
            self.images.append(path)
        else:
            self.others[readable(ending) or "no ending"] += 1


def image_files(root: Path) -> list[Path]:
    """Images below a folder, in the order in which they are read."""
    return _listed(root).images


def _listed(root: Path) -> _Listing:
    found = _Listing(os.path.realpath(root))
    found.add(root)
    return found


def _order(path: Path) -> tuple[str, str]:
    """Files by their names without endings, so that folders of paired pictures agree."""
    return path.name if os.path.isdir(path) else path.stem, path.name


def _refuse_splits(root: Path, files: list[Path]) -> None:
    """A folder of train and test folders is asked about: they would be taken for classes."""
    parts = {file.relative_to(root).parts for file in files}
    first = sorted({path[0] for path in parts if len(path) > 1})
    if first and {name.lower() for name in first} <= _SPLITS:
        raise ConfigError(
            f"data.source: {root} holds the folders {', '.join(first)}, which look like splits and "
            f"not like classes; give one of them, such as folder:{root / first[-1]} (a share of it "
            "is held out), or give them other names if they are classes."
        )


def _classes(files: list[Path]) -> tuple[tuple[str, ...], np.ndarray | None]:
    """Names of the classes and each file's class, int64 [n]; or no names and None."""
    flat = [file for file in files if len(file.parts) == 1]
    if flat:
        if len(flat) < len(files):
            _logger.warning(
                "data.source: %d images lie outside the subfolders, such as %s, so the examples "
                "have no labels.",
                len(flat),
                readable(str(flat[0])),
            )
        return (), None
    names = sorted({file.parts[0] for file in files})
    numbers = {name: number for number, name in enumerate(names)}
    labels = np.array([numbers[file.parts[0]] for file in files], np.int64)
    return tuple(readable(name) for name in names), labels


def _tell(found: Contents) -> None:
    """Says what is left out and what the classes are."""
    root, names, labels = found.root, found.names, found.labels
    if found.others:
        _logger.warning(
            "data.source: left out, as no images: %s.",
            _counted(found.others.most_common()),
        )
    for link in found.repeated:
        _logger.warning(
            "data.source: %s links to a folder that is read already, and is left out.",
            readable(str(link.relative_to(root))),
        )
    if labels is None:
        return
    _logger.info("Classes: %s.", _counted(zip(names, np.bincount(labels).tolist(), strict=True)))
    vanished = sorted(
        readable(path.name)
        for path in root.iterdir()
        if path.is_dir()
        and path not in found.repeated
        and not path.name.startswith(".")
        and readable(path.name) not in names
    )
    if vanished:
        _logger.warning(
            "data.source: the folders %s hold no images, so they are no classes.",
            ", ".join(vanished),
        )


def _counted(counts: Iterable[tuple[str, int]]) -> str:
    """Names with their numbers, the first ones of many."""
    texts = [f"{name} {count}" for name, count in counts]
    more = f" and {len(texts) - _LISTED} more" if len(texts) > _LISTED else ""
    return ", ".join(texts[:_LISTED]) + more


def size_and_time(file: Path) -> tuple[int, int]:
    """Bytes and time of change of a file, which tell whether it is another one; -1 without it."""
    try:
        status = file.stat()
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns


# ---- Reading them --------------------------------------------------------------------------------


def _rows(
    root: Path, files: list[Path], labels: np.ndarray | None, data: Data, conformed: Conform
) -> Iterator[Row | None]:
    """The rows of single images."""
    names = [readable(str(file.relative_to(root))) for file in files]

    def make(index: int, decoded: Sequence[np.ndarray]) -> Row:
        fields = {"sample": conformed(decoded[0], names[index], data)}
        if labels is not None:
            fields["label"] = labels[index]
        return Row(fields, names[index])

    return rows_of_files([[file] for file in files], names, make, data.max_corrupt_share, "images")


def rows_of_files(
    groups: Sequence[Sequence[Path]],
    names: Sequence[str],
    make: Callable[[int, Sequence[np.ndarray]], Row],
    share: float,
    what: str,
) -> Iterator[Row | None]:
    """A row of each group of image files, decoded in threads, in order.

    Args:
        groups: files of a row each.
        names: of the rows, for messages.
        make: number of a group and its decoded images → its row.
        share: of groups that may be unreadable: they are named, and None stands in their place.
        what: the groups are, for messages.

    Raises:
        ConfigError: while they are read, when too many cannot be.
    """

    def attempt(index: int) -> Row | Exception:
        try:
            decoded = [read_image(file) for file in groups[index]]
        except Exception as error:
            # On broken bytes Pillow raises nearly anything: OSError, SyntaxError, struct.error,
            # TypeError, …; one file must not end a long reading.
            return error
        return make(index, decoded)

    unreadable: list[str] = []
    for index, outcome in enumerate(_in_threads(attempt, len(groups))):
        if isinstance(outcome, Row):
            yield outcome
            continue
        _logger.warning("%s cannot be read and is skipped: %s", names[index], outcome)
        unreadable.append(names[index])
        _refuse_too_many(unreadable, outcome, len(groups), share, what)
        yield None
    if unreadable:
        _logger.warning("Skipped: %d of the %d %s.", len(unreadable), len(groups), what)


def _in_threads(function: Callable[[int], _T], count: int) -> Iterator[_T]:
    """A function of 0, 1, …, in order; some are computed ahead."""
    pool = ThreadPoolExecutor()
    try:
        for start in range(0, count, _AHEAD):
            yield from pool.map(function, range(start, min(start + _AHEAD, count)))
    finally:
        # Not waited for: where reading ends early, whoever lets go of this generator may be one of
        # the pool's own threads, which cannot wait for itself.
        pool.shutdown(wait=False, cancel_futures=True)


def _refuse_too_many(
    unreadable: list[str], reason: Exception, count: int, share: float, what: str
) -> None:
    if len(unreadable) > share * count:
        raise ConfigError(
            f"data.max_corrupt_share: received {share:g}, but already {len(unreadable)} of the "
            f"{count} {what} cannot be read ({', '.join(unreadable[:3])}; the last one because: "
            f"{reason}); remove or mend them, or raise the share."
        )
