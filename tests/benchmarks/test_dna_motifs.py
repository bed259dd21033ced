import argparse

import numpy as np
import pytest

from benchmarks import dna_motifs
from trainer.data.sources import fasta


def _arguments(tmp_path, *asked):
    parser = argparse.ArgumentParser()
    dna_motifs.add_arguments(parser)
    options = ["--folder", str(tmp_path), "--work", str(tmp_path / "work"), *asked]
    known = {"quick": True, "threads": 1, "results": tmp_path}
    return argparse.Namespace(**vars(parser.parse_args(options)), **known)


def test_the_table_of_junctions_becomes_fasta(tmp_path):
    (tmp_path / "a.csv").write_text("class,name,sequence\nEI,A-1,ACGT\nN,B 2,TTTT\n")
    dna_motifs.write_fasta(tmp_path / "a.csv", tmp_path / "out" / "a.fasta")
    records = fasta.read(tmp_path / "out" / "a.fasta")
    assert [(r.header, r.letters) for r in records] == [
        ("A-1 class=EI", "ACGT"),
        ("B 2 class=N", "TTTT"),
    ]


def test_what_was_not_asked_for_was_not_run(tmp_path):
    result = dna_motifs.run(_arguments(tmp_path, "--data", "splice"))
    assert result["details"]["left out"] == ["splice"] and result["details"]["runs"] == []
    assert {row["data"] for row in result["rows"]} == set(dna_motifs.DATA)
    assert all(row["generated"] == "not run" for row in result["rows"])


def test_the_best_are_those_of_which_most_is_promised():
    made = {
        "text": np.array([b"ACGTACGT"] * 11 + [b"AAAAAAAA"], object),
        "predicted": np.array([*range(11), -1.0]),
    }
    values, said = dna_motifs._top(made, lambda ids: ids.sum(axis=1))
    assert values.tolist() == [12] * 10 and said.tolist() == list(range(1, 11))


@pytest.mark.slow
def test_a_quick_run_measures_motifs_and_designs(tmp_path):
    result = dna_motifs.run(_arguments(tmp_path, "--data", "motifs", "design"))
    assert [run["problem"] for run in result["details"]["runs"]] == ["", ""]
    rows = {(row["data"], row["measure"]): row for row in result["rows"]}
    assert float(rows["motifs", "motif exactly once"]["training"]) == 1.0
    found = [row for (data, _), row in rows.items() if data == "design"]
    assert len(found) == 2 and all(float(row["training"]) > 0.0 for row in found)
