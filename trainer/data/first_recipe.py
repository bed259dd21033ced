"""A recipe for one's own data: looks at it, and writes YAML that fits and says why (`gan init`).

Every choice is a comment that says why and a line that says what. The recipe is a start: it trains
as it stands, on two CPU cores in about an hour or less.
"""

import math
import os
import shlex
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from trainer.config.experiment import Data
from trainer.config.recipe import make_experiment, parse_yaml
from trainer.data.reading import readable
from trainer.data.sources import folder
from trainer.data.survey import Survey, lines, survey
from trainer.errors import ConfigError
from trainer.files import write_atomically

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
_WIDTH = 100


class FirstRecipe(NamedTuple):
    """A recipe and what it was written for.

    Attributes:
        text: the YAML, with comments.
        seen: what was seen of the data, a subject and a few words each.
    """

    text: str
    seen: list[tuple[str, str]]

    def report(self, path: str) -> str:
        """What a person sees: what was seen, where the recipe is, and what to do with it."""
        width = max(len(what) for what, _ in self.seen)
        seen = [
            textwrap.fill(f"  {what:{width}}  {words}", 80, subsequent_indent=" " * (width + 4))
            for what, words in self.seen
        ]
        quoted = shlex.quote(path)
        return "\n".join(
            (
                *seen,
                f"Wrote {path}, a recipe with a reason at every line. Next:",
                f"  gan train {quoted} --dry-run                # what it amounts to",
                f"  gan train {quoted} --set train.steps=200    # a first look",
                f"  gan train {quoted}",
            )
        )


class _Choice(NamedTuple):
    """A line of YAML, or none, and why; `section` is the mapping that it belongs to."""

    section: str
    line: str
    why: str = ""


def write_first_recipe(data: str, out: str | None, data_dir: str | None) -> tuple[str, FirstRecipe]:
    """Writes a recipe for a folder, a file or a source.

    Args:
        data: a folder of images, an .npz file (or a folder of some), or a source as a recipe has
            it, such as tfds:mnist.
        out: the file; None is the data's name in the current folder.
        data_dir: where prepared tensorflow-datasets lie.

    Returns:
        The file and the recipe.

    Raises:
        ConfigError: when the data cannot be read or used, or the file exists.
    """
    source = source_of(data)
    path = out or f"{_name(source)}.yaml"
    if Path(path).suffix not in (".yaml", ".yml"):
        raise ConfigError(f"--out: received {path!r}; give the name of a .yaml file.")
    if os.path.exists(path):
        raise ConfigError(f"--out: {path!r} exists; give another file, or remove that one first.")
    recipe = first_recipe(source, data_dir)
    write_atomically(os.path.abspath(path), recipe.text.encode())
    return path, recipe


def source_of(data: str) -> str:
    """The spelling in a recipe of what was named on a command line.

    Raises:
        ConfigError: when there is no such thing.
    """
    if readable(data) != data:
        raise ConfigError(
            f"DATA: {readable(data)!r} is not UTF-8, which a recipe is written in; rename it."
        )
    path = Path(data).expanduser()
    if path.is_dir():
        return f"{_kind_of_folder(path)}:{data.rstrip('/') or data}"
    if path.suffix == ".npz" and path.is_file():
        return f"npz:{data}"
    if path.exists():
        raise ConfigError(
            f"DATA: received {data!r}, which is neither a folder nor an .npz file; put pictures "
            "into a folder, or arrays into a file with numpy.savez(path, images=…, labels=…)."
        )
    if ":" in data or data in ("digits", "ring", "grid", "overlap"):
        return data
    raise ConfigError(
        f"DATA: {data!r} does not exist; give a folder of pictures, an .npz file, or tfds:NAME for "
        "a data set of tensorflow-datasets."
    )


def _kind_of_folder(path: Path) -> str:
    if (path / "manifest.json").exists():
        return "generated"
    parts = [part for part in path.iterdir() if not part.name.startswith(".")]
    pictures = any(part.is_dir() or part.suffix.lower() in folder.ENDINGS for part in parts)
    return "npz" if any(p.suffix == ".npz" for p in parts) and not pictures else "folder"


def first_recipe(source: str, data_dir: str | None = None) -> FirstRecipe:
    """Looks at a source and says how to train on it.

    Raises:
        ConfigError: when it cannot be read, or holds neither pictures nor points.
    """
    experiment = make_experiment({"data": {"source": source, "data_dir": data_dir}})
    found = survey(experiment.data)
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
    seen = lines(found)
    choices = [*_choices(source, data_dir, found)]
    text = "\n".join([*_head(source, seen), *_body(choices)]) + "\n"
    make_experiment(parse_yaml(text, origin="the new recipe"))
    return FirstRecipe(text, seen)


def _name(source: str) -> str:
    kind, _, argument = source.partition(":")
    if kind == "tfds":
        return argument.partition(":")[0].replace("/", "-")
    return Path(argument).expanduser().resolve().stem if argument else kind


# ---- What is chosen ------------------------------------------------------------------------------


def _choices(source: str, data_dir: str | None, found: Survey) -> Iterator[_Choice]:
    kind = "Pictures" if found.values("sample")[0].ndim == 3 else "Points"
    by_class = ", a class at a time" if len(found.classes) > 1 else ""
    yield _Choice("", f"description: {_text(f'{kind} from {_name(source)}{by_class}.')}")
    yield _Choice("data", f"source: {_text(source)}")
    if data_dir:
        yield _Choice("data", f"data_dir: {_text(data_dir)}")
    if kind == "Pictures":
        yield from _pictures(found)
    yield from _unreadable(found)
    yield from _network(found)
    yield from _condition(found)
    yield from _length(found)


def _pictures(found: Survey) -> Iterator[_Choice]:
    values = found.values("sample")
    size, why = _size(_sizes(found))
    yield _Choice("data", f"size: [{size[0]}, {size[1]}]" if size else "", why)
    yield from _channels(Counter(v.shape[2] for v in values))
    depths = {v.dtype.name for v in values}
    if depths == {"uint8", "uint16"}:
        yield _Choice("data", "depth: 8", "8 and 16 bits are mixed; 16 would widen the others.")
    yield _Choice(
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


def _channels(counts: Counter[int]) -> Iterator[_Choice]:
    if len(counts) == 1:
        return
    wanted = 3 if any(n > 2 for n in counts) else 1
    become = "RGB" if wanted == 3 else "grey"
    opaque = " Transparent ones are laid over white." if any(n in (2, 4) for n in counts) else ""
    yield _Choice("data", f"channels: {wanted}", f"Kinds are mixed: all become {become}.{opaque}")


def _unreadable(found: Survey) -> Iterator[_Choice]:
    share = len(found.unreadable) / found.opened
    if share > Data().max_corrupt_share:
        allowed = min(1.0, math.ceil(200 * share) / 100)
        why = f"{len(found.unreadable)} of {found.opened} could not be read; each will be skipped."
        yield _Choice("data", f"max_corrupt_share: {allowed:g}", why)


def _network(found: Survey) -> Iterator[_Choice]:
    if found.values("sample")[0].ndim == 1:
        yield _Choice("", "network: {name: mlp, units: [128, 128]}")
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
    yield _Choice("", f"network: {{name: dcgan, base_filters: {filters}}}", why)


def _condition(found: Survey) -> Iterator[_Choice]:
    if len(found.classes) > 1:
        yield _Choice(
            "", "condition: label", "Both players are told the class, so it can be asked for."
        )
    elif found.classes:
        (name,) = found.classes
        yield _Choice("", "", f"There is one class only ({name}), which tells the players nothing.")


def _length(found: Survey) -> Iterator[_Choice]:
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
    yield _Choice(
        "",
        f"train: {{steps: {steps}, batch_size: {batch}}}",
        f"{training} examples are trained on: each is seen about {_rounded(steps / epoch)} times."
        + few,
    )
    every = steps // 10
    yield _Choice("", f"run: {{log_every: 100, sample_every: {every}, checkpoint_every: {every}}}")
    rough = " So few make rough numbers." if held_out < _FEW_HELD_OUT else ""
    yield _Choice(
        "",
        f"evaluate: {{num_samples: {min(10_000, max(1000, held_out))}}}",
        f"{held_out} examples are held out, and judge the generated ones.{rough}",
    )


def _rounded(number: float) -> int:
    """Two digits of a number, which are what can be meant."""
    return int(float(f"{number:.2g}"))


# ---- How it is written ---------------------------------------------------------------------------


def _head(source: str, seen: list[tuple[str, str]]) -> Iterator[str]:
    yield "# Every field that is not here has its default: docs/configuration.md lists them."
    yield "#"
    yield f"# What was seen of {source}:"
    width = max(len(what) for what, _ in seen)
    for what, words in seen:
        yield from _comment(f"  {what:{width}}  {words}", hang=width + 4)
    yield ""


def _body(choices: Sequence[_Choice]) -> Iterator[str]:
    section = ""
    for choice in choices:
        if choice.section and choice.section != section:
            yield f"{choice.section}:"
        section = choice.section
        indent = "  " if section else ""
        if choice.why:
            yield from _comment(choice.why, indent=indent)
        if choice.line:
            yield f"{indent}{choice.line}"


def _comment(text: str, *, indent: str = "", hang: int = 0) -> list[str]:
    return textwrap.wrap(
        text.replace("\n", " "),
        _WIDTH,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}# {' ' * hang}",
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _text(value: str) -> str:
    """A string in YAML, on one line."""
    written: str = yaml.safe_dump(value, allow_unicode=True, width=10**6)
    return written.removesuffix("\n").removesuffix("\n...")
