"""Everything a killed run needs to go on as if nothing had happened."""

import contextlib
import logging
import os
import re
from collections.abc import Collection

import tensorflow as tf

from trainer.errors import ConfigError, RunError
from trainer.files import file_system, join, reason_of
from trainer.game.assembly import Game
from trainer.run import advice

logger = logging.getLogger("saddlepoint")


class Checkpoints:
    """The checkpoints of a run: networks, averages, optimizer slots, a round's state and the step.

    Nothing else is state: noise and data order are functions of the step. TensorFlow writes a
    checkpoint's files aside, and the state file `checkpoint`, replaced last, says which ones count.
    Beside the newest ones lie copies of the best, in the folder `best`; the index of a copy is
    written last.

    Args:
        folder: local or remote.
        keep: how many of the newest are kept.
        writes: whether this process writes them, as one of those that train together does.
    """

    def __init__(self, game: Game, folder: str, *, keep: int = 3, writes: bool = True) -> None:
        gan = game.gan
        self.game, self.writes = game, writes
        self.folder = folder
        self.best = join(folder, "best")
        averages = {_average_name(name): model for name, model in gan.averages.items()}
        # Variables one by one: TensorFlow does not see those of layers in a list of a model's.
        networks = {
            name: [variable.value for variable in model.variables]
            for name, model in {**gan.networks, **averages}.items()
        }
        optimizers = {f"{side}_optimizer": made for side, made in gan.optimizers.items()}
        self.networks = tf.train.Checkpoint(**networks)
        self.everything = tf.train.Checkpoint(
            **networks, **optimizers, step=gan.step, state=dict(gan.round.state)
        )
        self.system = file_system(folder)
        listed = newest_listed(folder)
        self.manager = tf.train.CheckpointManager(
            self.everything, folder, max_to_keep=keep, checkpoint_name="step"
        )
        if listed and not self.manager.latest_checkpoint:
            raise RunError(
                f"The state file {join(folder, 'checkpoint')!r} cannot be read any more; run the "
                "same command again."
            )

    def steps(self) -> list[int]:
        """Steps of the whole checkpoints, oldest first."""
        present = [p for p in self.manager.checkpoints if self.system.exists(f"{p}.index")]
        return [_step_of(path) for path in present]

    def kept(self) -> list[int]:
        """Steps that can be restored: the newest ones and the best ones, in order."""
        return sorted({*self.steps(), *self._best_steps()})

    def keep_best(self, steps: Collection[int]) -> None:
        """Keeps copies of these steps, which are among the newest or the best, and of no others."""
        self.system.make_folder(self.best)
        for step in set(steps) & set(self.steps()) - self._best_steps():
            names = self._files(self.folder, step)
            for name in sorted(names, key=lambda name: name.endswith(".index")):
                tf.io.gfile.copy(join(self.folder, name), join(self.best, name), overwrite=True)
        for step in self._best_steps() - set(steps):
            for name in sorted(self._files(self.best, step), reverse=True):
                self.system.remove(join(self.best, name))

    def _best_steps(self) -> set[int]:
        names = self.system.names(self.best)
        return {int(name[5:-6]) for name in names if re.fullmatch(r"step-\d+\.index", name)}

    def _files(self, folder: str, step: int) -> list[str]:
        return [name for name in self.system.names(folder) if name.startswith(f"step-{step}.")]

    def save(self) -> int:
        """Writes a checkpoint of the present step, with fresh statistics, and returns the step.

        Raises:
            RunError: when it cannot be written (a full disk, say); the earlier ones still count.
        """
        step = int(self.game.gan.step.numpy())
        if self.writes and step in self.steps():
            return step
        # Who does not write moves the statistics all the same: they are equal on all workers.
        self.game.live.refresh()
        self._refuse_non_finite(step)
        if self.writes:
            self._write(step)
        return step

    def _write(self, step: int) -> None:
        try:
            self.manager.save(checkpoint_number=step)
        except (tf.errors.OpError, OSError) as error:
            last: int | str = "unknown"
            # What made it fail may stand in the way here, too.
            with contextlib.suppress(OSError):
                last = max(self.steps(), default="none")
                self.remove_unfinished()
            raise RunError(
                f"The checkpoint of step {step} could not be written to {self.folder!r} "
                f"({reason_of(error)}); the last whole one is of step {last}. Make room there, or "
                "mend what stands in the way, and run the same command again."
            ) from error

    def restore(self, which: str = "last") -> int | None:
        """Restores a checkpoint and returns its step; None when there is none to restore.

        The game may then be asked as it stood when the checkpoint was written.

        Args:
            which: "last", or a step. A last one whose files were deleted gives way to the one
                before it, or to a best one.

        Raises:
            ConfigError: when a step is named that has no checkpoint.
            RunError: when a checkpoint is damaged.
        """
        path = self._path(which)
        if path is None:
            return None
        try:
            self.everything.read(path).assert_existing_objects_matched().expect_partial()
        except (tf.errors.OpError, AssertionError, ValueError, IndexError) as error:
            self._require_readable(path)
            raise RunError(
                f"The checkpoint {path!r} is damaged ({_first_line(error)}); delete "
                f"{path}.* to go on from the one before."
            ) from error
        self.game.live.copy_weights()
        return int(self.game.gan.step.numpy())

    def _require_readable(self, path: str) -> None:
        """Tells a store that does not answer, or refuses, from a checkpoint that is damaged."""
        try:
            for name in self._files(os.path.dirname(path), _step_of(path)):
                self.system.read(join(os.path.dirname(path), name))
        except OSError as error:
            raise RunError(
                f"The checkpoint {path!r} cannot be read ({reason_of(error)}); mend that and run "
                "the same command again."
            ) from error

    def warm_start(self, folder: str) -> None:
        """Takes the networks' weights, and nothing else, from another run's last checkpoint.

        Raises:
            ConfigError: when there is none, or its networks have other shapes.
        """
        path = newest_listed(folder)
        if path is None:
            raise ConfigError(
                f"train.warm_start: {folder!r} holds no checkpoint; give the directory of a run "
                "that has one."
            )
        try:
            self.networks.read(path).assert_existing_objects_matched().expect_partial()
        except (tf.errors.OpError, AssertionError, ValueError) as error:
            raise ConfigError(
                f"train.warm_start: the networks in {path!r} do not fit this recipe "
                f"({_first_line(error)}); give a run of the same network and data shape."
            ) from error

    def _path(self, which: str) -> str | None:
        steps, kept = self.steps(), self.kept()
        if which == "last":
            if not kept:
                return None
            which = str((steps or kept)[-1])
        if which not in map(str, kept):
            raise ConfigError(
                f"--checkpoint: received {which!r}; accepted are last, best, best:NUMBER, and the "
                f"steps kept: {', '.join(map(str, kept)) or 'none'}."
            )
        return join(self.folder if int(which) in steps else self.best, f"step-{which}")

    def _refuse_non_finite(self, step: int) -> None:
        """A poisoned update shows in the losses of the next step only: too late for this one."""
        gan = self.game.gan
        holders = [*gan.networks.items(), *gan.averages.items(), *gan.optimizers.items()]
        for name, holder in holders:
            for variable in holder.variables:
                value = tf.convert_to_tensor(variable.value)
                if value.dtype.is_floating and not bool(tf.reduce_all(tf.math.is_finite(value))):
                    raise RunError(
                        f"{name}: {variable.path} is not finite after step {step}; no "
                        f"checkpoint of it was written. {self.remedy()}"
                    )

    def remedy(self) -> str:
        """What to do about numbers that are not finite."""
        run_dir = os.path.dirname(self.folder)
        return advice.calm_down(self.game.live.experiment, run_dir, warm=bool(self.kept()))

    def remove_unfinished(self) -> None:
        """Deletes the files of checkpoints that were cut short; for the training process only."""
        whole = {f"step-{step}" for step in self.steps()}
        for name in self.system.names(self.folder):
            match = re.match(r"step-\d+", name)
            if match and match.group() not in whole:
                path = join(self.folder, name)
                of_folder = self.system.is_folder(path)
                self.system.remove_tree(path) if of_folder else self.system.remove(path)


def newest_listed(folder: str) -> str | None:
    """The path of the newest checkpoint by a folder's state file; None where there is none.

    Raises:
        OSError: where that file cannot be read, which TensorFlow takes for none.
    """
    if not file_system(folder).exists(join(folder, "checkpoint")):
        return None
    newest: str | None = tf.train.latest_checkpoint(folder)
    return newest


def _first_line(error: Exception) -> str:
    """Of errors that go on with a list of every variable."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _step_of(path: str) -> int:
    return int(path.rpartition("-")[2])


def _average_name(role: str) -> str:
    """The name of a role's average; the generator's is plainly `average`."""
    return "average" if role == "generator" else f"average_{role}"
