"""Samples in files, from any program: a folder of images, or .npz arrays."""

import logging
import os
from pathlib import Path

import numpy as np

from trainer.catalogue import Folder, Generated, Npz
from trainer.config.experiment import Data
from trainer.data import loading
from trainer.data.examples import Dataset, DataSpec, Examples
from trainer.data.sources.generated import MANIFEST
from trainer.errors import ConfigError
from trainer.evaluation.samples import MEMORY_GIB
from trainer.fields import Field

_logger = logging.getLogger("saddlepoint")


def exists(path: str) -> bool:
    """Whether there is a local file or folder."""
    return os.path.exists(os.path.expanduser(path))


def read(path: str, data: Data) -> Dataset:
    """Reads all samples of a path, with the size and channels that a configuration asks for.

    A folder of images may have its labels as subfolders; .npz arrays are named as `npz:` sources
    name them (`trainer.data.sources.npz`). What `gan generate` wrote is read in any format.

    Raises:
        ConfigError: for files that cannot be read as samples.
    """
    source = Data(
        source=_source(path),
        holdout_share=0.0,
        size=data.size,
        resize=data.resize,
        channels=data.channels,
        depth=data.depth,
        max_corrupt_share=0.0,
        cache_gib=min(data.cache_gib, MEMORY_GIB),
        cache_dir=data.cache_dir,
    )
    try:
        return loading.load(source)
    except ConfigError as error:
        raise ConfigError(f"TARGET: {str(error).removeprefix('data.source: ')}") from error


def like(samples: Dataset, spec: DataSpec) -> Examples:
    """The samples as examples of a data set: of its shape and dtype, labelled by its classes.

    Raises:
        ConfigError: when shape or dtype differ, naming what would make them alike.
    """
    own, real = samples.spec.sample, spec.sample
    if own.shape == real.shape and own.dtype != real.dtype:
        raise ConfigError(
            f"TARGET: the samples are {own.dtype} and the real ones {real.dtype}; convert them to "
            f"{real.dtype}, or give another --reference."
        )
    if own.shape != real.shape:
        raise ConfigError(
            f"TARGET: the samples are {_shown(own)} and the real ones {_shown(real)}; make them "
            "alike with --set data.size=[height,width] and --set data.channels=C, which apply to "
            "both, or give another --reference."
        )
    labels = _labels(samples.train.labels, samples.spec, spec)
    return Examples.of(sample=samples.train["sample"], label=labels)


def _source(path: str) -> Generated | Npz | Folder:
    """The source that reads a path."""
    place = Path(path).expanduser()
    if (place / MANIFEST).is_file():
        return Generated(path=path)
    arrays = place.glob("*.npz") if place.is_dir() else [place]
    is_npz = any(not file.name.startswith(".") for file in arrays)
    return Npz(path=path) if is_npz else Folder(path=path)


def _labels(labels: np.ndarray | None, own: DataSpec, spec: DataSpec) -> np.ndarray | None:
    """The labels in the reference's numbering: classes are matched by name, else by number."""
    if labels is None or not spec.num_classes:
        return None
    if set(own.label_names) <= set(spec.label_names):
        numbers = [spec.label_names.index(name) for name in own.label_names]
    elif all(n.isdecimal() and int(n) < spec.num_classes for n in own.label_names):
        numbers = [int(name) for name in own.label_names]
    else:
        _logger.warning(
            "The samples' classes (%s, …) are not those of the real ones (%s, …), so their labels "
            "are not used.",
            own.label_names[0],
            spec.label_names[0],
        )
        return None
    return np.array(numbers, np.int64)[labels]


def _shown(sample: Field) -> str:
    return f"{'x'.join(map(str, sample.shape))} {sample.dtype}"
