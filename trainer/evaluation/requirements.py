"""What an evaluation must reach, such as "fcd_10k < 8": the gate of a pipeline."""

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from trainer.catalogue import METRIC_INFO, METRICS
from trainer.config.experiment import Experiment
from trainer.errors import ConfigError
from trainer.evaluation.formatting import estimate_text
from trainer.evaluation.results import Evaluation, MetricValue

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_KEYS = {metric().name: metric.values for metric in METRICS}
_FORM = re.compile(
    r"\s*(?P<name>[A-Za-z][\w.-]*)"
    r"\s*(?P<relation><=|>=|<|>)"
    r"\s*(?P<bound>[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?)\s*"
)


@dataclass(frozen=True)
class Requirement:
    """A bound that a number has to keep.

    Attributes:
        name: a number's full name, or the beginning of one up to a "_".
        relation: "<", "<=", ">" or ">=".
        bound: finite.
    """

    name: str
    relation: str
    bound: float

    def __str__(self) -> str:
        return f"{self.name} {self.relation} {self.bound:g}"

    def holds(self, value: float) -> bool:
        """Whether a value keeps the bound."""
        return _OPERATORS[self.relation](value, self.bound)


@dataclass(frozen=True)
class GateResult:
    """What came of a requirement.

    Attributes:
        requirement: as it was asked for.
        met: whether it is.
        number: that decided; None where it could not be measured.
        sentence: for a person.
    """

    requirement: Requirement
    met: bool
    number: MetricValue | None
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "requirement": str(self.requirement),
            "met": self.met,
            "name": self.number.name if self.number else None,
            "value": self.number.value if self.number else None,
            "sentence": self.sentence,
        }


def parse(text: str) -> Requirement:
    """Reads such as "fcd_10k<8" or "recall >= 0.5".

    Raises:
        ConfigError: when it is not a name, one of < <= > >=, and a finite decimal number.
    """
    found = _FORM.fullmatch(text)
    bound = float(found["bound"]) if found else math.inf
    if found is None or not math.isfinite(bound):
        raise ConfigError(
            f"--require: received {text!r}; write NAME, one of < <= > >=, and a number, such as "
            '"fcd_10k<8".'
        )
    require_known(found["name"], "--require")
    return Requirement(found["name"], found["relation"], bound)


def require_known(name: str, field: str) -> str:
    """The key of the number that a name, or the beginning of one up to a "_", means.

    Raises:
        ConfigError: when no evaluation gives such a number; the sentence begins with `field`.
    """
    found = [key for key in METRIC_INFO if name == key or name.startswith(f"{key}_")]
    if not found:
        raise ConfigError(
            f"{field}: received {name!r}, but no number begins so; names begin with one of "
            f"{', '.join(METRIC_INFO)}."
        )
    return max(found, key=len)


def require_measured(name: str, field: str, experiment: Experiment) -> None:
    """Refuses a number that an experiment's evaluation will not give, as far as it tells by itself.

    Args:
        name: of the number, or the beginning of one up to a "_".
        field: that names it, with which the sentence begins.
        experiment: that is to be trained and evaluated.

    Raises:
        ConfigError: naming what to change.
    """
    key, received = require_known(name, field), f"{field}: received {name!r}"
    (metric,) = (metric for metric in METRICS if key in metric.values)
    extractor, chosen = experiment.evaluate.extractor, experiment.evaluate.metrics
    fitting = [kind for kind, named in metric.key_of_kind.items() if named == key]
    if fitting and not {*fitting} & {*extractor.feature_kinds}:
        raise ConfigError(
            f"{received}, which features of kind {fitting[0]!r} have, and "
            f"evaluate.extractor={extractor.name} does not give them; name another number, or set "
            "another extractor."
        )
    names = [m.name for m in chosen or ()]
    suits = experiment.evaluate.expensive or not metric.expensive
    if not (suits if chosen is None else metric().name in names):
        raise ConfigError(
            f"{received}, which the evaluation of this recipe does not measure; set "
            f"evaluate.metrics=[{', '.join([*names, metric().name])}]."
        )


def check(requirements: Sequence[Requirement], evaluation: Evaluation) -> list[GateResult]:
    """What came of each requirement, in their order.

    A requirement of a metric that could not be measured is not met.

    Raises:
        ConfigError: when a name fits no number and no metric of the evaluation, or several numbers.
    """
    return [_result(requirement, evaluation) for requirement in requirements]


def _result(requirement: Requirement, evaluation: Evaluation) -> GateResult:
    try:
        number = evaluation.find(requirement.name)
    except ConfigError as error:
        ambiguous = any(n.name.startswith(f"{requirement.name}_") for n in evaluation.numbers)
        reason = reason_missing(requirement.name, evaluation)
        if ambiguous or reason is None:
            raise ConfigError(f"--require: {error}") from error
        sentence = f"{requirement}: not met, for it was not measured: {reason}"
        return GateResult(requirement, False, None, sentence)
    met = requirement.holds(number.value)
    return GateResult(requirement, met, number, _sentence(requirement, number, met))


def _sentence(requirement: Requirement, number: MetricValue, met: bool) -> str:
    distance = abs(number.value - requirement.bound)
    shown = estimate_text(number)
    if number.error is not None and distance <= 2 * number.error:
        shown = f"{number.value:.7g} ± {number.error:.2g}, within two standard errors of the bound"
    elif distance < 1e-3 * abs(requirement.bound):
        shown = f"{number.value:.10g}"
    return f"{requirement}: {'met' if met else 'not met'}; {number.name} is {shown}."


def reason_missing(name: str, evaluation: Evaluation) -> str | None:
    """Why an evaluation has no number of this name; None where no metric of it says so.

    Args:
        name: of a number, or the beginning of one up to a "_".
        evaluation: that lacks it.
    """
    for skipped in evaluation.skipped:
        keys = _KEYS[skipped.metric]
        if any(name == key or name.startswith(f"{key}_") for key in keys):
            return skipped.reason
    return None
