"""Features without a network: the samples themselves, or random projections of them."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from trainer import catalogue
from trainer.data import modalities
from trainer.data.examples import Dataset, DataSpec
from trainer.evaluation.extractors import Extractor, Features
from trainer.evaluation.extractors.blocks import check_samples

# Goes up when the same samples are given other features.
_VERSION = 1
# Numbers normalised, or drawn, at a time.
_CHUNK = 2**22


def raw(options: catalogue.RawExtractor, dataset: Dataset, source: str, cache: Path) -> Extractor:
    """The samples in [-1, 1], as the discriminator sees them, flattened.

    One map for all columns, so distances are those of the data's units times a constant.
    """
    spec = dataset.spec

    def extract(samples: np.ndarray) -> Features:
        check_samples(samples, spec)
        return Features(np.concatenate([*_chunks(samples, spec), _none(spec)]), None)

    return _extractor("raw", _digest("raw", spec), _size(spec), extract)


def random_projection(
    options: catalogue.RandomProjectionExtractor, dataset: Dataset, source: str, cache: Path
) -> Extractor:
    """Products of the samples in [-1, 1] with a Gaussian matrix over √size.

    Squared distances are kept in expectation (Johnson & Lindenstrauss 1984). More projections than
    a sample has numbers would tell nothing new, so there are at most as many; the name says how
    many. The matrix follows from the seed for ever: NumPy's `RandomState` streams are frozen.
    """
    spec = dataset.spec
    dimension = _size(spec)
    size = min(options.size, dimension)
    matrix = _gaussian(dimension, size, options.seed) / np.float32(np.sqrt(size))

    def extract(samples: np.ndarray) -> Features:
        check_samples(samples, spec)
        rows = [chunk @ matrix for chunk in _chunks(samples, spec)]
        return Features(np.concatenate([*rows, _none(spec) @ matrix]), None)

    digest = _digest("random_projection", spec, size=size, seed=options.seed)
    return _extractor(f"proj{size}", digest, size, extract)


def _chunks(samples: np.ndarray, spec: DataSpec) -> Iterator[np.ndarray]:
    """Float32 rows in [-1, 1], a bounded number at a time."""
    dimension = _size(spec)
    step = max(1, _CHUNK // dimension)
    for start in range(0, len(samples), step):
        rows = samples[start : start + step]
        yield np.asarray(modalities.seen(rows, spec.sample)).reshape(len(rows), dimension)


def _none(spec: DataSpec) -> np.ndarray:
    """No rows of as many numbers as a sample has."""
    return np.empty((0, _size(spec)), np.float32)


def _size(spec: DataSpec) -> int:
    """How many numbers of a sample the discriminator sees."""
    return modalities.seen_field(spec.sample).size


def _gaussian(rows: int, columns: int, seed: int) -> np.ndarray:
    """Standard normal float32 [rows, columns], drawn in parts because the stream is float64."""
    random = np.random.RandomState(np.random.MT19937(np.random.SeedSequence(seed)))
    matrix = np.empty((rows, columns), np.float32)
    step = max(1, _CHUNK // columns)
    for start in range(0, rows, step):
        part = matrix[start : start + step]
        part[:] = random.standard_normal(part.shape)
    return matrix


def _digest(kind: str, spec: DataSpec, **options: Any) -> str:
    identity = [_VERSION, kind, spec.sample.shape, spec.sample.dtype, spec.sample.range, options]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def _extractor(name: str, digest: str, dimension: int, extract: Any) -> Extractor:
    return Extractor(
        name=f"{name}-{digest[:4]}",
        hash=digest,
        kind="other",
        dimension=dimension,
        num_classes=0,
        knows_labels=False,
        accuracy=None,
        extract=extract,
    )
