"""What a person sees of a run: the progress bar, rows of metrics, TensorBoard, grids of samples.

Observers look on: what goes wrong in one is a warning, never the end of a training run.
"""

import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from trainer.config.experiment import Experiment
from trainer.game.live import LiveModel
from trainer.run import pictures, previews
from trainer.run.directory import RunDirectory

logger = logging.getLogger("saddlepoint")

# Means of a block of steps, by name.
Values = Mapping[str, float]


class Clock:
    """Seconds of training: what evaluations take does not count."""

    def __init__(self) -> None:
        self._paused = 0.0

    def now(self) -> float:
        """Seconds since some moment."""
        return time.perf_counter() - self._paused

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stands still for the length of a block."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._paused += time.perf_counter() - begun


class Observer(Protocol):
    """Is told of every execution block."""

    def after(self, step: int, values: Values, steps: int) -> None:
        """`steps` steps ending at `step` were played, with these mean values."""
        ...


class Guarded:
    """Observers whose failures are warnings; one that fails `patience` times running is dropped."""

    def __init__(self, observers: list[Observer], patience: int = 10) -> None:
        self.patience = patience
        self.failures = dict.fromkeys(observers, 0)

    def after(self, step: int, values: Values, steps: int) -> None:
        """Tells everyone."""
        for observer in list(self.failures):
            try:
                observer.after(step, values, steps)
                self.failures[observer] = 0
            except Exception:
                logger.warning("%s failed.", type(observer).__name__, exc_info=True)
                self.failures[observer] += 1
                if self.failures[observer] == self.patience:
                    logger.warning("%s is dropped.", type(observer).__name__)
                    del self.failures[observer]


class ProgressBar:
    """Keras' progress bar over the whole run, on a terminal."""

    def __init__(self, start: int, steps: int, examples_per_step: int, clock: Clock) -> None:
        self.clock = clock
        self.bar = keras.utils.Progbar(steps, stateful_metrics=["images/s"], unit_name="step")
        self.examples = examples_per_step
        self.begun = clock.now()
        self.start = start

    def after(self, step: int, values: Values, steps: int) -> None:
        """See `Observer`."""
        rate = (step - self.start) * self.examples / (self.clock.now() - self.begun)
        # Where logits are probabilities, D(x) and D(G(z)) say it better.
        hidden = "_logits" if "D(x)" in values else "\0"
        shown = {name: v for name, v in values.items() if not name.endswith(hidden)}
        self.bar.update(step, [*shown.items(), ("images/s", rate)])


class TensorBoard:
    """A writer of event files, opened by the first event: what fails, fails in an observer."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    @cached_property
    def writer(self) -> tf.summary.SummaryWriter:
        """Of the event files."""
        return tf.summary.create_file_writer(self.folder)

    def at(self, step: int) -> AbstractContextManager[Any]:
        """Makes the writer the default, for events of this step."""
        context: AbstractContextManager[Any] = self.writer.as_default(step=step)
        return context


class MetricRows:
    """A row of metrics.jsonl, and TensorBoard scalars, every so many steps and at the last."""

    def __init__(
        self, run: RunDirectory, experiment: Experiment, examples_per_step: int, clock: Clock
    ) -> None:
        self.run, self.examples, self.clock = run, examples_per_step, clock
        self.every, self.last = experiment.run.log_every, experiment.train.steps
        self.board = TensorBoard(run.logs)
        self._restart()

    def _restart(self) -> None:
        self.sums: dict[str, float] = {}
        self.steps = 0
        self.begun = self.clock.now()

    def after(self, step: int, values: Values, steps: int) -> None:
        """See `Observer`."""
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * steps
        self.steps += steps
        if step % self.every and step != self.last:
            return
        row = {name: total / self.steps for name, total in self.sums.items()}
        row["images_per_second"] = self.steps * self.examples / (self.clock.now() - self.begun)
        self.run.append("metrics.jsonl", {"step": step, **row})
        with self.board.at(step):
            for name, value in row.items():
                tf.summary.scalar(name, value)
        if not sys.stderr.isatty():
            text = ", ".join(f"{name} {value:.4g}" for name, value in row.items())
            logger.info("step %d: %s", step, text)
        self._restart()


class SamplePictures:
    """samples/step-*.png and TensorBoard images, every so many steps and at the last.

    The seeds are the same every time.
    """

    def __init__(self, run: RunDirectory, live: LiveModel, experiment: Experiment) -> None:
        self.run, self.live = run, live
        self.every, self.last = experiment.run.sample_every, experiment.train.steps
        self.draw = previews.drawer(live, experiment.run.grid)
        self.board = TensorBoard(run.logs)

    def after(self, step: int, values: Values, steps: int) -> None:
        """See `Observer`."""
        if self.draw is None or (step % self.every and step != self.last):
            return
        self.live.refresh()
        picture = self.draw()
        self.run.write(f"samples/step-{step:08d}.png", pictures.png(picture))
        with self.board.at(step):
            tf.summary.image("samples", picture[np.newaxis])
