"""The strategy that the configuration and the environment ask for, and how it shares batches."""

import functools
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from trainer.config.experiment import Devices
from trainer.data.pipeline import ALL, Share
from trainer.errors import ConfigError
from trainer.run.cluster import Cluster


def strategy_for(devices: Devices, cluster: Cluster | None = None) -> tf.distribute.Strategy:
    """Prepares the devices and returns the strategy to build and train under.

    One replica gets TensorFlow's default strategy; more get `MirroredStrategy` over all GPUs, over
    the first `devices.replicas` of them, or over as many logical CPUs. Several workers get
    `MultiWorkerMirroredStrategy`, with as many GPUs each, or its CPU. Nothing may have been
    computed before in the process then, and it waits for the others as long as it takes.

    Raises:
        ConfigError: when the devices asked for are not there, when TensorFlow has already fixed
            another number of logical CPUs, or when the workers cannot be joined.
    """
    if devices.kind == "cpu":
        tf.config.set_visible_devices([], "GPU")
    if cluster is not None:
        gpus = len(_gpus(devices)) if _use_gpus(devices) else 0
        if not gpus and (devices.replicas or 1) > 1:
            raise ConfigError(
                f"devices.replicas: received {devices.replicas} in a cluster, where TensorFlow "
                "takes the CPU of a worker as one replica; leave it null, or start more workers."
            )
        return _of_workers(cluster, gpus)
    names = _gpus(devices) if _use_gpus(devices) else _logical_cpus(devices.replicas or 1)
    if len(names) == 1:
        return tf.distribute.get_strategy()
    return _mirrored(tuple(names))


@functools.cache
def _mirrored(names: tuple[str, ...]) -> tf.distribute.Strategy:
    """One strategy for the same devices in a process.

    A second one would number its collective operations from the start again, and TensorFlow takes
    those for the first one's.
    """
    return tf.distribute.MirroredStrategy(names)


@functools.cache
def _of_workers(cluster: Cluster, gpus: int) -> tf.distribute.Strategy:
    """One strategy for the cluster, of which a process can join one only."""
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": [*(cluster.addresses or addresses_of_slurm(cluster))]}),
        task_type="worker",
        task_id=cluster.index,
        num_accelerators={"GPU": gpus} if gpus else {},
        rpc_layer="grpc",
    )
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
    except (tf.errors.OpError, RuntimeError) as error:
        raise ConfigError(
            f"devices.cluster: worker {cluster.index} of {cluster.size} could not join the others "
            f"({(str(error).splitlines() or [''])[0]}); start all of them anew, each in a process "
            "that has computed nothing."
        ) from error
    if threading.current_thread() is threading.main_thread():
        # The strategy has put a handler of its own in the place of Python's, which stops nothing.
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))
    return strategy


def addresses_of_slurm(cluster: Cluster) -> list[str]:
    """The workers' addresses, as Slurm's variables give them.

    Raises:
        ConfigError: where they do not.
    """
    try:
        # It counts tasks by GPUs; which ones a task sees is left to Slurm.
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            gpus_per_node=cluster.size, gpus_per_task=1, auto_set_gpu=False
        )
        addresses = [*resolver.cluster_spec().as_dict()["worker"]]
    except (RuntimeError, ValueError, KeyError) as error:
        raise ConfigError(
            f"devices.cluster: Slurm's variables do not name the workers ({error}); start them by "
            "srun, or set TF_CONFIG."
        ) from error
    if len(addresses) != cluster.size:
        raise ConfigError(
            f"devices.cluster: SLURM_STEP_TASKS_PER_NODE names {len(addresses)} tasks and "
            f"SLURM_STEP_NUM_TASKS {cluster.size}; start the workers by srun."
        )
    return addresses


def distributed(
    strategy: tf.distribute.Strategy, batches: Callable[[Share], tf.data.Dataset]
) -> Iterator[Any]:
    """An iterator over what each replica of this process plays with, a step after the other.

    Args:
        strategy: of all replicas.
        batches: the batches of a share of them (`pipeline.batches`).
    """
    replicas = strategy.num_replicas_in_sync
    if replicas == 1:
        return iter(batches(ALL))

    def of_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
        own = replicas // context.num_input_pipelines
        return batches(Share(context.input_pipeline_id * own, own, replicas))

    return iter(strategy.distribute_datasets_from_function(of_worker))


def compile_with_xla(devices: Devices, strategy: tf.distribute.Strategy) -> bool:
    """Whether a step is compiled: on one device only, and by default on a GPU only.

    On the CPU TensorFlow's own convolutions are faster than XLA's.
    """
    if devices.xla == "off" or strategy.num_replicas_in_sync > 1:
        return False
    return devices.xla == "on" or _use_gpus(devices)


def _use_gpus(devices: Devices) -> bool:
    present = bool(tf.config.list_physical_devices("GPU"))
    if devices.kind == "gpu" and not present:
        raise ConfigError(
            "devices.kind: received 'gpu', but TensorFlow sees none; install the extra `gpu` and "
            "NVIDIA's driver, or set devices.kind=auto."
        )
    return devices.kind != "cpu" and present


def _gpus(devices: Devices) -> list[str]:
    physical = tf.config.list_physical_devices("GPU")
    wanted = devices.replicas or len(physical)
    if wanted > len(physical):
        raise ConfigError(
            f"devices.replicas: received {wanted}, but there are {len(physical)} GPUs; "
            f"take at most {len(physical)}, or devices.kind=cpu."
        )
    for gpu in physical:
        tf.config.experimental.set_memory_growth(gpu, True)
    return [f"GPU:{i}" for i in range(wanted)]


def _logical_cpus(count: int) -> list[str]:
    if count > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        try:
            tf.config.set_logical_device_configuration(
                cpu, [tf.config.LogicalDeviceConfiguration()] * count
            )
        except RuntimeError as error:
            existing = len(tf.config.list_logical_devices("CPU"))
            if existing < count:
                raise ConfigError(
                    f"devices.replicas: received {count}, but this process has already started "
                    f"TensorFlow with {existing} logical CPUs; start a new process."
                ) from error
    return [f"CPU:{i}" for i in range(count)]
