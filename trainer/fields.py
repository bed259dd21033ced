"""Fields: what stands under one name, in an example, between networks or in a request."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Field:
    """A named value's form and meaning, without the value and without its name.

    Attributes:
        shape: of one row; None for a size that is open.
        dtype: "uint8", "uint16", "float32", "int32", "int64", "uint32" or "string".
        kind: image, label_map, clip, vector, attributes, table, tokens, graph, label, text,
            category, latent, key or scalar.
        range: the lowest and highest value, which the players see as -1 and 1.
        names: of the classes, attributes, columns or symbols that the numbers stand for.
        marginal: each class's share of the training examples, summing to one.
        about: JSON values of the kind's own.
    """

    shape: tuple[int | None, ...] = ()
    dtype: str = "float32"
    kind: str = "vector"
    range: tuple[float, float] | None = None
    names: tuple[str, ...] = ()
    marginal: tuple[float, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def fixed_shape(self) -> tuple[int, ...]:
        """The shape of a field that has no open size."""
        sides = tuple(side for side in self.shape if side is not None)
        assert len(sides) == len(self.shape), f"a field of shape {self.shape} has no fixed shape"
        return sides

    @property
    def is_picture(self) -> bool:
        """Whether a row is a picture of pixels or of classes: [h, w, c]."""
        return self.kind in ("image", "label_map")

    @property
    def has_pixels(self) -> bool:
        """Whether a row has height and width: a picture, or a clip of some."""
        return self.is_picture or self.kind == "clip"

    @property
    def opened(self) -> "Field":
        """The picture with an open height and width."""
        return replace(self, shape=(None, None, self.shape[-1]))

    @property
    def size(self) -> int:
        """How many numbers a row of fixed shape has."""
        return math.prod(self.fixed_shape)

    @property
    def is_series(self) -> bool:
        """Whether it is a time series: vectors of shape [T, d], some numbers at each step."""
        return self.kind == "vector" and len(self.shape) == 2

    @property
    def limits(self) -> tuple[float, float]:
        """The range of a field that has one."""
        assert self.range is not None, f"a field of kind {self.kind} has no range"
        return self.range

    def describe(self) -> dict[str, Any]:
        """The field as a JSON object: form and kind, and of the rest what is known."""
        document: dict[str, Any] = {
            "shape": list(self.shape),
            "dtype": self.dtype,
            "kind": self.kind,
        }
        if self.range is not None:
            document["range"] = list(self.range)
        for key in ("names", "marginal"):
            if getattr(self, key):
                document[key] = list(getattr(self, key))
        return document | ({"about": dict(self.about)} if self.about else {})

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Field":
        """The field that `describe` described.

        Raises:
            TypeError: for keys that a field does not have.
        """
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in document.items()
        }
        return cls(**values)
