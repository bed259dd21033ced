"""The strategy that the configuration and the environment ask for."""

import functools
import json
import os

import tensorflow as tf

from trainer.config.experiment import Devices
from trainer.errors import ConfigError


def strategy_for(devices: Devices) -> tf.distribute.Strategy:
    """Prepares the devices and returns the strategy to build and train under.

    One replica gets TensorFlow's default strategy; more get `MirroredStrategy` over all GPUs, over
    the first `devices.replicas` of them, or over as many logical CPUs.

    Raises:
        ConfigError: when the devices asked for are not there, when TensorFlow has already fixed
            another number of logical CPUs, or when TF_CONFIG names several workers.
    """
    refuse_several_workers(os.environ.get("TF_CONFIG"))
    if devices.kind == "cpu":
        tf.config.set_visible_devices([], "GPU")
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


def compile_with_xla(devices: Devices, strategy: tf.distribute.Strategy) -> bool:
    """Whether a step is compiled: on one device only, and by default on a GPU only.

    On the CPU TensorFlow's own convolutions are faster than XLA's.
    """
    if devices.xla == "off" or strategy.num_replicas_in_sync > 1:
        return False
    return devices.xla == "on" or _use_gpus(devices)


def refuse_several_workers(tf_config: str | None) -> None:
    """Checks that TF_CONFIG, which cloud jobs set, names one worker at most.

    Raises:
        ConfigError: otherwise, or when it is not JSON.
    """
    try:
        cluster = json.loads(tf_config or "{}").get("cluster", {})
    except (json.JSONDecodeError, AttributeError) as error:
        raise ConfigError(
            f"TF_CONFIG: received {tf_config!r}, which is not a JSON object."
        ) from error
    workers = sum(len(cluster.get(job, ())) for job in ("chief", "master", "worker"))
    if workers > 1:
        raise ConfigError(
            f"TF_CONFIG: received a cluster of {workers} workers, which is not supported yet; "
            "ask for one worker with several GPUs."
        )


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
