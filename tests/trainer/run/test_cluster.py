"""Who trains together, as TF_CONFIG, CLUSTER_SPEC and Slurm's variables say."""

import json
import socket

import pytest

from trainer.config.experiment import Devices
from trainer.errors import ConfigError
from trainer.run.cluster import Cluster, of_environment

TWO = {"worker": ["a:1", "b:1"]}


def _read(cluster=None, task=None, *, name="TF_CONFIG", kind="auto"):
    document = {"cluster": cluster, "task": task, "environment": "cloud"}
    text = json.dumps({key: value for key, value in document.items() if value is not None})
    return of_environment(Devices(cluster=kind), {name: text})


@pytest.mark.parametrize(
    ("cluster", "task", "index"),
    [
        (TWO, {"type": "worker", "index": 0}, 0),
        (TWO, {"type": "worker", "index": "1"}, 1),
        ({"worker": ["b:1"], "chief": ["a:1"]}, {"type": "chief", "index": 0}, 0),
        ({"worker": ["b:1"], "master": ["a:1"]}, {"type": "worker", "index": 0}, 1),
        ({"workerpool1": ["b:1"], "workerpool0": ["a:1"]}, {"type": "workerpool1", "index": 0}, 1),
    ],
)
def test_every_worker_finds_its_place_and_the_chief_is_the_first(cluster, task, index):
    for name in ("TF_CONFIG", "CLUSTER_SPEC"):
        assert _read(cluster, task, name=name) == Cluster(2, index, ("a:1", "b:1"))
    assert _read(cluster, task, kind="none") is None


def test_a_process_alone_needs_no_cluster():
    assert of_environment(Devices(), {}) is None
    assert of_environment(Devices(), {"TF_CONFIG": ""}) is None
    assert _read() is None
    assert _read({"chief": ["a:1"], "worker": []}, {"type": "chief", "index": 0}) is None
    # TF_CONFIG is what a platform sets for TensorFlow, and comes first.
    both = {"TF_CONFIG": "{}", "CLUSTER_SPEC": "no JSON"}
    assert of_environment(Devices(), both) is None


@pytest.mark.parametrize(
    ("cluster", "task", "words"),
    [
        (TWO, None, "it has no task"),
        (TWO, {"index": 0}, "it has no task"),
        (TWO, {"type": "chief", "index": 0}, "a 'chief', which its cluster does not have"),
        (TWO, {"type": "worker", "index": 2}, "index 2, and its cluster has 2 of the type"),
        (TWO, {"type": "worker", "index": -1}, "index -1"),
        (TWO, {"type": "worker"}, "index None"),
        ({"chief": ["a:1", "b:1"]}, {"type": "chief", "index": 0}, "has 2 chiefs; name one"),
        ({"chief": ["a:1"], "master": ["b:1"]}, {"type": "chief", "index": 0}, "2 chiefs"),
        ({**TWO, "ps": ["c:1"]}, {"type": "ps", "index": 0}, "the job 'ps'; chief and worker"),
        ({"worker": ["a:1", "a:1"]}, {"type": "worker", "index": 0}, "the same address in a:1"),
        ({"worker": ["a:1", "b"]}, {"type": "worker", "index": 0}, "a list of HOST:PORT"),
        ({"worker": "a:1,b:1"}, {"type": "worker", "index": 0}, "a list of HOST:PORT"),
        (["a:1", "b:1"], {"type": "worker", "index": 0}, "as its cluster"),
    ],
)
def test_a_broken_cluster_is_a_sentence_with_an_example(cluster, task, words):
    with pytest.raises(ConfigError, match=r"^TF_CONFIG: .*devices\.cluster=none\.$") as error:
        _read(cluster, task)
    assert words in str(error.value)


@pytest.mark.parametrize("text", ["{", "[]", "null", "3"])
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(ConfigError, match="which is not a JSON object"):
        of_environment(Devices(), {"CLUSTER_SPEC": text})


def test_slurm_names_its_tasks_where_a_step_has_several():
    step = {"SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "3", "SLURM_STEP_NODELIST": "n[1-3]"}
    assert of_environment(Devices(), step) == Cluster(3, 1)
    assert of_environment(Devices(cluster="slurm"), {**step, "TF_CONFIG": "no"}) == Cluster(3, 1)
    assert of_environment(Devices(cluster="none"), step) is None
    assert (
        of_environment(Devices(), {**step, "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"})
        is None
    )
    # A batch script before srun has none of a step's variables.
    assert of_environment(Devices(), {"SLURM_PROCID": "0"}) is None
    with pytest.raises(ConfigError, match="no SLURM_STEP_NUM_TASKS; start the workers by srun"):
        of_environment(Devices(cluster="slurm"), {"SLURM_PROCID": "0"})
    with pytest.raises(ConfigError, match="SLURM_PROCID: received '3'"):
        of_environment(Devices(), {**step, "SLURM_PROCID": "3"})


def test_a_cluster_that_was_asked_for_must_be_there():
    with pytest.raises(ConfigError, match="neither TF_CONFIG nor CLUSTER_SPEC"):
        of_environment(Devices(cluster="tf_config"), {})


def test_a_port_in_use_is_refused_and_who_does_not_answer_is_named():
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        port = other.getsockname()[1]
        addresses = (f"127.0.0.1:{port}", "127.0.0.1:1")
        with pytest.raises(ConfigError, match=rf"worker 0 cannot listen on port {port}"):
            Cluster(2, 0, addresses).require_own_port()
        assert Cluster(2, 0, addresses).absent() == ["worker 1 (127.0.0.1:1)"]
        assert Cluster(2, 1, addresses).absent() == []
    Cluster(2, 0, addresses).require_own_port()
    Cluster(3, 1).require_own_port()
    with pytest.raises(ConfigError, match="cannot listen on port 99999"):
        Cluster(2, 0, ("a:99999", "b:1")).require_own_port()
