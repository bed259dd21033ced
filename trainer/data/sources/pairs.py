"""Two pictures that belong together: what is given, and `sample`, to be made of it.

What is given is the field `image`, or `label_map` where every pixel of it is a class.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image

from trainer.catalogue import DigitPairs, Folder, Pairs
from trainer.catalogue.sources.pairs import Paired
from trainer.config.experiment import Data
from trainer.data import label_maps
from trainer.data.examples import Dataset
from trainer.data.images import conform
from trainer.data.label_maps import Classes
from trainer.data.reading import Part, Row, Source, Table, opened
from trainer.data.sources import folder
from trainer.errors import ConfigError
from trainer.fields import Field

_SAMPLE = {"sample": Field(kind="image")}
# What a pixel of a digit may be, by its brightness.
REGIONS = Classes(("background", "edge", "stroke"), ("#000000", "#808080", "#ffffff"))
_BRIGHTNESS = (64, 192)
# So many rows and columns are left of a picture at a low resolution.
_LOW = 4
# Names that a message shows.
_SHOWN = 3


def open_digits(data: Data) -> Source:
    """Digits with a picture made of each, at the size and channels asked for.

    Raises:
        ConfigError: as the source of the digits does; while the rows are read, for what is no
            picture of 8 bits.
    """
    options = data.source
    assert isinstance(options, DigitPairs)
    of = opened(options.of, data)
    made = _INPUTS[options.input]
    is_map = options.input == "label_map"
    given = {label_maps.FIELD: REGIONS.field} if is_map else {"image": Field(kind="image")}

    def with_input(row: Row) -> Row:
        refuse_other_depths(row)
        inputs = {name: made(row.fields["sample"]) for name in given}
        return Row({**inputs, **row.fields}, row.origin)

    (table,) = of.tables
    return replace(
        of,
        tables=(table.mapped(with_input),),
        fields={**given, **_SAMPLE, **of.fields},
        identity={"source": "digit_pairs", "of": of.identity, "input": options.input},
    )


def refuse_other_depths(row: Row) -> None:
    """Refuses a sample of which nothing can be made here.

    Raises:
        ConfigError: for what is no picture of 8 bits.
    """
    sample = row.fields["sample"]
    if sample.ndim != 3 or sample.dtype != np.uint8:
        raise ConfigError(
            f"data.source.of: {row.origin} is {'x'.join(map(str, sample.shape))} of "
            f"{sample.dtype.name}; give pictures of 8 bits, or set data.depth=8."
        )


# ---- What is made of a picture -------------------------------------------------------------------


def outline(picture: np.ndarray) -> np.ndarray:
    """White where ink, at least half bright, touches what is none; black elsewhere.

    Args:
        picture: uint8 [h, w, c].

    Returns:
        The same form. What lies outside the picture is no ink.
    """
    ink = np.pad(picture >= 128, ((1, 1), (1, 1), (0, 0)))
    inner = ink[:-2, 1:-1] & ink[2:, 1:-1] & ink[1:-1, :-2] & ink[1:-1, 2:]
    return np.where(ink[1:-1, 1:-1] & ~inner, 255, 0).astype(np.uint8)


def negative(picture: np.ndarray) -> np.ndarray:
    """Light and dark exchanged: uint8 [h, w, c] → the same form."""
    return 255 - picture


def low_resolution(picture: np.ndarray) -> np.ndarray:
    """The picture as a 4x4 screen would show it: uint8 [h, w, c] → the same form."""
    height, width, _ = picture.shape
    planes = [Image.fromarray(plane) for plane in np.moveaxis(picture, -1, 0)]
    small = [plane.resize((_LOW, _LOW), Image.Resampling.BOX) for plane in planes]
    large = [plane.resize((width, height), Image.Resampling.NEAREST) for plane in small]
    return np.stack([np.asarray(plane) for plane in large], axis=-1)


def regions(picture: np.ndarray) -> np.ndarray:
    """Which of `REGIONS` every pixel is, by its mean brightness: uint8 [h, w, c] → [h, w, 1]."""
    brightness = picture.mean(axis=-1, keepdims=True)
    return np.digitize(brightness, _BRIGHTNESS).astype(np.uint8)


_INPUTS: dict[
    Literal["outline", "negative", "low_resolution", "label_map"],
    Callable[[np.ndarray], np.ndarray],
] = {
    "outline": outline,
    "negative": negative,
    "low_resolution": low_resolution,
    "label_map": regions,
}


# ---- A user's own --------------------------------------------------------------------------------


def open_folders(data: Data) -> Source:
    """Two folders of images whose files are paired by their names, endings apart.

    Raises:
        ConfigError: for a folder that cannot be used, and for pictures without a partner.
    """
    assert isinstance(data.source, Pairs)
    _refuse_strangers(data.source)
    given = Given.of(data.source, data.source.inputs)
    inputs = folder.open_source(_of(data, data.source.inputs), given.conformed)
    targets = folder.open_source(_of(data, data.source.targets))
    first, second = inputs.tables[0].train, targets.tables[0].train
    labels = targets.tables[0].labels
    return Source(
        tables=(Table(Part(_joined(first, second, given.name), second.count), labels=labels),),
        fields={**given.fields, **_SAMPLE, **targets.fields},
        identity={
            "source": "pairs",
            "inputs": inputs.identity,
            "targets": targets.identity,
            **given.identity,
        },
        derive=given.derive,
    )


class Given(NamedTuple):
    """What is given of pictures in files.

    Attributes:
        name: of its field.
        classes: of label maps; None for pictures.
        channels: names of those of pictures; empty where they have none.
    """

    name: str
    classes: Classes | None
    channels: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: Paired, part: Folder) -> "Given":
        """What a source names; `part` has the label maps."""
        if source.given == "image":
            return cls("image", None, source.channels)
        root = Path(part.path).expanduser()
        return cls(label_maps.FIELD, label_maps.classes_of(source, folder.image_files(root)))

    @property
    def fields(self) -> dict[str, Field]:
        """Of the data."""
        if self.classes:
            return {self.name: self.classes.field}
        return {self.name: Field(kind="image", names=self.channels)}

    @property
    def identity(self) -> dict[str, object]:
        """What changes when the same bytes become other classes."""
        return {"classes": list(self.classes.palette)} if self.classes else {}

    @property
    def derive(self) -> Callable[[Dataset], Dataset] | None:
        """See `Source`."""
        cut = self.classes is not None and not self.classes.are_given
        return label_maps.without_unused if cut else None

    def conformed(self, picture: np.ndarray, origin: str, data: Data) -> np.ndarray:
        """A decoded picture as it is stored."""
        if self.classes is None:
            return self._named(conform(picture, data), origin)
        return self.classes.conformed(picture, origin, data)

    def _named(self, picture: np.ndarray, origin: str) -> np.ndarray:
        """The picture, if it has as many channels as there are names of them."""
        channels = picture.shape[-1]
        if self.channels and channels != len(self.channels):
            raise ConfigError(
                f"data.source.channels: received {', '.join(self.channels)}, and {origin} has "
                f"{channels} channels; name every channel of what is given."
            )
        return picture


def _of(data: Data, part: Folder) -> Data:
    """The configuration of one of two folders."""
    return data.model_copy(update={"source": part})


def _joined(inputs: Part, targets: Part, name: str) -> Iterator[Row | None]:
    """A row of both pictures; None where either cannot be read."""
    for given, wanted in zip(inputs.rows, targets.rows, strict=True):
        if given is None or wanted is None:
            yield None
        else:
            fields = {name: given.fields["sample"], **wanted.fields}
            yield Row(fields, f"{given.origin} and {wanted.origin}")


def _refuse_strangers(source: Pairs) -> None:
    """Refuses files without a partner, and two files that one name stands for, of both folders."""
    inputs, targets = (_names(part) for part in (source.inputs, source.targets))
    problems = [
        *_strangers("inputs", source.inputs, inputs, targets),
        *_strangers("targets", source.targets, targets, inputs),
    ]
    if problems:
        raise ConfigError(
            f"{', and '.join(problems)}; pairs are two pictures of one name, such as inputs/a.png "
            "and targets/a.jpg."
        )


def _strangers(option: str, part: Folder, own: list[str], other: list[str]) -> Iterator[str]:
    """What is wrong with the names of one folder, beside those of the other one."""
    counts = Counter(own)
    twice = sorted(name for name in counts if counts[name] > 1)
    alone = sorted(set(own) - set(other))
    if twice or alone:
        problem = "the same name as another one" if twice else "no partner in the other folder"
        yield (
            f"data.source.{option}: {_shown(twice or alone)} of {len(own)} pictures in "
            f"{part.path} have {problem}"
        )


def files_of(source: Pairs) -> list[tuple[Path, Path]]:
    """The files of every pair, in the order of names.

    Raises:
        ConfigError: for files without a partner.
    """
    _refuse_strangers(source)
    first, second = (
        folder.image_files(Path(part.path).expanduser()) for part in (source.inputs, source.targets)
    )
    return list(zip(first, second, strict=True))


def _names(source: Folder) -> list[str]:
    """Paths of the pictures within a folder, without their endings, in the order they are read."""
    root = Path(source.path).expanduser()
    return [str(file.relative_to(root).with_suffix("")) for file in folder.image_files(root)]


def _shown(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
