"""What workers agree on and how they end together, without other processes."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tiny
from trainer.config.experiment import Devices
from trainer.errors import ConfigError, WorkerLostError
from trainer.run import distribution, workers
from trainer.run.cluster import Cluster
from trainer.run.workers import Workers


class Two(Workers):
    """The first of two workers, of which the other one says what it is told to."""

    def __init__(self, other):
        super().__init__(tf.distribute.get_strategy(), Cluster(2, 0))
        self.other = other

    def gathered(self, numbers):
        return np.asarray([numbers, self.other(numbers)], np.int64)


def _differs_in(number):
    return lambda numbers: [n + (i == number) for i, n in enumerate(numbers)]


def test_a_process_alone_is_the_chief_and_agrees_with_itself():
    alone = Workers(tf.distribute.get_strategy())
    assert alone.is_chief and alone.size == 1
    assert alone.gathered([3, 4]).tolist() == [[3, 4]]
    alone.agree({"a": "b"})
    with pytest.raises(tf.errors.UnavailableError), alone.or_lost():
        raise tf.errors.UnavailableError(None, None, "a store that is down")


def test_what_differs_between_workers_is_named_with_the_value_here(digits):
    facts = {"its data": "12 examples", "seed": "7"}
    Two(lambda numbers: numbers).agree(facts)
    with pytest.raises(ConfigError, match=r"worker 1 differs from the chief in seed \(here: 7\)"):
        Two(_differs_in(1)).agree(facts)
    with pytest.raises(ConfigError, match="chief in its version of saddlepoint"):
        Two(_differs_in(0)).agree_on(tiny(), digits.spec)
    shared = tiny().shared_fields()
    assert {"train.batch_size", "run.log_every", "devices.replicas", "evaluate.every"} <= {*shared}
    assert not {"name", "data.source", "data.source.name", "data.cache_dir"} & {*shared}
    assert json.dumps(shared)


def test_what_one_worker_finds_wrong_ends_all():
    def failing(numbers):
        return [1]

    with pytest.raises(ConfigError, match="worker 1 could not read the data, and says why itself"):
        with Two(failing).together("read the data"):
            pass
    told = []
    with pytest.raises(ConfigError, match="gone"):
        with Two(lambda numbers: told.append(numbers) or [0]).together("read the data"):
            raise ConfigError("data.source: gone")
    assert told == [[True]]


@pytest.mark.parametrize("error", [tf.errors.UnavailableError, tf.errors.DeadlineExceededError])
def test_a_worker_that_is_gone_is_a_sentence(error, monkeypatch):
    at_the_end = []
    monkeypatch.setattr("atexit.register", at_the_end.append)
    with pytest.raises(WorkerLostError, match=r"^One of the 2 workers is gone .*last checkpoint"):
        with Two(lambda numbers: numbers).or_lost():
            raise error(None, None, "Connection reset by peer")
    assert at_the_end == [workers._end_for_restart]


def test_replicas_on_the_cpu_of_a_worker_are_refused():
    with pytest.raises(ConfigError, match=r"devices\.replicas: received 2 in a cluster"):
        distribution.strategy_for(Devices(kind="cpu", replicas=2), Cluster(2, 0, ("a:1", "b:1")))


def test_slurm_gives_addresses_by_tensorflows_own_resolver(monkeypatch):
    step = {
        "SLURM_PROCID": "1",
        "SLURM_STEP_NUM_TASKS": "3",
        "SLURM_STEP_NODELIST": "n[1-2]",
        "SLURM_STEP_TASKS_PER_NODE": "2,1",
    }
    for name, value in step.items():
        monkeypatch.setenv(name, value)
    addresses = ["n1:8888", "n1:8889", "n2:8888"]
    assert distribution.addresses_of_slurm(Cluster(3, 1)) == addresses
    with pytest.raises(ConfigError, match="names 3 tasks and SLURM_STEP_NUM_TASKS 4"):
        distribution.addresses_of_slurm(Cluster(4, 1))
    monkeypatch.delenv("SLURM_STEP_TASKS_PER_NODE")
    with pytest.raises(ConfigError, match="SLURM_STEP_TASKS_PER_NODE not found"):
        distribution.addresses_of_slurm(Cluster(3, 1))
