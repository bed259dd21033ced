import itertools
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import harness, tables
from benchmarks.bulk_commands import Scaled, cpu_seconds_of_tree
from benchmarks.harness import Comparison, Local, Measurement, Sample


def test_rounds_alternate_in_direction():
    order = []
    contenders = {name: Local(lambda name=name: order.append(name)) for name in "abc"}
    harness.measure(contenders, work=1.0, rounds=2, warm_up=1)
    assert "".join(order) == "abc" + "abc" + "cba"


@pytest.fixture
def committed(monkeypatch):
    monkeypatch.setattr(harness, "commit", lambda: "0123456789ab")


def test_a_measurement_that_was_broken_off_goes_on_where_it_was(committed, tmp_path):
    ran = []

    def work(name, fails=False):
        if fails:
            raise KeyboardInterrupt
        ran.append(name)

    def contenders(b_fails):
        return {"a": Local(lambda: work("a")), "b": Local(lambda: work("b", b_fails))}

    path = tmp_path / "samples.jsonl"
    with pytest.raises(KeyboardInterrupt):
        harness.measure(
            contenders(True), work=1.0, rounds=2, warm_up=0, samples=harness.Samples(path)
        )
    kept = harness.Samples(path)
    whole = harness.measure(contenders(False), work=1.0, rounds=2, warm_up=0, samples=kept)
    assert kept.num_kept == 1
    assert ran == ["a", "b", "b", "a"]
    again = harness.measure(
        contenders(True), work=1.0, rounds=2, warm_up=0, samples=harness.Samples(path)
    )
    assert again == whole
    harness.Samples(path).remove()
    assert not path.exists()


@pytest.mark.parametrize("commit", ["ba9876543210", "0123456789ab+", None])
def test_samples_of_other_files_do_not_count(committed, monkeypatch, tmp_path, commit):
    path = tmp_path / "samples.jsonl"
    harness.Samples(path).take("a", 0, lambda: Sample(1.0, 2.0, {"p50": 3.0}))
    assert harness.Samples(path).num_kept == 1
    monkeypatch.setattr(harness, "commit", lambda: commit)
    assert harness.Samples(path).num_kept == 0


@pytest.fixture
def measurement():
    seconds = {"ours": (1.0, 2.0, 4.0), "theirs": (2.0, 3.0, 4.0)}
    return Measurement(
        8.0, {name: [Sample(s, s / 2) for s in values] for name, values in seconds.items()}
    )


def test_summary_is_of_rates(measurement):
    summary = measurement.summary("ours")
    assert (summary["median"], summary["min"], summary["max"]) == (4.0, 2.0, 8.0)
    assert summary["cpu_ms_per_unit"] == 125.0


def test_ratio_pairs_neighbouring_runs(measurement):
    ratio = measurement.ratio(Comparison("ours", "theirs", target=1.2))
    assert (ratio["median"], ratio["min"], ratio["max"]) == (1.5, 1.0, 2.0)
    assert ratio["best"] == 2.0


def test_an_absent_contender_is_said_to_be_so(measurement, tmp_path):
    comparisons = [Comparison("ours", "theirs", 1.6), Comparison("ours", "absent", 1.0)]
    measured = harness.result(
        measurement, unit="images/s", comparisons=comparisons, absent=["absent"]
    )
    path = harness.write("example", measured, begun=0.0, folder=tmp_path)
    document = json.loads(path.read_text())
    assert document["contenders"]["absent"] is None
    assert len(document["ratios"]) == 1
    table = tables.render(document)
    assert "| absent | not measured |" in table
    assert "≥ 1.60: missed" in table


def test_rows_are_shown_by_their_columns(tmp_path):
    rows = [{"metric": "a", "seconds": 0.123456}, {"metric": "b", "seconds": 250.4, "note": "slow"}]
    path = harness.write("example", {"rows": rows, "details": {}}, begun=0.0, folder=tmp_path)
    lines = tables.render(json.loads(path.read_text())).splitlines()
    assert lines[0] == "| metric | seconds | note |"
    assert lines[2:4] == ["| a | 0.123 |  |", "| b | 250 | slow |"]


def test_a_worker_answers_with_its_own_times(tmp_path, monkeypatch):
    module = tmp_path / "example_worker.py"
    module.write_text(
        "import time\n"
        "from benchmarks.harness import serve\n"
        "serve({'nap': lambda: time.sleep(0.05)}, {'nap': '1'})\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    worker = harness.Worker(sys.executable, "example_worker", {})
    try:
        assert worker.names == ["nap"]
        sample = worker.contender("nap").run()
        assert 0.05 <= sample.seconds < 1.0
        assert sample.cpu_seconds < 0.05
    finally:
        worker.close()


def test_a_worker_that_dies_is_reported():
    with pytest.raises(RuntimeError, match="ended with"):
        harness.Worker(sys.executable, "benchmarks.no_such_module", {})


def test_steps_count_their_convolutions():
    from benchmarks import convolutions

    flops = [g.flops for g in convolutions.GEOMETRIES]
    assert flops == [401_408, 12_845_056, 16_777_216]
    # Every pass forwards or backwards through a player is one of each geometry.
    inner = flops[1] + flops[2]
    simultaneous, shared, fresh = (
        convolutions.step_flops(passes, 1)
        for passes in (convolutions.SIMULTANEOUS, convolutions.SHARED, convolutions.FRESH)
    )
    assert fresh - shared == shared - simultaneous == sum(flops)
    assert fresh == 12 * inner + 10 * flops[0]


def test_players_are_of_the_products_shapes():
    from benchmarks import players
    from trainer.config.recipe import load_experiment

    experiment = load_experiment("dcgan-mnist")
    for ours, stock in itertools.zip_longest(
        players.product(experiment), players.stock(experiment)
    ):
        assert [v.shape for v in ours.variables] == [v.shape for v in stock.variables]


def test_documents_show_the_results_as_they_are():
    docs = Path(__file__).parents[2] / "docs"
    paths = [*docs.glob("results/*.md"), docs / "cloud.md", docs / "gallery.md"]
    pages = {path: path.read_text(encoding="utf-8") for path in paths}
    tables_shown = re.findall(r"<!-- table: (\w+) -->", "".join(pages.values()))
    assert sorted(tables_shown) == sorted(path.stem for path in harness.RESULTS.glob("*.json"))
    for other in ("systems/stable.md", "rivals.md"):
        pages[docs / other] = (docs / other).read_text(encoding="utf-8")
    for path, text in pages.items():
        assert tables.refresh(text, harness.RESULTS) == text, path.name
    text = pages[docs / "results" / "training.md"]
    assert tables.refresh(text.replace(" | ", " | 9.99 ", 1), harness.RESULTS) == text


def test_a_contender_that_does_more_is_told_as_if_it_did_as_much():
    class Long:
        def run(self):
            return Sample(8.0, 4.0)

    assert Scaled(Long(), 0.25).run() == Sample(2.0, 1.0)


def test_the_processor_time_of_processes_below_is_counted():
    code = "import time; t = time.process_time()\nwhile time.process_time() - t < 0.3: pass\n"
    child = [sys.executable, "-c", code + "input()"]
    with subprocess.Popen(child, stdin=subprocess.PIPE) as process:
        until = time.monotonic() + 60
        while time.monotonic() < until and cpu_seconds_of_tree(os.getpid())[process.pid] < 0.25:
            time.sleep(0.05)
        found = cpu_seconds_of_tree(os.getpid())
        process.communicate(b"\n")
    assert os.getpid() in found and found[process.pid] >= 0.25
