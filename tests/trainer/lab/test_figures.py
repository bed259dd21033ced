"""The list of figures: at once, complete, and shown in docs/theory.md."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from trainer.errors import ConfigError
from trainer.lab.figures import ALL, FIGURES, chosen, require_name

ROOT = Path(__file__).parents[3]


def test_a_name_asks_for_one_figure_and_all_for_every_one():
    assert chosen("dirac") == ("dirac",)
    assert chosen(ALL) == tuple(FIGURES)


@pytest.mark.parametrize(
    ("name", "words"),
    [("dirak", "did you mean dirac?"), ("colapse-ring", "collapse-ring"), ("xyz", "accepted are")],
)
def test_a_name_that_is_none_is_answered_with_the_nearest_ones(name, words):
    with pytest.raises(ConfigError) as refused:
        chosen(name)
    assert words in str(refused.value) and f"received {name!r}" in str(refused.value)


def test_a_place_without_a_name_is_refused():
    require_name(None)
    with pytest.raises(ConfigError, match="gan lab all --out figures"):
        require_name("figures")


def test_the_list_needs_neither_tensorflow_nor_matplotlib():
    code = "import sys, trainer.lab.figures; "
    code += "sys.exit(bool({'tensorflow', 'matplotlib', 'numpy'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_can_be_measured_and_drawn_and_stands_in_the_lecture(name):
    module = importlib.import_module(FIGURES[name].module)
    assert callable(module.measure) and callable(module.draw)
    text = (ROOT / "docs" / "theory.md").read_text("utf-8")
    assert f"`gan lab {name}`" in text and f"(images/theory/{name}.png)" in text
    assert 5_000 < (ROOT / "docs" / "images" / "theory" / f"{name}.png").stat().st_size < 90_000
