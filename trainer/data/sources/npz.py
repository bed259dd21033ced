"""Numpy arrays in an .npz file or a folder of them: samples, and labels if there are any."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from trainer.catalogue import Npz
from trainer.config.experiment import Data
from trainer.data import attributes
from trainer.data.reading import Source, Table, as_stored, labelled, readable, rows_of
from trainer.errors import ConfigError

# The last of each are those that `gan generate` writes.
SAMPLE_NAMES = ("images", "samples", "x", "series", "image", "sample")
# Of those, the one of time series, which are no grey pictures.
_SERIES = "series"
LABEL_NAMES = ("labels", "y", "label")
# Names of the classes that integer labels number.
CLASS_NAMES = "label_names"
# A row of numbers a sample, and what each column is called.
ATTRIBUTES, ATTRIBUTE_NAMES = "attributes", "attribute_names"
_OF_ALL = (CLASS_NAMES, ATTRIBUTE_NAMES)


def open_source(data: Data) -> Source:
    """Reads the arrays of a file, or of all files of a folder in the order of their names.

    The samples are `images`, `samples` or `x`: [n, h, w, c] or [n, h, w] images of uint8, uint16 or
    float, or [n, d] points of float; or `series`: [n, t, d] time series of float. The labels are
    `labels` or `y`: [n] integers or strings, whose sorted values are the classes; `label_names`
    [k], if it is there, names integer ones. `attributes` are [n, k] numbers, 0 and 1 or others, and
    `attribute_names` [k] their names.

    Raises:
        ConfigError: for a file that cannot be read, other arrays, and numbers that are not finite.
    """
    assert isinstance(data.source, Npz)
    path = Path(data.source.path).expanduser()
    files = _files(path)
    arrays = _concatenated([_read(file) for file in files], path)
    samples = _samples(arrays, path)
    names, labels = _labels(arrays, len(samples), path)
    fields, others = labelled(names), dict[str, np.ndarray]()
    if ATTRIBUTES in arrays:
        given = arrays[ATTRIBUTES], arrays.get(ATTRIBUTE_NAMES)
        called, others[ATTRIBUTES] = attributes.checked(*given, len(samples), str(path))
        fields[ATTRIBUTES] = attributes.field_of(called)
    return Source(
        tables=(Table(rows_of(samples, labels, path.name, data, others=others), labels=labels),),
        fields=fields,
        identity={
            "source": "npz",
            "path": str(path.resolve()),
            "files": [[f.name, f.stat().st_size, f.stat().st_mtime_ns] for f in files],
        },
    )


def _files(path: Path) -> list[Path]:
    """The file itself, or those of a folder; hidden ones are left out."""
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.glob("*.npz") if not file.name.startswith("."))
    if not files:
        raise ConfigError(f"data.source: the folder {path} holds no .npz file; give one that does.")
    return files


def _concatenated(parts: list[dict[str, np.ndarray]], path: Path) -> dict[str, np.ndarray]:
    if len(parts) == 1:
        return parts[0]
    try:
        first = parts[0]
        joined = {name: np.concatenate([part[name] for part in parts]) for name in first}
        for name in _OF_ALL:
            if name in first:
                if any(part[name].tolist() != first[name].tolist() for part in parts):
                    raise ValueError(f"their {name} differ")
                joined[name] = first[name]
        return joined
    except (KeyError, ValueError) as error:
        raise ConfigError(
            f"data.source: the .npz files in {path} do not fit together ({error}); give files "
            "with the same arrays of the same shapes."
        ) from error


def _read(path: Path) -> dict[str, np.ndarray]:
    """The arrays that may be samples or labels; pickled objects are never loaded."""
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.ndarray):
            with archive:
                known = {*SAMPLE_NAMES, *LABEL_NAMES, *_OF_ALL, ATTRIBUTES}
                return {name: archive[name] for name in archive if name in known}
    except FileNotFoundError as error:
        raise ConfigError(
            f"data.source: {path} does not exist; give the path of an .npz file on a local disk."
        ) from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(
            f"data.source: {path} cannot be read as an .npz file of plain arrays ({error}); write "
            "it with numpy.savez(path, images=…, labels=…), without object arrays."
        ) from error
    raise ConfigError(
        f"data.source: {path} is a single array; write it with numpy.savez(path, images=…)."
    )


def _samples(arrays: Mapping[str, np.ndarray], path: Path) -> np.ndarray:
    name = next((name for name in SAMPLE_NAMES if name in arrays), None)
    if name is None:
        raise ConfigError(
            f"data.source: {path} has no samples; name the array one of {', '.join(SAMPLE_NAMES)}."
        )
    samples = as_stored(arrays[name], f"array {name!r} of {path}")
    is_float = samples.dtype == np.float32
    if name == _SERIES:
        fits = is_float and samples.ndim == 3
    else:
        fits = samples.ndim in (3, 4) or (is_float and samples.ndim == 2)
    if not fits or 0 in samples.shape[1:]:
        raise ConfigError(
            f"data.source: array {name!r} of {path} is {samples.dtype.name} of shape "
            f"{samples.shape}; accepted are images [n, h, w, c] or [n, h, w], float points "
            "[n, d], and under 'series' float series [n, t, d]."
        )
    _refuse_not_finite(samples, name, path)
    if name == _SERIES:
        return samples
    _refuse_channels_first(samples, name, path)
    return samples[..., np.newaxis] if samples.ndim == 3 else samples


def _refuse_channels_first(samples: np.ndarray, name: str, path: Path) -> None:
    shape = samples.shape
    # A picture of more than four channels is higher and wider than it has channels.
    if len(shape) == 4 and shape[3] > 4 and shape[1] < min(shape[2:]):
        raise ConfigError(
            f"data.source: array {name!r} of {path} has shape {shape}, with the channels in front; "
            "transpose it to [n, h, w, c]."
        )


def _refuse_not_finite(samples: np.ndarray, name: str, path: Path) -> None:
    if samples.dtype != np.float32:
        return
    bad = ~np.isfinite(samples).reshape(len(samples), -1).all(axis=1)
    if bad.any():
        raise ConfigError(
            f"data.source: {bad.sum()} of the {len(samples)} rows of array {name!r} of {path} "
            f"hold NaN or infinity, the first is row {bad.argmax()}; remove or mend them."
        )


def _labels(
    arrays: Mapping[str, np.ndarray], count: int, path: Path
) -> tuple[tuple[str, ...], np.ndarray | None]:
    """Names of the classes and int64 [count] class numbers, or none."""
    name = next((name for name in LABEL_NAMES if name in arrays), None)
    if name is None:
        return (), None
    labels = arrays[name]
    if labels.shape != (count,):
        raise ConfigError(
            f"data.source: array {name!r} of {path} has shape {labels.shape} for {count} samples; "
            f"give one label a sample, shape ({count},)."
        )
    if labels.dtype.kind not in "biuSU":
        raise ConfigError(
            f"data.source: array {name!r} of {path} holds {labels.dtype.name} values; labels are "
            "integers or strings."
        )
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", "surrogateescape")
    classes, numbers = np.unique(labels, return_inverse=True)
    names = tuple(readable(str(value)) for value in classes)
    if CLASS_NAMES in arrays and labels.dtype.kind in "iu":
        names = _named(classes, arrays[CLASS_NAMES], path)
    return names, numbers.astype(np.int64)


def _named(classes: np.ndarray, names: np.ndarray, path: Path) -> tuple[str, ...]:
    """The names of classes that occur, by their numbers."""
    if names.ndim != 1 or names.dtype.kind != "U" or len(set(names.tolist())) < len(names):
        raise ConfigError(
            f"data.source: array {CLASS_NAMES!r} of {path} is {names.dtype.name} of shape "
            f"{names.shape}; give one string a class, all different, or leave it out."
        )
    if classes.min(initial=0) < 0 or classes.max(initial=0) >= len(names):
        raise ConfigError(
            f"data.source: the labels of {path} run from {classes.min()} to {classes.max()}, and "
            f"{CLASS_NAMES!r} has {len(names)} names; give each class its name."
        )
    return tuple(readable(str(name)) for name in names[classes])
