"""Markdown tables from result files, so that no number in a document is typed by hand."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import problems

_BASIC = ("median", "min", "max", "cpu_ms_per_unit", "runs")


# A table stands in a document between these two, and is never typed by hand.
_PLACE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def refresh(text: str, results: Path) -> str:
    """A document with the table of each result put anew into its place.

    Args:
        text: Markdown with places `<!-- table: NAME -->` … `<!-- end of table -->`; the table of
            `problems` has numbers of many results.
        results: the folder of NAME.json.
    """

    def table(place: re.Match[str]) -> str:
        if place[2] == "problems":
            return f"{place[1]}{problems.table(results)}{place[3]}"
        document = json.loads((results / f"{place[2]}.json").read_text(encoding="utf-8"))
        return f"{place[1]}{render(document)}{place[3]}"

    return _PLACE.sub(table, text)


def render(document: Mapping[str, Any]) -> str:
    """What was measured, the ratios, and the protocol of one result, as Markdown.

    A result has `contenders` with rates in a `unit`, or `rows`, each a mapping of columns to cells.
    """
    measured = _rows(document["rows"]) if "rows" in document else _contenders(document)
    parts = [
        measured,
        _ratios(document.get("ratios", [])),
        document.get("verdict", ""),
        _protocol(document),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _rows(rows: Sequence[Mapping[str, Any]]) -> str:
    head = list(dict.fromkeys(column for row in rows for column in row))
    return _table(head, ([_number(row.get(column, "")) for column in head] for row in rows))


def _contenders(document: Mapping[str, Any]) -> str:
    contenders: Mapping[str, Any] = document["contenders"]
    unit = document["unit"]
    of_unit = unit.partition("/")[0].rstrip("s")
    measured = [values for values in contenders.values() if values]
    extra = list(dict.fromkeys(key for values in measured for key in values if key not in _BASIC))
    head = ["", f"{unit}, median", "lowest – highest", f"CPU ms per {of_unit}", *extra]
    rows = []
    for name, values in contenders.items():
        if values is None:
            rows.append([name, "not measured", *[""] * (len(head) - 2)])
            continue
        rows.append(
            [
                name,
                _number(values["median"]),
                f"{_number(values['min'])} – {_number(values['max'])}",
                f"{values['cpu_ms_per_unit']:.3g}",
                *(_number(values.get(key, "")) for key in extra),
            ]
        )
    return _table(head, rows)


def _ratios(ratios: Sequence[Mapping[str, Any]]) -> str:
    if not ratios:
        return ""
    rows = []
    for ratio in ratios:
        target, verdict = ratio["target"], ""
        if target is not None:
            verdict = f"≥ {target:.2f}: {'met' if ratio['median'] >= target else 'missed'}"
        rows.append(
            [
                f"{ratio['of']} / {ratio['to']}",
                f"{ratio['median']:.2f}",
                f"{ratio['min']:.2f} – {ratio['max']:.2f}",
                f"{ratio['best']:.2f}",
                f"{ratio['cpu']:.2f}",
                verdict,
            ]
        )
    head = [
        "speed of / to",
        "median of paired runs",
        "lowest – highest",
        "best to best",
        "by CPU time",
        "target",
    ]
    return _table(head, rows)


def _protocol(document: Mapping[str, Any]) -> str:
    machine = document["machine"]
    versions = dict(machine["versions"]) | dict(document["details"].get("versions", {}))
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"{machine['cpu']}, {machine['usable_cores']} cores ({', '.join(machine['vectors'])}); "
        f"{named}; commit {document['commit'] or 'none'}; {document['date'][:10]}, "
        f"{document['duration_s']:.0f} s: `{document['command']}`"
    )


def _number(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
