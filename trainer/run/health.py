"""Whether a game is still being played: what a person should be told of before the run's end."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

# A row of metrics.jsonl: "step", and means by name.
Row = Mapping[str, Any]
# Whether a row is as bad as the newest one.
Sign = Callable[[Row, Row], bool]

# A bad moment is none yet: it has to last so many steps.
_STEPS = 100
# No objective on data in [-1, 1] gets here while its networks are of any use.
_BEYOND = 1e8


def destroyed(rows: Sequence[Row]) -> str | None:
    """What is wrong with a game at its newest row, since when, and what helps; None if nothing is.

    Args:
        rows: of metrics.jsonl, in their order; the last `MOST_ROWS` suffice.
    """
    rows = _of_played_losses(rows)
    for num_rows, sign, words in _SIGNS:
        since = _since(rows, sign, num_rows)
        if since is not None:
            return (
                f"The game is destroyed: {words} since step {since}, so nothing is learned any "
                "more. Its learning rates are too high, or optimizers.*.clip_norm is missing."
            )
    return None


def _of_played_losses(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows without losses that are 0 in all of them: of those the game has none.

    Such is the generator's where feature matching alone teaches it (`objective: classes`).
    """
    losses = [item for row in rows for item in _losses(row).items()]
    absent = {name for name, _ in losses} - {name for name, value in losses if value}
    return [{n: value for n, value in row.items() if n not in absent} for row in rows]


def _since(rows: Sequence[Row], sign: Sign, num_rows: int) -> int | None:
    """The step of the first of the newest rows that show a sign; None if it has not lasted."""
    shown: list[int] = []
    for row in reversed(rows):
        if not sign(row, rows[-1]):
            break
        shown.append(row["step"])
    lasting = len(shown) >= num_rows and shown[0] - shown[-1] >= _STEPS
    return shown[-1] if lasting else None


def _losses(row: Row) -> dict[str, float]:
    return {name: value for name, value in row.items() if name.endswith("_loss")}


def _is_beyond(row: Row, newest: Row) -> bool:
    return any(abs(value) > _BEYOND for value in _losses(row).values())


def _is_decided(row: Row, newest: Row) -> bool:
    return row.get("D(x)") == 1.0 and row.get("D(G(z))") == 0.0


def _is_frozen(row: Row, newest: Row) -> bool:
    """To the last digit: batches differ, so a loss that is played for does, too."""
    return any(newest.get(name) == value for name, value in _losses(row).items())


# Rows that must show a sign, the sign, and its name.
_SIGNS: tuple[tuple[int, Sign, str], ...] = (
    (2, _is_beyond, f"a loss is beyond {_BEYOND:g}"),
    (2, _is_decided, "D(x) is exactly 1 and D(G(z)) exactly 0"),
    (5, _is_frozen, "a loss is the same to its last digit"),
)
# Rows are a step apart or more.
MOST_ROWS = _STEPS + 1
