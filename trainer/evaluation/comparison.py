"""Evaluations side by side: which target is best where, and when that cannot be said."""

import errno
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any, Literal, NamedTuple

from rich.console import RenderableType
from rich.text import Text

from trainer.errors import ConfigError
from trainer.evaluation.formatting import arrow, estimate_text, protocol_text
from trainer.evaluation.requirements import reason_missing
from trainer.evaluation.results import Evaluation, MetricValue, best, direction_dict
from trainer.evaluation.table import plain_table, printed
from trainer.files import is_remote, join, json_rows, read_text

Mark = Literal["best", "tie", ""]

_MARKS: dict[Mark, str] = {"best": "★", "tie": "≈", "": " "}
# Wide enough for most numbers with their errors; longer names of targets are folded.
_CELL_COLUMNS = 18
CARD = join("assets.extra", "model_card.json")


@dataclass(frozen=True)
class Cell:
    """One target's number in a row, and whether it is the best there."""

    number: MetricValue
    mark: Mark = ""


@dataclass(frozen=True)
class Row:
    """One number of every target; None where a target does not have it."""

    name: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class Comparison:
    """Evaluations of one protocol side by side.

    Attributes:
        columns: one evaluation a target, in the order in which they were given.
        rows: one a name, in the order of the first column, then of the next ones.
    """

    columns: tuple[Evaluation, ...]
    rows: tuple[Row, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; a number that a target does not have is null."""
        columns = [
            {
                "target": e.target,
                "recipe": e.recipe,
                "step": e.step,
                "config_hash": e.config_hash,
                "protocol": asdict(e.protocol),
            }
            for e in self.columns
        ]
        return {"columns": columns, "rows": [_row_dict(row) for row in self.rows]}

    def render(self, width: int | None = None) -> str:
        """A table for a terminal; see `trainer.evaluation.table.render`."""
        table = plain_table()
        table.add_column("", no_wrap=True)
        table.add_column("number", overflow="fold")
        for column in self.columns:
            step = "" if column.step is None else f"\nstep {column.step}"
            table.add_column(
                column.target + step, justify="right", overflow="fold", max_width=_CELL_COLUMNS
            )
        for row in self.rows:
            numbers = [cell.number for cell in row.cells if cell]
            cells = [_cell_text(cell) for cell in row.cells]
            table.add_row(Text(arrow(numbers[0].info)), Text(row.name), *cells)
        protocol = Text(protocol_text(self.columns[0]), style="dim")
        parts: list[RenderableType] = [protocol, Text(), table, Text(), *map(Text, self._notes())]
        return printed(parts, width).replace("\N{NO-BREAK SPACE}", " ")

    def _notes(self) -> Iterator[str]:
        yield "★ better than every other by more than two standard errors of the difference"
        yield "≈ the best and those within two standard errors of it (without ±: equal to it)"
        for row in self.rows:
            for column, cell in zip(self.columns, row.cells, strict=True):
                if cell is None:
                    reason = reason_missing(row.name, column)
                    because = f" ({reason})" if reason else ""
                    yield f"absent: {row.name} in {column.target}{because}"


# ---- Reading -------------------------------------------------------------------------------------


def compare_targets(targets: Sequence[str]) -> Comparison:
    """Compares runs, exports and JSON files; see `load` and `choose`.

    Raises:
        ConfigError: for a target without evaluations, and where protocols differ.
    """
    return compare(choose([load(target) for target in targets]))


def load(target: str) -> list[Evaluation]:
    """The newest evaluation of a target under each protocol it was evaluated by, newest first.

    Args:
        target: a run directory (the last such rows of its evaluations.jsonl, whatever their step);
            an export's version directory, or the base directory, of which the newest version
            counts (its model card); or a file *.json that `gan evaluate --json` wrote. All may be
            local or remote.

    Raises:
        ConfigError: when it is none of these, is damaged, or was never evaluated.
    """
    run_config = _text_or_none(join(target, "config.yaml"))
    if run_config is not None:
        found = _of_run(target)
    elif target.endswith(".json") and (text := _text_or_none(target)) is not None:
        found = _of_document(text, target)
    else:
        found = _of_export(target)
    newest: dict[Any, Evaluation] = {}
    for evaluation in reversed(found):
        newest.setdefault(_measured(evaluation), replace(evaluation, target=target))
    return list(newest.values())


def choose(candidates: Sequence[Sequence[Evaluation]]) -> list[Evaluation]:
    """One evaluation of each target: the newest that agree and share numbers, else the newest."""
    for first in candidates[0]:
        fitting = [
            next((e for e in others if not _difference(first, e) and _shared(first, e)), None)
            for others in candidates
        ]
        if None not in fitting:
            return [evaluation for evaluation in fitting if evaluation is not None]
    return [evaluations[0] for evaluations in candidates]


def _shared(a: Evaluation, b: Evaluation) -> set[str]:
    """Names of the numbers that both have."""
    return {n.name for n in a.numbers} & {n.name for n in b.numbers}


def _measured(evaluation: Evaluation) -> tuple[Any, ...]:
    """What was measured and under which protocol: evaluations that agree repeat each other."""
    p = evaluation.protocol
    names = frozenset(n.name for n in evaluation.numbers)
    return names, p.num_fake, p.num_real, p.split, p.reference_fingerprint, p.extractor_hash


def _of_run(target: str) -> list[Evaluation]:
    documents = json_rows(_text_or_none(join(target, "evaluations.jsonl")) or "")
    if not documents:
        raise ConfigError(_never_evaluated(target, f"gan evaluate {target}"))
    return [_evaluation(document, target) for document in documents]


def _of_export(target: str) -> list[Evaluation]:
    from serving.versions import complete_versions, is_version, version_path

    versions = complete_versions(target)
    folder = version_path(target, versions[-1]) if versions else target
    if not versions and not is_version(target):
        raise ConfigError(
            f"TARGET: {target!r} is no run, no export and no JSON file of `gan evaluate`; evaluate "
            f"samples by `gan evaluate {target} --json > FILE.json` and compare that file."
        )
    text = _text_or_none(join(folder, CARD))
    if text is None:
        raise ConfigError(_never_evaluated(folder, f"gan evaluate {target} --json > FILE.json"))
    return _of_document(text, folder)


def _of_document(text: str, origin: str) -> list[Evaluation]:
    """What `gan evaluate --json` printed of one checkpoint or several, or a model card holds."""
    document = _json_or_none(text) or {}
    rows = document.get("evaluations", [document.get("evaluation", document)])
    if rows == [None]:
        raise ConfigError(_never_evaluated(origin, f"gan evaluate {origin} --json > FILE.json"))
    if not isinstance(rows, list) or not rows:
        rows = [{}]
    return [_evaluation(row, origin) for row in rows]


def _evaluation(document: Mapping[str, Any], origin: str) -> Evaluation:
    """The evaluation alone: what else `gan evaluate` prints beside it is not compared."""
    beside = ("requirements", "report")
    try:
        return Evaluation.from_dict({k: v for k, v in document.items() if k not in beside})
    except (ConfigError, AttributeError) as error:
        raise ConfigError(
            f"TARGET: {origin!r} does not hold an evaluation ({error}); give a file that "
            "`gan evaluate --json` wrote."
        ) from error


def _never_evaluated(target: str, command: str) -> str:
    return f"TARGET: {target!r} was never evaluated; do it by `{command}`, and compare again."


def _json_or_none(text: str) -> dict[str, Any] | None:
    """A JSON object; None for anything else,."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def _text_or_none(path: str) -> str | None:
    """A file's text; None where there is no such file."""
    try:
        return read_text(path)
    except OSError as error:
        if is_remote(path) or error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR):
            return None
        raise


# ---- Comparing -----------------------------------------------------------------------------------


class _Setting(NamedTuple):
    """Something about how a number was made that another one must share.

    Attributes:
        value: compared.
        shown: to a person.
        remedy: what makes two evaluations share it.
    """

    value: Any
    shown: str
    remedy: str


def compare(evaluations: Sequence[Evaluation]) -> Comparison:
    """Puts evaluations side by side, one a target.

    The best number of a row is the best where it is better than every other by more than two
    standard errors of the difference, else it ties with those it cannot be told apart from. Seeds
    may differ.

    Raises:
        ConfigError: when two evaluations have a number of the same key under different protocols.
    """
    for a, b in combinations(evaluations, 2):
        difference = _difference(a, b)
        if difference:
            raise ConfigError(f"TARGET: {difference}")
        if a.numbers and b.numbers and not _shared(a, b):
            raise ConfigError(
                f"TARGET: {a.target!r} and {b.target!r} have no number in common; evaluate both "
                "with the same evaluate.metrics."
            )
    names = dict.fromkeys(n.name for e in evaluations for n in e.numbers)
    by_name = [{n.name: n for n in e.numbers} for e in evaluations]
    rows = (Row(name, _marked([numbers.get(name) for numbers in by_name])) for name in names)
    return Comparison(tuple(evaluations), tuple(rows))


def _marked(numbers: Sequence[MetricValue | None]) -> tuple[Cell | None, ...]:
    """The cells of a row with the best one, or those that tie for it, marked."""
    present = [number for number in numbers if number is not None]
    # What has no error cannot be told apart from anything.
    certain = all(number.error is not None for number in present)
    top = best(present) if len(present) > 1 and certain else None
    tied = [n for n in present if top is not None and not _is_apart(n, top)]
    mark: Mark = "tie" if len(tied) > 1 else "best"
    return tuple(n if n is None else Cell(n, mark if n in tied else "") for n in numbers)


def _is_apart(a: MetricValue, b: MetricValue) -> bool:
    """Whether one is better than the other by more than two standard errors of the difference."""
    return abs(a.loss - b.loss) > 2 * math.hypot(a.error or 0.0, b.error or 0.0)


def _difference(a: Evaluation, b: Evaluation) -> str:
    """Why a number of the same key in both cannot be compared; empty where all of them can."""
    for key in dict.fromkeys(n.key for n in a.numbers):
        of_a, of_b = ([n.name for n in e.numbers if n.key == key] for e in (a, b))
        if not of_b:
            continue
        there = _settings(b, of_b)
        for field, setting in _settings(a, of_a).items():
            if setting.value != there[field].value:
                return _sentence(key, field, (a, b), (setting, there[field]))
        if not set(of_a) & set(of_b):
            options = [_Setting(None, names[0], _remedy("metrics")) for names in (of_a, of_b)]
            return _sentence(key, "options", (a, b), options)
    return ""


def _settings(evaluation: Evaluation, names: Sequence[str]) -> dict[str, _Setting]:
    """What numbers of these names depend on, beside options, by what it is called."""
    p = evaluation.protocol
    data = f"{p.reference} ({p.reference_fingerprint[:12]})"
    extracted = any(name.endswith(f"_{p.extractor}") for name in names)
    features = f"{p.extractor} ({p.extractor_hash[:12]})"
    same_data = "evaluate both against the same data"
    return {
        "num_fake": _Setting(p.num_fake, str(p.num_fake), _remedy("num_samples")),
        "split": _Setting(p.split, p.split, _remedy("split")),
        "reference data": _Setting(p.reference_fingerprint, data, same_data),
        "training data": _Setting(
            p.training_fingerprint, f"{p.reference} ({p.training_fingerprint[:12]})", same_data
        ),
        "value range": _Setting(tuple(p.value_range), str(p.value_range), same_data),
        "num_real": _Setting(p.num_real, str(p.num_real), same_data),
        "extractor": _Setting(
            p.extractor_hash if extracted else None, features, _remedy("extractor")
        ),
    }


def _remedy(option: str) -> str:
    return f"evaluate both with the same evaluate.{option}"


def _sentence(
    key: str,
    field: str,
    evaluations: tuple[Evaluation, Evaluation],
    settings: Sequence[_Setting],
) -> str:
    with_, against = (
        f"{setting.shown} in {evaluation.target!r}"
        for evaluation, setting in zip(evaluations, settings, strict=True)
    )
    return (
        f"{key} was measured with {field} {with_} and {against}, which cannot be compared; "
        f"{settings[0].remedy}."
    )


# ---- Showing -------------------------------------------------------------------------------------


def _cell_text(cell: Cell | None) -> Text:
    """A number that breaks, where there is no room, in front of its error only."""
    if cell is None:
        return Text("–", style="dim")
    value, plus_minus, error = estimate_text(cell.number).partition(" ± ")
    space = "\N{NO-BREAK SPACE}"
    text = f"{_MARKS[cell.mark]}{space}{value}" + (f" ±{space}{error}" if plus_minus else "")
    return Text(text, style="bold" if cell.mark == "best" else "")


def _row_dict(row: Row) -> dict[str, Any]:
    cells = [
        None
        if cell is None
        else {"value": cell.number.value, "error": cell.number.error, "mark": cell.mark}
        for cell in row.cells
    ]
    info = next(cell.number.info for cell in row.cells if cell)
    return {"name": row.name, **direction_dict(info), "cells": cells}
