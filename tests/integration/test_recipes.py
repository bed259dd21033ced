"""The harder half of every recipe's road: SIGKILL in bfloat16, bare TensorFlow, two replicas.

One recipe of each round, wrapper and modality goes it; `make test-all` sends all.
"""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tests import asking, processes
from tests.conftest import assert_same, checkpointed, shown
from tests.playing import played, put_back_to, resume_and_replay
from tests.recipes import representatives, small
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


REPRESENTATIVES = representatives()
RECIPES = [
    pytest.param(name, marks=() if name in REPRESENTATIVES else pytest.mark.slow)
    for name in recipe_names()
]


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
    first = processes.start(train, str(path), str(run_dir), progress=False)
    # That of step 4 is whole when the next one comes, which may be cut short.
    processes.wait_for(run_dir / "checkpoints" / "step-6.index", first)
    processes.kill(first)
    shutil.copytree(run_dir, written)
    processes.finish(processes.start(resume_and_replay, path, run_dir, resumed, 2))
    assert_same(checkpointed(resumed), checkpointed(run_dir))
    assert shown(resumed) == shown(run_dir)
    for place in (run_dir, written):
        put_back_to(4, place)
    assert_same(checkpointed(written), checkpointed(run_dir))
    assert bare_tensorflow(export_run(resumed, tmp_path / "models").path) == "all answered"


@pytest.fixture(scope="module")
def bare_tensorflow(tmp_path_factory):
    """Asks an export everything, in a process that knows TensorFlow alone; what it says of it."""
    process = subprocess.Popen(
        [sys.executable, "-P", asking.__file__],
        **dict.fromkeys(("stdin", "stdout"), subprocess.PIPE),
        text=True,
        cwd=tmp_path_factory.mktemp("bare"),
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )

    def ask(path):
        print(path, file=process.stdin, flush=True)
        return process.stdout.readline().strip()

    with process:
        yield ask
        process.stdin.close()


@pytest.mark.parametrize("recipe", RECIPES)
def test_one_and_two_replicas_train_alike(recipe, tmp_path):
    # A critic may have no other bound.
    clip = load_experiment(recipe).optimizers.discriminator.clip_weights
    bound = () if clip is None else (f"optimizers.discriminator.clip_weights={clip}",)
    experiment = small(recipe, tmp_path, "devices.steps_per_execution=1", *SGD, *bound)
    data = loading.load(experiment.data)
    one, two = (_weights(experiment, data, replicas) for replicas in (1, 2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)


def _weights(experiment, data, replicas, steps=20):
    game, _ = played(experiment, data, replicas, steps=steps)
    networks = (*game.gan.networks.values(), *game.gan.averages.values())
    return [np.asarray(v) for network in networks for v in network.trainable_variables]
