"""How well pictures keep to the label maps that they are made of: SPADE beside concatenation.

The map of a digit is a function of the digit (`trainer.data.sources.pairs.regions`), so a made
picture can be segmented anew without an error of its own: the mean over classes of intersection
over union with the map that was given, and the share of pixels that agree. The ceiling is one, what
real digits score; the floor is a digit of another map. Both generators have about as many
parameters.

`--emoji DIR` takes emoji of 64 pixels instead, whose maps are their own colours, reduced to eight
by k-means: a made picture is segmented by the nearest of them. DIR has pairs side by side in
`train` and `test`, the picture left, as ../shared/data has in emoji_pairs.

Reference: Park et al. 2019, "Semantic image synthesis with spatially-adaptive normalization", who
segment with a network and compare with concatenation likewise (table 4).
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import trained

RECIPE = "spade-digits"
# Wider, so that both have 0.29 million parameters.
_BESIDE = ("network.generator_conditioning=concatenate", "network.base_filters=50")
_INSTANCE = "network.normalization=instance"
# Of emoji: pixels of a side, colours, and pixels from which those are found.
_SIDE, _COLOURS, _SEEN = 64, 8, 20_000
GAMES = {
    "SPADE": (),
    "concatenation": _BESIDE,
    "SPADE, instance": (_INSTANCE,),
    "concatenation, instance": (*_BESIDE, _INSTANCE),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--steps", type=int, help="of training; default the recipe's")
    parser.add_argument("--emoji", type=Path, help="pairs of emoji, in place of the digits")
    trained.add_arguments(parser, "runs/maps", seeds=3)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    start_tensorflow()
    maps = _Emoji(arguments.emoji, arguments.work) if arguments.emoji else _Digits()
    jobs = {
        (game, seed): job(arguments, maps, game, seed)
        for game in arguments.games
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    runs = trained.succeeded(made)
    found = {place: _measured(one.run_dir, maps) for place, one in runs.items()}
    rows = [_row(game, found, runs) for game in arguments.games]
    return {
        "rows": [*rows, _floor(maps)],
        "details": {
            "recipe": RECIPE,
            "runs": [{"game": g, "seed": s, **values} for (g, s), values in found.items()],
            "problems": trained.problems(made),
        },
    }


def job(
    arguments: argparse.Namespace, maps: "_Digits | _Emoji", game: str, seed: int
) -> trained.Job:
    """The run of a game with a seed."""
    steps = 20 if arguments.quick else arguments.steps
    length = [f"train.steps={steps}"] if steps else []
    overrides = [*maps.overrides, *GAMES[game], f"seed={seed}", *length]
    name = f"{maps.name}{game.replace(' ', '-').replace(',', '')}"
    return trained.Job(f"{name}-{steps or 'all'}-{seed}", RECIPE, overrides, evaluation=None)


# ---- Maps ----------------------------------------------------------------------------------------


class _Digits:
    """Digits, of which every pixel is background, edge or stroke."""

    name, overrides, called = "", (), "digits"

    @property
    def held_out(self) -> np.ndarray:
        """Maps uint8 [n, h, w, 1] that training never sees."""
        return _held_out(RECIPE, ())

    @property
    def classes(self) -> int:
        """How many there are."""
        from trainer.data.sources.pairs import REGIONS

        return len(REGIONS.names)

    def segmented(self, pictures: np.ndarray) -> np.ndarray:
        """The classes of pictures uint8 [n, h, w, c], as [n, h, w, 1]."""
        from trainer.data.sources.pairs import regions

        return np.stack([regions(picture) for picture in pictures])


class _Emoji:
    """Emoji, of which every pixel has one of eight colours.

    Maps and pictures are written to `work`, a folder each, and found there the next time.
    """

    name, called, classes = "emoji-", "emoji", _COLOURS

    def __init__(self, pairs: Path, work: Path) -> None:
        self._folder = work.resolve() / "emoji"
        palette = self._folder / "palette.npy"
        if not palette.exists():
            self._write(pairs, palette)
        self._palette = np.load(palette)

    @property
    def overrides(self) -> tuple[str, ...]:
        """What is changed of the recipe, which holds out a tenth of the pictures."""
        inputs, targets = (f"'folder:{self._folder / name}'" for name in ("maps", "pictures"))
        classes = ", ".join(f'c{number}: "{colour}"' for number, colour in enumerate(self._colours))
        return (
            f"data.source={{name: pairs, inputs: {inputs}, targets: {targets}, given: label_map, "
            f"classes: {{{classes}}}}}",
        )

    @property
    def held_out(self) -> np.ndarray:
        """Maps uint8 [n, h, w, 1] that training never sees."""
        return _held_out(RECIPE, self.overrides)

    def segmented(self, pictures: np.ndarray) -> np.ndarray:
        """The nearest colour of every pixel of pictures uint8 [n, h, w, 3], as [n, h, w, 1]."""
        return nearest(pictures, self._palette)

    @property
    def _colours(self) -> list[str]:
        return ["#" + bytes(colour.tolist()).hex() for colour in self._palette]

    def _write(self, pairs: Path, palette: Path) -> None:
        from PIL import Image

        files = [
            file for part in ("train", "test") for file in sorted((pairs / part).glob("*.png"))
        ]
        if not files:
            raise FileNotFoundError(f"{pairs} has no pictures in train and test")
        pictures = np.stack([_picture(file) for file in files])
        colours = reduced(pictures)
        maps = colours[nearest(pictures, colours)[..., 0]]
        for name, images in (("maps", maps), ("pictures", pictures)):
            folder = self._folder / name
            folder.mkdir(parents=True, exist_ok=True)
            for file, image in zip(files, images, strict=True):
                Image.fromarray(image).save(folder / f"{file.stem}.png")
        # Written last: what is there is whole.
        np.save(palette, colours)


def _picture(file: Path) -> np.ndarray:
    """The left half of a pair, uint8 [64, 64, 3]."""
    from PIL import Image

    with Image.open(file) as pair:
        left = pair.convert("RGB").crop((0, 0, pair.width // 2, pair.height))
        return np.asarray(left.resize((_SIDE, _SIDE), Image.Resampling.BOX))


def reduced(pictures: np.ndarray) -> np.ndarray:
    """The eight colours that stand for those of pictures uint8 [n, h, w, 3]: uint8 [8, 3]."""
    from sklearn.cluster import KMeans

    pixels = pictures.reshape(-1, 3)
    seen = pixels[np.random.RandomState(0).randint(len(pixels), size=_SEEN)]
    found = KMeans(_COLOURS, n_init=4, random_state=0).fit(seen.astype(np.float64))
    colours: np.ndarray = np.rint(found.cluster_centers_).astype(np.uint8)
    return colours


def nearest(pictures: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The number of the nearest colour [k, 3] of every pixel: uint8 [n, h, w, 3] → [n, h, w, 1]."""
    squares = [
        np.square(pictures.astype(np.int64) - colour).sum(axis=-1)
        for colour in colours.astype(np.int64)
    ]
    return np.argmin(squares, axis=0).astype(np.uint8)[..., np.newaxis]


def _held_out(recipe: str, overrides: tuple[str, ...]) -> np.ndarray:
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    return loading.load(load_experiment(recipe, overrides).data).held_out["label_map"]


# ---- What pictures keep to -----------------------------------------------------------------------


def agreement(given: np.ndarray, found: np.ndarray, classes: int) -> dict[str, float]:
    """Mean IoU over the classes that occur in either, and the share of pixels that agree.

    Args:
        given: classes of any shape.
        found: of the same shape.
        classes: how many there are.
    """
    pairs = given.astype(np.int64).ravel() * classes + found.ravel()
    confusion = np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
    both = np.diag(confusion)
    either = confusion.sum(axis=0) + confusion.sum(axis=1) - both
    occurs = either > 0
    return {
        "mIoU": float((both[occurs] / either[occurs]).mean()),
        "pixel accuracy": float(both.sum() / confusion.sum()),
    }


def _measured(run_dir: str, maps: _Digits | _Emoji) -> Mapping[str, float]:
    """Of a run's translations of all held-out maps, a seed each."""
    import keras

    import trainer

    run, given = trainer.open_run(run_dir), np.asarray(maps.held_out)
    made = run.ask("translate", label_map=given, seed=np.arange(len(given)))["image"]
    parameters = sum(int(np.prod(w.shape)) for w in run.generator.trainable_variables)
    keras.backend.clear_session()
    return {"parameters": parameters, **agreement(given, maps.segmented(made), maps.classes)}


def _row(
    game: str,
    found: Mapping[tuple[str, int], Mapping[str, float]],
    runs: dict[tuple[str, int], trained.Trained],
) -> dict[str, Any]:
    mine = [place for place in found if place[0] == game]
    row: dict[str, Any] = {"generator": game}
    row["parameters"] = int(found[mine[0]]["parameters"]) if mine else "not run"
    for name in ("mIoU", "pixel accuracy"):
        row[name] = trained.spread([found[place][name] for place in mine])
    row["steps"] = runs[mine[0]].steps if mine else 0
    row["minutes"] = trained.spread([runs[place].seconds / 60 for place in mine])
    return {**row, "seeds": len(mine)}


def _floor(maps: _Digits | _Emoji) -> dict[str, Any]:
    """What real pictures score under the map of the one before them."""
    given = np.asarray(maps.held_out)
    scored = agreement(given, np.roll(given, 1, axis=0), maps.classes)
    cells = {name: f"{value:.3g}" for name, value in scored.items()}
    return {"generator": f"{maps.called} of other maps", **cells}
