"""What a run says of itself, from its folder alone."""

import io

import pytest

from serving.bulk import execution, progress, workers
from serving.bulk.execution import ExecutionOptions
from serving.bulk.output import Output
from serving.bulk.progress import Progress
from serving.bulk.statistics import RunStatistics
from tests.serving.bulk.conftest import run
from tests.serving.server.calls import wait_for


def record(run, **further):
    base = {"run": run, "count": 4, "bytes": 100, "batches": 2, "batch_seconds": 0.5}
    return base | further


def test_a_summary_counts_what_this_run_wrote():
    records = [record("new", drawn=10), record("new"), record("old", drawn=9)]
    of_a_finished_run = {"count": 3, "bytes": 70}
    summary = RunStatistics.of([*records, of_a_finished_run], "new")
    assert summary == RunStatistics(
        samples=8, rejected=6, skipped=7, bytes=200, batches=4, batch_seconds=1.0
    )
    assert str(summary) == "8 samples, 0 MiB, 250 ms a batch, 6 rejected, 7 were there"


def test_the_summary_of_a_run_is_that_of_its_records(digits, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(execution.Progress, "finish", lambda self, text: seen.append(text))
    manifest = run(digits, tmp_path / "out", count=10, min_realism=180.0)
    (tmp_path / "out" / manifest["shards"][0]["files"][0]).unlink()
    assert run(digits, tmp_path / "out", count=10, min_realism=180.0) == manifest
    rejected = manifest["drawn"] - 10
    again = manifest["shards"][0]["drawn"] - 4
    assert seen[0].startswith("10 samples") and seen[0].endswith(f"{rejected} rejected")
    assert seen[1].startswith("4 samples") and f"{again} rejected, 6 were there" in seen[1]
    assert not {"run", "batches", "batch_seconds"} & set(manifest["shards"][0])


@pytest.fixture
def bar(monkeypatch):
    """What bars have written."""
    shown, original = io.StringIO(), progress.tqdm
    monkeypatch.setattr(progress, "_SECONDS", 0.01)
    monkeypatch.setattr(
        progress, "tqdm", lambda **options: original(file=shown, mininterval=0, ncols=99, **options)
    )
    return shown


def test_the_bar_counts_records_whoever_writes_them(tmp_path, bar):
    output = Output(str(tmp_path))
    (tmp_path / ".partial").mkdir()
    (tmp_path / ".partial" / "plan.json").touch()
    (tmp_path / ".partial" / "00000-of-00004.json").touch()
    with Progress(output, 4, show=True) as shown:
        assert "1/4" in bar.getvalue()
        for shard in (1, 2):
            (tmp_path / ".partial" / f"0000{shard}-of-00004.json").touch()
            wait_for(lambda shard=shard: f"{shard + 1}/4" in bar.getvalue())
        shown.finish("all is well")
    assert "4/4" in bar.getvalue() and "all is well" in bar.getvalue()


def test_a_folder_that_cannot_be_read_stops_the_bar_and_not_the_run(tmp_path, bar, monkeypatch):
    looks = []

    def failing(self):
        looks.append(self)
        if len(looks) > 1:
            raise OSError("away")
        return 0

    monkeypatch.setattr(Output, "num_recorded", failing)
    with Progress(Output(str(tmp_path)), 4, show=True):
        wait_for(lambda: len(looks) > 3)


def test_every_way_shows_it(digits, tmp_path, bar, monkeypatch):
    def slowly(*arguments):
        original(*arguments)
        wait_for(lambda: "3/3" in bar.getvalue())

    original = workers.map_here
    monkeypatch.setattr(workers, "map_here", slowly)
    run(digits, tmp_path / "out", execution=ExecutionOptions(workers=0, progress=True))
    assert "10 samples" in bar.getvalue()
