"""Images a second of bulk generation beside the model alone, and beside the usual script.

Exports of the recipe cgan-mnist's players at 28×28×1 and 64×64×3, after one step of training. Every
contender computes in one thread, as a worker of `gan generate` does, and writes the same samples
in a new folder every time:

- the bare loop calls the SavedModel with the best of several batch sizes and writes nothing;
- ours is `write_shard`, with checksums and renames;
- the usual script asks for one sample after the other and saves it with Pillow.

Scaling starts one and two worker processes and counts from the first shard's end to the last's.
"""

import argparse
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import bulk_exports, harness
from benchmarks.harness import Comparison

_FORMATS = ("npz", "tfrecord", "png")
_BATCHES = (32, 64, 128, 256)
_GOALS = {"npz": 0.9, "tfrecord": 0.9, "png": 0.75}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--count", type=int, default=1024, help="samples of a run")
    parser.add_argument("--scaling-shards", type=int, default=24, help="shards of a scaling run")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measures everything and returns the result."""
    count = 512 if arguments.quick else arguments.count
    rounds = arguments.rounds or (3 if arguments.quick else 5)
    with tempfile.TemporaryDirectory() as folder:
        workers = []
        for shape in bulk_exports.SHAPES:
            models = bulk_exports.make(shape, Path(folder))
            options = {"models": str(models), "shape": shape, "count": count, "folder": folder}
            workers.append(harness.Worker(sys.executable, "benchmarks.bulk_throughput", options))
        contenders = {name: worker.contender(name) for worker in workers for name in worker.names}
        measurement = harness.measure(contenders, work=float(count), rounds=rounds)
        batches: dict[str, int] = {}
        for worker in workers:
            batches |= worker.versions
            worker.close()
        scaling = [] if arguments.quick else _scaling(Path(folder), arguments.scaling_shards)
    comparisons = []
    for shape in bulk_exports.SHAPES:
        comparisons += [
            Comparison(f"{shape} {name}", f"{shape} bare loop", _GOALS[name]) for name in _FORMATS
        ]
        comparisons.append(Comparison(f"{shape} png", f"{shape} usual script", 4.0))
    return harness.result(
        measurement,
        unit="images/s",
        comparisons=comparisons,
        scaling=scaling,
        batches=batches,
        samples_of_a_run=count,
    )


def _scaling(folder: Path, shards: int) -> list[dict[str, Any]]:
    """Images a second of one and two worker processes, three times each in turn."""
    from serving.bulk import embedded
    from serving.bulk.job import divide
    from serving.bulk.shard import Task
    from serving.exported import ExportedModel

    models = folder / "28x28x1"
    job = _job(ExportedModel(str(models)), "npz", 512 * shards, 128)
    rows = []
    for attempt in range(3):
        for workers in (1, 2):
            out = folder / f"scaling-{attempt}-{workers}"
            (out / ".partial").mkdir(parents=True)
            ends: list[float] = []
            embedded.map_by_workers(
                Task(str(models), str(out), job.document()),
                divide(job),
                workers,
                lambda *_, ends=ends: ends.append(time.perf_counter()),
            )
            # The first shard of each worker pays for its start.
            rate = 512 * (len(ends) - workers) / (ends[-1] - ends[workers - 1])
            rows.append({"workers": workers, "images_per_second": round(rate, 1)})
    return rows


def _job(model: Any, format: str, count: int, batch: int) -> Any:
    from serving.bulk import formats
    from serving.bulk.job import Job
    from serving.bulk.plans import Seeds, document_of

    sample = model.description.document["sample"]
    return Job(
        plan=document_of(Seeds(0, count)),
        format=format,
        compression=formats.get(format).compressions[0],
        rows_per_shard=512,
        internal_batch=batch,
        signature="generate",
        sample={key: sample[key] for key in ("output", "shape", "dtype")},
        columns={"seed": "int64", "label": "int64"},
        label_names=[str(label) for label in range(10)],
        model_version=model.version,
        model_fingerprint=model.fingerprint,
    )


# ---- The worker's side ---------------------------------------------------------------------------


def _works(options: dict[str, Any]) -> tuple[dict[str, Callable[[], object]], int]:
    import numpy as np
    import tensorflow as tf
    from PIL import Image

    from serving.bulk import hardware
    from serving.bulk.job import divide
    from serving.bulk.shard import ShardWriter, Task
    from serving.exported import ExportedModel

    hardware.use_one_thread()
    model, count = ExportedModel(options["models"]), options["count"]
    function = tf.saved_model.load(os.path.join(options["models"], "1")).signatures["generate"]

    def bare(size: int) -> None:
        for start in range(0, count, size):
            seeds = np.arange(start, start + size, dtype=np.int64)
            function(seed=tf.constant(seeds))["image"].numpy()

    def seconds(size: int) -> float:
        bare(size)
        return harness.timed(lambda: bare(size)).cpu_seconds

    best = min(_BATCHES, key=seconds)
    shape, folder = options["shape"], options["folder"]

    def written(format: str) -> Callable[[], object]:
        job, runs = _job(model, format, count, best), itertools.count()

        def write() -> None:
            # Into a new folder: to replace files costs the file system more than to make them.
            out = os.path.join(folder, f"out-{shape}-{format}-{next(runs)}")
            os.makedirs(os.path.join(out, ".partial"))
            writer = ShardWriter(model, Task(options["models"], out, job.document()))
            for row in divide(job):
                writer.write_shard(row)

        return write

    def script() -> None:
        out = tempfile.mkdtemp(dir=folder)
        for seed in range(count):
            image = function(seed=tf.constant([seed], tf.int64))["image"].numpy()[0]
            pixels = image[..., 0] if image.shape[-1] == 1 else image
            Image.fromarray(pixels).save(os.path.join(out, f"{seed}.png"))

    works: dict[str, Callable[[], object]] = {f"{shape} bare loop": lambda: bare(best)}
    works |= {f"{shape} {format}": written(format) for format in _FORMATS}
    works[f"{shape} usual script"] = script
    return works, best


def main(options: dict[str, Any]) -> None:
    """Serves the contenders of one shape."""
    works, best = _works(options)
    harness.serve(works, {options["shape"]: best})


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    main(json.loads(sys.argv[1]))
