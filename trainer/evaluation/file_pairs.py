"""Pictures in files beside what they should be, of several sizes: each is measured at its own.

Where what a picture should be is a few lines larger, as originals are whose sides are no multiples
of the factor by which they were made smaller, its last lines are left out ("modcrop").
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from serving.errors import UsageError
from serving.pictures import size_of
from trainer.config.experiment import Experiment
from trainer.data import decoding
from trainer.data.examples import Dataset, DataSpec, Examples
from trainer.data.images import conform
from trainer.errors import ConfigError, MetricError
from trainer.evaluation.extractors import Extractor, Features
from trainer.evaluation.reference import Reference
from trainer.evaluation.samples import SampleSet, subset
from trainer.fields import Field

_logger = logging.getLogger("saddlepoint")

# A picture as it was made, and the one that it should be.
Pair = tuple[Path, Path]
# Factors are at most so large; remainders are smaller.
_LARGEST_FACTOR = 8


def have_own_sizes(pairs: Sequence[Pair]) -> bool:
    """Whether sizes differ, from pair to pair or a little within one, read off the files' heads.

    Raises:
        ConfigError: for a file that cannot be read.
    """
    sizes = [(_size(own), _size(true)) for own, true in pairs]
    return len({true for _, true in sizes}) > 1 or any(_has_remainder(*pair) for pair in sizes)


def _size(file: Path) -> tuple[int, ...]:
    try:
        return size_of(str(file), file.read_bytes())
    except (UsageError, OSError) as error:
        raise ConfigError(f"--reference-pairs: {error}") from error


def _has_remainder(made: tuple[int, ...], true: tuple[int, ...]) -> bool:
    """Whether a size exceeds that of what was made by less than a factor."""
    excess = [b - a for a, b in zip(made, true, strict=True)]
    return any(excess) and all(0 <= lines < _LARGEST_FACTOR for lines in excess)


@dataclass(frozen=True)
class Pictures(SampleSet):
    """Pictures of several sizes, read when they are asked for, one a block: [1, h, w, c]."""

    def blocks(self) -> Iterator[np.ndarray]:
        """See the class."""
        return (self.make(np.array([position])) for position in range(self.count))

    @property
    def _kept(self) -> None:
        """They may be large."""


class FilePairs(Reference):
    """What pictures should be, where they have several sizes; they have no features.

    It is a reference whose examples stay in their files: all that the base loads is set here.

    Attributes:
        made: the pictures that are measured, and what each should be.

    Raises:
        ConfigError: for a file that cannot be read, and for a pair of two forms.
    """

    def __init__(self, experiment: Experiment, pairs: Sequence[Pair]) -> None:
        options, data = experiment.evaluate, experiment.data
        self.source, self.split, self._options = str(data.source), "all", options
        self._pairs = [pairs[i] for i in subset(len(pairs), options.num_samples)]

        def read(file: Path) -> np.ndarray:
            try:
                return conform(decoding.read_image(file), data)
            except (OSError, ValueError) as error:
                raise ConfigError(f"--reference-pairs: {file} cannot be read ({error}).") from error

        def made(places: np.ndarray) -> np.ndarray:
            return np.stack([read(self._pairs[i][0]) for i in places])

        def true(places: np.ndarray) -> np.ndarray:
            return np.stack([self._without_remainder(i, read(self._pairs[i][1])) for i in places])

        self.real = self.train = Pictures(len(self._pairs), true)
        self.made = Pictures(len(self._pairs), made, truth=self.real)
        field = self._field()
        nothing = Examples.of(sample=np.zeros((0, 1, 1, 1), field.dtype))
        self.held_out, self.examples = SampleSet.of_examples(nothing), [nothing]
        fields = {"image": field, "sample": field}
        self.dataset = Dataset(
            nothing, nothing, DataSpec(fields, self.fingerprint, len(self._pairs))
        )

    def _without_remainder(self, place: int, true: np.ndarray) -> np.ndarray:
        """What a picture should be, without the lines by which it is a little larger."""
        size = _size(self._pairs[place][0])
        return true[: size[0], : size[1]] if _has_remainder(size, true.shape[:2]) else true

    def _field(self) -> Field:
        """What all pictures have in common.

        Raises:
            ConfigError: for a pair of two forms, and for pictures of several types.
        """
        channels: set[int] = set()
        dtypes: dict[str, Path] = {}
        cut = sum(_has_remainder(_size(own), _size(true)) for own, true in self._pairs)
        if cut:
            _logger.warning(
                "--reference-pairs: %d pictures are a few lines larger than what was made of them; "
                "their last lines are left out.",
                cut,
            )
        blocks = zip(self._pairs, self.made.blocks(), self.real.blocks(), strict=True)
        for (own, true), made, wanted in blocks:
            if (made.shape, made.dtype) != (wanted.shape, wanted.dtype):
                raise ConfigError(
                    f"--reference-pairs: {own} is {_shown(made)} and {true}, which it should be, "
                    f"{_shown(wanted)}; give pictures of one form, or make them alike with --set "
                    "data.size and --set data.channels."
                )
            channels.add(made.shape[-1])
            dtypes.setdefault(made.dtype.name, own)
        if len(dtypes) > 1 or "float32" in dtypes or not channels <= {1, 3}:
            found = ", ".join(f"{file} of {name}" for name, file in dtypes.items())
            raise ConfigError(
                f"--reference-pairs: pictures of several sizes are grey or RGB, of 8 or of 16 "
                f"bits; received {found}, with {sorted(channels)} channels; set data.channels or "
                "data.depth, or set data.size."
            )
        (dtype,) = dtypes
        last = channels.pop() if len(channels) == 1 else None
        return Field((None, None, last), dtype, "image", (0.0, float(np.iinfo(dtype).max)))

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal digest of the files of what pictures should be."""
        digests = (hashlib.sha256(true.read_bytes()).digest() for _, true in self._pairs)
        return hashlib.sha256(b"".join(digests)).hexdigest()

    @cached_property
    def extractor(self) -> Extractor:
        """None: features are of pictures of one size."""
        return Extractor("none", "", "other", 0, 0, False, None, _refuse)


def _refuse(pictures: np.ndarray) -> Features:
    raise MetricError("features are of pictures of one size; set data.size.")


def _shown(picture: np.ndarray) -> str:
    return f"{'x'.join(map(str, picture.shape[1:]))} {picture.dtype}"
