"""An evaluation as a table for a terminal."""

import io
import shutil
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from trainer.evaluation.formatting import (
    LEGEND,
    arrow,
    error_text,
    protocol_text,
    sparkline,
    subject,
    value_text,
)
from trainer.evaluation.results import Evaluation, MetricValue, best

# What a captured output, which has no width of its own, is given.
_CAPTURED_COLUMNS = 100
# Bars of a trend: as many as a terminal of 80 columns has room for beside the longest names.
_TREND_BARS = 10


def render(
    evaluation: Evaluation, history: Sequence[Evaluation] = (), *, width: int | None = None
) -> str:
    """The numbers with their directions and trends, their protocol, and what was not measured.

    Args:
        evaluation: to be shown.
        history: evaluations of the same run at other steps; only numbers made as this one's count.
        width: in columns; None is the terminal's.

    Returns:
        lines of text; with colours on a terminal and nowhere else.
    """
    trends = trends_of(evaluation, history)
    parts: list[RenderableType] = [
        Text(subject(evaluation), style="bold"),
        Text(f"{protocol_text(evaluation)}, seed {evaluation.protocol.seed}", style="dim"),
        Text(),
        *([_table(evaluation, trends)] if evaluation.numbers else []),
        *(Text(f"* {n.name}: {n.note}") for n in evaluation.numbers if n.note),
        Text(),
        Text(LEGEND, style="dim"),
        *(Text(f"warning: {warning}", style="yellow") for warning in evaluation.warnings),
        *(Text(f"not measured: {m.metric} ({m.reason})") for m in evaluation.skipped),
    ]
    return printed(parts, width)


def printed(parts: Sequence[RenderableType], width: int | None = None) -> str:
    """What rich makes of some parts, without spaces at the ends of lines."""
    columns = width or shutil.get_terminal_size((_CAPTURED_COLUMNS, 24)).columns
    console = Console(
        file=io.StringIO(),
        width=columns,
        force_terminal=sys.stdout.isatty(),
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )
    with console.capture() as capture:
        for part in parts:
            console.print(part)
    return "\n".join(line.rstrip() for line in capture.get().splitlines()).rstrip()


def plain_table() -> Table:
    """A table without lines, whose columns are two spaces apart."""
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")


def trends_of(
    evaluation: Evaluation, history: Sequence[Evaluation]
) -> dict[str, dict[int, MetricValue]]:
    """Each number of an evaluation at every step where it was made in the same way, in order.

    A step that was evaluated twice counts as it was the last time.
    """
    trends: dict[str, dict[int, MetricValue]] = {number.name: {} for number in evaluation.numbers}
    for other in (*(e for e in history if _is_alike(e, evaluation)), evaluation):
        for number in other.numbers:
            if number.name in trends and other.step is not None:
                trends[number.name][other.step] = number
    return {name: dict(sorted(by_step.items())) for name, by_step in trends.items()}


def best_step(by_step: Mapping[int, MetricValue]) -> int | None:
    """The first step at which a number was best; None where it never moved or nothing is better."""
    top = best(list(by_step.values()))
    if len({number.value for number in by_step.values()}) < 2:
        return None
    return next((step for step, number in by_step.items() if number is top), None)


def _is_alike(a: Evaluation, b: Evaluation) -> bool:
    """Whether numbers of one name were measured against the same data with the same features."""
    p, q = a.protocol, b.protocol
    return (p.num_real, p.reference_fingerprint, p.extractor_hash) == (
        *(q.num_real, q.reference_fingerprint, q.extractor_hash),
    )


def _table(evaluation: Evaluation, trends: Mapping[str, Mapping[int, MetricValue]]) -> Table:
    table = plain_table()
    table.add_column("", no_wrap=True)
    table.add_column("number", overflow="fold")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    has_trend = any(len(by_step) > 1 for by_step in trends.values())
    if has_trend:
        table.add_column("trend", no_wrap=True)
        table.add_column("best at", justify="right", no_wrap=True)
    for number in evaluation.numbers:
        trend = _trend(trends[number.name], evaluation.step) if has_trend else ()
        table.add_row(*_cells(number), *trend)
    return table


def _cells(number: MetricValue) -> tuple[Text, ...]:
    error = "" if number.error is None else f"± {error_text(number.error)}"
    mark = "*" if number.note else ""
    return (
        Text(arrow(number.info)),
        Text(number.name),
        Text(value_text(number.value, number.error) + mark, style="bold"),
        Text(error, style="dim"),
    )


def _trend(by_step: Mapping[int, MetricValue], step: int | None) -> tuple[Text, ...]:
    """A sparkline over the steps, and the step at which the number was best."""
    if len(by_step) < 2:
        return Text(), Text()
    top = best_step(by_step)
    bars = Text(sparkline([number.value for number in by_step.values()], _TREND_BARS))
    return bars, Text("" if top is None else f"{top}{' ←' if top == step else ''}")
