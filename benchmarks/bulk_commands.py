"""`gan generate` as a contender: the command as a person gives it, timed by what it publishes."""

import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.harness import Contender, Sample
from benchmarks.processes import cpu_seconds_of_tree

_ROOT = Path(__file__).parents[1]
_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Scaled:
    """A contender whose runs do more than the others', told as if they did as much."""

    contender: Contender
    factor: float

    def run(self) -> Sample:
        """See `Contender.run`."""
        sample = self.contender.run()
        return Sample(sample.seconds * self.factor, sample.cpu_seconds * self.factor)


@dataclass
class Command:
    """A run of `python -m serving.batch` in processes.

    It is counted from the end of the second shard of each process to the end of the last shard, so
    that a short job says how fast a long one is.

    Attributes:
        models: the model directory.
        folder: where outputs go, a new one each.
        options: of the command.
        rows: samples of a shard.
        shards: how many.
        processes: that write.
        starts: seconds from the command to its first shard, of each run.
        wholes: seconds of the whole command, of each run.
    """

    models: Path
    folder: Path
    options: list[str]
    rows: int
    shards: int
    processes: int
    starts: list[float] = field(default_factory=list)
    wholes: list[float] = field(default_factory=list)
    _outs: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def counted(self) -> int:
        """Samples between the shards that are counted from and to."""
        return self.rows * (self.shards - self._first)

    @property
    def _first(self) -> int:
        return 2 * self.processes

    @property
    def columns(self) -> dict[str, float]:
        """Medians of what else the runs took."""
        return {
            "s to the first shard": round(statistics.median(self.starts), 1),
            "s of the whole command": round(statistics.median(self.wholes), 1),
        }

    def run(self) -> Sample:
        """See `Contender.run`."""
        out = self.folder / f"commands-{id(self)}-{next(self._outs)}"
        begun = time.time()
        cpu_seconds = self._watched(out)
        self.wholes.append(time.time() - begun)
        ends = sorted(path.stat().st_mtime for path in out.glob("*.tfrecord"))
        self.starts.append(ends[0] - begun)
        return Sample(ends[-1] - ends[self._first - 1], cpu_seconds)

    def _watched(self, out: Path) -> float:
        """Runs the command; returns its processor time since the shards that are counted from."""
        command = [
            sys.executable, "-m", "serving.batch", str(self.models), "--out", str(out),
            "--format", "tfrecord", "--count", str(self.rows * self.shards),
            "--rows-per-shard", str(self.rows), *self.options,
        ]  # fmt: skip
        used: dict[int, float] = {}
        before = None
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(command, cwd=_ROOT, stdout=said, stderr=said)
            while process.poll() is None:
                used.update(cpu_seconds_of_tree(process.pid))
                if before is None and len(list(out.glob("*.tfrecord"))) >= self._first:
                    before = sum(used.values())
                time.sleep(_LOOK_SECONDS)
            if process.returncode or before is None:
                said.seek(0)
                raise RuntimeError(f"{' '.join(command)}: {said.read()[-2000:]}")
        return sum(used.values()) - before
