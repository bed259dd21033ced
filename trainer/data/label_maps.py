"""Label maps in files: pictures in which every colour is a class."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from serving import palettes
from trainer.catalogue.sources.pairs import Paired
from trainer.config.experiment import Data
from trainer.data.examples import Dataset, DataSpec
from trainer.data.images import map_to_size, to_channels
from trainer.errors import ConfigError
from trainer.fields import Field

FIELD = "label_map"
_MOST_CLASSES = 256


@dataclass(frozen=True)
class Classes:
    """The classes of label maps.

    Attributes:
        names: of the classes; their colours where nothing else is known.
        palette: a colour a class, such as "#80c0ff".
        are_given: whether the configuration names them, or else a file's palette.
    """

    names: tuple[str, ...]
    palette: tuple[str, ...]
    are_given: bool = True

    @property
    def field(self) -> Field:
        """The field of maps of these classes."""
        about = {"palette": list(self.palette)}
        return Field((), "uint8", FIELD, names=self.names, about=about)

    def conformed(self, picture: np.ndarray, origin: str, data: Data) -> np.ndarray:
        """The map that a picture [h, w, c] shows, of the size that the configuration asks for.

        Returns:
            uint8 [h, w, 1].

        Raises:
            ConfigError: naming the colours that stand for no class.
        """
        if picture.dtype != np.uint8:
            raise ConfigError(
                f"data.source: the label map {origin} holds {picture.dtype.name} values; give "
                "pictures of 8 bits, in which every colour is a class."
            )
        try:
            found = palettes.classes_of(to_channels(picture, 3), self.palette, self.names)
        except ValueError as error:
            raise ConfigError(
                f"data.source.classes: in the label map {origin} {error}; name every colour that "
                "occurs, or mend the file."
            ) from error
        return map_to_size(found, *data.size, policy=data.resize) if data.size else found


def classes_of(source: Paired, files: Sequence[Path]) -> Classes:
    """The classes that a source names, or else those of the first file's palette.

    Raises:
        ConfigError: when there is neither.
    """
    if source.classes is not None:
        return Classes(tuple(source.classes), tuple(c.lower() for c in source.classes.values()))
    colours = _palette(files[0])
    return Classes(colours, colours, are_given=False)


def _palette(file: Path) -> tuple[str, ...]:
    """The colours of a picture's palette in their order."""
    try:
        with Image.open(file) as picture:
            values = picture.getpalette("RGB") if picture.mode == "P" else None
            mode = picture.mode
    except OSError as error:
        raise ConfigError(f"data.source: {file} cannot be read ({error}); mend it.") from error
    if not values:
        raise ConfigError(
            f"data.source.classes: received null, but the label map {file} has no palette (its "
            f"mode is {mode}); name the classes with their colours, as in "
            '{ground: "#604020", sky: "#80c0ff"}.'
        )
    triples = zip(values[::3], values[1::3], values[2::3], strict=True)
    return tuple(f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in triples)


def without_unused(dataset: Dataset) -> Dataset:
    """The classes up to the last one that occurs: palettes are often filled up to 256 colours."""
    field = dataset.spec.fields[FIELD]
    parts = [part[FIELD] for part in (dataset.train, dataset.held_out) if len(part[FIELD])]
    used = 1 + max(int(part.max()) for part in parts)
    about = {"palette": list(field.about["palette"])[:used]}
    cut = replace(field, names=field.names[:used], about=about)
    spec = DataSpec(
        {**dataset.spec.fields, FIELD: cut}, dataset.spec.fingerprint, dataset.spec.count
    )
    return replace(dataset, spec=spec)
