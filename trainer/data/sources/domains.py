"""Two sets of pictures that are drawn apart, `a` and `b`: no row belongs to one of the other set.

Reference: Zhu et al. 2017, "Unpaired image-to-image translation using cycle-consistent adversarial
networks".
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from trainer.catalogue import Component, DigitDomains, Domains, resolve
from trainer.config.experiment import Data
from trainer.data.reading import Part, Row, Source, Table, rows_of
from trainer.data.sources import digits
from trainer.data.sources.pairs import negative, outline
from trainer.errors import ConfigError
from trainer.fields import Field

# Of the choice, not of a run: it is the same one for ever.
_SEED = 20140610
# What may be made of a digit, which the other domain is to find.
MADE: dict[Literal["negative", "outline"], Callable[[np.ndarray], np.ndarray]] = {
    "negative": negative,
    "outline": outline,
}
_IMAGES = {"a": Field(kind="image"), "b": Field(kind="image")}


def open_two(data: Data) -> Source:
    """The pictures of two other sources; their labels are left out.

    Raises:
        ConfigError: for a source that cannot be read, or does not hold pictures.
    """
    assert isinstance(data.source, Domains)
    a, b = (_opened(component, data) for component in (data.source.a, data.source.b))
    return Source(
        tables=(_renamed(a.tables[0], "a"), _renamed(b.tables[0], "b")),
        fields=_IMAGES,
        identity={"source": "domains", "a": a.identity, "b": b.identity},
    )


def open_digits(data: Data) -> Source:
    """One half of the built-in digits as they are, and what is made of the other half."""
    assert isinstance(data.source, DigitDomains)
    levels, _ = digits.read()
    order = np.random.RandomState(_SEED).permutation(len(levels))
    first, second = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    a = rows_of(levels[first], None, "digits", data)
    made = np.stack([MADE[data.source.b](level) for level in levels[second]])
    b = rows_of(made, None, f"{data.source.b}s", data)
    return Source(
        tables=(_renamed(Table(a), "a"), _renamed(Table(b), "b")),
        fields=_IMAGES,
        identity={"source": "digit_domains", "b": data.source.b},
    )


def _opened(component: Component, data: Data) -> Source:
    source: Source = resolve(component)(data.model_copy(update={"source": component}))
    return source


def _renamed(table: Table, name: str) -> Table:
    """The samples of a table under another name, without whatever stands beside them."""

    def renamed(row: Row) -> Row:
        sample = row.fields["sample"]
        if sample.ndim != 3:
            raise ConfigError(
                f"data.source.{name}: {row.origin} is of shape {sample.shape}, and domains hold "
                "pictures; give a source of pictures."
            )
        return Row({name: sample}, row.origin)

    def of(part: Part) -> Part:
        return part.mapped(renamed)

    return Table(of(table.train), None if table.held_out is None else of(table.held_out))
