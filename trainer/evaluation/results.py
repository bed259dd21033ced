"""What an evaluation says: numbers that carry their protocol, and what could not be measured."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from trainer.catalogue import METRIC_INFO, Direction, MetricInfo
from trainer.errors import ConfigError
from trainer.metrics.estimate import Estimate


@dataclass(frozen=True)
class Protocol:
    """How numbers were made; numbers of different protocols are not compared.

    Attributes:
        num_fake: generated samples.
        num_real: real samples.
        reference: where the real samples come from, such as "tfds:mnist".
        split: "test" (held out of training), "train" or "all".
        reference_fingerprint: hexadecimal digest of the real samples.
        training_fingerprint: of the training examples, which some metrics look at too.
        value_range: of the data, on which images are brought to one scale; zeros of tables.
        extractor: name of the feature extractor, such as "mnistcnn-3f2a".
        extractor_hash: hexadecimal digest of its weights and preprocessing.
        extractor_accuracy: on the held-out examples, where it is a classifier of this data.
        seed: of the first generated sample and of every random choice of a metric.
        signature: that made the samples, where it was asked for; else empty.
        field: of the data that they are compared with, where it was asked for; else empty.
    """

    num_fake: int
    num_real: int
    reference: str
    split: str
    reference_fingerprint: str
    training_fingerprint: str
    value_range: tuple[float, float]
    extractor: str
    extractor_hash: str
    extractor_accuracy: float | None
    seed: int
    signature: str = ""
    field: str = ""


class MetricResult(NamedTuple):
    """What a metric gives under one key.

    Attributes:
        estimate: the number.
        note: what a reader must know of this very one.
        warning: what it warns of.
        variant: what else its name must say, such as "within" for pairs within a class.
    """

    estimate: Estimate
    note: str = ""
    warning: str = ""
    variant: str = ""


# By key.
MetricResults = dict[str, MetricResult]


@dataclass(frozen=True)
class MetricValue:
    """One number, with its protocol in its name.

    Attributes:
        key: what is measured, a key of `trainer.catalogue.METRIC_INFO`, such as "fcd".
        name: the key with its protocol, such as "fcd_10k_test_mnistcnn-3f2a".
        value: finite.
        error: its standard error, where the definition allows one.
        note: what a reader must know of this very number, such as "a lower bound"; mostly empty.
    """

    key: str
    name: str
    value: float
    error: float | None = None
    note: str = ""

    @property
    def info(self) -> MetricInfo:
        """How it is read."""
        return METRIC_INFO[self.key]

    @property
    def direction(self) -> Direction | None:
        """Which direction is better."""
        return self.info.direction

    @property
    def loss(self) -> float:
        """Smaller where the number is better."""
        return self.info.loss(self.value)


@dataclass(frozen=True)
class SkippedMetric:
    """A metric that could not be measured, and why."""

    metric: str
    reason: str


@dataclass(frozen=True)
class Evaluation:
    """Everything that came of evaluating one generator once.

    Attributes:
        target: what was evaluated, as it was named.
        recipe: name of its experiment; empty for samples from elsewhere.
        step: of the checkpoint; None for samples from elsewhere.
        config_hash: of its experiment; empty for samples from elsewhere.
        warnings: sentences about the samples as a whole, such as that they are all the same.
        seconds: that it took.
        time: when, in UTC.
        versions: of the packages that computed it.
    """

    target: str
    recipe: str
    step: int | None
    config_hash: str
    protocol: Protocol
    numbers: tuple[MetricValue, ...]
    skipped: tuple[SkippedMetric, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    time: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values: a row of evaluations.jsonl."""
        document: dict[str, Any] = {
            k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()
        }
        document["protocol"]["value_range"] = list(self.protocol.value_range)
        for row, number in zip(document["numbers"], self.numbers, strict=True):
            row |= direction_dict(number.info)
        return document

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Evaluation":
        """Reads what `as_dict` wrote.

        Raises:
            ConfigError: when it is something else.
        """
        try:
            values = dict(document)
            numbers = [_without_direction(row) for row in values["numbers"]]
            values["numbers"] = tuple(_checked(MetricValue(**number)) for number in numbers)
            unknown = [n.key for n in values["numbers"] if n.key not in METRIC_INFO]
            if unknown:
                raise ValueError(f"it holds {unknown[0]!r}, which this Saddlepoint does not know")
            values["skipped"] = tuple(SkippedMetric(**row) for row in values["skipped"])
            protocol = dict(values["protocol"])
            protocol["value_range"] = tuple(map(float, protocol["value_range"]))
            values["protocol"] = Protocol(**protocol)
            if not all(isinstance(protocol[f], str) for f in _TEXTS):
                raise TypeError(f"one of {', '.join(_TEXTS)} is no text")
            values["warnings"] = tuple(values["warnings"])
            return cls(**values)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(
                f"evaluation: received a document that is not one ({error}); give what "
                "`gan evaluate --json` writes."
            ) from error

    def find(self, pattern: str) -> MetricValue:
        """The number that a name, a key, or the beginning of a name up to a "_" means.

        Raises:
            ConfigError: when there is none, or several.
        """
        found = fitting(pattern, {number.name: number.key for number in self.numbers})
        if len(found) == 1:
            return next(number for number in self.numbers if number.name == found[0])
        names = ", ".join(found or [n.name for n in self.numbers]) or "none"
        problem = "fits several numbers" if found else "fits no number of this evaluation"
        raise ConfigError(f"{pattern!r} {problem}; there are: {names}.")


_TEXTS = ("reference", "split", "reference_fingerprint", "extractor", "extractor_hash")


def direction_dict(info: MetricInfo) -> dict[str, Any]:
    """Which direction is better, as plain JSON values for a reader."""
    nearest = info.direction == "nearest"
    return {"direction": info.direction} | ({"target": info.target} if nearest else {})


def _without_direction(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without what belongs to its key."""
    return {name: value for name, value in row.items() if name not in ("direction", "target")}


def _checked(number: MetricValue) -> MetricValue:
    """The number, when value and error are finite."""
    for value in (number.value, 0.0 if number.error is None else number.error):
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{number.name} is {value!r}, which is no number")
    return number


def fitting(pattern: str, keys: Mapping[str, str]) -> list[str]:
    """The names that a pattern means: of a full name or a key only that one's, else by beginning.

    Args:
        pattern: such as "fcd_10k_test_mnistcnn-3f2a", "fcd", or "fcd_10k".
        keys: names to their keys; "ms_ssim" is one and the beginning of another one's names.
    """
    for exact in ([n for n in keys if n == pattern], [n for n in keys if keys[n] == pattern]):
        if exact:
            return exact
    return [name for name in keys if name.startswith(f"{pattern}_")]


def protocol_name(
    key: str,
    protocol: Protocol,
    *,
    options: Mapping[str, Any],
    uses_features: bool,
    variant: str = "",
) -> str:
    """The name of a number: key, variant, signature and field, options, count, split, extractor.

    Signature, field and options are named where they are not the usual ones.

    `protocol_name("fcd", …)` is such as "fcd_10k_test_mnistcnn-3f2a"; with k = 3 a precision is
    "precision_k3_10k_test_mnistcnn-3f2a"; raw samples name no extractor.
    """
    chosen = [f"{name}{_short(value)}" for name, value in options.items()]
    extractor = [protocol.extractor] if uses_features else []
    count = _short(protocol.num_fake)
    asked = [protocol.signature, protocol.field]
    parts = [key, variant, *asked, *chosen, count, protocol.split, *extractor]
    return "_".join(part for part in parts if part)


def best(numbers: Sequence[MetricValue]) -> MetricValue | None:
    """The best of numbers of one name; None where no direction is better, or there is no number."""
    directed = [number for number in numbers if number.direction]
    return min(directed, key=lambda number: number.loss, default=None)


def _short(value: Any) -> str:
    """10 000 as "10k"; other numbers as they are, in letters that a name may have."""
    if isinstance(value, int) and value and value % 1000 == 0:
        return f"{value // 1000}k"
    return re.sub(r"[^\w.-]", "", f"{value:g}" if isinstance(value, float) else str(value))
