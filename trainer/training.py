"""A training run: play, watch, checkpoint, until the steps are done or something asks to stop."""

import contextlib
import functools
import itertools
import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.contrib.logging import logging_redirect_tqdm

from trainer.catalogue import own_components, require_own_modules, resolve
from trainer.config.experiment import Experiment
from trainer.config.recipe import load_experiment, with_overrides
from trainer.data import binarised, loading, pipeline
from trainer.data.examples import Dataset, DataSpec, Examples
from trainer.data.jitter import Jitter
from trainer.errors import ConfigError, RunError
from trainer.files import expanded, join
from trainer.game import instruments
from trainer.game.assembly import Game, assemble, make_round, prepare
from trainer.run import advice, distribution, health, observers
from trainer.run.checkpoints import Checkpoints, newest_listed
from trainer.run.directory import RunDirectory
from trainer.run.play import Play, play_function
from trainer.run.signals import stop_requests
from trainer.run.summary import Summary
from trainer.run.tracking import Tracking, require_installed
from trainer.run.workers import Workers, joined

logger = logging.getLogger("saddlepoint")


def train(
    recipe: Experiment | str | Path, run_dir: str | Path, *, progress: bool = True
) -> Summary:
    """Plays a run to its end, going on from its last checkpoint when there is one.

    Args:
        recipe: an experiment, or what `load_experiment` takes: a recipe's name or path.
        run_dir: a new directory, or one that holds this very run; local or remote.
        progress: whether to show a progress bar.

    Raises:
        ConfigError: when the experiment, the data and the directory do not fit together.
        RunError: when a loss is not finite or a checkpoint cannot be written.
        WorkerLostError: when another worker of the cluster that the environment names is gone.
    """
    if isinstance(recipe, Experiment):
        experiment = recipe
    else:
        experiment = load_experiment(os.fspath(recipe), run_dir=run_dir)
    with logging_redirect_tqdm() if progress else contextlib.nullcontext():
        return _train(experiment, run_dir, progress)


def _train(experiment: Experiment, run_dir: str | Path, progress: bool) -> Summary:
    with session(experiment, run_dir) as opened:
        return opened.play(progress)


@contextlib.contextmanager
def session(experiment: Experiment, run_dir: str | Path) -> Iterator["Session"]:
    """The game and the data of a run, whose directory is locked meanwhile; see `train`."""
    workers = joined(experiment.devices)
    # What could not be known before the devices were.
    with_overrides(experiment, [f"devices.replicas={workers.strategy.num_replicas_in_sync}"])
    run = RunDirectory(run_dir)
    with workers.or_lost(), contextlib.ExitStack() as stack:
        with workers.together("read what it is to train on"):
            if workers.is_chief:
                run.check(experiment)
            dataset = _read(experiment, run)
        experiment = _in_steps(experiment, dataset.spec)
        workers.agree_on(experiment, dataset.spec)
        with workers.strategy.scope():
            game = assemble(
                experiment,
                dataset.spec,
                replicas=workers.strategy.num_replicas_in_sync,
                examples=dataset.train,
            )
        pipeline.check_size(dataset.train, experiment.train.batch_size, game.gan.round.turns)
        with workers.together("begin the run"):
            if workers.is_chief:
                stack.enter_context(run.locked())
                run.claim(experiment, dataset.spec)
        with workers.together("see the run that the chief has begun"):
            if not workers.is_chief:
                run.require(experiment)
        if workers.is_chief:
            stack.enter_context(run.logging())
        yield Session(experiment, run, game, dataset, workers)


def _read(experiment: Experiment, run: RunDirectory) -> Dataset:
    """The data, after a look at all that is cheaper to be found wrong."""
    if experiment.train.warm_start and not run.exists:
        _check_warm_start(experiment.train.warm_start)
    # What is not found is said before the data is read.
    require_installed(experiment)
    require_own_modules(experiment)
    for component in own_components(experiment):
        resolve(component)
    dataset = loading.load(experiment.data)
    prepare(experiment, dataset)
    return dataset


def resume(run_dir: str | Path, overrides: Sequence[str] = (), *, progress: bool = True) -> Summary:
    """Goes on with a run from its own config.yaml; see `train`.

    Args:
        run_dir: of a run that began before.
        overrides: `KEY=VALUE` of what may differ on resume, such as `train.steps=2000`.
        progress: as there.

    Raises:
        ConfigError: also when there is no run, or an override would make it another one.
    """
    run = RunDirectory(run_dir)
    recorded = run.read_experiment()
    experiment = with_overrides(recorded, overrides)
    if experiment.hash != recorded.hash:
        changed, _, _ = recorded.first_difference(experiment)
        raise ConfigError(
            f"--set: received {changed}, which a run keeps; on resume train.steps and train.epochs "
            "(upwards), run.*, evaluate.*, devices.* and paths may differ. Or begin another run:\n"
            f"  {advice.begin_anew(run.path, *overrides, warm=False)}"
        )
    return train(experiment, run.path, progress=progress)


def _in_steps(experiment: Experiment, spec: DataSpec) -> Experiment:
    """The experiment with its epochs, where it has them, as steps on this data."""
    epochs = experiment.train.epochs
    if epochs is None:
        return experiment
    examples = experiment.train.batch_size * make_round(experiment, spec).turns
    steps = math.ceil(epochs * spec.count / examples)
    logger.info("%g epochs of %d examples are %d steps.", epochs, spec.count, steps)
    return with_overrides(experiment, [f"train.steps={steps}"])


def _check_warm_start(folder: str | None) -> None:
    """Refuses a run to start from that has no checkpoint, before anything is read or written.

    Raises:
        ConfigError: naming it.
    """
    if folder and newest_listed(_checkpoints_of(folder)) is None:
        raise ConfigError(
            f"train.warm_start: {folder!r} holds no checkpoint; give the directory of a run "
            "that has one."
        )


def _checkpoints_of(run_dir: str) -> str:
    return join(expanded(run_dir), "checkpoints")


class Session:
    """A run that goes on from its newest checkpoint, as often as it is asked to."""

    def __init__(
        self,
        experiment: Experiment,
        run: RunDirectory,
        game: Game,
        dataset: Dataset,
        workers: Workers,
    ) -> None:
        self.experiment, self.run, self.game = experiment, run, game
        self.dataset, self.workers, self.strategy = dataset, workers, workers.strategy
        self.checkpoints = Checkpoints(
            game, run.checkpoints, keep=experiment.run.keep, writes=workers.is_chief
        )
        # By stage, and whether the instruments are read.
        self.play_functions: dict[tuple[int, bool], Play] = {}
        # The kinds of blocks that were traced.
        self.traced: set[tuple[int, bool, int]] = set()
        self.turns = game.gan.round.turns
        # Steps between two readings.
        self.read_every = experiment.run.instruments_every
        # Batches for them, from the first reading on.
        self.held_out: Iterator[Any] | None = None
        followed = workers.is_chief and experiment.run.mlflow is not None
        self.tracking: list[observers.Observer] = [Tracking(run, experiment)] if followed else []
        # Told of the steps that have their checkpoint.
        self.evaluations = observers.Guarded(self._evaluations())
        self.clock = observers.Clock()

    def play(self, progress: bool) -> Summary:
        """Plays from the restored step to wherever it ends."""
        start = self._begin()
        with contextlib.ExitStack() as stack:
            return self._play(start, observers.Guarded(self._watching(start, progress, stack)))

    def _watching(
        self, start: int, progress: bool, stack: contextlib.ExitStack
    ) -> list[observers.Observer]:
        """Who looks on: on the chief alone those that write."""
        writes, experiment = self.workers.is_chief, self.experiment
        pictures = observers.SamplePictures(self.run, self.game.live, experiment, writes=writes)
        if not writes:
            return [pictures]
        rows = observers.MetricRows(self.run, experiment, self.dataset.spec, self._pace())
        looking = [rows, pictures, *self.tracking]
        if not progress:
            return looking
        bar = observers.ProgressBar(start, experiment.train.steps, self._pace())
        return [*looking, stack.enter_context(contextlib.closing(bar))]

    def _play(self, start: int, watch: observers.Guarded) -> Summary:
        step, steps = start, self.experiment.train.steps
        begun, training, pace = time.perf_counter(), self.clock.now(), self._pace()
        with self.clock.paused():
            watch.begin(start)
        if start:
            # A kill may have come between the checkpoint and its evaluation.
            self._evaluate(start)
        ended_by = "steps"
        with stop_requests() as stop_requested:
            batches = self._batches(self.dataset.train, start)
            while step < steps and ended_by == "steps":
                block = self._block_length(step)
                values = self._play_block(block, batches, step)
                step += block
                watch.after(step, values, block)
                if step < steps:
                    ended_by = self._reason_to_stop(begun, stop_requested)
                if step == steps or ended_by != "steps":
                    watch.end(step)
                if step % self.experiment.run.checkpoint_every == 0:
                    self._checkpoint()
                if ended_by == "steps":
                    self._evaluate(step)
            self._checkpoint()
        seconds = self.clock.now() - training
        logger.info("Ended at step %d of %d (%s).", step, steps, ended_by)
        return Summary(
            *(self.run.path, start, step, ended_by, seconds, pace.examples_per_second),
            samples=self.run.newest_samples() if self.workers.is_chief else None,
            warning=self._warning() if self.workers.is_chief else None,
            worker=self.workers.index,
            workers=self.workers.size,
        )

    def _warning(self) -> str | None:
        wrong = health.destroyed(self.run.rows("metrics.jsonl"))
        return wrong and f"{wrong} {advice.calm_down(self.experiment, self.run.path)}"

    def _begin(self) -> int:
        """Restores or warm-starts, and returns the step to go on from."""
        self.held_out = None
        with self.workers.together("restore the last checkpoint"):
            if self.workers.is_chief:
                self.checkpoints.remove_unfinished()
            step = self.checkpoints.restore()
        self.workers.agree({"the step of its last checkpoint": str(step)})
        if step is None:
            with self.strategy.scope():
                self.game.gan.begin(self.dataset.train)
        warm = self.experiment.train.warm_start
        if step is None and warm:
            with self.workers.together("start from the weights of another run"):
                self.checkpoints.warm_start(_checkpoints_of(warm))
        step = step or 0
        if self.workers.is_chief:
            self.run.resume_logs(step)
            self.run.record_environment(step)
        logger.info(
            "%s at step %d of %d on %d replica(s); %d examples.",
            *("Resuming" if step else "Starting", step, self.experiment.train.steps),
            *(self.strategy.num_replicas_in_sync, len(self.dataset.train)),
        )
        return step

    def _pace(self) -> observers.Pace:
        return observers.Pace(self.clock, self.experiment.train.batch_size * self.turns)

    def _evaluations(self) -> list[observers.Observer]:
        if self.experiment.evaluate.every is None or not self.workers.is_chief:
            return []
        # Its libraries take a second to import, which a run without evaluations need not wait.
        from trainer.evaluation.observer import Evaluations

        evaluations = Evaluations(
            self.run, self.experiment, self.dataset, self.game, self.checkpoints
        )
        return [evaluations, *self.tracking]

    def _evaluate(self, step: int) -> None:
        """Evaluates a step whose turn it is, with its checkpoint."""
        every = self.experiment.evaluate.every
        if every is None or (step % every and step != self.experiment.train.steps):
            return
        self._checkpoint()
        with self.clock.paused():
            self.evaluations.after(step, {}, 0)

    def _held_out(self, step: int) -> list[Iterator[Any]]:
        """Batches for the instruments, one a reading; none where no such examples are held out."""
        if self.read_every is None or not self.dataset.holds_out_alike:
            return []
        if self.held_out is None:
            self.held_out = self._batches(self.dataset.held_out, step // self.read_every)
        return [self.held_out]

    def _batches(self, examples: Examples, start: int) -> Iterator[Any]:
        batches = functools.partial(
            pipeline.batches,
            examples,
            batch_size=self.experiment.train.batch_size,
            turns=self.turns,
            seed=self.experiment.seed,
            start_step=start,
            flip=self.dataset.spec.images if self.experiment.data.flip else (),
            jitter=Jitter.of(self.dataset.spec, self.experiment.data),
            binarise=binarised.names(self.dataset.spec, self.experiment.data),
            by_category=self.game.gan.round.parts.condition.drawn_by,
        )
        return distribution.distributed(self.strategy, lambda share: batches(share=share))

    def _block_length(self, step: int) -> int:
        """Steps until the next thing that must happen between two steps."""
        stages = [begins - step for begins in self.game.gan.round.stages() if begins > step]
        config = self.experiment.run
        events = (config.log_every, config.sample_every, config.checkpoint_every)
        evaluated = self.experiment.evaluate.every or config.checkpoint_every
        to_events = [every - step % every for every in (*events, evaluated)]
        if self.read_every is not None:
            # A step that is read is a block of its own.
            if self._is_read(step):
                return 1
            to_events.append(self.read_every - 1 - step % self.read_every)
        left = self.experiment.train.steps - step
        return min(self.experiment.devices.steps_per_execution, left, *to_events, *stages)

    def _is_read(self, step: int) -> bool:
        """Whether the instruments are read in the step after so many steps."""
        return self.read_every is not None and (step + 1) % self.read_every == 0

    def _play_block(self, length: int, batches: Iterator[Any], step: int) -> dict[str, np.ndarray]:
        """Plays a block and returns a value for each of its steps, by name.

        What an instrument cannot say of a step is left out.

        Raises:
            RunError: when a value of any of its steps is not finite.
        """
        stage = self.game.gan.stage_at(step)
        if step in self.game.gan.round.stages():
            # A stage may begin from the averaged networks.
            self.game.live.refresh()
            self.game.gan.enter(stage)
        read = self._is_read(step)
        iterators = [batches, *self._held_out(step)] if read else [batches]
        if not self.play_functions:
            logger.info("Compiling the first step …")
        with self.clock.playing(length, compiled=self._is_traced(length, stage, read)):
            if (stage, read) not in self.play_functions:
                self.play_functions[stage, read] = (
                    self._reading_function(stage, iterators) if read else self._play_function(stage)
                )
            played = self.play_functions[stage, read](length, *iterators)
            values = {name: of_steps.numpy() for name, of_steps in played.items()}
        readings = {n: values.pop(n) for n in list(values) if n.startswith(instruments.PREFIX)}
        for i, name in itertools.product(range(length), values):
            if not np.isfinite(values[name][i]):
                raise RunError(
                    f"{name} became {values[name][i]} at step {step + i + 1}; training stopped, "
                    f"and no checkpoint of it was written. {self.checkpoints.remedy()}"
                )
        return values | {n: of_steps for n, of_steps in readings.items() if np.isfinite(of_steps)}

    def _is_traced(self, length: int, stage: int, read: bool) -> bool:
        """Whether a block like this one was played before; under replicas its length counts."""
        kind = stage, read, length if self.strategy.num_replicas_in_sync > 1 else 1
        before = kind in self.traced
        self.traced.add(kind)
        return before

    def _reading_function(self, stage: int, iterators: Sequence[Iterator[Any]]) -> Play:
        """A step that the instruments read, or else a step: they never end a run."""
        try:
            reading: Any = self._play_function(stage, read=True)
            reading.get_concrete_function(1, *iterators)
        except Exception:
            logger.warning("The instruments cannot read this game.", exc_info=True)
            unread = self._play_function(stage)
            return lambda length, batches, *_: unread(length, batches)
        return reading

    def _play_function(self, stage: int, *, read: bool = False) -> Play:
        compiled = self.game.gan.round.compiles and distribution.compile_with_xla(
            self.experiment.devices, self.strategy
        )
        return play_function(self.game, self.strategy, compiled, stage, read=read)

    def _reason_to_stop(self, begun: float, stop_requested: Callable[[], bool]) -> str:
        budget = self.experiment.run.time_budget_minutes
        late = budget is not None and time.perf_counter() - begun > 60.0 * budget
        # One of the workers may be told so alone; then all stop after this block.
        flags = self.workers.gathered([stop_requested(), late])
        signalled, late = (bool(of_all.any()) for of_all in flags.T)
        return "signal" if signalled else "time budget" if late else "steps"

    def _checkpoint(self) -> None:
        with self.workers.together("write the checkpoint"):
            self.checkpoints.save()
        if self.workers.is_chief:
            self.run.sync()
