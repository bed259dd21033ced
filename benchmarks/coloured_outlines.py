"""Outlines of emoji coloured by pix2pix: an error alone, an adversary alone, and both.

CycleGAN, which is shown the drawings of one half of the training pairs and the pictures of the
other half, can be played beside them (`--games CycleGAN "L1 + cGAN" --size 32`): pix2pix is its
ceiling, and the drawing as it was given its floor.

Pictures of the given folder's `test` are coloured by games that were trained on its `train`, at 64
pixels. Beside the mean difference and the likeness stands what errors of pixels do not see: how
alike the colours of all pictures are, by histograms in L*a*b*, and the F1 of outlines, taken of
what was made and held against the drawing that was given. An outline is where lightness changes by
more than a threshold from a pixel to the next; one that lies a pixel off is a hit. The ceiling is
what the true pictures score.

Expected is the paper's order: the error alone is nearest, and its colours are too grey. Reference:
Isola et al. 2017, "Image-to-image translation with conditional adversarial networks", table 5
(histograms on Cityscapes L .81, a .69, b .70 by L1; .87, .74, .84 by the cGAN; .86, .84, .82 by
both). The data: pairs side by side, the picture left and its drawing right, as ../shared/data has
in emoji_pairs, without variants of skin colour.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import binary_dilation

from benchmarks import trained
from trainer.metrics import colours, fidelity
from trainer.metrics import structural_similarity as similarity

RECIPE = "pix2pix-digits"
GAMES = {
    "L1 alone": ("wrappers=[{name: pretrain, steps: 1000000, norm: absolute}]",),
    "cGAN alone": ("terms=[]",),
    "L1 + cGAN": (),
}
UNPAIRED = "CycleGAN"
_COLUMNS = ("L1", "SSIM", "histogram L", "histogram a", "histogram b", "outline F1")
_LIMITS, _BINS = (0.0, 255.0), 50
# An outline is a change of lightness by so much; lines of a drawing are darker than half.
_CHANGE, _DARK = 12.0, 50.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--pairs", type=Path, default=Path("../shared/data/emoji_pairs"))
    choices = [*GAMES, UNPAIRED]
    parser.add_argument("--games", nargs="+", default=list(GAMES), choices=choices)
    parser.add_argument("--epochs", type=int, default=200, help="of training")
    parser.add_argument("--size", type=int, default=64, help="sides of the pictures, in pixels")
    parser.add_argument("--filters", type=int, default=32, help="of the networks' first layers")
    trained.add_arguments(parser, "runs/outlines", seeds=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow
    from trainer.config.experiment import Data
    from trainer.data import loading

    start_tensorflow()
    if UNPAIRED in arguments.games:
        write_domains(arguments.pairs / "train", arguments.work, arguments.size)
    jobs = {
        (game, seed): _job(arguments, game, seed)
        for game in arguments.games
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    runs = trained.succeeded(made)
    test = loading.load(
        Data.model_validate(
            {
                "source": _source(arguments.pairs / "test"),
                "size": arguments.size,
                "channels": 3,
                "holdout_share": 0.0,
            }
        )
    )
    given, truth = test.train["image"], test.train["sample"]
    found = {
        place: measured(_coloured(one.run_dir, given), truth, given) for place, one in runs.items()
    }
    floors = {"the drawing": given, "the picture": truth}
    return {
        "rows": [
            *(_row(game, found, runs) for game in arguments.games),
            *(
                {"made by": name}
                | {key: f"{value:.3g}" for key, value in measured(made, truth, given).items()}
                for name, made in floors.items()
            ),
        ],
        "details": {
            "recipe": RECIPE,
            "test pictures": len(given),
            "size": arguments.size,
            "filters": arguments.filters,
            "bins": _BINS,
            "runs": [{"game": g, "seed": s, **values} for (g, s), values in found.items()],
            "problems": trained.problems(made),
        },
    }


def _source(folder: Path) -> dict[str, str]:
    pictures = f"folder:{folder}"
    return {"name": "side_by_side", "pictures": pictures, "given_half": "right"}


def _job(arguments: argparse.Namespace, game: str, seed: int) -> trained.Job:
    quick = arguments.quick
    length = "train.steps=20" if quick else f"train.epochs={arguments.epochs}"
    of_game = _unpaired(arguments) if game == UNPAIRED else _paired(arguments, game)
    overrides = (
        *of_game,
        f"data.size={arguments.size}",
        "data.channels=3",
        "data.holdout_share=0.0",
        "data.flip=true",
        f"network.base_filters={arguments.filters}",
        "evaluate.every=null",
        f"seed={seed}",
        length,
    )
    name = game.replace(" + ", "-and-").replace(" ", "-")
    folder = f"{name}-{arguments.size}-{arguments.filters}-{length.partition('=')[2]}-{seed}"
    recipe = "cyclegan-digits" if game == UNPAIRED else RECIPE
    return trained.Job(folder, recipe, overrides, evaluation=None)


def _paired(arguments: argparse.Namespace, game: str) -> tuple[str, ...]:
    """What is changed of pix2pix."""
    return (
        *GAMES[game],
        f"data.source={_source(arguments.pairs.resolve() / 'train')}",
        f"networks.discriminator.base_filters={arguments.filters}",
    )


def _unpaired(arguments: argparse.Namespace) -> tuple[str, ...]:
    """What is changed of CycleGAN: two files of pictures, and judges of patches."""
    a, b = (str(_domain(arguments.work, name, arguments.size)) for name in ("drawings", "pictures"))
    judge = {"name": "patch", "base_filters": arguments.filters}
    return (
        f"data.source={{name: domains, a: 'npz:{a}', b: 'npz:{b}'}}",
        f"networks={dict.fromkeys(('discriminator_a', 'discriminator_b'), judge)}",
    )


def write_domains(folder: Path, work: Path, size: int) -> None:
    """The drawings of every other pair, and the pictures of those between: nothing is paired."""
    from trainer.config.experiment import Data
    from trainer.data import loading

    options = {"source": _source(folder), "size": size, "channels": 3, "holdout_share": 0.0}
    pairs = loading.load(Data.model_validate(options)).train
    work.mkdir(parents=True, exist_ok=True)
    for name, images in (("drawings", pairs["image"][::2]), ("pictures", pairs["sample"][1::2])):
        file = _domain(work, name, size)
        # Written once: a run goes on with the file that it has begun with.
        if not file.exists():
            np.savez(file, images=images)


def _domain(work: Path, name: str, size: int) -> Path:
    return work.resolve() / f"{name}-{size}.npz"


def _coloured(run_dir: str, given: np.ndarray) -> np.ndarray:
    """What a run makes of drawings, uint8 [n, h, w, 3], each with a seed of its own."""
    import keras

    import trainer

    run = trainer.open_run(run_dir)
    offered = run.description.signatures
    signature = "translate" if "translate" in offered else "translate_to_b"
    inputs = {"image": given}
    if "seed" in offered[signature].inputs:
        inputs["seed"] = np.arange(len(given))
    made = run.ask(signature, **inputs)
    keras.backend.clear_session()
    return made["image"]


# ---- What is measured ----------------------------------------------------------------------------


def measured(made: np.ndarray, truth: np.ndarray, given: np.ndarray) -> dict[str, float]:
    """The numbers of pictures uint8 [n, h, w, 3], which should be `truth`, of drawings `given`."""
    seen = [colours.lab(pictures, _LIMITS) for pictures in (made, truth, given)]
    alike = colours.intersection(*(colours.counts(x, _BINS) for x in seen[:2]))
    values = (
        fidelity.errors(made, truth, _LIMITS).absolute.mean(),
        similarity.ssim(made, truth, _LIMITS).mean(),
        *alike,
        outline_f1(seen[0][..., 0], seen[2][..., 0]),
    )
    return {column: float(value) for column, value in zip(_COLUMNS, values, strict=True)}


def outline_f1(lightness: np.ndarray, drawn: np.ndarray) -> float:
    """F1 of where pictures change against dark lines of drawings, a pixel off being a hit.

    Args:
        lightness: of the pictures, on [0, 100], [n, h, w].
        drawn: of the drawings.
    """
    down, along = (np.abs(np.diff(lightness, axis=axis)) > _CHANGE for axis in (1, 2))
    found = np.zeros(lightness.shape, bool)
    found[:, :-1] |= down
    found[:, :, :-1] |= along
    lines = drawn < _DARK
    near = np.ones((1, 3, 3), bool)
    hits = (
        (found & binary_dilation(lines, near)).sum(),
        (lines & binary_dilation(found, near)).sum(),
    )
    if not found.any() or not lines.any():
        return 0.0
    precision, recall = hits[0] / found.sum(), hits[1] / lines.sum()
    return float(2.0 * precision * recall / max(precision + recall, 1e-9))


def _row(
    game: str,
    found: dict[tuple[str, int], dict[str, float]],
    runs: dict[tuple[str, int], trained.Trained],
) -> dict[str, Any]:
    mine = [place for place in found if place[0] == game]
    return {
        "made by": game,
        **{column: trained.spread([found[p][column] for p in mine]) for column in _COLUMNS},
        "steps": runs[mine[0]].steps if mine else 0,
        "minutes": trained.spread([runs[place].seconds / 60 for place in mine]),
        "seeds": len(mine),
    }
