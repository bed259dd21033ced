"""What a run made and how it ended, for people, machines and the platform that started it."""

import shlex
from dataclasses import asdict, dataclass
from typing import Any

from trainer.errors import RESTART
from trainer.files import join
from trainer.run import advice


@dataclass(frozen=True)
class Summary:
    """What a run made, and how it ended.

    Attributes:
        run_dir: where everything lies.
        start: steps played before this start.
        step: steps played in all.
        ended_by: "steps", "time budget" or "signal".
        seconds: of training in this start, without evaluations.
        images_per_second: real examples consumed a second in this start, compilation apart; None
            where nothing else was played.
        samples: the newest picture of samples, or text; None where there is none.
        warning: what is wrong with the game at the end; None where nothing is.
        worker: number of this process among those that trained together; the chief, 0, writes all.
        workers: how many they were.
    """

    run_dir: str
    start: int
    step: int
    ended_by: str
    seconds: float
    images_per_second: float | None
    samples: str | None = None
    warning: str | None = None
    worker: int = 0
    workers: int = 1

    @property
    def exit_code(self) -> int:
        """Of the process: workers of which one was told to stop are all to be started again."""
        return RESTART if self.ended_by == "signal" and self.workers > 1 else 0

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain JSON values."""
        return asdict(self)

    @property
    def text(self) -> str:
        """What a person wants to know at the end."""
        if self.worker:
            return f"Worker {self.worker} of {self.workers}. {self._ending}"
        run_dir = shlex.quote(self.run_dir)
        lines = [
            self._ending,
            *([self.warning] if self.warning else []),
            f"  run          {self.run_dir}",
            *([f"  samples      {self.samples}"] if self.samples else []),
            f"  metrics      {join(self.run_dir, 'metrics.jsonl')}",
            f"  TensorBoard  tensorboard --logdir {shlex.quote(join(self.run_dir, 'logs'))}",
            f"  go on        {self._going_on}",
            f"  measure      gan evaluate {run_dir}",
            f"  export       gan export {run_dir} --to MODEL_DIR",
        ]
        return "\n".join(lines)

    @property
    def _ending(self) -> str:
        if self.start == self.step:
            return f"This run is finished: its {self.step} steps were played before."
        rate = self.images_per_second
        pace = "" if rate is None else f" ({rate:.0f} images/s)"
        return f"Step {self.step} reached in {self.seconds:.0f} s{pace}; ended by: {self.ended_by}."

    @property
    def _going_on(self) -> str:
        longer = (f"train.steps={2 * self.step}",) if self.ended_by == "steps" else ()
        return advice.resume(self.run_dir, *longer)
