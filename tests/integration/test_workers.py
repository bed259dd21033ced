"""Several workers train as one replica does, and end together: processes on loopback."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import checkpointed
from tests.playing import put_back_to
from tests.recipes import cover
from trainer.config.recipe import load_experiment
from trainer.errors import RESTART
from trainer.training import train

ROOT = Path(__file__).parents[2]
# Seconds for what takes half a minute on a quiet machine.
PATIENCE = 500
pytestmark = pytest.mark.timeout(4 * PATIENCE)
STARTED: list[subprocess.Popen] = []
TINY = (
    "network={name: mlp, units: [8], generator_normalization: batch}",
    "train.batch_size=16",
    "run.checkpoint_every=20",
    "run.log_every=20",
    "run.sample_every=1000000",
    "run.instruments_every=null",
    "run.grid=[2,10]",
    "data.flip=true",
)
SGD = tuple(
    f"optimizers.{side}={{name: sgd, learning_rate: 0.01}}"
    for side in ("generator", "discriminator")
)


def _addresses(count=2):
    """As many that are free."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{s.getsockname()[1]}" for s in sockets]
    for s in sockets:
        s.close()
    return addresses


def _environment(index, addresses):
    cluster = {"worker": addresses}
    document = {"cluster": cluster, "task": {"type": "worker", "index": index}}
    return {**os.environ, "PYTHONPATH": str(ROOT), "TF_CONFIG": json.dumps(document)}


@pytest.fixture(autouse=True)
def none_left():
    """What a test that failed has left behind ends with it."""
    yield
    for process in STARTED:
        process.kill()
    STARTED.clear()


def _process(line, **how):
    process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True, **how)
    STARTED.append(process)
    return process


def _start(run_dir, index, addresses, *overrides, command=("trainer.cli", "train"), within=()):
    module, *verb = command
    line = [*within, sys.executable, "-m", module, *verb, "cgan-digits", "--run-dir", str(run_dir)]
    for override in (*TINY, *overrides):
        line += ["--set", override]
    return _process(line, env=_environment(index, addresses))


def _started(run_dir, *overrides, count=2):
    addresses = _addresses(count)
    return [_start(run_dir, index, addresses, *overrides) for index in range(count)]


def _ends(processes, seconds=PATIENCE):
    """How they ended, in seconds of all: exit codes, and what each said last."""
    deadline = time.monotonic() + seconds
    said = [p.communicate(timeout=max(1.0, deadline - time.monotonic()))[1] for p in processes]
    return [p.returncode for p in processes], [(s.strip().splitlines() or [""])[-1] for s in said]


def _wait_for_checkpoint(run_dir, processes):
    """Until there is one that counts, as the state file says, which is written last."""
    path = run_dir / "checkpoints" / "checkpoint"
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert all(p.poll() is None for p in processes), [p.communicate() for p in processes]
        assert time.monotonic() < deadline, "no checkpoint came"
        time.sleep(0.02)


def _alone(run_dir, *overrides):
    train(load_experiment("cgan-digits", [*TINY, *overrides]), run_dir, progress=False)
    return run_dir


def _assert_alike(one, other, tolerance):
    one, other = checkpointed(one), checkpointed(other)
    assert one.keys() == other.keys() and len(one) > 20
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=0, atol=tolerance, err_msg=name)


def test_two_workers_train_as_one_replica_and_none_outlives_the_other(tmp_path):
    processes = _started(tmp_path / "two", "train.steps=1000000", "run.keep=1000", *SGD)
    _wait_for_checkpoint(tmp_path / "two", processes)
    processes[1].kill()
    codes, said = _ends(processes, seconds=60)
    assert codes == [RESTART, -signal.SIGKILL]
    assert said[0].startswith("gan: One of the 2 workers is gone (")
    put_back_to(20, tmp_path / "two")
    _assert_alike(tmp_path / "two", _alone(tmp_path / "one", "train.steps=20", *SGD), 1e-6)


@pytest.mark.slow
def test_three_workers_train_as_one_replica(tmp_path):
    """Of a batch of 24, which they can share."""
    changes = ("train.steps=20", "train.batch_size=24", *SGD)
    assert _ends(_started(tmp_path / "three", *changes, count=3))[0] == [0, 0, 0]
    _assert_alike(tmp_path / "three", _alone(tmp_path / "one", *changes), 1e-6)


PROGRAM = """
import sys
import trainer
print("once", flush=True)
experiment = trainer.load_experiment("cgan-digits", sys.argv[2:])
summary = trainer.train(experiment, sys.argv[1], progress=False)
print(summary.worker, summary.step, flush=True)
"""


def _program(run_dir, index, addresses, *overrides):
    """One that calls `trainer.train`, under way."""
    line = [sys.executable, "-c", PROGRAM, str(run_dir), *TINY, *overrides]
    return _process(line, env=_environment(index, addresses), stdout=subprocess.PIPE)


@pytest.mark.slow
def test_programs_of_ones_own_train_together_and_none_outlives_the_other(tmp_path):
    addresses = _addresses()
    lost = [_program(tmp_path, i, addresses, "train.steps=400") for i in range(2)]
    _wait_for_checkpoint(tmp_path, lost)
    lost[1].kill()
    codes, said = _ends(lost, seconds=60)
    assert codes == [RESTART, -signal.SIGKILL]
    assert said[0].startswith("trainer.errors.WorkerLostError: One of the 2 workers is gone (")
    again = [_program(tmp_path, i, addresses, "train.steps=400") for i in range(2)]
    for index, process in enumerate(again):
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        assert out == f"once\n{index} 400\n"


@pytest.mark.slow
def test_a_program_that_has_begun_tensorflow_is_refused(tmp_path):
    begun = PROGRAM.replace(
        "import trainer", "import trainer, tensorflow; tensorflow.ones(1) + 1", 1
    )
    process = subprocess.run(
        [sys.executable, "-c", begun, str(tmp_path / "run"), *TINY, "devices.cluster_timeout=60"],
        env=_environment(0, _addresses()),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert process.returncode == 1, process.stderr
    last = process.stderr.strip().splitlines()[-1]
    assert "each in a process that has computed nothing" in last
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of two workers that nobody disturbed, under Adam."""
    run_dir = tmp_path_factory.mktemp("whole") / "run"
    assert _ends(_started(run_dir, "train.steps=80"))[0] == [0, 0]
    return run_dir


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_worker_ends_all_and_the_restarted_job_resumes_to_the_same_bits(
    victim, whole, tmp_path
):
    processes = _started(tmp_path / "run", "train.steps=80")
    _wait_for_checkpoint(tmp_path / "run", processes)
    processes[victim].kill()
    codes, _ = _ends(processes, seconds=60)
    assert codes[victim] == -signal.SIGKILL and codes[1 - victim] == RESTART
    assert checkpointed(tmp_path / "run")["step/.ATTRIBUTES/VARIABLE_VALUE"] < 80
    assert _ends(_started(tmp_path / "run", "train.steps=80"))[0] == [0, 0]
    _assert_alike(whole, tmp_path / "run", 0.0)
    assert (tmp_path / "run" / "metrics.jsonl").read_text().count('"step": 80') == 1


@pytest.mark.slow
def test_sigterm_to_one_worker_checkpoints_once_and_ends_all(whole, tmp_path):
    processes = _started(tmp_path / "run", "train.steps=80")
    _wait_for_checkpoint(tmp_path / "run", processes)
    processes[1].terminate()
    assert _ends(processes, seconds=60)[0] == [RESTART, RESTART]
    assert _ends(_started(tmp_path / "run", "train.steps=80"))[0] == [0, 0]
    _assert_alike(whole, tmp_path / "run", 0.0)


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_workers(whole, tmp_path):
    """Two, then one, then two again; to within 1e-4 under Adam."""
    run_dir = tmp_path / "run"
    shutil.copytree(whole, run_dir)
    put_back_to(20, run_dir)
    _alone(run_dir, "train.steps=80", "run.time_budget_minutes=0.0001")
    assert _ends(_started(run_dir, "train.steps=80"))[0] == [0, 0]
    _assert_alike(whole, run_dir, 1e-4)


@pytest.mark.slow
def test_a_worker_that_never_comes_up_is_named(tmp_path):
    addresses = _addresses()
    chief = _start(tmp_path / "run", 0, addresses, "devices.cluster_timeout=40")
    begun = time.monotonic()
    codes, said = _ends([chief])
    assert codes == [RESTART] and time.monotonic() - begun < 70
    assert f"within 40 s (devices.cluster_timeout): worker 1 ({addresses[1]})" in said[0]
    assert not (tmp_path / "run").exists()


@pytest.fixture
def networks():
    """Two networks with a link between them, and a function that cuts it."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("networks of one's own take root and iproute2")
    names = [f"saddlepoint-{os.getpid()}-{number}" for number in range(2)]

    def ip(line):
        subprocess.run(["ip", *line.split()], check=True)

    try:
        for name in names:
            ip(f"netns add {name}")
        ip(f"link add veth0 netns {names[0]} type veth peer name veth1 netns {names[1]}")
        for number, name in enumerate(names):
            ip(f"-n {name} addr add 10.77.0.{number + 1}/24 dev veth{number}")
            ip(f"-n {name} link set veth{number} up")
            ip(f"-n {name} link set lo up")
        yield names, lambda: ip(f"-n {names[1]} link set veth1 down")
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False)


@pytest.mark.slow
def test_a_network_that_is_cut_ends_both_sides(networks, tmp_path):
    names, cut = networks
    addresses = [f"10.77.0.{number}:2222" for number in (1, 2)]
    processes = [
        _start(
            *(tmp_path / "run", index, addresses, "train.steps=1000000"),
            within=("ip", "netns", "exec", name),
        )
        for index, name in enumerate(names)
    ]
    _wait_for_checkpoint(tmp_path / "run", processes)
    cut()
    codes, said = _ends(processes, seconds=60)
    assert codes == [RESTART, RESTART]
    assert all(last.startswith("gan: One of the 2 workers is gone (") for last in said)


@pytest.mark.slow
def test_of_a_job_of_several_workers_the_chief_alone_exports(tmp_path, monkeypatch):
    monkeypatch.setenv("AIP_CHECKPOINT_DIR", str(tmp_path / "job" / "checkpoints"))
    monkeypatch.setenv("AIP_MODEL_DIR", str(tmp_path / "job" / "model"))
    run_dir, addresses, job = tmp_path / "job", _addresses(), ("trainer.task",)
    processes = [_start(run_dir, i, addresses, "train.steps=4", command=job) for i in range(2)]
    codes, said = _ends(processes)
    assert codes == [0, 0], said
    assert (run_dir / "model" / "1" / "saved_model.pb").exists()
    assert [path.name for path in (run_dir / "model").iterdir()] == ["1"]


def _pictures(folder, name, seed):
    """A file of little pictures of ten classes, as an override."""
    path = folder / f"{name}.npz"
    images = np.random.RandomState(seed).randint(0, 256, (60, 8, 8)).astype(np.uint8)
    np.savez(path, images=images, labels=np.arange(60) % 10)
    return f"data.source=npz:{path}"


def _both_refuse(processes, chief, other, run_dir):
    """Both end with 2 and a sentence each, and nothing was begun."""
    codes, said = _ends(processes)
    assert codes == [2, 2], said
    assert re.search(chief, said[0]) and re.search(other, said[1]), said
    assert not run_dir.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("objective=hinge", "what its recipe is made of"),
        ("seed=7", r"seed \(here: [07]\)"),
        ("run.log_every=7", r"run\.log_every \(here: (7|20)\)"),
    ],
)
def test_workers_of_other_recipes_all_say_so(override, words, tmp_path):
    run_dir, addresses = tmp_path / "run", _addresses()
    processes = [_start(run_dir, 0, addresses), _start(run_dir, 1, addresses, override)]
    words = rf"^gan: devices\.cluster: worker 1 differs from the chief in {words}"
    _both_refuse(processes, words, words, run_dir)


@pytest.mark.slow
def test_other_data_and_data_that_one_worker_cannot_see_are_refused(tmp_path):
    run_dir, addresses = tmp_path / "run", _addresses()
    sources = [_pictures(tmp_path, "a", 0), _pictures(tmp_path, "b", 1)]
    processes = [_start(run_dir, index, addresses, source) for index, source in enumerate(sources)]
    words = "worker 1 differs from the chief in its data .here: 54 examples, fingerprint"
    _both_refuse(processes, words, words, run_dir)
    gone = f"data.source=npz:{tmp_path / 'gone.npz'}"
    processes = [_start(run_dir, 0, addresses, sources[0]), _start(run_dir, 1, addresses, gone)]
    chief = "worker 1 could not read what it is to train on, and says why itself"
    _both_refuse(processes, chief, r"data\.source: .*gone\.npz", run_dir)


@pytest.mark.slow
def test_a_run_directory_that_one_worker_cannot_see_is_refused(tmp_path):
    addresses = _addresses()
    processes = [_start(tmp_path / str(index), index, addresses) for index in range(2)]
    codes, said = _ends(processes)
    assert codes == [2, 2]
    assert "worker 1 could not see the run that the chief has begun" in said[0]
    assert "--run-dir" in said[1] and "a directory that all workers see" in said[1]
    assert not (tmp_path / "1").exists()


@pytest.fixture(scope="module")
def played_by_two(tmp_path_factory):
    """What two workers say of a recipe that they play; they go on to the next one."""
    workers = []

    def start():
        folder, addresses = tmp_path_factory.mktemp("together"), _addresses()
        for index in range(2):
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.together", str(folder)],
                env=_environment(index, addresses),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=(folder / f"{index}.log").open("w"),
                text=True,
            )
            workers.append(process)

    def stop():
        for process in workers:
            process.kill()
            process.communicate()
        workers.clear()

    def play(recipe):
        if not workers:
            start()
        for process in workers:
            print(recipe, file=process.stdin, flush=True)
        said = [process.stdout.readline().strip() for process in workers]
        if said != 2 * [f"{recipe}: whole"]:
            # They may stand at different places, or not at all.
            stop()
        return said

    yield play
    stop()


@pytest.mark.slow
@pytest.mark.parametrize("recipe", cover())
def test_every_round_wrapper_term_condition_and_network_is_played_by_two(recipe, played_by_two):
    assert played_by_two(recipe) == 2 * [f"{recipe}: whole"]
