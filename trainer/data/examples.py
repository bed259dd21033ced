"""Random-access examples: what every source becomes, and what is known of them."""

import mmap
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class DataSpec:
    """What the game, the export and a remote client need to know of the data.

    Attributes:
        shape: of one sample: (h, w, c) for images, (d,) for points.
        dtype: of the stored samples: "uint8", "uint16" or "float32".
        value_range: the lowest and highest value, which normalisation maps to -1 and 1.
        label_names: one name a class; empty where the data has no labels.
        marginal: each class's share of the training examples, summing to one.
        fingerprint: hexadecimal digest of the training examples' bytes.
        count: number of training examples.
    """

    shape: tuple[int, ...]
    dtype: str
    value_range: tuple[float, float]
    label_names: tuple[str, ...]
    marginal: tuple[float, ...]
    fingerprint: str
    count: int

    @property
    def is_image(self) -> bool:
        """Whether samples are pictures of height, width and channels."""
        return len(self.shape) == 3

    @property
    def num_classes(self) -> int:
        """How many classes the labels name."""
        return len(self.label_names)


@dataclass(frozen=True)
class Examples:
    """Samples and their labels, in memory or memory-mapped.

    Attributes:
        samples: [n, *shape] of uint8, uint16 or float32, in the data's own units.
        labels: int64 [n], or None.
    """

    samples: np.ndarray
    labels: np.ndarray | None

    def __len__(self) -> int:
        return len(self.samples)


def read(samples: np.ndarray, index: np.ndarray | slice) -> np.ndarray:
    """Rows of samples, in memory.

    Memory-mapped samples are read through a mapping of their own, which ends with the call: the
    pages of a large file that is gone through then do not gather in the process.
    """
    # A view of a mapping does not know where in the file it begins.
    if not isinstance(samples, np.memmap) or not isinstance(samples.base, mmap.mmap):
        return np.asarray(samples[index])
    mapped = np.memmap(
        samples.filename, samples.dtype, "r", offset=samples.offset, shape=samples.shape
    )
    return np.array(mapped[index])


@dataclass(frozen=True)
class Dataset:
    """What `trainer.data.loading.load` returns: training and held-out examples with their spec."""

    train: Examples
    held_out: Examples
    spec: DataSpec

    @cached_property
    def has_labels(self) -> bool:
        """Whether the examples are labelled."""
        return self.train.labels is not None
