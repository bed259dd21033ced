"""Searches of trained runs: what they answer, and where they stand after every step."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from trainer import catalogue
from trainer.config.recipe import with_overrides
from trainer.game.assembly import Game, assemble, searched
from trainer.game.searches.search import Search
from trainer.game.signatures import completion
from trainer.run.checkpoints import Checkpoints
from trainer.run.directory import RunDirectory


def opened(run_dir: str, search: Mapping[str, Any] | None = None) -> Game:
    """The game of a run's last checkpoint, with a search of these options."""
    run = RunDirectory(run_dir)
    options = ", ".join(f"{name}: {value}" for name, value in (search or {}).items())
    listed = f"[{{{options}}}]" if options else "[]"
    experiment = with_overrides(run.read_experiment(), [f"export.searches={listed}"])
    game = assemble(experiment, run.read_spec())
    Checkpoints(game, run.checkpoints).restore()
    return game


def asked(
    run_dir: str, search: Mapping[str, Any], inputs: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], float]:
    """What a search of a run answers to one request, and its seconds of CPU the second time."""
    game = opened(run_dir, search)
    function = tf.function(game.live.signatures[search["name"]].function, autograph=False)
    given = {name: tf.constant(rows) for name, rows in inputs.items()}
    function(**given)
    outputs, seconds = _timed(lambda: function(**given))
    return {name: tensor.numpy() for name, tensor in outputs.items()}, seconds


class Path(NamedTuple):
    """How a completion went, for n pictures and after 0, 1, … steps.

    Attributes:
        loss: the least so far, float64 [steps + 1, n].
        error: mean squared error of the missing pixels on [0, 1], of the latents with that loss.
        latent: of the least loss of all, float32 [n, z].
        start_seconds: of CPU until the first step.
        step_seconds: of CPU of a step, all pictures together.
    """

    loss: np.ndarray
    error: np.ndarray
    latent: np.ndarray
    start_seconds: float
    step_seconds: float

    def seconds(self, steps: np.ndarray | int) -> Any:
        """Of CPU until so many steps are taken."""
        return self.start_seconds + self.step_seconds * steps


class Completion:
    """`complete` of an unconditional run, step by step."""

    def __init__(self, run_dir: str, options: catalogue.Filling) -> None:
        game, experiment = opened(run_dir), RunDirectory(run_dir).read_experiment()
        self.options = options
        self.subject = searched(experiment, game.gan.round, game.live.signatures)
        self.search = Search(options, self.subject, completion.data_loss(options))

    def path(
        self, images: np.ndarray, mask: np.ndarray, steps: int, start: np.ndarray | None = None
    ) -> Path:
        """Fills pictures uint8 [n, h, w, c] where mask uint8 [n, h, w, 1] is 0, whole as they are.

        Args:
            images: what is missing of them is known here, and nowhere in the search.
            mask: 1 where pixels are known.
            steps: of every picture.
            start: latents [n, z] to begin at, in the place of where the options begin.
        """
        rows = completion.rows_of(
            self.options, self.subject, tf.constant(images), tf.constant(mask)
        )
        seeds = tf.range(len(images), dtype=tf.int64)
        begin = _compiled(lambda: self.search.start(seeds, {}, rows, rows["wanted"]))
        latent, start_seconds = _timed(begin)
        if start is not None:
            latent, start_seconds = tf.constant(start), 0.0
        descent = self.search.descent(latent, {}, rows)
        progress, step = descent.begin(latent), tf.function(descent.step, autograph=False)
        look = tf.function(lambda p: self._look(descent.found(p), rows), autograph=False)
        step(progress)
        seen, seconds = [look(progress)], 0.0
        for _ in range(steps):
            progress, once = _timed(lambda: step(progress))  # noqa: B023
            seconds += once
            seen.append(look(progress))
        loss, error = (np.array(column, float) for column in zip(*seen, strict=True))
        found = descent.found(progress).latent.numpy()
        return Path(loss, error, found, start_seconds, seconds / max(steps, 1))

    def _look(self, found: Any, rows: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        made = tf.clip_by_value(self.subject.made(found.latent, {}), -1.0, 1.0)
        squares = (1.0 - rows["known"]) * tf.square(0.5 * (made - rows["wanted"]))
        missing = tf.reduce_sum(1.0 - rows["known"], axis=[1, 2, 3]) * float(made.shape[-1])
        return found.loss, tf.reduce_sum(squares, axis=[1, 2, 3]) / missing


def steps_to(values: np.ndarray, target: np.ndarray) -> np.ndarray:
    """After how many steps each row first is at its target or below: float64 [n], or infinity.

    Args:
        values: [steps + 1, n].
        target: [n].
    """
    reached = values <= target
    return np.where(reached.any(axis=0), reached.argmax(axis=0), np.inf)


def psnr(error: Any) -> Any:
    """Peak signal to noise ratio in dB of a mean squared error on [0, 1]."""
    return -10.0 * np.log10(error)


def _compiled(function: Callable[[], Any]) -> Callable[[], Any]:
    """A function that was traced before it is timed."""
    traced = tf.function(function, autograph=False)
    traced()
    return traced


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What work gives, and its seconds of CPU."""
    begun = time.process_time()
    given = work()
    return given, time.process_time() - begun
