"""Two sets of pictures that are drawn apart, `a` and `b`: no row belongs to one of the other set.

Reference: Zhu et al. 2017, "Unpaired image-to-image translation using cycle-consistent adversarial
networks".
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import numpy as np

from trainer.catalogue import DigitDomains, Domains
from trainer.config.experiment import Data
from trainer.data.reading import Part, Row, Source, Table, opened
from trainer.data.sources.pairs import negative, outline, refuse_other_depths
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
    a, b = (opened(component, data) for component in (options.a, options.b))
    names = str(options.a), str(options.b)
    classes = _classes(a, b, names) if options.labelled else {}
    return Source(
        tables=(_renamed(a.tables[0], "a", classes), _renamed(b.tables[0], "b", classes)),
        fields={**_IMAGES, **classes},
        identity={"source": "domains", "a": a.identity, "b": b.identity, **_labels_of(classes)},
    )


def open_digits(data: Data) -> Source:
    """One half of some digits as they are, and what is made of the other half.

    Held-out digits are halved likewise.

    Raises:
        ConfigError: as `open_two` does; while the rows are read, for what is no picture of 8 bits.
    """
    options = data.source
    assert isinstance(options, DigitDomains)
    # Rows can be read once, and each half reads all of them.
    a, b = (opened(options.of, data) for _ in range(2))
    classes = _classes(a, b, (str(options.of),) * 2) if options.labelled else {}
    made = MADE[options.b]

    def other(row: Row) -> Row:
        refuse_other_depths(row)
        return Row({**row.fields, "sample": made(row.fields["sample"])}, row.origin)

    return Source(
        tables=(
            _renamed(_half(a.tables[0], first=True), "a", classes),
            _renamed(_half(b.tables[0], first=False).mapped(other), "b", classes),
        ),
        fields={**_IMAGES, **classes},
        identity={
            "source": "digit_domains",
            "of": a.identity,
            "b": options.b,
            **_labels_of(classes),
        },
    )


def _half(table: Table, *, first: bool) -> Table:
    """One of the two halves of a table's rows, in each of its parts."""

    def of(part: Part) -> Part:
        mine = _is_first(part.count) == first

        def rows() -> Iterator[Row | None]:
            return (row for row, wanted in zip(part.rows, mine, strict=True) if wanted)

        return Part(rows(), int(mine.sum()))

    held_out = None if table.held_out is None else of(table.held_out)
    labels = table.labels
    if labels is not None:
        labels = labels[_is_first(len(labels)) == first]
    return Table(of(table.train), held_out, labels)


def _is_first(count: int) -> np.ndarray:
    """Which of so many rows are of the first half: drawn by lot, the same ones for ever."""
    drawn = np.random.RandomState(_SEED).permutation(count)[: count // 2]
    return np.isin(np.arange(count), drawn)


def _classes(a: Source, b: Source, called: tuple[str, str]) -> dict[str, Field]:
    """The fields of the classes of either domain that has some.

    Args:
        a: the source of the first domain.
        b: of the second one.
        called: what sentences call them.
    """
    known = {LABELS[name]: of.fields["label"] for name, of in (("a", a), ("b", b)) if _has(of)}
    if LABELS["a"] not in known:
        raise ConfigError(
            f"data.source.labelled: received true, and the pictures of {called[0]} have no "
            "classes; give data.source.a a folder of classes, or other labelled pictures."
        )
    names = [field.names for field in known.values()]
    if names[0] != names[-1]:
        raise ConfigError(
            f"data.source.labelled: received true, and the classes of {called[0]} are "
            f"{', '.join(names[0])}, those of {called[1]} {', '.join(names[-1])}; give both the "
            "same names."
        )
    return known


def _has(source: Source) -> bool:
    """Whether its pictures have classes."""
    return "label" in source.fields


def _labels_of(classes: Mapping[str, Field]) -> dict[str, object]:
    """What changes when classes are given."""
    return {"labels": list(classes)} if classes else {}


def _renamed(table: Table, name: str, classes: Mapping[str, Field]) -> Table:
    """The samples of a table under another name, and its classes where they are given."""
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

    made = table.mapped(renamed)
    return made if own else Table(made.train, made.held_out)
