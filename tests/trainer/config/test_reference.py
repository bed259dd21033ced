from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from trainer import catalogue
from trainer.config.experiment import Experiment, Train
from trainer.config.reference import accepted, choices, comments, reference

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_the_page_is_what_is_rendered():
    assert PAGE.read_text("utf-8") == reference(), "render it again with `make reference`"


def test_every_component_is_listed_once():
    listed = [member for choice in choices().values() for member in choice]
    assert sorted(c.__name__ for c in listed) == sorted(c.__name__ for c in catalogue.COMPONENTS)


def test_every_field_says_what_it_means():
    bare = [line for line in reference().splitlines() if line.startswith("|") and "|  |" in line]
    assert bare == []


def test_a_row_has_the_default_the_bounds_and_the_comment():
    rows = reference().splitlines()
    meaning = "Steps in all: a step is one round, and the number may be raised later."
    assert f"| `train.steps` | `5000` | integer ≥ 1 | {meaning} |" in rows
    assert any(row.startswith("| `beta_1` | `0.5` | number ≥ 0, < 1 |") for row in rows)


def test_comments_are_all_lines_above_a_field():
    assert comments(Train)["batch_size"] == "Examples of one turn, over all replicas together."
    assert comments(Experiment)["data"] == ""
    assert comments(catalogue.Folder)["path"] == "Of the folder, on a local disk."


class Every(catalogue.Section):
    number: float = Field(0.5, gt=0.0, le=2.5)
    flag: bool | None = None
    word: Literal["a", "b"] = "a"
    sides: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False)] = ()
    pair: tuple[int, int] = (1, 2)
    network: catalogue.Network = catalogue.MLP()
    source: catalogue.Folder | catalogue.Npz = catalogue.Folder(path="x")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("number", "number > 0, ≤ 2.5"),
        ("flag", "`true`, `false` or null"),
        ("word", "`a`, `b`"),
        ("sides", "list of integer ≥ 1"),
        ("pair", "[integer, integer]"),
        ("network", "[a name](#the-names-of-network) or `module:Class`"),
        ("source", "`folder`, `npz`"),
    ],
)
def test_what_a_field_accepts_is_said_in_words(name, text):
    assert accepted(Every.model_fields[name]) == text
