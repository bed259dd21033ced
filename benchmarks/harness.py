"""One harness for every measurement: contenders in turn, in one session, on one machine.

Contenders run interleaved (A B C, then C B A, …), so whatever else a machine does falls on all of
them alike; what is compared is the median of ratios of neighbouring runs. Processor time is kept
next to wall time: on a shared machine it varies far less. Every sample is written down once it is
taken, so that a measurement that was broken off goes on where it was.
"""

import datetime
import json
import os
import platform
import re
import resource
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple, Protocol

RESULTS = Path(__file__).parent / "results"
_ROOT = Path(__file__).parents[1]
_VECTORS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


class Sample(NamedTuple):
    """One timed run: wall seconds, processor seconds over all threads, and what else it tells."""

    seconds: float
    cpu_seconds: float
    details: dict[str, float] | None = None


class Contender(Protocol):
    """Something that can be run again and again; every run does the same amount of work."""

    def run(self) -> Sample:
        """Does the work once."""
        ...


@dataclass(frozen=True)
class Local:
    """A contender in this process."""

    work: Callable[[], object]

    def run(self) -> Sample:
        """See `Contender.run`."""
        return timed(self.work)


def timed(work: Callable[[], object]) -> Sample:
    """Wall and processor time of one call."""
    cpu, begun = _cpu_seconds(), time.perf_counter()
    work()
    return Sample(time.perf_counter() - begun, _cpu_seconds() - cpu)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


@dataclass(frozen=True)
class Comparison:
    """A ratio of two contenders' speeds, with the value it is hoped to reach."""

    faster: str
    slower: str
    target: float | None = None
    note: str = ""


@dataclass
class Measurement:
    """What was measured of every contender.

    Attributes:
        work: units done by one run, such as images.
        samples: the timed runs of each contender, in the order of rounds.
    """

    work: float
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def rates(self, name: str) -> list[float]:
        """Units a second of each run."""
        return [self.work / sample.seconds for sample in self.samples[name]]

    def summary(self, name: str) -> dict[str, float]:
        """Median and extremes of the rate, and the processor time of a unit."""
        rates = self.rates(name)
        cpu = statistics.median(sample.cpu_seconds for sample in self.samples[name])
        return {
            "median": round(statistics.median(rates), 2),
            "min": round(min(rates), 2),
            "max": round(max(rates), 2),
            "cpu_ms_per_unit": round(1e3 * cpu / self.work, 4),
            "runs": len(rates),
        }

    def ratio(self, comparison: Comparison) -> dict[str, Any]:
        """Ratio of speeds, run by run.

        `best` compares the fastest run of each, the nearest to an undisturbed machine; `cpu`
        compares processor time, which for a framework that spins while it waits says little.
        """
        pairs = list(
            zip(self.samples[comparison.faster], self.samples[comparison.slower], strict=True)
        )
        walls = [slow.seconds / fast.seconds for fast, slow in pairs]
        return {
            "of": comparison.faster,
            "to": comparison.slower,
            "median": round(statistics.median(walls), 3),
            "min": round(min(walls), 3),
            "max": round(max(walls), 3),
            "best": round(
                max(self.rates(comparison.faster)) / max(self.rates(comparison.slower)), 3
            ),
            "cpu": round(
                statistics.median(slow.cpu_seconds / fast.cpu_seconds for fast, slow in pairs), 3
            ),
            "target": comparison.target,
            "note": comparison.note,
        }


class Samples:
    """The samples of a measurement, a line of JSON each, in a file that outlives a broken-off run.

    They count for the same command at the same commit; others in the file are passed over.
    """

    def __init__(self, path: Path) -> None:
        """Reads the samples that an earlier run left at `path`, if any.

        Where files differ from the commit, nobody knows from what: then none counts.
        """
        self._path = path
        self._origin = {"command": command(), "commit": commit()}
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows = [json.loads(line) for line in lines]
        if (self._origin["commit"] or "+").endswith("+"):
            rows = []
        self._kept = {
            (row["contender"], row["round"]): Sample(**row["sample"])
            for row in rows
            if {key: row[key] for key in self._origin} == self._origin
        }
        self.num_kept = len(self._kept)

    def take(self, contender: str, round_number: int, run: Callable[[], Sample]) -> Sample:
        """Returns the sample that is there already, or runs and writes it down."""
        kept = self._kept.get((contender, round_number))
        if kept is not None:
            return kept
        sample = run()
        row = {"contender": contender, "round": round_number, "sample": sample._asdict()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(self._origin | row) + "\n")
        return sample

    def remove(self) -> None:
        """Removes the file, once the result is written."""
        self._path.unlink(missing_ok=True)


def measure(
    contenders: Mapping[str, Contender],
    *,
    work: float,
    rounds: int,
    warm_up: int = 1,
    samples: Samples | None = None,
) -> Measurement:
    """Runs every contender once a round, each round in the reverse order of the one before.

    Args:
        contenders: by names that are unique in `samples`.
        work: units done by one run.
        rounds: how many.
        warm_up: runs of each beforehand that do not count.
        samples: where those of an earlier run are found and new ones are kept; None for nowhere.
    """
    measurement = Measurement(work, {name: [] for name in contenders})
    for contender in contenders.values():
        for _ in range(warm_up):
            contender.run()
    names = list(contenders)
    for round_number in range(rounds):
        for name in names if round_number % 2 == 0 else reversed(names):
            run = contenders[name].run
            sample = samples.take(name, round_number, run) if samples is not None else run()
            measurement.samples[name].append(sample)
        print(f"round {round_number + 1} of {rounds}", file=sys.stderr, flush=True)
    return measurement


# ---- Contenders in processes of their own --------------------------------------------------------


class Worker:
    """A process that holds named contenders and runs one when told its name.

    The other side is `serve`; the two exchange lines of JSON. A worker may live in another
    environment, such as one with another framework.

    Args:
        python: the interpreter to start.
        module: module of this package whose `main` ends in `serve`.
        options: passed as one JSON argument.
    """

    def __init__(self, python: str, module: str, options: Mapping[str, Any]) -> None:
        self._process = subprocess.Popen(
            [python, "-m", module, json.dumps(options)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        ready = self._answer()
        self.names: list[str] = ready["names"]
        self.versions: dict[str, Any] = ready["versions"]

    def contender(self, name: str) -> Contender:
        """One of `names`."""
        return _Remote(self, name)

    def run(self, name: str) -> Sample:
        """Runs a contender over there and returns the times taken there."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"run": name}) + "\n")
        self._process.stdin.flush()
        return Sample(**self._answer())

    def close(self) -> None:
        """Ends the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=30)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass(frozen=True)
class _Remote:
    worker: Worker
    name: str

    def run(self) -> Sample:
        return self.worker.run(self.name)


def serve(works: Mapping[str, Callable[[], object]], versions: Mapping[str, Any]) -> None:
    """The worker's side: announces its contenders, then runs what it is asked to until the end."""
    print(json.dumps({"names": list(works), "versions": dict(versions)}), flush=True)
    for line in sys.stdin:
        sample = timed(works[json.loads(line)["run"]])
        print(json.dumps(sample._asdict()), flush=True)


# ---- What a number needs to be believed ----------------------------------------------------------


def machine() -> dict[str, Any]:
    """Processor, cores, widest vectors, memory and the versions of what is measured."""
    flags = set(re.findall(r"\w+", _cpu_field("flags")))
    return {
        "cpu": _cpu_field("model name") or platform.processor(),
        "cores": os.cpu_count(),
        "usable_cores": len(os.sched_getaffinity(0)),
        "vectors": [name for name in _VECTORS if name in flags],
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 2),
        "versions": {name: metadata.version(name) for name in ("tensorflow", "keras", "numpy")},
    }


def _cpu_field(name: str) -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
    found = re.search(rf"^{name}\s*:\s*(.*)$", text, re.MULTILINE)
    return found[1] if found else ""


def command() -> str:
    """What was typed."""
    return f"python -m benchmarks {shlex.join(sys.argv[1:])}"


def commit(root: Path = _ROOT) -> str | None:
    """The commit that is checked out, with "+" where files differ from it; None without one."""
    try:
        found = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "trainer", "serving")
        return found[:12] + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def result(
    measurement: Measurement,
    *,
    unit: str,
    comparisons: Sequence[Comparison],
    absent: Sequence[str] = (),
    columns: Mapping[str, Mapping[str, Any]] | None = None,
    **details: Any,
) -> dict[str, Any]:
    """The part of a result that is measured.

    Args:
        measurement: of all contenders.
        unit: of the rates, such as "images/s".
        comparisons: those with an absent contender are left out.
        absent: contenders that could not be measured here.
        columns: further columns of the table: name to {contender: value}.
        details: whatever else belongs to the protocol.
    """
    contenders: dict[str, Any] = {name: measurement.summary(name) for name in measurement.samples}
    for column, values in (columns or {}).items():
        for name, value in values.items():
            contenders[name][column] = value
    present = [c for c in comparisons if {c.faster, c.slower} <= set(measurement.samples)]
    return {
        "unit": unit,
        "contenders": contenders | dict.fromkeys(absent),
        "ratios": [measurement.ratio(comparison) for comparison in present],
        "details": details,
    }


def write(name: str, measured: Mapping[str, Any], *, begun: float, folder: Path = RESULTS) -> Path:
    """Writes `folder/NAME.json` with everything that it takes to repeat the measurement."""
    path = folder / f"{name}.json"
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "name": name,
        "command": command(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "duration_s": round(time.time() - begun, 1),
        "commit": commit(),
        "machine": machine(),
        **measured,
    }
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    aside.rename(path)
    return path
