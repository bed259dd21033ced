"""The same plan mapped by Beam; and what is said where Beam is not installed."""

import importlib.util
import subprocess
import sys

import pytest

from serving import UsageError
from serving.batch import ExecutionOptions
from tests.serving.bulk.conftest import data, run

HAS_BEAM = importlib.util.find_spec("apache_beam") is not None
needs_beam = pytest.mark.skipif(not HAS_BEAM, reason="the extra `batch` (Beam) is not installed")


def by(runner, *options):
    return ExecutionOptions(runner=runner, runner_options=options, progress=False)


def test_without_beam_a_runner_gets_a_sentence(digits, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    monkeypatch.delitem(sys.modules, "serving.bulk.beam", raising=False)
    with pytest.raises(UsageError, match=r"Beam is not installed .*saddlepoint\[batch\]"):
        run(digits, tmp_path / "out", execution=by("DirectRunner"))
    assert not (tmp_path / "out").exists()
    run(digits, tmp_path / "out")


def test_options_without_a_runner(digits, tmp_path):
    with pytest.raises(UsageError, match="options: '--project' is none of `generate`"):
        run(digits, tmp_path / "out", execution=ExecutionOptions(runner_options=["--project", "p"]))


@pytest.mark.integration
@needs_beam
def test_the_direct_runner_writes_the_same_bytes(digits, tmp_path):
    run(digits, tmp_path / "here", count=30)
    manifest = run(digits, tmp_path / "beam", count=30, execution=by("DirectRunner"))
    assert data(tmp_path / "beam") == data(tmp_path / "here")
    lost = tmp_path / "beam" / manifest["shards"][1]["files"][0]
    lost.unlink()
    assert run(digits, tmp_path / "beam", count=30, execution=by("DirectRunner")) == manifest
    assert data(tmp_path / "beam") == data(tmp_path / "here")


@needs_beam
@pytest.mark.slow
def test_processes_of_the_portable_way_write_the_same_bytes(digits, tmp_path):
    run(digits, tmp_path / "here", count=30)
    options = ("--direct_num_workers=2", "--direct_running_mode=multi_processing")
    run(digits, tmp_path / "beam", count=30, execution=by("DirectRunner", *options))
    assert data(tmp_path / "beam") == data(tmp_path / "here")


@needs_beam
@pytest.mark.parametrize(
    ("runner", "options", "words"),
    [
        (
            "FooRunner",
            [],
            "runner: received 'FooRunner'; expected one of DirectRunner, Dask",
        ),
        (
            "no.such.Runner",
            [],
            "runner: no.such.Runner cannot be used .* pass one of Direct",
        ),
        ("json.Runner", [], "runner: json.Runner cannot be used .*has no attribute 'Runner'"),
        (
            "json.JSONDecoder",
            [],
            "runner: json.JSONDecoder is no runner of Beam's",
        ),
        ("DirectRunner", ["--frobnicate", "3"], "DirectRunner does not know '--frobnicate'"),
        ("DirectRunner", ["surplus"], "DirectRunner does not know 'surplus'"),
        ("DirectRunner", ["--direct_num_workers", "x"], "invalid int value: 'x'"),
        ("DataflowRunner", ["--project", "p"], "DataflowRunner (says|cannot be used)"),
    ],
)
def test_what_a_runner_does_not_take(digits, tmp_path, runner, options, words):
    with pytest.raises(UsageError, match=words):
        run(digits, tmp_path / "out", execution=by(runner, *options))
    assert not (tmp_path / "out").exists()


@needs_beam
def test_a_scheduler_reads_the_plan_without_tensorflow():
    code = "import sys, serving.bulk.beam; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@needs_beam
def test_a_runner_by_the_full_name_of_its_class(digits, tmp_path):
    name = "apache_beam.runners.direct.direct_runner.BundleBasedDirectRunner"
    run(digits, tmp_path / "beam", execution=by(name))
    run(digits, tmp_path / "here")
    assert data(tmp_path / "beam") == data(tmp_path / "here")


@needs_beam
def test_a_shard_that_fails_ends_the_job_with_its_sentence(digits, tmp_path):
    from serving import ServingError

    with pytest.raises(ServingError, match=r"kept 0 of .*; choose a lower bound\."):
        run(digits, tmp_path, min_realism=1e9, execution=by("DirectRunner"))


@needs_beam
def test_a_job_server_that_does_not_answer_gets_a_sentence(digits, tmp_path):
    from serving import ServingError

    options = (
        "--job_endpoint=localhost:1",
        "--job_server_timeout=1",
        "--environment_type=LOOPBACK",
    )
    with pytest.raises(ServingError, match=r"PortableRunner: \w+"):
        run(digits, tmp_path, execution=by("PortableRunner", *options))
