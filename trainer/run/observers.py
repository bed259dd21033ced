"""What a person sees of a run: the progress bar, rows of metrics, TensorBoard, grids of samples.

Observers look on: what goes wrong in one is a warning, never the end of a training run.
"""

import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from trainer.config.experiment import Experiment
from trainer.data.examples import DataSpec
from trainer.game.live import LiveModel
from trainer.game.readings import PREFIX
from trainer.run import advice, health, pictures, previews
from trainer.run.diagnosis import Diagnosis
from trainer.run.directory import RunDirectory

logger = logging.getLogger("saddlepoint")

# A value for each step of a block, by name.
Values = Mapping[str, np.ndarray]


class Clock:
    """Seconds of training, without evaluations; and how many steps they hold.

    Attributes:
        compiling: seconds of blocks that had to be compiled first.
        steps: of all other blocks.
    """

    def __init__(self) -> None:
        self._paused = 0.0
        self.compiling = 0.0
        self.steps = 0

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

    @contextmanager
    def playing(self, steps: int, *, compiled: bool) -> Iterator[None]:
        """Counts what is played within: the steps, or else the time that compilation took."""
        begun = self.now()
        yield
        if compiled:
            self.steps += steps
        else:
            self.compiling += self.now() - begun


class Pace:
    """Real examples a second since a moment; blocks that had to be compiled do not count."""

    def __init__(self, clock: Clock, examples_per_step: int) -> None:
        self.clock, self.examples = clock, examples_per_step
        self.restart()

    def restart(self) -> None:
        """Begins anew."""
        self._steps, self._begun = self.clock.steps, self._seconds()

    def _seconds(self) -> float:
        return self.clock.now() - self.clock.compiling

    @property
    def examples_per_second(self) -> float | None:
        """None where no block counts."""
        steps = self.clock.steps - self._steps
        seconds = max(self._seconds() - self._begun, 1e-9)
        return steps * self.examples / seconds if steps else None


class Observer:
    """Is told how a run goes; a subclass overrides what it wants to know."""

    def begin(self, step: int) -> None:
        """The run begins, or goes on, after this step."""

    def after(self, step: int, values: Values, steps: int) -> None:
        """`steps` steps ending at `step` were played, with these values."""

    def end(self, step: int) -> None:
        """The run ends, or is stopped, after this step, which `after` told of."""


class Guarded:
    """Observers whose failures are warnings; one that fails `patience` times running is dropped."""

    def __init__(self, observers: list[Observer], patience: int = 10) -> None:
        self.patience = patience
        self.failures = dict.fromkeys(observers, 0)

    def begin(self, step: int) -> None:
        """Tells everyone."""
        self._tell(lambda observer: observer.begin(step))

    def after(self, step: int, values: Values, steps: int) -> None:
        """Tells everyone."""
        self._tell(lambda observer: observer.after(step, values, steps))

    def end(self, step: int) -> None:
        """Tells everyone."""
        self._tell(lambda observer: observer.end(step))

    def _tell(self, tell: Callable[[Observer], None]) -> None:
        for observer in list(self.failures):
            try:
                tell(observer)
                self.failures[observer] = 0
            except Exception:
                logger.warning("%s failed.", type(observer).__name__, exc_info=True)
                self.failures[observer] += 1
                if self.failures[observer] == self.patience:
                    logger.warning("%s is dropped.", type(observer).__name__)
                    del self.failures[observer]


class ProgressBar(Observer):
    """One line over the whole run, on a terminal: as much of the values as fits into it."""

    # What the line holds beside its numbers, and the least that is left for the bar itself.
    _FRAME = len("/ || 0:00:00 left, ") + 10

    def __init__(self, start: int, steps: int, pace: Pace) -> None:
        self.pace, self.counted = pace, 2 * len(str(steps))
        self.bar = tqdm(
            total=steps,
            initial=start,
            dynamic_ncols=True,
            bar_format="{n_fmt}/{total_fmt} |{bar}| {remaining} left{postfix}",
        )

    def after(self, step: int, values: Values, steps: int) -> None:
        """See `Observer`."""
        self.bar.set_postfix_str(self._fitting(values), refresh=False)
        self.bar.update(steps)

    def close(self) -> None:
        """Leaves the line as it is."""
        self.bar.close()

    def _fitting(self, values: Values) -> str:
        rate = self.pace.examples_per_second
        parts = [] if rate is None else [f"{rate:.0f} images/s"]
        # Where logits are probabilities, D(x) and D(G(z)) say it better, and best.
        hidden = "_logits" if "D(x)" in values else "\0"
        names = [n for n in values if not n.endswith(hidden) and not n.startswith(PREFIX)]
        names.sort(key=lambda name: not name.startswith("D("))
        parts += [f"{_short(name)} {float(np.mean(values[name])):.3g}" for name in names]
        room = (self.bar.ncols or 80) - self._FRAME - self.counted
        shown = ""
        for part in parts:
            longer = f"{shown}, {part}" if shown else part
            shown = longer if len(longer) <= room else shown
        return shown


def _short(name: str) -> str:
    return name.replace("discriminator_", "D ").replace("generator_", "G ").replace("_", " ")


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


class MetricRows(Observer):
    """A row of metrics.jsonl, and TensorBoard scalars, every so many steps and at the end.

    The row of step 0 has what the first step met: networks that have learned nothing. Readings of
    the instruments stand in the rows after them.
    """

    def __init__(
        self, run: RunDirectory, experiment: Experiment, spec: DataSpec, pace: Pace
    ) -> None:
        self.diagnosis = Diagnosis(experiment, spec)
        self.run, self.experiment, self.pace = run, experiment, pace
        self.every = experiment.run.log_every
        self.board = TensorBoard(run.logs)
        self.newest: deque[dict[str, Any]] = deque(maxlen=health.MOST_ROWS)
        self.alarmed = False
        self._restart()

    def _restart(self) -> None:
        self.sums: dict[str, float] = {}
        # Steps by name: another stage of a game may watch other values.
        self.counts: dict[str, int] = {}
        self.steps = 0
        self.pace.restart()

    def begin(self, step: int) -> None:
        """Looks at what was written before, of which everything has been said."""
        for row in self.run.rows("metrics.jsonl"):
            self.diagnosis.look(row)

    def after(self, step: int, values: Values, steps: int) -> None:
        """See `Observer`."""
        if step == steps:
            self._write(0, {name: float(of_steps[0]) for name, of_steps in values.items()})
        for name, of_steps in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(np.sum(of_steps, dtype=np.float64))
            self.counts[name] = self.counts.get(name, 0) + steps
        self.steps += steps
        if step % self.every == 0:
            self._write_means(step)

    def end(self, step: int) -> None:
        """See `Observer`."""
        if self.steps:
            self._write_means(step)

    def _write_means(self, step: int) -> None:
        row = {name: total / self.counts[name] for name, total in self.sums.items()}
        rate = self.pace.examples_per_second
        self._write(step, row if rate is None else {**row, "images_per_second": rate})
        self._restart()

    def _write(self, step: int, row: dict[str, float]) -> None:
        self.run.append("metrics.jsonl", {"step": step, **row})
        with self.board.at(step):
            for name, value in row.items():
                tf.summary.scalar(name, value)
        if not sys.stderr.isatty():
            self._log(f"step {step}", {n: v for n, v in row.items() if not n.startswith(PREFIX)})
            readings = {n.removeprefix(PREFIX): v for n, v in row.items() if n.startswith(PREFIX)}
            if readings:
                self._log(f"step {step}, instruments", readings)
        self._look_after_the_game({"step": step, **row})

    def _log(self, title: str, values: dict[str, float]) -> None:
        text = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
        logger.info("%s: %s", title, text)

    def _look_after_the_game(self, row: dict[str, Any]) -> None:
        self.newest.append(row)
        wrong = None if self.alarmed else health.destroyed(list(self.newest))
        if wrong:
            self.alarmed = True
            logger.warning("%s %s", wrong, advice.calm_down(self.experiment, self.run.path))
        for sentence in self.diagnosis.look(row):
            logger.warning("%s", sentence)
            with self.board.at(row["step"]):
                tf.summary.text("advice", sentence)


class SamplePictures(Observer):
    """samples/step-*.png, .txt, or both: at step 0, every so many steps and at the end.

    TensorBoard shows the same. The seeds are the same every time. Who does not write them brings
    the networks that are asked up to the others all the same: their statistics stay equal.
    """

    def __init__(
        self, run: RunDirectory, live: LiveModel, experiment: Experiment, *, writes: bool = True
    ) -> None:
        self.run, self.live, self.writes = run, live, writes
        self.every = experiment.run.sample_every
        self.draw = previews.drawer(live, experiment.run.grid)
        self.write = previews.writer(live, experiment.run.grid)
        self.board = TensorBoard(run.logs)
        self.drawn: int | None = None

    def begin(self, step: int) -> None:
        """See `Observer`."""
        if step == 0:
            self._draw(step)

    def after(self, step: int, values: Values, steps: int) -> None:
        """See `Observer`."""
        if step % self.every == 0:
            self._draw(step)

    def end(self, step: int) -> None:
        """See `Observer`."""
        if step != self.drawn:
            self._draw(step)

    def _draw(self, step: int) -> None:
        if self.draw is None and self.write is None:
            return
        name = f"samples/step-{step:08d}"
        self.live.refresh()
        self.drawn = step
        if not self.writes:
            return
        if self.draw is not None:
            picture = self.draw()
            self.run.write(f"{name}.png", pictures.png(picture))
            with self.board.at(step):
                tf.summary.image("samples", picture[np.newaxis])
        if self.write is not None:
            text = self.write()
            self.run.write(f"{name}.txt", text.encode())
            with self.board.at(step):
                tf.summary.text("samples", text)
