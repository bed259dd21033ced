"""What `gan init` chooses for tables, texts, sequences of letters and molecules: a known game.

The game is that of one of the package's recipes, which has the reason for each of its lines; only
the data and what follows from it is written anew.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from trainer.catalogue import Fasta
from trainer.catalogue.sources.source import Source
from trainer.config.recipe import load_experiment, recipe_text
from trainer.data.first_choices import Choice, spelled, text, tolerated
from trainer.data.survey import Survey, training_examples
from trainer.data.tables import tells_rows_apart
from trainer.errors import ConfigError

# Kind of samples → the recipe whose game is played; letters of an alphabet have their own.
RECIPES = {"table": "ctgan-loans", "tokens": "seqgan-grammar", "graph": "molgan-molecules"}
_OF_ALPHABETS = "killoran-motifs"
_NAMES = {"table": "Rows", "tokens": "Texts", "graph": "Molecules"}
# Symbols that are known at most, and that a line has, without a word on them.
_VOCABULARY, _LENGTH = 5000, 40
# Categories of a column that may well be what is to be predicted.
_CLASSES = 20


def choices(source: Source, name: str, found: Survey) -> Iterator[Choice]:
    """A recipe for samples of a kind of `RECIPES`, line by line.

    Args:
        source: of the data.
        name: of the data, for the description.
        found: what was seen of it.

    Raises:
        ConfigError: where there are too few examples for the game.
    """
    recipe = _OF_ALPHABETS if isinstance(source, Fasta) else RECIPES[found.kind]
    subject = "Sequences" if recipe == _OF_ALPHABETS else _NAMES[found.kind]
    yield Choice("", f"description: {text(f'{subject} from {name}.')}")
    yield from _data(source, found)
    yield from _game(recipe, found)


# ---- The data ------------------------------------------------------------------------------------


def _data(source: Source, found: Survey) -> Iterator[Choice]:
    given = source.model_dump(mode="json", exclude_defaults=True)
    options = dict(given) if isinstance(given, dict) else {}
    further = [*_table(found, options), *(_texts(found, options) if source.name == "text" else ())]
    if further:
        yield Choice("data", "source:")
        yield from (Choice("data", f"  {name}: {text(value)}") for name, value in options.items())
        yield from further
    else:
        yield Choice("data", f"source: {spelled(source)}")
    yield from tolerated(found.unreadable_lines, found.count + found.unreadable_lines)


def _table(found: Survey, options: dict[str, Any]) -> Iterator[Choice]:
    """What is worth a line in a table, and is not among the options that are given.

    Columns that are left out are taken from those and put together with further ones.
    """
    if not found.columns:
        return
    if "predicted" not in options:
        classes = [c.name for c in found.columns if 1 < len(c.categories) <= _CLASSES]
        predicted = classes[-1] if classes else found.columns[-1].name
        yield Choice(
            "data",
            f"  # predicted: {text(predicted)}",
            "A column that is to be predicted, if there is one: then `gan evaluate` also trains "
            "classifiers (or a regression) on generated rows, and tries them on real ones.",
        )
    names = [column.name for column in found.columns if tells_rows_apart(column, found.count)]
    if names:
        yield Choice(
            "data",
            f"  leave_out: {text([*options.pop('leave_out', ()), *names])}",
            "Nearly every row has a text of its own there, which cannot be learned.",
        )


def _texts(found: Survey, options: dict[str, Any]) -> Iterator[Choice]:
    length = found.values("sample")[0].shape[0]
    if found.vocabulary > _VOCABULARY and "vocabulary" not in options:
        yield Choice(
            "data",
            f"  vocabulary: {_VOCABULARY}",
            f"There are {found.vocabulary} different words; rarer ones than these are unknown.",
        )
    if length > _LENGTH and "length" not in options:
        yield Choice(
            "data",
            f"  # length: {_LENGTH}",
            f"The longest line has {length} symbols. Without longer lines than so many, every step "
            "is shorter.",
        )


# ---- The game ------------------------------------------------------------------------------------


def _game(recipe: str, found: Survey) -> Iterator[Choice]:
    """The lines of a recipe from its network on."""
    yield Choice(
        "", "", f"The game is that of the recipe {recipe}: `gan recipes {recipe}`.{_rival(found)}"
    )
    left_out = {"description", "data"}
    if found.columns and not any(len(column.categories) > 1 for column in found.columns):
        left_out |= {"condition", "terms"}
    for key, lines in _sections(recipe):
        if key == "train":
            yield from _length(recipe, found)
        elif key not in left_out:
            yield from (Choice("", line) for line in lines)


def _rival(found: Survey) -> str:
    """What else could be tried."""
    if not found.columns:
        return ""
    return (
        " Its rival tvae-loans, an autoencoder, may come nearer to the rows, and cannot be asked "
        "for a category: `gan train tvae-loans --set data.source=…`."
    )


def _sections(recipe: str) -> Iterator[tuple[str, list[str]]]:
    """The fields of a recipe by their names, each with the comments in front of it."""
    lines: list[str] = []
    key = ""
    for line in recipe_text(recipe).splitlines():
        named = re.match(r"(\w+):", line)
        if key and (named or line.startswith("#")):
            yield key, lines
            key, lines = "", []
        key = named[1] if named else key
        lines.append(line)
    yield key, lines


def _length(recipe: str, found: Survey) -> Iterator[Choice]:
    experiment = load_experiment(recipe)
    train, examples = experiment.train, training_examples(found, experiment.data)
    groups = 1
    for wrapper in experiment.wrappers:
        groups *= getattr(wrapper, "samples", 1)
    batch = min(train.batch_size, examples // experiment.round.turns) // groups * groups
    if not batch:
        raise ConfigError(
            f"DATA: received {found.count} examples, of which {examples} are trained on, and a "
            f"step of {recipe} wants {groups * experiment.round.turns}; give more."
        )
    written: dict[str, Any] = {"steps": train.steps, "batch_size": batch}
    written = train.model_dump(mode="json", exclude_defaults=True) | written
    line = yaml.safe_dump(written, default_flow_style=True, width=10**6).strip()
    seen = float(f"{train.steps * batch * experiment.round.turns / examples:.2g}")
    why = f"{examples} examples are trained on: each is seen about {seen:g} times."
    yield Choice("", f"train: {line}", why)
