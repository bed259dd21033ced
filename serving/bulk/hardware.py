"""What the last bits of a sample depend on besides its seed: processor and threads."""

import os
import platform
from contextlib import suppress
from pathlib import Path

import tensorflow as tf


def use_one_thread(at_once: int = 1) -> None:
    """Makes TensorFlow compute in one thread in this process, unless it has started already.

    Then bits do not depend on how many cores a machine has, and processes fill the others. For
    processes of our own: in anybody else's it would slow down whatever comes after.

    Args:
        at_once: how many threads of the process call the model, each computing in one.
    """
    with suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(at_once)


def is_one_thread() -> bool:
    """Whether TensorFlow computes in one thread in this process."""
    return _threads() == 1


def kind() -> str:
    """Returns the processor with its vector instructions, threads, and accelerators in use."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    pairs = [line.partition(":") for line in lines]
    fields = {key.strip(): value.strip() for key, _, value in pairs}
    vectors = sorted({"avx512f", "avx2"} & set(fields.get("flags", "").split()))
    gpus = [
        tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
        for gpu in tf.config.list_physical_devices("GPU")
    ]
    threads = f"{_threads()} threads" if _threads() != 1 else "1 thread"
    parts = [platform.machine(), fields.get("model name", ""), *vectors, threads, *gpus]
    return ", ".join(part for part in parts if part)


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def available_memory() -> int | None:
    """Bytes of memory that processes may still take, where the system says so."""
    info = Path("/proc/meminfo")
    lines = info.read_text().splitlines() if info.exists() else []
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None


def has_accelerator() -> bool:
    """Whether TensorFlow sees a GPU."""
    return bool(tf.config.list_physical_devices("GPU"))


def _threads() -> int:
    chosen = tf.config.threading.get_intra_op_parallelism_threads()
    return chosen or usable_cores()
