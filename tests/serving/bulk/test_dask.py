"""Beam's runner for Dask, with a real scheduler and workers that are processes."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from benchmarks.dask_cluster import ROOT, Cluster, wait_for
from serving import ServingError
from serving.batch import ExecutionOptions, verify
from serving.bulk import cluster as watching
from serving.bulk import execution
from serving.bulk.output import Output
from tests.serving.bulk.conftest import data, run

MISSING = [name for name in ("apache_beam", "distributed") if not importlib.util.find_spec(name)]
# Every worker imports TensorFlow.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        bool(MISSING), reason=f"the extra `dask` is not installed ({', '.join(MISSING)})"
    ),
]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")


@pytest.fixture
def cluster(tmp_path_factory):
    """A scheduler without workers."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.close()


def on(cluster, *options):
    options = (f"--dask_client_address={cluster.address}", *options)
    return ExecutionOptions(runner="DaskRunner", runner_options=options, progress=False)


@pytest.fixture
def records(monkeypatch):
    """The records of the shards of all runs."""
    seen, original = [], execution.RunStatistics.of
    monkeypatch.setattr(
        execution.RunStatistics,
        "of",
        lambda records, run: seen.extend(records) or original(records, run),
    )
    return seen


@pytest.fixture
def hosts():
    """Two network namespaces behind a bridge, as prefixes of commands, and the bridge's address."""
    names, bridge, net = ("saddle-a", "saddle-b"), "saddle-br", "10.211.7"
    ip("link", "add", bridge, "type", "bridge")
    ip("addr", "add", f"{net}.1/24", "dev", bridge)
    ip("link", "set", bridge, "up")
    for number, name in enumerate(names, 2):
        inside = ("netns", "exec", name, "ip")
        ip("netns", "add", name)
        ip("link", "add", f"{name}-o", "type", "veth", "peer", "name", f"{name}-i")
        ip("link", "set", f"{name}-i", "netns", name)
        ip("link", "set", f"{name}-o", "master", bridge, "up")
        ip(*inside, "addr", "add", f"{net}.{number}/24", "dev", f"{name}-i")
        ip(*inside, "link", "set", f"{name}-i", "up")
        ip(*inside, "link", "set", "lo", "up")
    yield f"{net}.1", [["ip", "netns", "exec", name] for name in names]
    for name in names:
        ip("netns", "del", name)
    ip("link", "del", bridge)


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def num_written(out):
    return len(list(Path(out).glob(".partial/*-of-*.json")))


def beside(work):
    """Does something while the run goes on, and ends with it."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@needs_root
def test_two_hosts_share_a_plan_and_write_the_same_bytes(
    digits, tmp_path, tmp_path_factory, hosts, records
):
    address, prefixes = hosts
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), host=address)
    try:
        for prefix in prefixes:
            cluster.worker(prefix=prefix)
        cluster.wait_for_workers(2)
        run(digits, tmp_path / "out", count=60, execution=on(cluster))
    finally:
        cluster.close()
    assert len(records) == 15  # in parts of one row each, or one host would have had all of them
    assert {record["worker"].rpartition(":")[0] for record in records} == {
        "tcp://10.211.7.2", "tcp://10.211.7.3",
    }  # fmt: skip
    run(digits, tmp_path / "here", count=60)
    assert data(tmp_path / "out") == data(tmp_path / "here")
    assert verify(str(tmp_path / "out"), str(digits), share=1.0, progress=False).ok


def test_one_worker_is_killed_and_one_joins_late(digits, tmp_path, cluster, records):
    out = tmp_path / "out"

    def fault():
        wait_for(lambda: num_written(out) > 3)
        cluster.worker()
        cluster.wait_for_workers(2)
        os.killpg(first.pid, signal.SIGKILL)

    first = cluster.worker()
    beside(fault)
    run(digits, out, count=2000, execution=on(cluster))
    assert first.poll() is not None
    assert len({record["worker"] for record in records}) == 2
    assert len(records) == len({record["name"] for record in records}) == 500
    assert verify(str(out), str(digits), share=0.01, progress=False).ok


def test_all_workers_and_then_the_scheduler_are_killed(digits, tmp_path, cluster, monkeypatch):
    out, count = tmp_path / "out", 1600
    monkeypatch.setattr(watching, "_REPLACED_SECONDS", 2.0)
    killed = []

    def killing(process):
        before = num_written(out)

        def fault():
            wait_for(lambda: num_written(out) > before + 3)
            os.killpg(process.pid, signal.SIGKILL)
            killed.append(time.monotonic())

        beside(fault)

    killing(cluster.worker())
    place = re.escape(cluster.address)
    with pytest.raises(ServingError, match=f"all workers of the scheduler at {place} have ended"):
        run(digits, out, count=count, execution=on(cluster))
    cluster.worker()
    cluster.wait_for_workers(1)
    killing(cluster.scheduler)
    with pytest.raises(ServingError, match=f"the scheduler at {place} has ended .* goes on"):
        run(digits, out, count=count, execution=on(cluster))
    assert len(killed) == 2 and time.monotonic() - killed[-1] < 60
    seen = num_written(out)
    assert 6 < seen < 400
    run(digits, out, count=count)
    assert verify(str(out), str(digits), share=0.01, progress=False).ok


def test_a_shard_that_ends_its_workers_is_given_up(digits, tmp_path, monkeypatch):
    """By default Dask tries a shard on four workers; here it is content with one."""
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    cluster = Cluster(tmp_path)
    try:
        workers = [cluster.worker() for _ in range(2)]
        cluster.wait_for_workers(2)

        def fault():
            wait_for(lambda: num_written(tmp_path / "out") > 3)
            os.killpg(workers[0].pid, signal.SIGKILL)

        beside(fault)
        words = r"one shard ended several workers \(the last tcp://127\.0\.0\.1:\d+; see its log\)"
        with pytest.raises(ServingError, match=words):
            run(digits, tmp_path / "out", count=2000, execution=on(cluster))
    finally:
        cluster.close()
    run(digits, tmp_path / "out", count=2000)
    assert verify(str(tmp_path / "out"), str(digits), share=0.01, progress=False).ok


@needs_root
def test_a_worker_that_does_not_see_a_folder_says_so(digits, tmp_path, cluster):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    hide = f'mount -t tmpfs none {hidden} && exec "$@"'
    cluster.worker(prefix=["unshare", "--mount", "sh", "-c", hide, "sh"])
    cluster.wait_for_workers(1)
    words = r"worker tcp://127\.0\.0\.1:\d+: out: the run is not in .*hidden/out' as this machine"
    with pytest.raises(ServingError, match=words):
        run(digits, hidden / "out", execution=on(cluster))
    (hidden / "models").symlink_to(digits)
    with pytest.raises(ServingError, match=r"worker tcp://127\.0\.0\.1:\d+: .*hidden/models"):
        run(hidden / "models", tmp_path / "out", execution=on(cluster))


@pytest.mark.parametrize("package", ["saddlepoint", "apache-beam"])
def test_a_worker_of_another_version_says_so(digits, tmp_path, cluster, package):
    other = tmp_path / "site" / f"{package.replace('-', '_')}-0.0.7.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.0.7\n")
    cluster.worker(paths=[other.parent])
    cluster.wait_for_workers(1)
    words = rf"The worker tcp://127\.0\.0\.1:\d+ has {package} 0\.0\.7, and the driver \d"
    with pytest.raises(ServingError, match=words):
        run(digits, tmp_path / "out", execution=on(cluster))


def test_a_worker_with_other_code_of_the_same_version_says_so(digits, tmp_path, cluster):
    shutil.copytree(ROOT / "serving", tmp_path / "site" / "serving")
    with open(tmp_path / "site" / "serving" / "latents.py", "a") as file:
        file.write("# another commit\n")
    cluster.worker(paths=[tmp_path / "site"])
    cluster.wait_for_workers(1)
    code = r"\w{12}"
    words = rf"127\.0\.0\.1:\d+ has code of saddlepoint {code}, and the driver {code}"
    with pytest.raises(ServingError, match=words):
        run(digits, tmp_path / "out", execution=on(cluster))


def test_ctrl_c_stops_the_cluster_too(digits, tmp_path, cluster):
    out = tmp_path / "out"
    cluster.worker()
    command = [
        sys.executable, "-m", "serving.batch", str(digits), "--out", str(out), "--count", "400000",
        "--rows-per-shard", "50", "--batch-size", "64", "--format", "npz",
        "--runner", "DaskRunner", "--dask_client_address", cluster.address,
    ]  # fmt: skip
    job = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True,
        # What starts in the background of a shell inherits that the signal is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    with job:
        wait_for(lambda: job.poll() is not None or num_written(out) > 2)
        job.send_signal(signal.SIGINT)
        lines = job.communicate(timeout=60)[1].strip().splitlines()
    assert job.returncode == 130 and "Interrupted: " in lines[-1], lines
    wait_for(lambda: cluster.num_tasks() == 0)
    assert num_written(out) < 8000


def test_a_worker_with_two_threads_holds_one_model_within_its_memory(
    digits, tmp_path, cluster, records
):
    cluster.worker("--nthreads", "2", "--nanny", "--memory-limit", "2GiB")
    cluster.wait_for_workers(1)
    run(digits, tmp_path / "out", count=4000, rows_per_shard=100, execution=on(cluster))
    assert len({record["worker"] for record in records}) == 1  # no nanny has begun another
    assert cluster.asked(_loaded) == [(1, 2)]
    run(digits, tmp_path / "here", count=4000, rows_per_shard=100)
    assert data(tmp_path / "out") == data(tmp_path / "here")


def _loaded():
    """In a worker: how many models it holds, and how many threads call them."""
    import gc

    import tensorflow as tf

    from serving.exported import ExportedModel

    models = [thing for thing in gc.get_objects() if isinstance(thing, ExportedModel)]
    return len(models), tf.config.threading.get_inter_op_parallelism_threads()


def test_a_scheduler_that_is_not_there_gets_a_sentence(digits, tmp_path, monkeypatch):
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "1s")
    options = ExecutionOptions(
        runner="DaskRunner",
        runner_options=("--dask_client_address=tcp://127.0.0.1:9", "--dask_connection_timeout=1"),
        progress=False,
    )
    with pytest.raises(ServingError, match=r"DaskRunner: .*127\.0\.0\.1:9"):
        run(digits, tmp_path / "out", execution=options)


def test_what_the_runner_is_told_of_the_plan():
    from apache_beam.runners.dask.dask_runner import DaskOptions

    from serving.bulk import beam

    def parts(num_rows, *options):
        chosen = beam._settings("DaskRunner", options, num_rows).view_as(DaskOptions)
        return chosen.npartitions, chosen.partition_size

    assert parts(8) == (None, 1)
    assert parts(25_000) == (None, 3)
    assert parts(8, "--dask_npartitions=2") == (2, None)
    assert parts(8, "--dask_partition_size=4") == (None, 4)


def test_output_of_another_run_is_refused_by_a_worker(tmp_path):
    with pytest.raises(ServingError, match="the run is not in"):
        Output(str(tmp_path)).require({})
