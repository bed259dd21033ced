"""Bulk generation under faults: struck at a moment of chance, resumed, compared by checksums.

Every run generates the same samples. It is struck once: the job is killed, a worker is killed, the
disk is full (a small file system of its own), or afterwards a shard is corrupted or removed. Then
the same command runs again. What counts is whether every file is the undisturbed run's.
"""

import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import bulk_exports

_FAULTS = ("job killed", "worker killed", "disk full", "shard corrupted", "shard removed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--runs", type=int, help="runs that are struck")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--count", type=int, default=8192, help="samples of a run")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Strikes the runs and returns the result."""
    chance = random.Random(arguments.seed)
    number = arguments.runs or (5 if arguments.quick else 20)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = bulk_exports.make("28x28x1", folder)
        whole = folder / "whole"
        _finish(_command(models, whole, arguments.count, 0))
        seconds = _writing_seconds(whole)
        wanted = _checksums(whole)
        rows = []
        for index in range(number):
            fault = _FAULTS[index % len(_FAULTS)]
            out = folder / "out"
            moment = _struck(fault, models, out, whole, arguments.count, seconds, chance)
            there = len(list(out.glob("*.tfrecord")))
            _finish(_command(models, out, arguments.count, 0))
            same = _checksums(out) == wanted
            rows.append(
                {
                    "run": index + 1,
                    "fault": fault,
                    "after_s": round(moment, 2),
                    "shards there": there,
                    "of": len(list(whole.glob("*.tfrecord"))),
                    "same checksums": same,
                }
            )
            print(rows[-1], file=sys.stderr, flush=True)
            shutil.rmtree(out)
    identical = sum(bool(row["same checksums"]) for row in rows)
    return {
        "rows": rows,
        "verdict": f"{identical} of {len(rows)} runs ended as the undisturbed one.",
        "details": {"samples": arguments.count, "shards": len(wanted), "seed": arguments.seed},
    }


def _command(models: Path, out: Path, count: int, workers: int) -> list[str]:
    return [
        sys.executable, "-m", "serving.batch", str(models), "--out", str(out),
        "--workers", str(workers),
        "--count", str(count), "--rows-per-shard", "256",
        "--format", "tfrecord",
    ]  # fmt: skip


def _finish(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _checksums(out: Path) -> dict[str, str]:
    """Of every file, also the manifest: it names no time."""
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def _writing_seconds(out: Path) -> float:
    """From the first shard to the last, by one process."""
    times = [path.stat().st_mtime for path in out.glob("*.tfrecord")]
    return max(times) - min(times)


def _struck(
    fault: str, models: Path, out: Path, whole: Path, count: int, seconds: float, chance: Any
) -> float:
    """Leaves `out` as the fault does; returns after how many seconds it struck."""
    if fault in ("shard corrupted", "shard removed"):
        shutil.copytree(whole, out)
        _damage(fault, chance.choice(sorted(out.glob("*.tfrecord"))), chance)
        return seconds
    if fault == "disk full":
        return _filled(_command(models, out, count, 0), out, whole, chance)
    command = _command(models, out, count, 2)
    # Counted from the first shard: most of a short job is the start of its processes.
    moment = chance.uniform(0.0, 0.8) * seconds
    job = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while job.poll() is None and not list(out.glob("*.tfrecord")):
        time.sleep(0.01)
    begun = time.perf_counter()
    while job.poll() is None and time.perf_counter() - begun < moment:
        time.sleep(0.01)
    if fault == "job killed":
        job.kill()
    elif workers := _workers(job.pid):
        os.kill(chance.choice(workers), 9)
    job.wait()
    return time.perf_counter() - begun if fault == "job killed" else moment


def _damage(fault: str, shard: Path, chance: Any) -> None:
    if fault == "shard removed":
        shard.unlink()
        return
    content = bytearray(shard.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    shard.write_bytes(content)


def _filled(command: list[str], out: Path, whole: Path, chance: Any) -> float:
    """Runs on a file system too small for the whole, and keeps what it left.

    Raises:
        RuntimeError: the run did not end with a sentence.
    """
    size = sum(path.stat().st_size for path in whole.rglob("*") if path.is_file())
    limit = int(size * chance.uniform(0.1, 0.9))
    small = out.parent / "small"
    small.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={limit}", "tmpfs", str(small)]
    subprocess.run(mount, check=True)
    try:
        begun = time.perf_counter()
        command = [*command[:5], str(small / "out"), *command[6:]]
        done = subprocess.run(command, capture_output=True, text=True)
        moment = time.perf_counter() - begun
        sentence = "cannot be written" in done.stderr and "Traceback" not in done.stderr
        if done.returncode != 1 or not sentence:
            raise RuntimeError(f"a full disk ended with {done.returncode}: {done.stderr[-2000:]}")
        shutil.copytree(small / "out", out)
    finally:
        subprocess.run(["umount", str(small)], check=True)
    return moment


def _workers(job: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{job}/task").glob("*/children"):
        try:
            pids = [int(pid) for pid in task.read_text().split()]
        except OSError:
            continue
        for pid in pids:
            command = Path(f"/proc/{pid}/cmdline")
            if command.exists() and b"serving.bulk.worker" in command.read_bytes():
                found.append(pid)
    return found
