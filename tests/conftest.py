"""Shared fixtures: two logical CPUs, tiny experiments, and where the larger test data lies."""

import contextlib
import gc
import os
import uuid
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
# Read when TensorFlow is imported: between two attempts at an object store there is no pause.
os.environ.setdefault("GCS_RETRY_CONFIG_INIT_DELAY_TIME_US", "0")
os.environ.setdefault("GCS_STAT_CACHE_MAX_AGE", "0")

import numpy as np
import pytest

from trainer.config.experiment import Experiment
from trainer.config.recipe import load_experiment

TINY = (
    "train.batch_size=16",
    "train.steps=4",
    "run.log_every=2",
    "run.sample_every=4",
    "run.checkpoint_every=4",
    "run.grid=[2,10]",
)


# For games whose networks do not matter: dense layers are the quickest to trace.
DENSE = "network={name: mlp, units: [8]}"

TESTS = Path(__file__).parent
# Files that take minutes begin first, and their tests are dealt out one by one: what these share is
# quickly made again. Of every other file one process does all the work.
LONG = ("test_recipes.py", "test_training.py", "test_replicas.py")


def pytest_configure(config):
    """Starts TensorFlow, but for the process that only deals out tests to others."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        start_tensorflow()


def start_tensorflow():
    """Imports TensorFlow for games that are traced again and again, and played for a few steps."""
    gc.disable()
    import tensorflow as tf

    # Replicas are tested on logical CPUs, which must be declared before TensorFlow starts.
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    # What is imported stays: the collector need not look through it while a game is traced.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()


def pytest_collection_finish():
    """Keeps the collector from the modules of the tests, too."""
    gc.freeze()


def pytest_collection_modifyitems(items):
    """Puts the tests of the longest files first, and marks those of a folder by its name."""
    for item in items:
        if "integration" in item.path.relative_to(TESTS).parts:
            item.add_marker(pytest.mark.integration)
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """How tests are dealt out to processes."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            return nodeid if file.endswith(LONG) else file

    return ByFile(config, log)


def tiny(recipe: str = "cgan-digits", *overrides: str) -> Experiment:
    """A recipe small enough to train in a test."""
    whole = load_experiment(recipe)
    narrow = ["network.units=[8]" if hasattr(whole.network, "units") else "network.base_filters=4"]
    narrow += ["prior.size=8"] if hasattr(whole.prior, "size") else []
    return load_experiment(recipe, [*narrow, *TINY, *overrides])


def checkpointed(run_dir) -> dict[str, np.ndarray]:
    """Every variable of a run's newest checkpoint, by name; empty when there is none."""
    import tensorflow as tf

    path = tf.train.latest_checkpoint(str(run_dir / "checkpoints"))
    names = [name for name, _ in tf.train.list_variables(path)] if path else []
    # How often a process has saved is TensorFlow's own count, not state of the run.
    names = [name for name in names if not name.startswith("save_counter")]
    values = {name: np.asarray(tf.train.load_variable(path, name)) for name in names}
    return {name: v for name, v in values.items() if np.issubdtype(v.dtype, np.number)}


def shown(run_dir) -> dict[str, bytes]:
    """The pictures and texts of a run, by the names of their files."""
    return {path.name: path.read_bytes() for path in (run_dir / "samples").iterdir()}


def assert_same(one, other):
    """That what `checkpointed` gives of two runs is equal, bit for bit."""
    assert one.keys() == other.keys() and one
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.fixture
def object_store(monkeypatch):
    """A place like gs://bucket: TensorFlow's in-memory file system.

    Where an object store replaces an object that is written again, that file system appends; so
    the old one is removed here first.
    """
    import tensorflow as tf

    gfile, copy = tf.io.gfile.GFile, tf.io.gfile.copy

    def remove(path):
        if str(path).startswith("ram://") and tf.io.gfile.exists(path):
            tf.io.gfile.remove(path)

    def open_replacing(path, mode="r"):
        if "w" in mode:
            remove(path)
        return gfile(path, mode)

    def copy_replacing(source, target, overwrite=False):
        remove(target)
        copy(source, target, overwrite)

    monkeypatch.setattr(tf.io.gfile, "GFile", open_replacing)
    monkeypatch.setattr(tf.io.gfile, "copy", copy_replacing)
    return f"ram://{uuid.uuid4()}"


@pytest.fixture(scope="session")
def emulated_bucket(tmp_path_factory):
    """See `bucket`; of all tests that one process carries out."""
    from tests.buckets import Bucket
    from tests.network import NoNetworkError

    try:
        made = Bucket(tmp_path_factory.mktemp("bucket"))
    except (NoNetworkError, FileNotFoundError) as reason:
        pytest.skip(str(reason))
    yield made
    made.close()


@pytest.fixture
def bucket(emulated_bucket):
    """An empty bucket without faults behind TensorFlow's own `gs://` (`tests.buckets`)."""
    yield emulated_bucket
    emulated_bucket.clear()


@pytest.fixture(scope="session")
def digits():
    """The built-in digits as a data set."""
    from trainer.data import loading

    return loading.load(load_experiment("cgan-digits").data)


@contextlib.contextmanager
def graphs_as_traced():
    """TensorFlow leaves graphs as they are: rewriting them takes longer than a few steps.

    It may also change their last bits, so who compares bits has both graphs from here, or neither.
    """
    import tensorflow as tf

    options, off = tf.config.optimizer, "disable_meta_optimizer"
    before = options.get_experimental_options().get(off, False)
    options.set_experimental_options({off: True})
    try:
        yield
    finally:
        options.set_experimental_options({off: before})


def _trained(tmp_path_factory, *arguments):
    from trainer.training import train

    run_dir = tmp_path_factory.mktemp("run") / "run"
    with graphs_as_traced():
        train(tiny(*arguments), run_dir, progress=False)
    return run_dir


# Runs that several tests read: a start costs seconds, because TensorFlow traces the game anew.
# Who wants to write into one takes a copy.


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory):
    """The directory of a tiny conditional run of four steps."""
    return _trained(tmp_path_factory)


@pytest.fixture(scope="session")
def longer_run(tmp_path_factory):
    """The directory of the same run, played to six steps in one go."""
    return _trained(tmp_path_factory, "cgan-digits", "train.steps=6")


@pytest.fixture(scope="session")
def ring_run(tmp_path_factory):
    """The directory of a tiny run on points in the plane."""
    return _trained(tmp_path_factory, "mlp-ring")


@pytest.fixture(scope="session")
def classifier_cache(tmp_path_factory):
    """An `evaluate.cache_dir` of evaluations that need a classifier: the first one trains it."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def exported(trained_run, tmp_path_factory):
    """The model directory with version 1 of the tiny run."""
    from trainer.exporting import export_run

    models = tmp_path_factory.mktemp("models")
    export_run(trained_run, models)
    return models
