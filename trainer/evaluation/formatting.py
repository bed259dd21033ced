"""Numbers and their protocol in words: what the table, the page and the card all say alike."""

import math
from collections.abc import Sequence

from trainer.catalogue import MetricInfo
from trainer.evaluation.results import Evaluation, MetricValue

LEGEND = "↑ higher is better, ↓ lower is better, → best at the value; ± one standard error"
_BARS = "▁▂▃▄▅▆▇█"
# Decimals beyond which a number is written with an exponent.
_MOST_DECIMALS = 6


def arrow(info: MetricInfo) -> str:
    """Which direction is better: "↓", "↑", such as "→0.5", or nothing."""
    if info.direction == "nearest":
        return f"→{info.target:g}"
    return {"lower": "↓", "higher": "↑", None: ""}[info.direction]


def direction_text(info: MetricInfo) -> str:
    """Which direction is better, in words."""
    if info.direction == "nearest":
        return f"best at {info.target:g}"
    return f"{info.direction or 'neither direction'} is better"


def value_text(value: float, error: float | None = None) -> str:
    """A value with as many digits as its error lets stand, else with four.

    >>> value_text(6.3127, 0.0831), value_text(0.91234, 0.0123), value_text(0.0004321)
    ('6.31', '0.912', '0.0004321')
    """
    if not error:
        return _four_digits(value)
    decimals = _decimals(error)
    if decimals > _MOST_DECIMALS:
        return f"{value:.3g}"
    return _fixed(value, decimals)


def error_text(error: float) -> str:
    """A standard error with one significant digit, with two where the first is a 1."""
    if not error:
        return "0"
    decimals = _decimals(error)
    return f"{error:.2g}" if decimals > _MOST_DECIMALS else _fixed(error, decimals)


def estimate_text(number: MetricValue) -> str:
    """Such as "6.31 ± 0.08", or "6.313" where no error is known."""
    text = value_text(number.value, number.error)
    return text if number.error is None else f"{text} ± {error_text(number.error)}"


def sparkline(values: Sequence[float], width: int) -> str:
    """Values as a row of at most `width` bars, the lowest value the lowest bar.

    Of more values than bars the last of each equal part is shown, so the last bar is the last one.
    """
    parts = min(width, len(values))
    shown = [values[len(values) * (i + 1) // parts - 1] for i in range(parts)]
    low, span = min(shown, default=0.0), max(shown, default=0.0) - min(shown, default=0.0)
    if not span:
        return _BARS[len(_BARS) // 2] * parts
    return "".join(_BARS[round((value - low) / span * (len(_BARS) - 1))] for value in shown)


def subject(evaluation: Evaluation) -> str:
    """What was evaluated, such as "cgan-mnist · step 5000 · config 3f2ab4c5d6e7"."""
    parts = [evaluation.recipe or evaluation.target]
    if evaluation.step is not None:
        parts.append(f"step {evaluation.step}")
    if evaluation.config_hash:
        parts.append(f"config {evaluation.config_hash}")
    return " · ".join(parts)


def protocol_text(evaluation: Evaluation) -> str:
    """The protocol in one line, beside the seed: counts, reference with its split, extractor."""
    p = evaluation.protocol
    samples = f"{p.num_fake} samples against {p.num_real} of {p.reference}:{p.split}"
    return f"{samples}, {extractor_text(evaluation)}"


def extractor_text(evaluation: Evaluation) -> str:
    """The feature extractor with the beginning of its hash and, of a classifier, its accuracy."""
    protocol = evaluation.protocol
    known = [f"hash {protocol.extractor_hash[:12]}"] if protocol.extractor_hash else []
    if protocol.extractor_accuracy is not None:
        known.append(f"{protocol.extractor_accuracy:.1%} accurate")
    return f"features of {protocol.extractor}" + (f" ({', '.join(known)})" if known else "")


def _four_digits(value: float) -> str:
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value)}"
    if abs(value) < 1e-4:
        return f"{value:.4g}"
    return _fixed(value, max(0, 3 - math.floor(math.log10(abs(value)))))


def _decimals(error: float) -> int:
    """Decimals that show one significant digit of an error, two where the first is a 1.

    Negative ones stand for zeros in front of the point, as in 12300 ± 200.
    """
    exponent = math.floor(math.log10(error))
    begins_with_one = round(error / 10.0**exponent, 1) < 2
    return -exponent + begins_with_one


def _fixed(value: float, decimals: int) -> str:
    """Fixed decimals without a minus in front of nothing but zeros."""
    return f"{round(value, decimals) + 0.0:.{max(0, decimals)}f}"
