"""COCO sentences: BLEU-5 against self-BLEU-5 of writers over temperatures, beside published ones.

All rows are measured here, by the same code and on the same references: samples that others have
published, real text, and our runs, each at several temperatures. A temperature costs nothing, so
a GAN is better than maximum likelihood only where it lies above the curve that this one draws:
BLEU-5 at no more self-BLEU-5 (Caccia et al. 2020, "Language GANs falling short").

Reference: Zhu et al. 2018, "Texygen: a benchmarking platform for text generation models". The
sentences and the samples are theirs.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import harness, trained

_LENGTH = 25
_WRITER = ("network={name: recurrent, embedding: 64, hidden: 256}", "run.instruments_every=null")
_TEMPERATURES = (0.7, 0.8, 0.9, 1.0, 1.1)
_PUBLISHED = {"SeqGAN": "seq.txt", "MLE": "mle.txt", "LeakGAN": "leakgan.txt"}
# Steps of maximum likelihood of every game: 80 epochs of 9 999 sentences in batches of 64.
_PRETRAINING = 12_480


class _Game(NamedTuple):
    """A recipe, and the steps of its stages behind maximum likelihood."""

    recipe: str
    overrides: tuple[str, ...] = ()
    judge_alone: int = 0
    game: int = 0


_GAMES = {
    "our MLE": _Game("mle-grammar"),
    "our Gumbel-softmax": _Game("gumbel-grammar", (), 1000, 2000),
    # Roll-outs of 25 words among 4 646 are most of the cost.
    "our SeqGAN": _Game("seqgan-grammar", ("round.rollouts=2", "round.baseline=mean"), 1000, 400),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--games", nargs="*", choices=tuple(_GAMES), default=list(_GAMES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--folder", type=Path, default=Path("../shared/data/coco_sentences"), help="of the data"
    )
    trained.add_arguments(parser, "runs/coco", workers=1)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains what is not trained, and returns the result."""
    folder, most = arguments.folder.resolve(), 300 if arguments.quick else None
    jobs = {game: _job(game, arguments, folder) for game in arguments.games}
    made = trained.make(jobs, arguments.work, workers=arguments.workers, threads=arguments.threads)
    references = _sentences((folder / "test_coco.txt").read_text("utf-8"))[:most]
    rows = [
        _row(f"{name}, published", None, _lines(folder / file)[:most], references)
        for name, file in _PUBLISHED.items()
    ]
    rows.append(_row("real text", None, _lines(folder / "image_coco.txt")[:most], references))
    for game in _GAMES:
        done = game in made and not made[game].problem
        if not done:
            rows.append({"writer": game, "BLEU-5": "not run"})
            continue
        of_game = _written(made[game].run_dir, most or 9984)
        rows += [_row(game, tau, texts, references) for tau, texts in of_game.items()]
    return {
        "rows": marked(rows),
        "details": {
            "seed": arguments.seed,
            "references": len(references),
            "problems": trained.problems(made),
            "commit": harness.commit(),
        },
    }


def _job(name: str, arguments: argparse.Namespace, folder: Path) -> trained.Job:
    game, quick = _GAMES[name], arguments.quick
    source = {"name": "text", "path": str(folder / "image_coco.txt"), "length": _LENGTH}
    source["held_out"] = str(folder / "test_coco.txt")
    alone, played, pretraining = (
        (10, 10, 20) if quick else (game.judge_alone, game.game, _PRETRAINING)
    )
    steps = pretraining
    stages: tuple[str, ...] = ()
    if game.game:
        steps += alone + played
        stages = (
            f"round.pretrain_generator={pretraining}",
            f"round.pretrain_discriminator={alone}",
        )
    every = 20 if quick else 480
    overrides = (
        *(*_WRITER, *game.overrides, *stages, f"data.source={json.dumps(source)}"),
        f"optimizers.generator.schedule.steps={pretraining}",
        *(f"train.steps={steps}", f"seed={arguments.seed}"),
        *(f"run.sample_every={every}", f"run.checkpoint_every={every}"),
    )
    slug = name.removeprefix("our ").lower()
    return trained.Job(f"{slug}-{steps}-{arguments.seed}", game.recipe, overrides, None)


def _written(run_dir: str, count: int) -> dict[float, list[str]]:
    """Texts of seeds 0, 1, … at every temperature."""
    from trainer.opening import open_run

    model, seed = open_run(run_dir), np.arange(count, dtype=np.int64)
    texts: dict[float, list[str]] = {}
    for tau in _TEMPERATURES:
        temperature = np.full(count, tau, np.float32)
        made = model.ask("generate_tempered", seed=seed, temperature=temperature)["text"]
        texts[tau] = [text.decode("utf-8") for text in made]
    return texts


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").removesuffix("\n").split("\n")


def _sentences(text: str) -> list[list[str]]:
    from trainer.data.symbols import parted

    return [parted(line, "word") for line in text.removesuffix("\n").split("\n")]


def _row(
    writer: str, temperature: float | None, texts: Sequence[str], references: list[list[str]]
) -> dict[str, Any]:
    from trainer.metrics.bleu_scores import bleu, self_bleu

    sentences = _sentences("\n".join(texts))
    against, among = bleu(sentences, references), self_bleu(sentences)
    row: dict[str, Any] = {
        "writer": writer,
        "temperature": "" if temperature is None else temperature,
    }
    row |= {f"BLEU-{order}": round(float(x.mean()), 3) for order, x in against.items()}
    row |= {f"self-BLEU-{order}": round(float(x.mean()), 3) for order, x in among.items()}
    return row | {"different": f"{len(set(texts)) / len(texts):.1%}"}


def marked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, of our games with how far BLEU-5 lies above MLE's curve at as much self-BLEU-5.

    The curve is the broken line through the temperatures of our MLE; beyond its ends nothing is
    said.
    """
    curve = sorted(
        (row["self-BLEU-5"], row["BLEU-5"])
        for row in rows
        if row["writer"] == "our MLE" and "self-BLEU-5" in row
    )
    if len(curve) < 2:
        return rows
    x, y = zip(*curve, strict=True)
    return [
        {**row, "above MLE's curve": round(row["BLEU-5"] - float(np.interp(at, x, y)), 3)}
        if row["writer"] != "our MLE" and x[0] <= (at := row.get("self-BLEU-5", -1.0)) <= x[-1]
        else row
        for row in rows
    ]
