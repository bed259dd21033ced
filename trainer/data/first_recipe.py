"""A recipe for one's own data: looks at it, and writes YAML that fits and says why (`gan init`).

Every choice is a comment that says why and a line that says what. The recipe is a start: it trains
as it stands, on two CPU cores in about an hour or less.
"""

import os
import shlex
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from trainer.catalogue.sources.source import Source, readable_endings, source_of_file
from trainer.config.experiment import Data
from trainer.config.recipe import make_experiment, parse_yaml
from trainer.data import first_choices, first_games
from trainer.data.first_choices import Choice
from trainer.data.reading import readable
from trainer.data.sources import folder
from trainer.data.survey import lines, survey
from trainer.errors import ConfigError
from trainer.files import write_atomically

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


def write_first_recipe(data: str, out: str | None, data_dir: str | None) -> tuple[str, FirstRecipe]:
    """Writes a recipe for a folder, a file or a source.

    Args:
        data: a folder of images, a file of arrays, a table, texts, sequences or molecules, or a
            source as a recipe has it, such as tfds:mnist or {name: table, path: a.csv, …}.
        out: the file; None is the data's name in the current folder.
        data_dir: where prepared tensorflow-datasets lie.

    Returns:
        The file and the recipe.

    Raises:
        ConfigError: when the data cannot be read or used, or the file exists.
    """
    source = source_of(data)
    path = out or f"{_name(_own(_opened(source, data_dir)))}.yaml"
    if Path(path).suffix not in (".yaml", ".yml"):
        raise ConfigError(f"--out: received {path!r}; give the name of a .yaml file.")
    if os.path.exists(path):
        raise ConfigError(f"--out: {path!r} exists; give another file, or remove that one first.")
    recipe = first_recipe(source, data_dir)
    write_atomically(os.path.abspath(path), recipe.text.encode())
    return path, recipe


def source_of(data: str) -> str | dict[str, Any]:
    """The spelling in a recipe of what was named on a command line.

    Raises:
        ConfigError: when there is no such thing.
    """
    if data.startswith("{"):
        return parse_yaml(data, origin="DATA")
    if readable(data) != data:
        raise ConfigError(
            f"DATA: {readable(data)!r} is not UTF-8, which a recipe is written in; rename it."
        )
    path = Path(data).expanduser()
    if path.is_dir():
        return f"{_kind_of_folder(path)}:{data.rstrip('/') or data}"
    if path.is_file() and (kind := source_of_file(path.name)):
        return f"{kind}:{data}"
    if path.exists():
        raise ConfigError(
            f"DATA: received {data!r}, which is neither a folder nor a file that ends in "
            f"{', '.join(readable_endings())}; put pictures into a folder, or arrays into a file "
            "with numpy.savez(path, images=…, labels=…)."
        )
    if ":" in data or data in ("digits", "ring", "grid", "overlap"):
        return data
    raise ConfigError(
        f"DATA: {data!r} does not exist; give a folder of pictures, a file "
        f"({', '.join(readable_endings())}), or tfds:NAME for a data set of tensorflow-datasets."
    )


def _kind_of_folder(path: Path) -> str:
    if (path / "manifest.json").exists():
        return "generated"
    parts = [part for part in path.iterdir() if not part.name.startswith(".")]
    pictures = any(part.is_dir() or part.suffix.lower() in folder.ENDINGS for part in parts)
    return "npz" if any(p.suffix == ".npz" for p in parts) and not pictures else "folder"


def first_recipe(source: str | Mapping[str, Any], data_dir: str | None = None) -> FirstRecipe:
    """Looks at a source, as a recipe has it, and says how to train on it.

    Raises:
        ConfigError: when it cannot be read, or holds what no game is chosen for here.
    """
    data = _opened(source, data_dir)
    own, found = _own(data), survey(data)
    seen = lines(found)
    if found.kind in first_games.RECIPES:
        choices = [*first_games.choices(own, _name(own), found)]
    else:
        choices = [*first_choices.choices(own, _name(own), data_dir, found)]
    text = "\n".join([*_head(own, seen), *_body(choices)]) + "\n"
    make_experiment(parse_yaml(text, origin="the new recipe"))
    return FirstRecipe(text, seen)


def _opened(source: str | Mapping[str, Any], data_dir: str | None) -> Data:
    """Data of which nothing that cannot be read is too much."""
    options = {"source": source, "data_dir": data_dir, "max_corrupt_share": 1.0}
    return make_experiment({"data": options}).data


def _own(data: Data) -> Source:
    """Its source, which is one of the library's.

    Raises:
        ConfigError: where it is a class of the user's.
    """
    if isinstance(data.source, Source):
        return data.source
    raise ConfigError(
        f"DATA: received {data.source}, a class of your own; take a recipe for its kind of data "
        "from `gan recipes` and set data.source in it."
    )


def _name(source: Source) -> str:
    argument = str(getattr(source, source.argument)) if source.argument else ""
    if source.name == "tfds":
        return argument.partition(":")[0].replace("/", "-")
    return Path(argument).expanduser().resolve().stem if argument else source.name


# ---- How it is written ---------------------------------------------------------------------------


def _head(source: Source, seen: list[tuple[str, str]]) -> Iterator[str]:
    yield "# Every field that is not here has its default: docs/configuration.md lists them."
    yield "#"
    yield f"# What was seen of {source}:"
    width = max(len(what) for what, _ in seen)
    for what, words in seen:
        yield from _comment(f"  {what:{width}}  {words}", hang=width + 4)
    yield ""


def _body(choices: Sequence[Choice]) -> Iterator[str]:
    section = ""
    for choice in choices:
        if choice.section and choice.section != section:
            yield f"{choice.section}:"
        section = choice.section
        indent = "  " if section else ""
        if choice.why:
            within = len(choice.line) - len(choice.line.lstrip())
            yield from _comment(choice.why, indent=indent + " " * within)
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
