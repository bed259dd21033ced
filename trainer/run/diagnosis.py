"""What the instruments say of a game, and the settings of its recipe that would help.

A run plays on whatever is found: a recipe is what it is, and another run may take the advice.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trainer.catalogue import Component
from trainer.catalogue.terms.penalties import mixing_options
from trainer.config.experiment import Experiment
from trainer.config.recipe import with_overrides
from trainer.data.examples import DataSpec
from trainer.errors import ConfigError
from trainer.game.assembly import make_round
from trainer.game.readings import PREFIX

# A moment is none yet: what is found has to last so many rows, and so many steps.
_ROWS, _STEPS = 2, 200
# Networks that have learned nothing make everything alike; what then still rises by so much in so
# many steps is being learned.
_YOUNG = 1000
_RISE, _RISE_STEPS = 1.25, 500
# Of the distance of real examples: less comes of a latent or a condition that is hardly used.
_IGNORED = 0.1
_EFFECT_OF = "condition_effect_of_"
# Terms that make a generator use a condition, by its name.
_REMEDY_OF = {
    "caption": "matching_aware",
    "label": "classification",
    "attributes": "regression",
}
# Numbers of a latent that a recipe on small pictures does not need to exceed.
_LARGE_PRIOR = 128


_Remedy = tuple[str, ...]  # overrides of an experiment


class Readings:
    """The values of a row of metrics, of one of its discriminators.

    Args:
        row: of metrics.jsonl.
        prefix: that tells the discriminator, such as "a/".
        highest: of every value so far.
        earlier: a row of `_RISE_STEPS` before or more, the last such one; empty where none is.
    """

    def __init__(
        self,
        row: Mapping[str, Any],
        prefix: str,
        highest: Mapping[str, float],
        earlier: Mapping[str, Any],
    ) -> None:
        self._row, self._prefix, self._highest, self._earlier = row, prefix, highest, earlier
        self.step: int = row["step"]

    def __call__(self, name: str) -> float:
        """A reading; NaN, of which nothing holds, where the row has none."""
        return float(self._row.get(f"{PREFIX}{self._prefix}{name}", math.nan))

    def stays_low(self, name: str, bound: float) -> bool:
        """Whether a reading of networks that have learned is below a bound, and does not rise."""
        earlier = float(self._earlier.get(f"{PREFIX}{self._prefix}{name}", math.nan))
        return self.step >= _YOUNG and self(name) < bound and not self(name) > _RISE * earlier

    def named(self, beginning: str) -> dict[str, float]:
        """All readings whose names begin so, by what follows."""
        start = f"{PREFIX}{self._prefix}{beginning}"
        return {
            n.removeprefix(start): float(v) for n, v in self._row.items() if n.startswith(start)
        }

    def of_side(self, name: str) -> float:
        """A reading of a whole side."""
        return float(self._row.get(f"{PREFIX}{name}", math.nan))

    def share_of_highest(self, name: str) -> float:
        """A reading of a side in units of its highest so far."""
        highest = self._highest.get(f"{PREFIX}{name}", math.nan)
        return self.of_side(name) / highest if highest else math.nan

    def watched(self, name: str) -> float:
        """Another value of the row."""
        return float(self._row.get(f"{self._prefix}{name}", math.nan))

    @property
    def separation(self) -> float:
        """Mean logit of real examples less that of fakes."""
        return self.watched("real_logits") - self.watched("fake_logits")

    @property
    def tells_apart(self) -> float:
        """Sum of both accuracies; two where the objective has none."""
        both = self("real_accuracy") + self("fake_accuracy")
        return 2.0 if math.isnan(both) else both


@dataclass(frozen=True)
class Symptom:
    """Something that rows of metrics may show.

    Attributes:
        is_shown: by a row.
        words: for it, with the row's values.
        remedies: settings of an experiment, one or several at once, that may help where a row
            shows it; the best ones first.
    """

    is_shown: Callable[[Readings], bool]
    words: Callable[[Readings], str]
    remedies: Callable[[Experiment, Readings], Iterator[_Remedy]]


class Diagnosis:
    """Looks at the rows of a run in their order and says each thing once.

    Args:
        experiment: of the run.
        spec: of its data.
    """

    def __init__(self, experiment: Experiment, spec: DataSpec) -> None:
        self.experiment, self.spec = experiment, spec
        self._highest: dict[str, float] = {}
        # The last rows, of which the first is the newest that is `_RISE_STEPS` before the last.
        self._rows: deque[Mapping[str, Any]] = deque()
        # Where what is shown began, and in how many rows; by number of the symptom and prefix.
        self._shown: dict[tuple[int, str], tuple[int, int]] = {}
        self._said: set[tuple[int, str]] = set()

    def look(self, row: Mapping[str, Any]) -> list[str]:
        """Sentences on what has lasted up to this row and was not said before."""
        readings = {n: v for n, v in row.items() if n.startswith(PREFIX)}
        for name, value in readings.items():
            self._highest[name] = max(value, self._highest.get(name, value))
        if not readings:
            return []
        self._rows.append(row)
        while len(self._rows) > 1 and self._rows[1]["step"] <= row["step"] - _RISE_STEPS:
            self._rows.popleft()
        names = {name.removeprefix(PREFIX).rpartition("/") for name in readings}
        judges = {prefix + slash for prefix, slash, name in names if name == "diversity"}
        return [said for judge in sorted(judges) for said in self._look(row, judge)]

    def _look(self, row: Mapping[str, Any], prefix: str) -> Iterator[str]:
        first = self._rows[0]
        earlier = first if first["step"] <= row["step"] - _RISE_STEPS else {}
        readings = Readings(row, prefix, self._highest, earlier)
        for number, symptom in enumerate(_SYMPTOMS):
            key = number, prefix
            if not symptom.is_shown(readings):
                self._shown.pop(key, None)
                continue
            since, rows = self._shown.get(key, (readings.step, 0))
            self._shown[key] = since, rows + 1
            lasting = rows + 1 >= _ROWS and readings.step - since >= _STEPS
            if lasting and key not in self._said:
                self._said.add(key)
                yield self._sentence(symptom, readings, prefix)

    def _sentence(self, symptom: Symptom, readings: Readings, prefix: str) -> str:
        where = f"Step {readings.step}, {prefix.rstrip('/')}" if prefix else f"Step {readings.step}"
        remedy = next(filter(self._is_possible, symptom.remedies(self.experiment, readings)), None)
        found = f"{where}: {symptom.words(readings)}"
        if remedy is None:
            return f"{found}."
        return f"{found}; another run with {' and '.join(remedy)} may help."

    def _is_possible(self, remedy: _Remedy) -> bool:
        """Whether a run of these settings could begin."""
        try:
            make_round(with_overrides(self.experiment, remedy), self.spec).roles()
        except (ConfigError, LookupError):
            return False
        return True


# ---- Symptoms ------------------------------------------------------------------------------------


def _discriminator_wins(r: Readings) -> bool:
    both = r("real_accuracy"), r("fake_accuracy")
    return min(both) >= 0.99 and r.share_of_highest("generator_gradient_norm") <= 0.1


def _words_of_a_win(r: Readings) -> str:
    return (
        f"the discriminator wins, telling {r('real_accuracy'):.1%} of the real examples and "
        f"{r('fake_accuracy'):.1%} of the fakes, and the generator's gradient has fallen to "
        f"{r.share_of_highest('generator_gradient_norm'):.1%} of its highest norm"
    )


def _is_collapsed(r: Readings) -> bool:
    return r.stays_low("diversity", 0.5)


def _words_of_a_collapse(r: Readings) -> str:
    return (
        f"the fakes of a batch differ {r('diversity'):.2f} times as much as real examples, which "
        "is what a mode collapse looks like"
    )


def _ignores_the_latent(r: Readings) -> bool:
    return r.stays_low("conditional_diversity", _IGNORED)


def _words_of_an_ignored_latent(r: Readings) -> str:
    return (
        f"under one condition the fakes differ {r('conditional_diversity'):.2f} times as much as "
        "real examples do in all: the generator hardly uses its latent, and makes nearly the same "
        "sample of a condition every time"
    )


def _ignores_the_condition(r: Readings) -> bool:
    return r.stays_low("condition_effect", _IGNORED)


def _words_of_an_ignored_condition(r: Readings) -> str:
    return (
        f"the same latents under other conditions differ {r('condition_effect'):.2f} times as much "
        "as real examples: the generator hardly uses its condition"
    )


def _ignores_one_of_several(r: Readings) -> bool:
    used = r("condition_effect") >= _IGNORED
    return used and r.stays_low(_EFFECT_OF + _least_used(r), _IGNORED)


def _words_of_an_ignored_part(r: Readings) -> str:
    name = _least_used(r)
    effect = r(_EFFECT_OF + name)
    return (
        f"the same latents with {name} alone changed differ {effect:.2f} times as much as "
        f"real examples: of all its conditions the generator hardly uses {name}"
    )


def _least_used(r: Readings) -> str:
    """That of several conditions which changes least when it is changed alone."""
    effects = r.named(_EFFECT_OF)
    return min(effects, key=lambda part: effects[part], default="")


def _ignores_a_code(r: Readings) -> bool:
    return r.step >= _YOUNG and min(_shares_used(r).values(), default=1.0) < _IGNORED


def _words_of_an_ignored_code(r: Readings) -> str:
    shares = _shares_used(r)
    code = min(shares, key=lambda name: shares[name])
    held, ceiling = (r(f"{reading}_of_{code}") for reading in ("information", "entropy"))
    return (
        f"the fakes hold {held:.2f} of the {ceiling:.2f} nats of the code {code}: the generator "
        "hardly uses it"
    )


def _shares_used(r: Readings) -> dict[str, float]:
    """Of the entropy of each code of categories, what fakes hold of it."""
    return {code: r(f"information_of_{code}") / h for code, h in r.named("entropy_of_").items()}


def _is_overfitted(r: Readings) -> bool:
    """r_v = (E D(x) - E D(held out)) / (E D(x) - E D(G(z))) (Karras et al. 2020, equation 1)."""
    separated = r.separation > 0.0 and r.tells_apart >= 1.4
    return separated and r("held_out_gap") > 0.5 * r.separation


def _words_of_overfitting(r: Readings) -> str:
    return (
        "the discriminator overfits: its logits of training examples exceed those of held-out ones "
        f"by {r('held_out_gap'):.2f}, {r('held_out_gap') / r.separation:.0%} of what they exceed "
        "those of fakes by"
    )


def _is_equilibrium(r: Readings) -> bool:
    undecided = abs(r("held_out_accuracy") - 0.5) <= 0.05
    undecided &= abs(r("held_out_cross_entropy") - math.log(2.0)) <= 0.02
    moving = r.of_side("discriminator_gradient_norm") > 1e-6
    return r.step >= _YOUNG and undecided and moving and r("diversity") >= 0.5


def _words_of_an_equilibrium(r: Readings) -> str:
    return (
        "the game stands at its equilibrium, for the discriminator cannot tell held-out examples "
        f"from fakes: its log loss is {r('held_out_cross_entropy'):.3f} against ln 2 = 0.693, its "
        f"accuracy {r('held_out_accuracy'):.2f} against ½"
    )


# ---- Remedies ------------------------------------------------------------------------------------


def _slowed(e: Experiment, r: Readings) -> Iterator[_Remedy]:
    yield from _penalised(e, r)
    rate = e.optimizers.discriminator.learning_rate / 2
    yield (f"optimizers.discriminator.learning_rate={rate:g}",)


def _penalised(e: Experiment, r: Readings) -> Iterator[_Remedy]:
    for remedy in _with(e, "penalties", "r1", "r1", first=False):
        yield remedy
        if mixing := [f"{option}=layer" for option, _ in mixing_options(e)]:
            yield (*remedy, *mixing)


def _varied(e: Experiment, r: Readings) -> Iterator[_Remedy]:
    rates = [side.learning_rate for side in (e.optimizers.generator, e.optimizers.discriminator)]
    if rates[1] < rates[0] and getattr(e.round, "discriminator_turns", 1) == 1:
        yield (f"optimizers.discriminator.learning_rate={rates[0]:g}",)
    for first in (False, True):
        yield from _with(e, "wrappers", "pack", "pack", first=first)
    yield from _with(e, "wrappers", "unroll", "unroll", first=False)
    yield from _penalised(e, r)


def _latent_used(e: Experiment, r: Readings) -> Iterator[_Remedy]:
    yield from _with(e, "terms", "mode_seeking", "mode_seeking", first=False)
    if (size := getattr(e.prior, "size", 0)) and size < _LARGE_PRIOR:
        yield (f"prior.size={min(4 * size, _LARGE_PRIOR)}",)
    yield from _with(e, "wrappers", "pack", "pack", first=False)


def _condition_used(e: Experiment, r: Readings) -> Iterator[_Remedy]:
    first = _REMEDY_OF.get(_least_used(r), "matching_aware")
    for term in (first, *_REMEDY_OF.values()):
        yield from _with(e, "terms", term, term, first=False)


def _regularised(e: Experiment, r: Readings) -> Iterator[_Remedy]:
    yield from _with(e, "wrappers", "augment", "{name: augment, adaptive: true}", first=True)
    yield from _with(e, "wrappers", "augment", "augment", first=True)
    yield from _slowed(e, r)


def _with(e: Experiment, field: str, name: str, choice: str, *, first: bool) -> Iterator[_Remedy]:
    """The setting that adds a choice to a list of them, which must not have it yet."""
    chosen: tuple[Component, ...] = getattr(e, field)
    if not any(component.name == name for component in chosen):
        others = [_short(component) for component in chosen]
        yield (f"{field}=[{', '.join([choice, *others] if first else [*others, choice])}]",)


def _short(component: Component) -> str:
    """A choice with those of its options that are not the default."""
    changed = component.model_dump(exclude_defaults=True)
    options = {name: value for name, value in changed.items() if name != "name"}
    return str(component) if options else component.name


def _none(e: Experiment, r: Readings) -> Iterator[_Remedy]:
    yield from ()


_SYMPTOMS = (
    Symptom(_discriminator_wins, _words_of_a_win, _slowed),
    Symptom(_is_collapsed, _words_of_a_collapse, _varied),
    Symptom(_ignores_the_latent, _words_of_an_ignored_latent, _latent_used),
    Symptom(_ignores_the_condition, _words_of_an_ignored_condition, _condition_used),
    Symptom(_ignores_one_of_several, _words_of_an_ignored_part, _condition_used),
    Symptom(_ignores_a_code, _words_of_an_ignored_code, _none),
    Symptom(_is_overfitted, _words_of_overfitting, _regularised),
    Symptom(_is_equilibrium, _words_of_an_equilibrium, _none),
)
