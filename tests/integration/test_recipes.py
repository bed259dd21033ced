"""The harder half of every recipe's road: SIGKILL in bfloat16, bare TensorFlow, two replicas.

By default one recipe of each round, wrapper and modality goes it; `make test-all` sends all.
"""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.conftest import checkpointed
from tests.playing import played, put_back_to, resume_and_replay
from tests.recipes import small
from trainer.config.recipe import load_experiment, recipe_names, to_yaml
from trainer.data import loading
from trainer.exporting import export_run
from trainer.training import train

# Steps so small that rounding stays what it is: where a unit stands on the kink of its leaky ReLU,
# and where losses are sums over pixels, steps of 0.01 make 5e-6 of 1e-8 within twenty.
SGD = tuple(
    f"optimizers.{side}={{name: sgd, learning_rate: 5e-4}}"
    for side in ("generator", "discriminator")
)


# Modality of the sources that give no pictures.
_MODALITIES = {"ring": "vector", "grid": "vector", "grammar": "tokens", "text": "tokens"}
_MODALITIES |= {"oracle": "tokens", "motifs": "tokens", "affinities": "tokens", "sines": "vector"}
_MODALITIES |= {"loans": "table", "table": "table"}
_MODALITIES |= {"moving_digits": "clip", "clips": "clip"}


def _kinds(recipe):
    """What makes a recipe a representative: its round, its wrappers, its modality."""
    experiment = load_experiment(recipe)
    wrappers = [f"wrapper {wrapper.name}" for wrapper in experiment.wrappers]
    modalities = {_MODALITIES.get(experiment.data.source.name, "image")}
    modalities |= {"text"} & {experiment.condition.name}
    return {f"round {experiment.round.name}", *wrappers, *(f"modality {m}" for m in modalities)}


def _representatives():
    """Few recipes of every kind: again and again the plainest that adds the most kinds."""
    kinds = {recipe: _kinds(recipe) for recipe in recipe_names()}
    missing, chosen = set().union(*kinds.values()), []
    while missing:
        rank = {r: (len(own & missing), _plainness(r)) for r, own in kinds.items()}
        chosen.append(max(rank, key=rank.get))
        missing -= kinds[chosen[-1]]
    return chosen


def _plainness(recipe):
    """How little there is to trace; 0 where there is nothing beside the round."""
    e = load_experiment(recipe)
    return -sum(map(len, (e.terms, e.penalties, e.wrappers, e.networks, e.export.searches)))


REPRESENTATIVES = _representatives()
RECIPES = [
    pytest.param(name, marks=() if name in REPRESENTATIVES else pytest.mark.slow)
    for name in recipe_names()
]


# Processes that begin where TensorFlow is imported, which takes seconds, and nothing else is done.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["trainer.training"])


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_killed_run_in_bfloat16_resumes_bit_for_bit_and_exports_float32(
    recipe, bare_tensorflow, tmp_path
):
    """A fresh process goes on from what the kill left, and then once more from an earlier step."""
    path = tmp_path / "recipe.yaml"
    changes = ("train.steps=12", "run.sample_every=12", "run.keep=10")
    half = "train.precision=mixed_bfloat16"
    path.write_text(to_yaml(small(recipe, tmp_path, *changes, half)), "utf-8")
    run_dir, written, resumed = tmp_path / "run", tmp_path / "written", tmp_path / "resumed"
    first = _start(train, str(path), str(run_dir), progress=False)
    # That of step 4 is whole when the next one comes, which may be cut short.
    _wait_for(run_dir / "checkpoints" / "step-6.index", first)
    first.kill()
    first.join()
    assert first.exitcode == -signal.SIGKILL
    shutil.copytree(run_dir, written)
    _finish(_start(resume_and_replay, path, run_dir, resumed, 2))
    _assert_same(checkpointed(resumed), checkpointed(run_dir))
    for place in (run_dir, written):
        put_back_to(4, place)
    _assert_same(checkpointed(written), checkpointed(run_dir))
    assert bare_tensorflow(export_run(resumed, tmp_path / "models").path) == "all answered"


def _assert_same(one, other):
    assert one.keys() == other.keys() and one
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def _start(function, *arguments, **named):
    process = PROCESSES.Process(target=function, args=arguments, kwargs=named)
    process.start()
    return process


def _finish(process):
    process.join(timeout=400)
    assert process.exitcode == 0


def _wait_for(path, process):
    deadline = time.monotonic() + 300
    while not path.exists():
        assert process.is_alive() and time.monotonic() < deadline, "no checkpoint came"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def bare_tensorflow(tmp_path_factory):
    """Asks an export everything, in a process that knows TensorFlow alone; what it says of it."""
    folder = tmp_path_factory.mktemp("bare")
    process = subprocess.Popen(
        [sys.executable, "-c", BARE_TENSORFLOW],
        **dict.fromkeys(("stdin", "stdout"), subprocess.PIPE),
        text=True,
        cwd=folder,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )

    def ask(path):
        print(path, file=process.stdin, flush=True)
        return process.stdout.readline().strip()

    with process:
        yield ask
        process.stdin.close()


# This project is not imported.
BARE_TENSORFLOW = """
import sys
import tensorflow as tf
for path in sys.stdin:
    model = tf.saved_model.load(path.strip())
    for function in model.signatures.values():
        rows = {}
        for name, spec in function.structured_input_signature[1].items():
            shape = [3, *(side or 1 for side in spec.shape[1:])]
            empty = tf.fill(shape, "a") if spec.dtype == tf.string else tf.zeros(shape, spec.dtype)
            rows[name] = empty
        assert all(len(output) == 3 for output in function(**rows).values())
        graph = function.graph.as_graph_def()
        nodes = [*graph.node, *(n for f in graph.library.function for n in f.node_def)]
        assert not [n.name for n in nodes if n.attr["T"].type == tf.bfloat16.as_datatype_enum]
    assert "trainer" not in sys.modules
    print("all answered", flush=True)
"""


@pytest.mark.parametrize("recipe", RECIPES)
def test_one_and_two_replicas_train_alike(recipe, tmp_path):
    experiment = small(recipe, tmp_path, "devices.steps_per_execution=1", *SGD)
    data = loading.load(experiment.data)
    one, two = (_weights(experiment, data, replicas) for replicas in (1, 2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)


def _weights(experiment, data, replicas, steps=20):
    game, _ = played(experiment, data, replicas, steps=steps)
    networks = (*game.gan.networks.values(), *game.gan.averages.values())
    return [np.asarray(v) for network in networks for v in network.trainable_variables]
