"""Beam's runner for Dask, with a real scheduler and workers that are processes."""

import importlib.util

import pytest

from serving.batch import Manner, verify
from serving.bulk import driver
from tests.serving.bulk.conftest import data, run
from tests.serving.bulk.dask_cluster import Cluster

MISSING = [name for name in ("apache_beam", "distributed") if not importlib.util.find_spec(name)]
pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f"the extra `dask` is not installed ({', '.join(MISSING)})"
)


@pytest.fixture
def cluster(tmp_path_factory):
    """A scheduler without workers."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.close()


def on(cluster, *options):
    options = (f"--dask_client_address={cluster.address}", *options)
    return Manner(runner="DaskRunner", runner_options=options, progress=False)


@pytest.fixture
def records(monkeypatch):
    """The records of the shards of the last run."""
    seen, original = [], driver.Summary.of
    monkeypatch.setattr(
        driver.Summary, "of", lambda records, run: seen.extend(records) or original(records, run)
    )
    return seen


def test_a_plan_is_spread_over_the_workers_and_the_bytes_are_the_same(
    digits, tmp_path, cluster, records
):
    cluster.worker()
    cluster.worker()
    run(digits, tmp_path / "out", count=60, manner=on(cluster))
    assert len(records) == 15 and len({record["worker"] for record in records}) == 2
    assert all(record["worker"].startswith("tcp://127.0.0.1:") for record in records)
    run(digits, tmp_path / "here", count=60)
    assert data(tmp_path / "out") == data(tmp_path / "here")
    assert verify(str(tmp_path / "out"), str(digits), share=1.0, progress=False).ok
