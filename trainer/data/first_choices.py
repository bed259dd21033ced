"""What `gan init` chooses for pictures and points, and why."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import yaml

from trainer.catalogue.sources.derived import SomeLabels
from trainer.catalogue.sources.source import Source
from trainer.config.experiment import Data
from trainer.data.survey import Survey
from trainer.errors import ConfigError

# Sides of square pictures, the largest first, that two cores can train.
_SIDES = (64, 32, 16, 8)
_LARGEST = _SIDES[0]
# Aspects (width by height) that differ by less than this factor are the same one.
_SAME_ASPECT = 1.1
# Examples that the training should see each one of, and bounds of the steps that this takes.
_EPOCHS = 100
_STEPS = (3000, 10_000)
# Fewer training examples than this can be learnt by heart; fewer held-out ones measure little.
_FEW_EXAMPLES, _FEW_HELD_OUT = 1000, 100


class Choice(NamedTuple):
    """A line of YAML, or none, and why; `section` is the mapping that it belongs to."""

    section: str
    line: str
    why: str = ""


def text(value: Any) -> str:
    """A string, or another value, in YAML, on one line."""
    written: str = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6
    )
    return written.removesuffix("\n").removesuffix("\n...")


def spelled(source: Source) -> str:
    """A source in YAML, on one line."""
    written = str(source)
    return written if written.startswith("{") else text(written)


def tolerated(unreadable: int, examples: int) -> Iterator[Choice]:
    """What lets a training pass over what cannot be read, where it is more than usual."""
    share = unreadable / examples
    if share > Data().max_corrupt_share:
        allowed = min(1.0, math.ceil(200 * share) / 100)
        why = f"{unreadable} of {examples} could not be read; each will be skipped."
        yield Choice("data", f"max_corrupt_share: {allowed:g}", why)


def choices(source: Source, name: str, data_dir: str | None, found: Survey) -> Iterator[Choice]:
    """A recipe for pictures or points, line by line.

    Args:
        source: of the data.
        name: of the data, for the description.
        data_dir: where prepared tensorflow-datasets lie.
        found: what was seen of it.

    Raises:
        ConfigError: where it holds others, or some of both.
    """
    _check(source, found)
    kind = "Pictures" if found.values("sample")[0].ndim == 3 else "Points"
    few = isinstance(source, SomeLabels)
    by_class = ", a class at a time" if len(found.classes) > 1 else ""
    further = ", and a classifier from a few labels" if few else by_class
    yield Choice("", f"description: {text(f'{kind} from {name}{further}.')}")
    yield Choice("data", f"source: {spelled(source)}")
    if data_dir:
        yield Choice("data", f"data_dir: {text(data_dir)}")
    if kind == "Pictures":
        yield from _pictures(found)
    yield from tolerated(len(found.unreadable), found.opened)
    yield from _network(found)
    yield from _classifier() if few else _condition(found)
    yield from _length(found)


def _check(source: Source, found: Survey) -> None:
    values = found.values("sample")
    if not values or values[0].ndim not in (1, 3) or values[0].dtype.kind not in "uf":
        raise ConfigError(
            f"DATA: {source} holds neither pictures nor points of numbers; take a recipe for its "
            "kind of data from `gan recipes` and set data.source in it."
        )
    if "float32" in (types := {value.dtype.name for value in values}) and len(types) > 1:
        raise ConfigError(
            f"DATA: {source} mixes floats with pictures of 8 or 16 bits; convert them all to one."
        )


def _pictures(found: Survey) -> Iterator[Choice]:
    values = found.values("sample")
    size, why = _size(_sizes(found))
    yield Choice("data", f"size: [{size[0]}, {size[1]}]" if size else "", why)
    yield from _channels(Counter(v.shape[2] for v in values))
    depths = {v.dtype.name for v in values}
    if depths == {"uint8", "uint16"}:
        yield Choice("data", "depth: 8", "8 and 16 bits are mixed; 16 would widen the others.")
    yield Choice(
        "data",
        "# flip: true",
        "Twice as many pictures, where the mirror image of one is as good (not of letters).",
    )


def _sizes(found: Survey) -> list[tuple[int, int]]:
    return [(value.shape[0], value.shape[1]) for value in found.values("sample")]


def _size(sizes: Sequence[tuple[int, int]]) -> tuple[tuple[int, int] | None, str]:
    """Height and width to train on, None for those of the data, and why."""
    height, width = sizes[0]
    if len(set(sizes)) == 1 and max(height, width) <= _LARGEST:
        return None, f"All are {height}x{width}, which is kept."
    aspects = np.array([w / h for h, w in sizes])
    if aspects.max() < _SAME_ASPECT * aspects.min():
        size = _of_aspect(float(np.median(aspects)), min(h * w for h, w in sizes))
        why = "They have (nearly) one aspect, which is kept."
    else:
        shortest = float(np.percentile([min(size) for size in sizes], 10))
        side = next((side for side in _SIDES if side <= shortest), max(4, int(shortest)))
        size = (side, side)
        why = "The aspects differ: the middle is cut out (resize: pad keeps all, stretch distorts)."
    if all(h >= 2 * size[0] and w >= 2 * size[1] for h, w in sizes):
        why += f" [{2 * size[0]}, {2 * size[1]}] shows more, at four times the work."
    return size, why


def _of_aspect(aspect: float, area: int) -> tuple[int, int]:
    """Height and width of an aspect, multiples of four, of as many pixels as there are to train."""
    pixels = min(area, _LARGEST**2)
    height = 4 * max(1, round(math.sqrt(pixels / aspect) / 4))
    return height, 4 * max(1, round(height * aspect / 4))


def _channels(counts: Counter[int]) -> Iterator[Choice]:
    if len(counts) == 1:
        return
    wanted = 3 if any(n > 2 for n in counts) else 1
    become = "RGB" if wanted == 3 else "grey"
    opaque = " Transparent ones are laid over white." if any(n in (2, 4) for n in counts) else ""
    yield Choice("data", f"channels: {wanted}", f"Kinds are mixed: all become {become}.{opaque}")


def _network(found: Survey) -> Iterator[Choice]:
    if found.values("sample")[0].ndim == 1:
        yield Choice("", "network: {name: mlp, units: [128, 128]}")
        return
    sizes = _sizes(found)
    large = math.prod(_size(sizes)[0] or sizes[0]) > 32**2
    filters = 32 if large else 64
    why = (
        "With an hour more, base_filters: 64 makes better pictures. With a GPU and days, take the "
        f"recipe photos-{_LARGEST} instead of this one."
        if large
        else ""
    )
    yield Choice("", f"network: {{name: dcgan, base_filters: {filters}}}", why)


def _classifier() -> Iterator[Choice]:
    """What the recipe semi-digits has."""
    yield Choice(
        "",
        "objective: classes",
        "The discriminator learns the classes of the labelled examples, and from the others what "
        "is real: `gan recipes semi-digits`.",
    )
    yield Choice("", "terms: [supervised, feature_matching]")
    rate = "{learning_rate: 3e-4}"
    yield Choice("", f"optimizers: {{generator: {rate}, discriminator: {rate}}}")


def _condition(found: Survey) -> Iterator[Choice]:
    if len(found.classes) > 1:
        yield Choice(
            "",
            "condition: label",
            "Generator and discriminator are conditioned on the class, so it can be asked for.",
        )
    elif found.classes:
        (name,) = found.classes
        yield Choice(
            "", "", f"There is one class only ({name}), so there is nothing to be conditioned on."
        )


def _length(found: Survey) -> Iterator[Choice]:
    held_out = found.held_out
    training = found.count
    if held_out is None:
        held_out = int(found.count * Data().holdout_share)
        training -= held_out
    batch = min(64, 2 ** int(math.log2(training)))
    epoch = training / batch
    steps = 1000 * math.ceil(min(max(_EPOCHS * epoch, _STEPS[0]), _STEPS[1]) / 1000)
    few = (
        " So few may be learnt by heart: look at the nearest neighbours that `gan evaluate` shows."
        if training < _FEW_EXAMPLES
        else ""
    )
    yield Choice(
        "",
        f"train: {{steps: {steps}, batch_size: {batch}}}",
        f"{training} examples are trained on: each is seen about {_rounded(steps / epoch)} times."
        + few,
    )
    every = steps // 10
    yield Choice("", f"run: {{log_every: 100, sample_every: {every}, checkpoint_every: {every}}}")
    rough = " So few make rough numbers." if held_out < _FEW_HELD_OUT else ""
    yield Choice(
        "",
        f"evaluate: {{num_samples: {min(10_000, max(1000, held_out))}}}",
        f"{held_out} examples are held out for evaluation.{rough}",
    )


def _rounded(number: float) -> int:
    """Two digits of a number, which are what can be meant."""
    return int(float(f"{number:.2g}"))
