"""A look at a source within seconds: what it holds and whether it can be read, before it is read.

`gan init` writes a recipe from it, and `gan train --dry-run` says what it saw.
"""

import itertools
import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trainer.catalogue import Folder, resolve, unfit_data
from trainer.config.experiment import Data, Experiment
from trainer.data.columns import Column, columns_of
from trainer.data.decoding import read_image
from trainer.data.examples import require_field
from trainer.data.images import conform
from trainer.data.reading import Row, Source, check_alike, readable
from trainer.data.sources import folder
from trainer.errors import ConfigError
from trainer.fields import Field

# Examples that are opened at most, and after how many seconds no further ones are.
_MOST = 400
_SECONDS = 5.0
# Images that are decoded at once.
_AT_ONCE = 16
# What samples of each kind are called.
_SAMPLES = {
    **{"image": "pictures", "clip": "clips", "vector": "numbers"},
    **{"tokens": "symbols", "graph": "molecules", "table": "rows"},
}
# Of the order in which a folder's images are opened.
_SEED = 0


@dataclass(frozen=True)
class Survey:
    """What was seen of a source.

    Attributes:
        count: number of examples, in the first table.
        held_out: number of those that are held out already; None where a share is to be.
        tables: the examples that were opened, by table, in the place of their values zeros that
            take no memory.
        classes: name → number of examples, None where that is not known.
        ranges: field → lowest and highest value that was seen, of float data.
        unreadable: name of a file → why it cannot be read.
        left_out: ending → number of files that are no images.
        kind: of the samples, where the source says it.
        columns: of a table.
        vocabulary: how many symbols there are, where samples are sequences of some; of molecules
            how many types of atoms.
        unreadable_lines: how many lines or records of a file were left out for what they hold.
        fields: names of what an example has; empty where reading makes others of them.
    """

    count: int
    held_out: int | None
    tables: tuple[tuple[Row, ...], ...]
    classes: Mapping[str, int | None]
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    kind: str = ""
    columns: tuple[Column, ...] = ()
    vocabulary: int = 0
    unreadable_lines: int = 0
    fields: tuple[str, ...] = ()

    @property
    def opened(self) -> int:
        """How many examples were opened, those that cannot be read included."""
        return len(self.tables[0]) + len(self.unreadable)

    def values(self, name: str) -> list[np.ndarray]:
        """The values of a field of the first table, shape and dtype alone."""
        return [row.fields[name] for row in self.tables[0] if name in row.fields]


def survey(data: Data) -> Survey:
    """Opens a source and some of its examples, as `data` has them conform.

    Raises:
        ConfigError: where the source cannot be opened, or nothing of it read.
    """
    if isinstance(data.source, Folder):
        return _of_folder(data.source, data)
    source: Source = resolve(data.source)(data)
    ranges: dict[str, tuple[float, float]] = {}
    tables = tuple(
        tuple(_stand_in(row, ranges) for row in _some(table.train.rows)) for table in source.tables
    )
    names = next((field.names for field in source.fields.values() if field.kind == "label"), ())
    first = source.tables[0]
    held_out = None if first.held_out is None else first.held_out.count
    labels = next((table.labels for table in source.tables if table.labels is not None), None)
    classes = _classes(names, labels if names else None)
    sample = source.fields.get("sample")
    return Survey(
        *(first.train.count, held_out, tables, classes, ranges),
        kind=sample.kind if sample is not None else "",
        columns=columns_of(sample) if sample is not None and sample.kind == "table" else (),
        vocabulary=_vocabulary(sample),
        unreadable_lines=source.unreadable,
        fields=() if source.derive else _fields(source, tables),
    )


def _fields(source: Source, tables: Iterable[tuple[Row, ...]]) -> tuple[str, ...]:
    read = (name for rows in tables for row in rows[:1] for name in row.fields)
    return tuple(dict.fromkeys([*read, *source.fields]))


def _vocabulary(sample: Field | None) -> int:
    # The first type of an atom is that of none.
    fewer = {"tokens": 0, "graph": 1}
    return len(sample.names) - fewer[sample.kind] if sample and sample.kind in fewer else 0


def _classes(names: tuple[str, ...], labels: np.ndarray | None) -> dict[str, int | None]:
    if labels is None:
        return dict.fromkeys(names)
    return dict(zip(names, np.bincount(labels, minlength=len(names)).tolist(), strict=True))


def _some(rows: Iterable[Row | None]) -> Iterator[Row]:
    """The first rows that can be read, as many as there is time for."""
    begun = time.monotonic()
    for row in itertools.islice(rows, _MOST):
        if row is not None:
            yield row
        if time.monotonic() - begun > _SECONDS:
            return


def _stand_in(row: Row, ranges: dict[str, tuple[float, float]]) -> Row:
    """A row of zeros, after its values have widened the ranges."""
    for name, value in row.fields.items():
        if value.dtype.kind == "f" and value.size:
            low, high = ranges.get(name, (np.inf, -np.inf))
            ranges[name] = min(low, float(value.min())), max(high, float(value.max()))
    zeros = {n: np.broadcast_to(np.zeros((), v.dtype), v.shape) for n, v in row.fields.items()}
    return Row(zeros, row.origin)


def training_examples(found: Survey, data: Data) -> int:
    """How many examples are left to train on: about, where a share of them is to be held out."""
    return found.count - (int(found.count * data.holdout_share) if found.held_out is None else 0)


def length(found: Survey, experiment: Experiment) -> tuple[str, str]:
    """What a length in epochs is in steps on this data, or the other way round, about."""
    train, examples = experiment.train, training_examples(found, experiment.data)
    per_step = train.batch_size * experiment.round.turns
    if train.epochs is None:
        epochs = train.steps * per_step / examples
        return "epochs", f"about {epochs:.3g}, which {train.steps} steps make"
    steps = math.ceil(train.epochs * examples / per_step)
    return "steps", f"about {steps}, which {train.epochs:g} epochs make"


def _seen(found: Survey) -> str | None:
    """What samples are, as rounds ask for it; None where there are none of that name."""
    kinds = {1: "vector", 3: "image", 4: "clip"}
    first = next(iter(found.values("sample")), None)
    kind = found.kind or (kinds.get(first.ndim, "") if first is not None else "")
    return _SAMPLES.get(kind)


def _needed_fields(experiment: Experiment) -> list[str]:
    """Names of what round and condition play on, but for labels; of users' own nothing is known."""
    of_round = getattr(experiment.round, "needs_fields", ())
    return [*of_round, *(c.field for c in experiment.conditions if hasattr(c, "field"))]


def refuse_unfit(found: Survey, experiment: Experiment) -> None:
    """Refuses data that a training would read to the end before it refuses it.

    Raises:
        ConfigError: where examples are not alike or not what the round plays on, labels are
            missing, too many files cannot be read or a batch is larger than what there is.
    """
    data, train = experiment.data, experiment.train
    for table in found.tables:
        for row in table[1:]:
            check_alike(table[0], row)
    # What is made of another source is not what was looked at.
    seen = None if hasattr(data.source, "of") else _seen(found)
    for sentence in unfit_data(experiment, seen):
        raise ConfigError(f"{sentence}.")
    for name in _needed_fields(experiment) if found.fields else ():
        require_field(name, found.fields)
    share = len(found.unreadable) / max(1, found.opened)
    if share > data.max_corrupt_share:
        raise ConfigError(
            f"data.max_corrupt_share: received {data.max_corrupt_share:g}, but "
            f"{len(found.unreadable)} of {found.opened} images cannot be read "
            f"({', '.join(list(found.unreadable)[:3])}); remove or mend them, or raise the share."
        )
    if experiment.condition.name == "label" and not found.classes:
        raise ConfigError(
            "condition.name: received 'label', but the data has no labels; give labelled data (one "
            "folder a class, or an array `labels`), or set condition.name=none."
        )
    examples = training_examples(found, data)
    if train.batch_size * experiment.round.turns > examples:
        raise ConfigError(
            f"train.batch_size: received {train.batch_size}; there are {examples} training "
            "examples (data.holdout_share sets others aside); take at most "
            f"{examples // experiment.round.turns}."
        )


# ---- Folders, of which any image can be opened ---------------------------------------------------


def _of_folder(source: Folder, data: Data) -> Survey:
    """Opens images from all over the folder, so that classes and kinds are all seen."""
    found = folder.contents(source.path)
    order = np.random.RandomState(_SEED).permutation(len(found.images))[:_MOST]
    rows: list[Row] = []
    unreadable: dict[str, str] = {}
    ranges: dict[str, tuple[float, float]] = {}
    for file, image in _decoded([found.images[i] for i in order]):
        name = readable(str(file.relative_to(found.root)))
        if isinstance(image, Exception):
            unreadable[name] = str(image)
        else:
            rows.append(_stand_in(Row({"sample": conform(image, data)}, name), ranges))
    if not rows:
        name, reason = next(iter(unreadable.items()))
        raise ConfigError(
            f"data.source: none of {len(unreadable)} images in {found.root} can be read (such as "
            f"{name}: {reason}); mend them, or give another folder."
        )
    classes = _classes(found.names, found.labels)
    return Survey(
        *(len(found.images), None, (tuple(rows),), classes, ranges, unreadable),
        left_out=dict(found.others.most_common()),
        fields=("sample", "label") if classes else ("sample",),
    )


def _decoded(files: list[Path]) -> Iterator[tuple[Path, np.ndarray | Exception]]:
    """Files and what they hold, as many as there is time for."""

    def attempt(file: Path) -> np.ndarray | Exception:
        try:
            return read_image(file)
        except Exception as error:  # As in reading: Pillow raises nearly anything.
            return error

    begun = time.monotonic()
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(files), _AT_ONCE):
            some = files[start : start + _AT_ONCE]
            yield from zip(some, pool.map(attempt, some), strict=True)
            if time.monotonic() - begun > _SECONDS:
                return


# ---- What is said of it --------------------------------------------------------------------------

_CHANNELS = {1: "grey", 2: "grey with transparency", 3: "RGB", 4: "RGB with transparency"}
_TYPES = {"uint8": "8 bits", "uint16": "16 bits", "float32": "floats"}
# Names that a line lists.
_LISTED = 10


def lines(found: Survey) -> list[tuple[str, str]]:
    """What was seen: what it is about, and a few words."""
    opened = "all" if found.opened >= found.count else f"{found.opened} of them"
    facts = [("examples", f"{found.count}, {opened} opened")]
    if found.held_out is not None:
        facts.append(("held out", f"{found.held_out}, in a split of their own"))
    if found.columns:
        return [*facts, *((f"column {column.name}", column.words) for column in found.columns)]
    facts += [line for table in found.tables if table for line in _of_table(table, found)]
    for name, (low, high) in found.ranges.items():
        facts.append(
            ("values", f"{low:g} to {high:g}" + ("" if name == "sample" else f" ({name})"))
        )
    facts.append(("classes", _listed(found.classes) if found.classes else "none, it has no labels"))
    if found.unreadable:
        facts.append(("unreadable", "; ".join(f"{n} ({r})" for n, r in _first(found.unreadable))))
    if found.unreadable_lines:
        facts.append(("unreadable", f"{found.unreadable_lines} more, which are left out"))
    if found.left_out:
        facts.append(("left out", f"files that are no images: {_listed(found.left_out)}"))
    return facts


def _of_table(table: tuple[Row, ...], found: Survey) -> Iterator[tuple[str, str]]:
    """What the fields of a table hold, but for labels."""
    for name in table[0].fields:
        values = [row.fields[name] for row in table if name in row.fields]
        is_label = values[0].dtype == np.int64 and not values[0].ndim
        if found.vocabulary and name == "sample":
            yield _symbols(values[0].shape[0], found)
        elif not is_label:
            about = "" if name == "sample" else f"{name} "
            yield from ((f"{about}{what}", text) for what, text in _forms(values))


def _symbols(length: int, found: Survey) -> tuple[str, str]:
    if found.kind == "graph":
        return "atoms", f"{length} a molecule at most, of {found.vocabulary} types"
    return "symbols", f"{length} a row, of {found.vocabulary}"


def _forms(values: list[np.ndarray]) -> Iterator[tuple[str, str]]:
    if values[0].ndim == 3:
        yield "sizes", _sizes([value.shape[:2] for value in values])
        channels = Counter(_CHANNELS.get(v.shape[2], f"{v.shape[2]} channels") for v in values)
        yield "colours", _of_all(channels)
    else:
        shapes = Counter("x".join(str(side) for side in v.shape) or "1" for v in values)
        yield "numbers", _of_all(shapes)
    yield "depth", _of_all(Counter(_TYPES.get(v.dtype.name, v.dtype.name) for v in values))


def _sizes(sizes: list[tuple[int, ...]]) -> str:
    """Heights and widths in words."""
    if len(set(sizes)) == 1:
        return f"{sizes[0][0]}x{sizes[0][1]}"
    heights, widths = zip(*sizes, strict=True)
    return (
        f"heights {min(heights)} to {max(heights)} (half of them above {np.median(heights):.0f}), "
        f"widths {min(widths)} to {max(widths)} (above {np.median(widths):.0f})"
    )


def _of_all(counts: Counter[str]) -> str:
    """One kind by its name, several with their numbers."""
    return next(iter(counts)) if len(counts) == 1 else _listed(dict(counts.most_common()))


def _listed(counts: Mapping[str, int | None]) -> str:
    texts = [name if count is None else f"{name} {count}" for name, count in _first(counts)]
    more = f" and {len(counts) - _LISTED} more" if len(counts) > _LISTED else ""
    return ", ".join(texts) + more


def _first(named: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    return list(itertools.islice(named.items(), _LISTED))
