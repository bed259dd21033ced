"""What every system makes after the same short time: the rows of docs/gallery.md.

Each recipe on built-in data trains for so many seconds and shows what its run shows at its end: a
picture, or the first lines of its texts. None is chosen among several, and few have ended by then:
a row says how many of the recipe's steps were played. How good the systems are in the end, beside
what was published, stands in docs/results.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks import trained

_FOR_GPUS = frozenset({"killoran-paper"})
_FETCHED = frozenset({"tfds", "folder", "stacked"})
_WIDEST = 360  # pixels of a picture
_LINES, _LETTERS = 4, 60  # of texts
# Where the pictures lie, as docs/gallery.md has them.
_PICTURES = "images/gallery"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--recipes", nargs="+", help="default: all on built-in data")
    parser.add_argument("--seconds", type=float, default=120, help="of training, each")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="get the pictures")
    trained.add_arguments(parser, "runs/gallery", workers=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, keeps the pictures, and returns the result."""
    from trainer.config.recipe import CHAPTERS, recipe_chapters

    pages = {heading: f"systems/{folder}.md" for folder, heading in CHAPTERS.items()}
    chapters = recipe_chapters()
    asked = arguments.recipes or [
        n for names in chapters.values() for n in names if _is_built_in(n)
    ]
    seconds = 1.0 if arguments.quick else arguments.seconds
    jobs = {name: _job(name, seconds) for name in asked}
    made = trained.make(jobs, arguments.work, workers=arguments.workers, threads=arguments.threads)
    succeeded = trained.succeeded(made)
    rows = []
    for chapter, names in chapters.items():
        page = pages[chapter] if (arguments.docs / pages[chapter]).exists() else "tutorial.md"
        heading = f"[**{chapter}**]({page})<br>"  # before the first of its rows
        for name in names:
            if name in succeeded:
                rows.append(_row(heading, name, succeeded[name], arguments.docs))
                heading = ""
    return {
        "rows": rows,
        "details": {"seconds": seconds, "seed": 0, "problems": trained.problems(made)},
    }


def _is_built_in(recipe: str) -> bool:
    from trainer.config.recipe import load_experiment

    return recipe not in _FOR_GPUS and load_experiment(recipe).data.source.name not in _FETCHED


def _job(recipe: str, seconds: float) -> trained.Job:
    """A run of a recipe as it is, which ends with the time or with the recipe's own steps."""
    overrides = [
        trained.at_most(seconds),
        "run.grid=[4,10]",
        "run.sample_every=1000000",
        "run.checkpoint_every=1000000",
        "run.instruments_every=null",
        "evaluate.every=null",
    ]
    return trained.Job(f"{recipe}-{seconds:g}", recipe, overrides, evaluation=None)


def _row(heading: str, recipe: str, one: trained.Trained, docs: Path) -> dict[str, Any]:
    from trainer.config.recipe import load_experiment
    from trainer.run.directory import RunDirectory

    experiment = load_experiment(recipe)
    played = RunDirectory(one.run_dir).rows("metrics.jsonl")[-1]["step"]
    return {
        "recipe": f"{heading}`{recipe}`",
        "game": experiment.description,
        "made at the end": _made(recipe, Path(one.run_dir) / "samples", docs),
        "steps": f"{played} of {experiment.train.steps}, {one.seconds:.0f} s",
    }


def _made(recipe: str, samples: Path, docs: Path) -> str:
    """A picture in Markdown, or a few lines of text; a dash where a run shows nothing."""
    pictures, texts = (sorted(samples.glob(f"*.{ending}"), key=_step) for ending in ("png", "txt"))
    if pictures:
        name = f"{_PICTURES}/{recipe}.png"
        _keep(pictures[-1], docs / name)
        return f"![What {recipe} made]({name})"
    return _excerpt(texts[-1].read_text("utf-8").splitlines()) if texts else "–"


def _step(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _keep(picture: Path, place: Path) -> None:
    """A copy no wider than a page has room for, in few colours."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    if image.width > _WIDEST:
        image = image.resize((_WIDEST, round(image.height * _WIDEST / image.width)))
    image.quantize(64).save(place, optimize=True)


def _excerpt(lines: Sequence[str]) -> str:
    """The first lines, as a cell of a table can hold them."""
    cut = (line if len(line) <= _LETTERS else f"{line[:_LETTERS]}…" for line in lines[:_LINES])
    return "<br>".join(f"`{line.replace('|', '¦').replace('`', '´') or ' '}`" for line in cut)
