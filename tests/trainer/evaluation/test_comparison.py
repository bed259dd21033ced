import json
import os
from dataclasses import replace

import pytest
import tensorflow as tf

from tests.trainer.evaluation.examples import PROTOCOL, evaluation, number, with_protocol
from trainer.errors import ConfigError
from trainer.evaluation.comparison import choose, compare, compare_targets, load
from trainer.evaluation.results import MetricValue, SkippedMetric, protocol_name


def marks(comparison, key):
    """The marks of a row, by the key of its number."""
    row = next(row for row in comparison.rows if row.name.startswith(f"{key}_10k"))
    return [cell and cell.mark for cell in row.cells]


def write_run(folder, *evaluations):
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("name: a")
    rows = [json.dumps(e.as_dict()) + "\n" for e in evaluations]
    (folder / "evaluations.jsonl").write_text("".join(rows))
    return str(folder)


def write_export(base, number, made):
    extra = base / str(number) / "assets.extra"
    extra.mkdir(parents=True)
    (base / str(number) / "saved_model.pb").write_bytes(b"")
    card = {"name": "a", "evaluation": made.as_dict() if made else None}
    (extra / "model_card.json").write_text(json.dumps(card))
    return str(base)


# ---- Marks ---------------------------------------------------------------------------------------


def test_the_best_is_marked_where_it_is_told_apart():
    comparison = compare([evaluation(fcd=6.0), evaluation(fcd=6.5), evaluation(fcd=9.0)])
    assert marks(comparison, "fcd") == ["best", "", ""]
    # Equal numbers tie, and where no direction is better nothing is marked.
    assert marks(comparison, "recall") == ["tie", "tie", "tie"]
    assert marks(comparison, "ms_ssim_real") == ["", "", ""]


def test_within_two_standard_errors_of_the_difference_numbers_tie():
    # 2 · √2 · .0831 = .235.
    assert marks(compare([evaluation(fcd=6.0), evaluation(fcd=6.23)]), "fcd") == ["tie", "tie"]
    assert marks(compare([evaluation(fcd=6.24), evaluation(fcd=6.0)]), "fcd") == ["", "best"]


def test_the_higher_number_is_best_where_higher_is_better():
    high = replace(evaluation(), numbers=(number("recall", 0.7, 0.01),))
    assert marks(compare([evaluation(), high]), "recall") == ["", "best"]


def test_nearest_to_the_target_is_best_and_either_side_of_it_ties():
    def marked(*values):
        made = [replace(evaluation(), numbers=(number("memorisation", v, 0.01),)) for v in values]
        return marks(compare(made), "memorisation")

    # A generator that never comes near the training data scores 0 and is not the best.
    assert marked(0.0, 0.48, 0.7) == ["", "best", ""]
    assert marked(0.45, 0.55, 0.7) == ["tie", "tie", ""]


def test_a_row_with_a_target_says_which():
    made = [evaluation(numbers=(number("memorisation", v, 0.01),)) for v in (0.45, 0.6)]
    comparison = compare(made)
    row = comparison.as_dict()["rows"][0]
    assert (row["direction"], row["target"]) == ("nearest", 0.5)
    assert "→0.5 " in comparison.render(80)


def test_numbers_that_one_target_lacks_are_listed_as_absent():
    without = replace(
        evaluation(target="runs/b"),
        numbers=evaluation().numbers[1:],
        skipped=(SkippedMetric("frechet", "too few samples"),),
    )
    comparison = compare([evaluation(), without])
    assert marks(comparison, "fcd") == ["", None]
    text = comparison.render(100)
    assert "absent: fcd_10k_test_mnistcnn-3f2a in runs/b (too few samples)" in text
    assert comparison.as_dict()["rows"][0]["cells"][1] is None


def test_the_table_has_a_column_a_target_and_fits_80_columns():
    named = [
        evaluation(fcd=f, target=t) for f, t in [(6.0, "runs/a"), (7.0, "models/a-long-name/1")]
    ]
    lines = compare(named).render(80).splitlines()
    assert max(map(len, lines)) <= 80 and lines[0].startswith("10000 samples against 10000 of")
    fcd = next(line for line in lines if "fcd_10k" in line)
    assert " ".join(fcd.split()) == "↓ fcd_10k_test_mnistcnn-3f2a ★ 6.00 ± 0.08 7.00 ± 0.08"
    assert "\x1b" not in "".join(lines) and "\N{NO-BREAK SPACE}" not in "".join(lines)
    assert sum(line.count("step 5000") for line in lines) == 2


def test_json_has_everything_that_the_table_has():
    document = compare([evaluation(fcd=6.0), evaluation(fcd=7.0, target="runs/b")]).as_dict()
    assert [column["target"] for column in document["columns"]] == ["runs/a", "runs/b"]
    assert document["columns"][0]["protocol"]["num_fake"] == 10_000
    row = document["rows"][0]
    assert (row["name"], row["direction"]) == ("fcd_10k_test_mnistcnn-3f2a", "lower")
    assert row["cells"][0] == {"value": 6.0, "error": 0.0831, "mark": "best"}
    json.dumps(document, allow_nan=False)


# ---- What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_fake": 5000}, "num_fake 10000 in 'runs/a' and 5000 in 'runs/b'.*num_samples"),
        ({"num_real": 500}, "num_real 10000 in 'runs/a' and 500 in 'runs/b'"),
        ({"split": "train"}, "split test in 'runs/a' and train in 'runs/b'.*evaluate.split"),
        (
            {"reference": "digits", "reference_fingerprint": "99"},
            r"reference data tfds:mnist \(ab12cd34ef56\) in 'runs/a' and digits \(99\) in 'runs/b'",
        ),
        (
            {"extractor": "digitscnn-77", "extractor_hash": "77"},
            r"extractor mnistcnn-3f2a \(3f2a99c0ffee\) in .* and digitscnn-77 \(77\) in .*evaluate",
        ),
    ],
)
def test_numbers_of_different_protocols_are_refused(changes, words):
    other = evaluation(target="runs/b", protocol=with_protocol(**changes))
    with pytest.raises(ConfigError, match=f"TARGET: fcd was measured with {words}") as refusal:
        compare([evaluation(), other])
    assert str(refusal.value).count("\n") == 0 and str(refusal.value).endswith(".")


def test_numbers_of_different_options_are_refused():
    a = replace(evaluation(), numbers=(number("precision", 0.5, 0.01, k=3),))
    b = replace(evaluation(target="runs/b"), numbers=(number("precision", 0.6, 0.01),))
    with pytest.raises(ConfigError, match=r"options precision_k3_10k\S+ in .*evaluate.metrics"):
        compare([a, b])
    both = replace(b, numbers=(*a.numbers, *b.numbers))
    assert marks(compare([a, both]), "precision_k3") == ["tie", "tie"]


def test_pairs_within_a_class_are_not_compared_with_any_pairs():
    within = protocol_name("ms_ssim", PROTOCOL, options={}, uses_features=False, variant="within")
    assert within == "ms_ssim_within_10k_test"
    a = replace(evaluation(), numbers=(MetricValue("ms_ssim", within, 0.6, 0.01),))
    b = replace(evaluation(), numbers=(number("ms_ssim", 0.2, 0.01, extracted=False),))
    with pytest.raises(ConfigError, match="ms_ssim was measured with options ms_ssim_within"):
        compare([a, b])


def test_what_has_nothing_in_common_is_refused():
    a = replace(evaluation(), numbers=(number("swd", 0.5, extracted=False),))
    b = replace(evaluation(target="runs/b"), numbers=(number("recall", 0.6),))
    with pytest.raises(ConfigError, match="have no number in common"):
        compare([a, b])


def test_an_older_evaluation_is_taken_where_the_newest_share_nothing():
    swd = replace(evaluation(), numbers=(number("swd", 0.5, 0.1, extracted=False),))
    recall = replace(evaluation(), numbers=(number("recall", 0.6, 0.1),))
    assert choose([[swd, recall], [recall]]) == [recall, recall]


def test_a_number_without_an_error_wins_nothing():
    a, b = (replace(evaluation(), numbers=(number("modes", v),)) for v in (10.0, 9.0))
    assert marks(compare([a, b]), "modes") == ["", ""]


@pytest.mark.parametrize("value", ["abc", None, float("nan"), float("inf")])
def test_what_is_no_number_is_refused(tmp_path, value):
    document = evaluation().as_dict()
    document["numbers"][0]["value"] = value
    (tmp_path / "a.json").write_text(json.dumps(document))
    with pytest.raises(ConfigError, match="which is no number"):
        load(str(tmp_path / "a.json"))


def test_seeds_paths_and_extractors_that_play_no_part_are_no_reason():
    other = with_protocol(seed=7, reference="tfds:mnist:3.0.1", extractor_accuracy=None)
    assert compare([evaluation(), evaluation(protocol=other)]).rows
    raw = [number("swd", value, 0.1, extracted=False) for value in (1.0, 2.0)]
    protocols = with_protocol(), with_protocol(extractor="raw", extractor_hash="")
    a, b = (
        replace(evaluation(protocol=p), numbers=(n,)) for p, n in zip(protocols, raw, strict=True)
    )
    assert marks(compare([a, b]), "swd") == ["best", ""]


# ---- Reading targets -----------------------------------------------------------------------------


def test_of_a_run_the_newest_evaluation_of_each_protocol_is_read(tmp_path):
    small = with_protocol(num_fake=500)
    path = write_run(
        tmp_path / "run",
        evaluation(fcd=9.0, step=1000),
        evaluation(fcd=8.0, step=2000),
        evaluation(fcd=30.0, step=2000, protocol=small),
    )
    with open(f"{path}/evaluations.jsonl", "a") as file:
        file.write('{"target": "cut sh')
    found = load(path)
    assert [(e.step, e.protocol.num_fake) for e in found] == [(2000, 500), (2000, 10_000)]
    assert {e.target for e in found} == {path}
    # The other run has no evaluation of 500 samples: those of 10 000 are compared.
    other = write_run(tmp_path / "other", evaluation(fcd=5.0))
    assert marks(compare_targets([path, other]), "fcd") == ["", "best"]


def test_a_remote_run_is_read(tmp_path, object_store):
    local = write_run(tmp_path / "run", evaluation())
    for name in os.listdir(local):
        tf.io.gfile.copy(f"{local}/{name}", f"{object_store}/run/{name}")
    assert [e.step for e in load(f"{object_store}/run")] == [5000]


def test_of_an_export_the_newest_version_is_read(tmp_path):
    base = tmp_path / "models"
    write_export(base, 2, evaluation(fcd=2.0))
    write_export(base, 10, evaluation(fcd=10.0))
    assert load(str(base))[0].find("fcd").value == 10.0
    assert load(str(base / "2"))[0].find("fcd").value == 2.0
    assert load(str(base / "2"))[0].target == str(base / "2")


def test_what_gan_evaluate_printed_is_read(tmp_path):
    one, several = tmp_path / "one.json", tmp_path / "several.json"
    one.write_text(json.dumps(evaluation().as_dict() | {"requirements": [], "report": None}))
    rows = [evaluation(step=step).as_dict() for step in (1, 2)]
    several.write_text(json.dumps({"evaluations": rows, "requirements": [], "report": "r.html"}))
    assert load(str(one)) == [replace(evaluation(), target=str(one))]
    assert [e.step for e in load(str(several))] == [2]


def test_what_was_never_evaluated_says_how_to(tmp_path):
    run, base = write_run(tmp_path / "run"), write_export(tmp_path / "models", 1, None)
    with pytest.raises(ConfigError, match=rf"never evaluated; do it by `gan evaluate {run}`"):
        load(run)
    with pytest.raises(ConfigError, match=r"1' was never evaluated.*--json > FILE.json"):
        load(base)
    os.remove(f"{base}/1/assets.extra/model_card.json")
    with pytest.raises(ConfigError, match=rf"do it by `gan evaluate {base} --json > FILE.json`"):
        load(base)


@pytest.mark.parametrize(
    "content", ["[]", "{}", "no", '{"evaluations": []}', '{"evaluations": [3]}', "\x00", "null"]
)
def test_a_file_of_something_else_is_refused(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ConfigError, match=r"a.json' does not hold an evaluation .*--json"):
        load(str(tmp_path / "a.json"))


def test_a_number_of_another_saddlepoint_is_refused(tmp_path):
    document = evaluation().as_dict()
    document["numbers"][0]["key"] = "fancy"
    (tmp_path / "a.json").write_text(json.dumps(document))
    with pytest.raises(ConfigError, match="'fancy', which this Saddlepoint does not know"):
        load(str(tmp_path / "a.json"))


def test_samples_and_nothing_are_refused_with_the_way_to_go(tmp_path):
    (tmp_path / "samples.npz").write_bytes(b"\xff\xfe")
    for target in (tmp_path / "samples.npz", tmp_path / "nothing", tmp_path / "nothing.json"):
        with pytest.raises(ConfigError, match=r"is no run, no export.*gan evaluate .* --json >"):
            load(str(target))
