"""What the pages of results say was not run can be typed as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS, _parser

PAGES = sorted((Path(__file__).parents[2] / "docs" / "results").glob("*.md"))


def commands(page: Path) -> list[str]:
    """Of the paragraphs and tables of a page that say so; tables leave the program's name out."""
    parts = [p for p in page.read_text("utf-8").split("\n\n") if "not run" in p.lower()]
    whole = [c for p in parts for c in re.findall(r"python -m\s+benchmarks\s+([^`…]+)`", p)]
    cells = [c for p in parts for c in re.findall(r"\| `([^`]+)` \|$", p, re.MULTILINE)]
    return [" ".join(c.split()) for c in whole + cells if c.split()[0] in BENCHMARKS]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_was_not_run_can_be_typed(page):
    for command in commands(page):
        words = shlex.split(command)
        assert _parser(words[0]).parse_args(words).command == words[0]


def test_commands_are_found_in_sentences_and_in_tables():
    found = {command.split()[0] for page in PAGES for command in commands(page)}
    assert {"adaptation", "equal_time", "predicted_clips", "mode_recovery"} <= found
