"""Pairs of digits whose other half is known: how far each system finds the map between two domains.

The digits are the built-in ones, or those of MNIST, at the 28 pixels of CoGAN's paper, and at 32
for the translators, whose layers halve them.

Domain b holds negatives, or outlines, of other digits than domain a, so for every picture of a the
right counterpart is known. CoGAN makes both pictures of one latent; the true map of its first is
held against its second. Translators are given held-out digits. Pictures are binarised at one half.
Agreement is the share of equal pixels; since most pixels of two unrelated digits are equal anyway,
the F1 of the foreground stands beside it, and the floors: pictures of unrelated digits, and
pictures without any ink. Pix2pix, which is shown the pairs, is the ceiling, and the picture as it
was given is what a translator that does nothing makes.

A cycle can be closed by what no eye sees: the translation carries its original as a code of small
differences. So the way back is asked twice, from the translation and from the same with noise of
eight grey levels; a code is lost in noise, and the error of the way back says so.

Reference: Liu & Tuzel 2016, "Coupled generative adversarial networks", section 4 (pixel agreement
of MNIST with edges .952 and with negatives .967, of a conditional GAN .909 and .778); Zhu et al.
2017.
"""

import argparse
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks import trained

_HALF = 128
# Grey levels of the noise in which a hidden code is lost.
_NOISE = 8.0
# The floors and ceilings take so many digits.
_DIGITS = 2000


class Digits(NamedTuple):
    """Digits of which pairs are made.

    Attributes:
        source: of them.
        size: sides in pixels; None leaves them as they are.
        called: at the end of a row's name.
    """

    source: str = "digits"
    size: int | None = None
    called: str = ""

    @property
    def overrides(self) -> tuple[str, ...]:
        """Of their size."""
        return () if self.size is None else (f"data.size={self.size}",)


_BUILT_IN = Digits()
_MNIST, _MNIST_32 = (Digits("tfds:mnist", size, " of MNIST") for size in (28, 32))


class Game(NamedTuple):
    """A system and the map that it is to find.

    Attributes:
        recipe: of the system.
        map: negative or outline.
        digits: of which the domains are made.
        signature: that answers; None where both pictures come of one latent.
        way_back: whether it also translates back.
        overrides: of the recipe, beside its data.
    """

    recipe: str
    map: str
    digits: Digits = _BUILT_IN
    signature: str | None = None
    way_back: bool = False
    overrides: tuple[str, ...] = ()

    @property
    def data(self) -> tuple[str, ...]:
        """Overrides that say what the domains are."""
        of = f"of: '{self.digits.source}'"
        pairs = f"data.source={{name: digit_pairs, {of}, input: {self.map}}}"
        domains = f"data.source={{name: digit_domains, {of}, b: {self.map}}}"
        return (pairs if self.signature == "translate" else domains, *self.digits.overrides)


def _translator(map: str, digits: Digits, *overrides: str) -> Game:
    return Game("cyclegan-digits", map, digits, "translate_to_b", True, overrides)


# On larger pictures judges see patches, and all players are wider.
_WIDER = (
    "network.base_filters=32",
    "networks={discriminator_a: {name: patch, base_filters: 32}, "
    "discriminator_b: {name: patch, base_filters: 32}}",
)
_OF_DIGITS = {
    "CoGAN, negatives": Game("cogan-digits", "negative"),
    "CoGAN, outlines": Game("cogan-digits", "outline"),
    "CycleGAN, negatives": _translator("negative", _BUILT_IN),
    "CycleGAN, outlines": _translator("outline", _BUILT_IN),
    "pix2pix, negatives": Game("pix2pix-digits", "negative", _BUILT_IN, "translate"),
}
GAMES = {
    **_OF_DIGITS,
    "CoGAN, negatives of MNIST": Game("cogan-digits", "negative", _MNIST),
    "CoGAN, outlines of MNIST": Game("cogan-digits", "outline", _MNIST),
    "CycleGAN, negatives of MNIST": _translator("negative", _MNIST_32, *_WIDER),
    "CycleGAN, outlines of MNIST": _translator("outline", _MNIST_32, *_WIDER),
    "pix2pix, negatives of MNIST": Game("pix2pix-digits", "negative", _MNIST_32, "translate"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--games", nargs="+", default=list(_OF_DIGITS), choices=list(GAMES))
    parser.add_argument("--data-dir", help="where prepared tensorflow-datasets lie, for MNIST")
    parser.add_argument("--steps", type=int, help="of training; default the recipe's")
    parser.add_argument("--count", type=int, default=1000, help="pairs of CoGAN")
    trained.add_arguments(parser, "runs/known-maps", seeds=3)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    from trainer.commands.base import start_tensorflow

    start_tensorflow()
    jobs = {
        (game, seed): _job(arguments, game, seed)
        for game in arguments.games
        for seed in range(arguments.seeds)
    }
    made = trained.make(jobs, arguments.work, workers=1, threads=arguments.threads)
    runs = trained.succeeded(made)
    found = {
        place: _measured(one.run_dir, GAMES[place[0]], arguments.count)
        for place, one in runs.items()
    }
    floors = dict.fromkeys((GAMES[game].digits, GAMES[game].map) for game in arguments.games)
    return {
        "rows": [
            *(_row(game, found, runs) for game in arguments.games),
            *(row for digits, name in floors for row in _floors(digits, name, _place(arguments))),
        ],
        "details": {
            "runs": [{"game": g, "seed": s, **values} for (g, s), values in found.items()],
            "problems": trained.problems(made),
        },
    }


def _job(arguments: argparse.Namespace, game: str, seed: int) -> trained.Job:
    steps = 20 if arguments.quick else arguments.steps
    chosen = GAMES[game]
    length = [f"train.steps={steps}"] if steps else []
    place = _place(arguments)
    overrides = [*chosen.data, *chosen.overrides, *place, f"seed={seed}", *length]
    name = f"{game.replace(', ', '-')}-{steps or 'all'}-{seed}"
    return trained.Job(name, chosen.recipe, overrides, evaluation=None)


def _place(arguments: argparse.Namespace) -> list[str]:
    return [f"data.data_dir={arguments.data_dir}"] if arguments.data_dir else []


# ---- Pairs and what they are held against --------------------------------------------------------


def pairs(run_dir: str, game: Game, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of the first domain and what a run pairs with them, uint8 [n, h, w, 1] each.

    Pix2pix makes digits of negatives, which is the same map the other way round.
    """
    import keras

    import trainer
    from trainer.data import loading

    run = trainer.open_run(run_dir)
    if game.signature is None:
        made = run.ask("generate", seed=np.arange(count))
        a, b = made["a"], made["b"]
    else:
        held_out = loading.load(run.experiment.data).held_out
        a = np.asarray(held_out["a" if "a" in held_out else "image"][:_DIGITS])
        inputs = {"image": a}
        if "seed" in run.description.signature(game.signature).inputs:
            inputs["seed"] = np.arange(len(a))
        b = run.ask(game.signature, **inputs)["image"]
    keras.backend.clear_session()
    return a, b


def _measured(run_dir: str, game: Game, count: int) -> dict[str, float]:
    """The numbers of a run; those of the way back where there is one."""
    a, b = pairs(run_dir, game, count)
    return {**compared(a, b, game.map), **(way_back(run_dir, a, b) if game.way_back else {})}


def way_back(run_dir: str, a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """Mean errors of the way back, on [0, 1], from translations b of a: as they are, and noisy."""
    import keras

    import trainer

    run = trainer.open_run(run_dir)
    inputs = {"way back": b, "way back, noise": noisy(b)}
    found = {
        name: float(np.abs(run.ask("translate_to_a", image=x)["image"] / 255.0 - a / 255.0).mean())
        for name, x in inputs.items()
    }
    keras.backend.clear_session()
    return found


def noisy(pictures: np.ndarray) -> np.ndarray:
    """Pictures uint8 with Gaussian noise of `_NOISE` grey levels."""
    noise = np.random.RandomState(0).standard_normal(pictures.shape) * _NOISE
    return np.clip(np.rint(pictures + noise), 0, 255).astype(np.uint8)


def compared(a: np.ndarray, b: np.ndarray, name: str) -> dict[str, float]:
    """Share of pixels on which the true map of a and b agree, and the F1 of the foreground.

    Args:
        a: uint8 [n, h, w, c].
        b: likewise.
        name: of the map: "negative", whose foreground is dark, or "outline", whose is bright.
    """
    from trainer.data.sources.domains import MADE

    true = np.stack([MADE[name](picture) for picture in a]) >= _HALF  # type: ignore[index]
    found = b >= _HALF
    if name == "negative":
        true, found = ~true, ~found
    both, either = (true & found).sum(), true.sum() + found.sum()
    return {
        "pixel agreement": float((true == found).mean()),
        "foreground F1": float(2 * both / either) if either else 1.0,
    }


def _row(
    game: str,
    found: dict[tuple[str, int], dict[str, float]],
    runs: dict[tuple[str, int], trained.Trained],
) -> dict[str, Any]:
    mine = [place for place in found if place[0] == game]
    row: dict[str, Any] = {"pairs": game}
    for name in ("pixel agreement", "foreground F1", "way back", "way back, noise"):
        values = [found[place][name] for place in mine if name in found[place]]
        row[name] = trained.spread(values) if values or not mine else ""
    row["steps"] = runs[mine[0]].steps if mine else 0
    row["minutes"] = trained.spread([runs[place].seconds / 60 for place in mine])
    return {**row, "seeds": len(mine)}


def _floors(digits: Digits, name: str, place: Sequence[str]) -> list[dict[str, Any]]:
    """Digits with counterparts of other digits, with pictures without ink, and as they are."""
    from trainer.data.sources.domains import MADE

    levels = _levels(digits, place)
    made = np.stack([MADE[name](level) for level in levels])  # type: ignore[index]
    empty = np.full_like(made, 255 if name == "negative" else 0)
    floors = {"unrelated digits": np.roll(made, 1, axis=0), "no ink": empty, "as given": levels}
    size = f", {digits.size} pixels" if digits.size else ""
    return [
        {"pairs": f"{floor}, {name}s{digits.called}{size}"}
        | {key: f"{value:.3g}" for key, value in compared(levels, b, name).items()}
        for floor, b in floors.items()
    ]


def _levels(digits: Digits, place: Sequence[str]) -> np.ndarray:
    """The digits themselves, uint8 [n, h, w, 1]: held-out ones where there is a split of them."""
    from trainer.config.recipe import load_experiment
    from trainer.data import loading

    overrides = [f"data.source={digits.source}", *digits.overrides, *place]
    if digits == _BUILT_IN:
        overrides.append("data.holdout_share=0")
    dataset = loading.load(load_experiment("dcgan-digits", overrides).data)
    examples = dataset.held_out if len(dataset.held_out) else dataset.train
    return np.asarray(examples["sample"][:_DIGITS])
