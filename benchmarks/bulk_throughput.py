"""Images a second of bulk generation beside the model alone, and beside the usual script.

Exports of the recipe cgan-mnist's players at 28x28x1 and 64x64x3, after one step of training: their
pictures are noise, which is the worst that a PNG encoder can meet.

In one thread, as a worker of `gan generate` computes, and in a new folder every time:

- the bare loop calls the SavedModel with the best of several batch sizes and writes nothing;
- ours is `write_shard`, with checksums and renames;
- two scripts ask for one sample after the other and save it with Pillow: the usual one by Keras'
  `model.predict`, a better one by the SavedModel.

On all cores, by commands from start to manifest:

- the bare loop has as many threads as there are cores;
- `gan generate` has as many workers, or one;
- Beam has as many SDK worker processes, which talk to it as on a cluster.
"""

import argparse
import importlib.util
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import bulk_exports, harness
from benchmarks.bulk_commands import Command, Scaled
from benchmarks.harness import Comparison, Contender, Measurement

_FORMATS = ("npz", "tfrecord", "png")
_BATCHES = (32, 64, 128, 256)
_GOALS = {"npz": 0.9, "tfrecord": 0.9, "png": 0.75}
_PART = 16  # of the samples, the usual script makes one
_SCALING_GOAL = 1.8
# Samples of a shard in runs of commands: about as many seconds a shard for either shape.
_ROWS = {"28x28x1": 1024, "64x64x3": 256}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--count", type=int, default=512, help="samples of a run in one thread")
    parser.add_argument("--shards", type=int, default=16, help="shards of a command's run")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measures everything and returns the result."""
    shapes = [*bulk_exports.SHAPES][: 1 if arguments.quick else None]
    count = 256 if arguments.quick else arguments.count
    rounds = arguments.rounds or (2 if arguments.quick else 5)
    with tempfile.TemporaryDirectory() as folder:
        workers = [_worker(shape, Path(folder), count, all_cores=False) for shape in shapes]
        contenders = {name: _alone_or_part(w, name) for w in workers for name in w.names}
        measurement = harness.measure(
            contenders, work=float(count), rounds=rounds, samples=arguments.kept
        )
        batches: dict[str, int] = {}
        for worker in workers:
            batches |= worker.versions
            worker.close()
        columns = _measure_commands(measurement, arguments, shapes, Path(folder), batches)
    return harness.result(
        measurement,
        unit="images/s",
        comparisons=[c for shape in shapes for c in _comparisons(shape)],
        absent=[] if _has_beam() else [_name(shapes[0], "Beam")],
        columns=columns,
        batches=batches,
        samples_of_a_run=count,
        samples_of_a_shard=_ROWS,
        shards_of_a_command=arguments.shards,
    )


def _comparisons(shape: str) -> list[Comparison]:
    alone = [Comparison(f"{shape} {name}", f"{shape} bare loop", _GOALS[name]) for name in _FORMATS]
    workers, one, beam, bare = (_name(shape, n) for n in ("workers", "one worker", "Beam", "bare"))
    return [
        *alone,
        Comparison(f"{shape} png", f"{shape} usual script", 4.0),
        Comparison(f"{shape} png", f"{shape} better script"),
        Comparison(workers, bare, _GOALS["tfrecord"]),
        Comparison(workers, one, _SCALING_GOAL),
        Comparison(beam, workers),
    ]


def _alone_or_part(worker: harness.Worker, name: str) -> Contender:
    """A contender of one thread; of the usual script, which is slow, only a part runs."""
    contender = worker.contender(name)
    return Scaled(contender, _PART) if name.endswith("usual script") else contender


def _name(shape: str, what: str) -> str:
    cores = _cores()
    names = {
        "bare": f"bare loop, {cores} threads",
        "one worker": "tfrecord, 1 worker",
        "workers": f"tfrecord, {cores} workers",
        "Beam": f"tfrecord, Beam's {cores} processes",
    }
    return f"{shape} {names[what]}"


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _has_beam() -> bool:
    return importlib.util.find_spec("apache_beam") is not None


def _worker(shape: str, folder: Path, count: int, all_cores: bool) -> harness.Worker:
    models = bulk_exports.make(shape, folder)
    options = {"models": str(models), "shape": shape, "count": count, "folder": str(folder)}
    module = "benchmarks.bulk_throughput"
    return harness.Worker(sys.executable, module, options | {"all_cores": all_cores})


def _measure_commands(
    measurement: Measurement,
    arguments: argparse.Namespace,
    shapes: list[str],
    folder: Path,
    batches: dict[str, int],
) -> dict[str, dict[str, float]]:
    """Adds the runs on all cores, in rounds of their own; returns the columns they bring."""
    shards = 5 * _cores() if arguments.quick else arguments.shards
    commands: dict[str, Command] = {}
    contenders: dict[str, Contender] = {}
    workers = []
    for shape in shapes:
        samples = _ROWS[shape] * shards
        workers.append(_worker(shape, folder, samples, all_cores=True))
        bare = workers[-1].contender(*workers[-1].names)
        contenders[_name(shape, "bare")] = Scaled(bare, measurement.work / samples)
        for what, options in _commands(shape == shapes[0]).items():
            command = Command(
                folder / shape, folder, [*options, f"--batch-size={batches[shape]}"],
                _ROWS[shape], shards, 1 if what == "one worker" else _cores(),
            )  # fmt: skip
            commands[_name(shape, what)] = command
            contenders[_name(shape, what)] = Scaled(command, measurement.work / command.counted)
    rounds = 1 if arguments.quick else min(3, arguments.rounds or 3)
    measured = harness.measure(contenders, work=measurement.work, rounds=rounds, warm_up=0)
    measurement.samples.update(measured.samples)
    for worker in workers:
        worker.close()
    found = {name: command.columns for name, command in commands.items()}
    titles = [*next(iter(found.values()))]
    return {title: {name: columns[title] for name, columns in found.items()} for title in titles}


def _commands(everything: bool) -> dict[str, list[str]]:
    """The options of each command; the small images show scaling and Beam as well."""
    options = {"workers": [f"--workers={_cores()}"]}
    if everything:
        options["one worker"] = ["--workers=1"]
    if everything and _has_beam():
        options["Beam"] = [
            "--runner=DirectRunner",
            f"--direct_num_workers={_cores()}",
            "--direct_running_mode=multi_processing",
        ]
    return options


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
        shapes={},
        label_names=[str(label) for label in range(10)],
        model_version=model.version,
        model_fingerprint=model.fingerprint,
    )


# ---- The worker's side ---------------------------------------------------------------------------


def _alone(options: dict[str, Any]) -> tuple[dict[str, Callable[[], object]], int]:
    """The contenders in one thread."""
    from PIL import Image

    from serving.bulk import hardware
    from serving.bulk.job import WorkerConfig, divide
    from serving.bulk.shard import ShardWriter
    from serving.exported import ExportedModel

    hardware.use_one_thread()
    model, count = ExportedModel(options["models"]), options["count"]
    function = _function(options)
    best = _best_batch(function, lambda sample: sample.cpu_seconds)
    shape, folder = options["shape"], options["folder"]

    def written(format: str) -> Callable[[], object]:
        job, runs = _job(model, format, count, best), itertools.count()

        def write() -> None:
            # Into a new folder: to replace files costs the file system more than to make them.
            out = os.path.join(folder, f"out-{shape}-{format}-{next(runs)}")
            os.makedirs(os.path.join(out, ".partial"))
            writer = ShardWriter(model, WorkerConfig(options["models"], out, job.document()))
            for row in divide(job):
                writer.write_shard(row)

        return write

    def script(images: Callable[[list[int]], Any], count: int) -> Callable[[], object]:
        def write() -> None:
            out = tempfile.mkdtemp(dir=folder)
            for seed in range(count):
                image = images([seed])[0]
                pixels = image[..., 0] if image.shape[-1] == 1 else image
                Image.fromarray(pixels).save(os.path.join(out, f"{seed}.png"))

        return write

    works: dict[str, Callable[[], object]] = {
        f"{shape} bare loop": lambda: _bare(function, count, best)
    }
    works |= {f"{shape} {format}": written(format) for format in _FORMATS}
    predicting = bulk_exports.Predicting(os.path.join(folder, f"run-{shape}"))
    works[f"{shape} usual script"] = script(predicting.images, count // _PART)
    works[f"{shape} better script"] = script(function, count)
    return works, best


def _on_all_cores(options: dict[str, Any]) -> tuple[dict[str, Callable[[], object]], int]:
    """The bare loop with as many threads as there are cores."""
    function = _function(options)
    best = _best_batch(function, lambda sample: sample.seconds)
    name = _name(options["shape"], "bare")
    return {name: lambda: _bare(function, options["count"], best)}, best


def _function(options: dict[str, Any]) -> Callable[[Any], Any]:
    """Seeds to images, with nothing of ours between the SavedModel and the caller."""
    import tensorflow as tf

    loaded = tf.saved_model.load(os.path.join(options["models"], "1"))
    generate = loaded.signatures["generate"]

    def images(seeds: Any) -> Any:
        return generate(seed=tf.constant(seeds, tf.int64))["image"].numpy()

    images.loaded = loaded  # type: ignore[attr-defined]  # its variables live as long as it does
    return images


def _bare(function: Callable[[Any], Any], count: int, size: int) -> None:
    import numpy as np

    for start in range(0, count, size):
        function(np.arange(start, start + size))


def _best_batch(function: Callable[[Any], Any], cost: Callable[[harness.Sample], float]) -> int:
    def of(size: int) -> float:
        _bare(function, size, size)
        return min(
            cost(harness.timed(lambda: _bare(function, max(_BATCHES), size))) for _ in range(3)
        )

    return min(_BATCHES, key=of)


def main(options: dict[str, Any]) -> None:
    """Serves the contenders of one shape."""
    works, best = _on_all_cores(options) if options["all_cores"] else _alone(options)
    harness.serve(works, {options["shape"]: best})


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    main(json.loads(sys.argv[1]))
