import argparse
import json

from benchmarks import mode_recovery, trained


def options(tmp_path, *remedies):
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    mode_recovery.add_arguments(parser)
    asked = ["--data", "ring", "--seeds", "2", "--remedies", *remedies, "--work", str(tmp_path)]
    return argparse.Namespace(**vars(parser.parse_args(asked)), results=tmp_path)


def test_a_result_has_a_row_for_every_remedy_and_keeps_what_was_measured_before(
    tmp_path, monkeypatch
):
    def make(jobs, folder, *, workers, threads):
        numbers = {"modes": 7.0, "on_modes": 0.5, "mode_kl": 0.1}
        return {
            place: trained.Trained(job.name, 100, 100, 3.0, numbers) for place, job in jobs.items()
        }

    monkeypatch.setattr(trained, "make", make)
    first = mode_recovery.run(options(tmp_path, "GAN"))
    document = {"commit": "abc", **first}
    (tmp_path / "mode_recovery.json").write_text(json.dumps(document))
    rows = mode_recovery.run(options(tmp_path, "R1"))["rows"]
    assert len(rows) == 2 * len(mode_recovery.REMEDIES)
    found = {(row["data"], row["game"]): row["modes (of 8 or 25)"] for row in rows}
    assert found["ring", "GAN"] == found["ring", "R1"] == "7 ± 0"
    assert found["grid", "GAN"] == found["ring", "PacGAN2"] == "not run"
