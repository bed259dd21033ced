"""Two sets of pictures that are drawn apart, `a` and `b`: no row belongs to one of the other set.

Reference: Zhu et al. 2017, "Unpaired image-to-image translation using cycle-consistent adversarial
networks".
"""

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from trainer.catalogue import Component, DigitDomains, Domains, resolve
from trainer.config.experiment import Data
from trainer.data.reading import Part, Row, Source, Table, labelled, rows_of
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
# The fields of the classes of either domain; those of b are for measuring alone.
LABELS = {"a": "label", "b": "b_label"}
_IMAGES = {"a": Field(kind="image"), "b": Field(kind="image")}


def open_two(data: Data) -> Source:
    """The pictures of two other sources; their labels are left out, unless they are asked for.

    Raises:
        ConfigError: for a source that cannot be read, or does not hold pictures; where classes are
            asked for, when a has none, or b others.
    """
    options = data.source
    assert isinstance(options, Domains)
    a, b = (_opened(component, data) for component in (options.a, options.b))
    classes = _classes(a, b, options) if options.labelled else {}
    return Source(
        tables=(_renamed(a.tables[0], "a", classes), _renamed(b.tables[0], "b", classes)),
        fields={**_IMAGES, **classes},
        identity={"source": "domains", "a": a.identity, "b": b.identity, **_told(classes)},
    )


def open_digits(data: Data) -> Source:
    """One half of the built-in digits as they are, and what is made of the other half."""
    options = data.source
    assert isinstance(options, DigitDomains)
    levels, labels = digits.read()
    order = np.random.RandomState(_SEED).permutation(len(levels))
    first, second = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    a = Table(rows_of(levels[first], labels[first], "digits", data), labels=labels[first])
    made = np.stack([MADE[options.b](level) for level in levels[second]])
    b = Table(rows_of(made, labels[second], f"{options.b}s", data), labels=labels[second])
    ten = labelled(tuple(map(str, range(10))))["label"]
    classes = {LABELS["a"]: ten, LABELS["b"]: ten} if options.labelled else {}
    return Source(
        tables=(_renamed(a, "a", classes), _renamed(b, "b", classes)),
        fields={**_IMAGES, **classes},
        identity={"source": "digit_domains", "b": options.b, **_told(classes)},
    )


def _opened(component: Component, data: Data) -> Source:
    source: Source = resolve(component)(data.model_copy(update={"source": component}))
    return source


def _classes(a: Source, b: Source, options: Domains) -> dict[str, Field]:
    """The fields of the classes of either domain that has some."""
    known = {LABELS[name]: of.fields["label"] for name, of in (("a", a), ("b", b)) if _has(of)}
    if LABELS["a"] not in known:
        raise ConfigError(
            f"data.source.labelled: received true, and the pictures of {options.a} have no "
            "classes; give data.source.a a folder of classes, or other labelled pictures."
        )
    names = [field.names for field in known.values()]
    if names[0] != names[-1]:
        raise ConfigError(
            f"data.source.labelled: received true, and the classes of {options.a} are "
            f"{', '.join(names[0])}, those of {options.b} {', '.join(names[-1])}; give both the "
            "same names."
        )
    return known


def _has(source: Source) -> bool:
    """Whether its pictures have classes."""
    return "label" in source.fields


def _told(classes: Mapping[str, Field]) -> dict[str, object]:
    """What changes when classes are told."""
    return {"labels": list(classes)} if classes else {}


def _renamed(table: Table, name: str, classes: Mapping[str, Field]) -> Table:
    """The samples of a table under another name, and its classes where they are told."""
    own = LABELS[name] if LABELS[name] in classes else None

    def renamed(row: Row) -> Row:
        sample = row.fields["sample"]
        if sample.ndim != 3:
            raise ConfigError(
                f"data.source.{name}: {row.origin} is of shape {sample.shape}, and domains hold "
                "pictures; give a source of pictures."
            )
        label = {own: row.fields["label"]} if own else {}
        return Row({name: sample, **label}, row.origin)

    def of(part: Part) -> Part:
        return part.mapped(renamed)

    held_out = None if table.held_out is None else of(table.held_out)
    return Table(of(table.train), held_out, table.labels if own else None)
