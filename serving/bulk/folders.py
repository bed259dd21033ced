"""Samples that are made from files: their names travel, and the worker reads the pixels."""

import hashlib
import logging
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from serving.bulk.formats.png import png_name
from serving.bulk.plans import Columns
from serving.clips import is_moving, read_clip, read_frames
from serving.description import Description, Signature
from serving.errors import UsageError
from serving.fields import LABEL, SEED, Field
from serving.files import absolute, file_system, files_below, is_remote
from serving.pictures import ENDINGS, is_called_picture, read_picture, size_of

# After an input's name: the column holds names of files.
FILE = "_file"
_USUAL = ("translate", "translate_clip")  # signatures that need not be named
INDEX = "_index"  # after a label's name: a number, whatever the labels are called

_READERS = 16
_log = logging.getLogger(__name__)


def signature_of(description: Description, name: str | None) -> Signature:
    """Returns the signature that a folder of files goes through: `name`, or what translates.

    Raises:
        UsageError: the model has none of that name, or it takes no files.
    """
    takers = [s.name for s in description.signatures.values() if s.inputs[s.subject].is_file]
    usual = next((known for known in _USUAL if known in takers), None)
    if name is None and usual is None:
        raise UsageError(
            "signature: the model has no 'translate'; "
            + (f"of its own {', '.join(sorted(takers))} take files, name one with --signature."
               if takers else "none of its own takes files.")
        )  # fmt: skip
    signature = description.signature(name or usual or _USUAL[0])
    if signature.name not in takers:
        raise UsageError(
            f"signature: {signature.name!r} takes {', '.join(signature.inputs)} and no files; "
            f"those that do are {', '.join(sorted(takers)) or 'none'}."
        )
    return signature


def read_folder(folder: str, signature: Signature, seed: int, others: Mapping[str, str]) -> Columns:
    """Returns a row for every picture or clip below a folder, in the order of their names.

    A clip is a file that moves, or a folder of pictures that do not.

    Args:
        folder: local or remote.
        signature: what they go through.
        seed: of the first one; file i has `seed` + i.
        others: what else the signature takes: for pictures a folder with the same names or one
            file for all, for everything else one value for all.

    Raises:
        UsageError: the folder holds no pictures, or a value does not fit its input.
    """
    subject = signature.subject
    names = _pictures(folder, clips=signature.inputs[subject].moves)
    columns: Columns = {subject + FILE: _texts(names)}
    if SEED in signature.inputs and SEED not in others:
        columns[SEED] = signature.inputs[SEED].check(SEED, seed + np.arange(len(names)))
    for given, text in others.items():
        name = given.removesuffix(INDEX)
        field = signature.inputs.get(name)
        if field is None or name == subject:
            takes = ", ".join(other for other in signature.inputs if other != subject)
            raise UsageError(
                f"input: {signature.name!r} takes no {given!r} beside its files; it takes "
                f"{takes or 'nothing'}."
            )
        if field.is_file:
            columns[name + FILE] = _texts(_beside(name, text, names, clips=field.moves))
        else:
            columns[name] = field.check(name, [_value(given, text, field)] * len(names))
    return columns


def digest(folder: str | None, columns: Columns) -> str | None:
    """SHA-256 over the contents of all files that columns name; None where they name none."""
    paths = [
        path
        for column in sorted(columns)
        if column.endswith(FILE)
        for name in columns[column]
        for path in _files(_path(folder, name))
    ]
    if not paths:
        return None
    with ThreadPoolExecutor(_READERS) as pool:
        parts = pool.map(lambda path: hashlib.sha256(_content(path)).digest(), paths)
        return hashlib.sha256(b"".join(parts)).hexdigest()


def read_pictures(name: str, folder: str | None, names: np.ndarray, field: Field) -> np.ndarray:
    """Returns the files called `names` as rows of a field; sentences call the input `name`.

    Of clips a name may be that of a folder of frames.

    Raises:
        UsageError: a file cannot be read, or does not fit the field.
    """
    rows: list[np.ndarray] = []
    for file in names:
        path = _path(folder, file)
        rows.append(_read(f"{name}: {path!r}", path, field))
        if rows[-1].shape != rows[0].shape:
            raise UsageError(
                f"{name}: {path!r} has the size {list(rows[-1].shape)} and the file before "
                f"{list(rows[0].shape)}; rows of one call are alike, so give files of one size, or "
                "set --batch-size 1."
            )
    return np.stack(rows)


def _read(name: str, path: str, field: Field) -> np.ndarray:
    """One row of a field."""
    files = _files(path) if field.moves else [path]
    if files != [path]:
        return read_frames(name, map(_content, files), field)
    read = read_clip if field.moves else read_picture
    return read(name, _content(path), field)


def _files(path: str) -> list[str]:
    """A file itself; of a folder of frames those, in the order of their names."""
    if is_called_picture(path) or not file_system(path).is_folder(path):
        return [path]
    return [
        os.path.join(path, name) for name in sorted(files_below(path)) if is_called_picture(name)
    ]


def are_of_one_size(signature: Signature, folder: str | None, columns: Columns) -> bool:
    """Returns whether all files that columns name for inputs of open sizes are alike.

    Raises:
        UsageError: a file cannot be read.
    """
    for name, field in signature.inputs.items():
        if name + FILE not in columns or None not in field.shape or field.moves:
            continue
        paths = [_path(folder, file) for file in columns[name + FILE]]
        if len(_sizes(name, paths)) > 1:
            return False
    return True


def _sizes(name: str, paths: Sequence[str]) -> set[tuple[int, ...]]:
    def size(path: str) -> tuple[int, ...]:
        return size_of(f"{name}: {path!r}", _content(path))

    with ThreadPoolExecutor(_READERS) as pool:
        return set(pool.map(size, paths))


def _pictures(folder: str, *, clips: bool) -> list[str]:
    if not file_system(folder).is_folder(folder):
        raise UsageError(f"files: {folder!r} is no folder; pass one with pictures.")
    found = sorted(files_below(folder))
    names = [name for name in found if is_called_picture(name)]
    for name in names:
        if not name.isprintable():  # a name that is no text of the system's is not either
            raise UsageError(f"files: the name {name!r} cannot be written everywhere; change it.")
    if not names:
        raise UsageError(f"files: {folder!r} holds no pictures ({', '.join(sorted(ENDINGS))}).")
    if len(names) < len(found):
        _log.warning("files: %d of %r are no pictures.", len(found) - len(names), folder)
    if clips:
        names = _clips(folder, names)
    made: dict[str, str] = {}
    for name in names:
        other = made.setdefault(png_name(name), name)
        if other != name:
            raise UsageError(
                f"files: {other!r} and {name!r} would both become {png_name(name)!r}; rename one."
            )
    return names


def _clips(folder: str, names: Sequence[str]) -> list[str]:
    """The files that are clips by themselves, and the folders of those that are frames."""
    files_of: dict[str, list[str]] = {}
    for name in names:
        files_of.setdefault(os.path.dirname(name), []).append(name)
    clips: list[str] = []
    for inner, files in files_of.items():
        is_clip = inner and not is_called_picture(inner)
        if is_clip and not is_moving(_content(os.path.join(folder, files[0]))):
            clips.append(inner)
        else:
            clips += files
    return sorted(clips)


def _beside(name: str, place: str, names: Sequence[str], *, clips: bool) -> list[str]:
    """The files of another input: those of the same names in a folder, or one for all."""
    system = file_system(place)
    if not system.is_folder(place):
        if not system.exists(place):
            raise UsageError(f"{name}: {place!r} is no file and no folder.")
        return [absolute(place)] * len(names)
    files = sorted(files_below(place))
    there = {png_name(file): file for file in (_clips(place, files) if clips else files)}
    missing = [file for file in names if png_name(file) not in there]
    if missing:
        more = f", nor for {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UsageError(f"{name}: {place!r} holds no file for {missing[0]!r}{more}.")
    return [absolute(os.path.join(place, there[png_name(file)])) for file in names]


def _value(given: str, text: str, field: Field) -> object:
    if given.endswith(INDEX) and field.kind == LABEL:
        return field.read_number(given, text)
    return field.read(given, text)


def _path(folder: str | None, name: bytes) -> str:
    path = name.decode()
    return path if is_remote(path) or folder is None else os.path.join(folder, path)


def _content(path: str) -> bytes:
    try:
        return file_system(path).read(path)
    except OSError as error:
        raise UsageError(f"files: {path!r} cannot be read: {error}") from error


def _texts(names: Sequence[str]) -> np.ndarray:
    texts = np.empty(len(names), object)
    texts[:] = [name.encode() for name in names]
    return texts
