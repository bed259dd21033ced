"""Evaluation while training: a row, TensorBoard scalars, and the best checkpoints kept."""

import logging
from typing import Any

import tensorflow as tf

from trainer.config.experiment import Experiment
from trainer.data.examples import Dataset
from trainer.evaluation import selection, targets
from trainer.evaluation.evaluating import evaluate
from trainer.evaluation.reference import Reference
from trainer.game.assembly import Game
from trainer.run.checkpoints import Checkpoints
from trainer.run.directory import RunDirectory
from trainer.run.observers import Observer, TensorBoard, Values

logger = logging.getLogger("saddlepoint")


class Evaluations(Observer):
    """Evaluates after the checkpoint of every `evaluate.every`-th step and of the last one.

    It never touches the training's state: everything it does is a function of the weights.
    """

    def __init__(
        self,
        run: RunDirectory,
        experiment: Experiment,
        dataset: Dataset,
        game: Game,
        checkpoints: Checkpoints,
    ) -> None:
        self.run, self.experiment, self.game = run, experiment, game
        self.checkpoints = checkpoints
        # Its data is that of the training: nothing is read twice.
        self.reference = Reference(experiment, dataset)
        self.board = TensorBoard(run.logs)

    def after(self, step: int, values: Values, steps: int) -> None:
        """See `Observer`; called when the step has its checkpoint.

        A step that was evaluated before is left alone.
        """
        if any(row["step"] == step for row in self.run.rows(selection.FILE)):
            return
        target = targets.of_game(self.run.path, self.experiment, self.game, step)
        evaluation, _ = evaluate(target, self.reference)
        record(self.run, self.checkpoints, evaluation.as_dict())
        with self.board.at(step):
            for number in evaluation.numbers:
                tf.summary.scalar(f"evaluation/{number.name}", number.value)
        found = [f"{n.key} {n.value:.4g}" for n in evaluation.numbers]
        unmeasured = [f"{m.metric} not measured ({m.reason})" for m in evaluation.skipped]
        logger.info(
            "Evaluated step %d in %.0f s: %s",
            *(step, evaluation.seconds, ", ".join([*found, *unmeasured])),
        )


def record(run: RunDirectory, checkpoints: Checkpoints, row: dict[str, Any]) -> None:
    """Appends an evaluation of a checkpoint to the run, and keeps the checkpoints that are best."""
    run.append(selection.FILE, row)
    kept = set(checkpoints.kept())
    evaluated = [e for e in selection.history(run.rows(selection.FILE)) if e.step in kept]
    checkpoints.keep_best({step for step, _ in selection.best_steps(evaluated).values()})
