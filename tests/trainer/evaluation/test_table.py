import re
import sys
from dataclasses import replace

import pytest

from tests.trainer.evaluation.examples import evaluation, number, with_protocol
from trainer.evaluation.table import best_step, render, trends_of


def row(text, key):
    """The table's row of a number."""
    return next(line for line in text.splitlines() if re.match(rf"^[↑↓ ] +{key}_10k", line))


@pytest.fixture
def history():
    return [evaluation(fcd=fcd, step=step) for step, fcd in [(1000, 30.0), (3000, 5.0)]]


def test_each_number_has_its_name_value_error_and_direction():
    text = render(evaluation(), width=100)
    assert row(text, "fcd").split() == ["↓", "fcd_10k_test_mnistcnn-3f2a", "6.31", "±", "0.08"]
    assert row(text, "recall").startswith("↑")
    assert row(text, "ms_ssim_real").startswith("   ms_ssim_real_10k_test ")
    assert row(text, "support").split()[2:] == ["1200000*"]
    assert "* support_10k_test_mnistcnn-3f2a: a lower bound" in text


def test_a_target_stands_where_other_numbers_have_their_arrow():
    made = evaluation(numbers=(number("memorisation", 0.6, 0.01), number("fcd", 6.0, 0.1)))
    lines = render(made, width=80).splitlines()
    assert "→0.5  memorisation_10k_test_mnistcnn-3f2a" in lines[5]
    assert "→ best at the value" in lines[-4]


def test_the_protocol_stands_above_and_what_is_missing_below():
    lines = render(evaluation(), width=140).splitlines()
    assert lines[0] == "cgan-mnist · step 5000 · config 0f1e2d3c4b5a"
    assert lines[1].startswith("10000 samples against 10000 of tfds:mnist:test, features of mni")
    assert lines[1].endswith("(hash 3f2a99c0ffee, 99.3% accurate), seed 0")
    assert lines[-3:] == [
        "warning: All samples are the same.",
        "not measured: prdc (only 3 samples)",
        "not measured: duality_gap (no discriminator)",
    ]


def test_a_history_gives_a_trend_and_the_best_step(history):
    text = render(evaluation(), history, width=100)
    assert row(text, "fcd").split()[-2:] == ["█▁▁", "3000"]
    # Unmoved: no step is the best. No direction: no best either.
    assert row(text, "recall").endswith("▅▅▅")
    assert row(text, "ms_ssim_real").endswith("▅▅▅")
    newest = render(evaluation(fcd=1.0), history, width=100)
    assert row(newest, "fcd").split()[-3:] == ["█▂▁", "5000", "←"]
    assert "trend" not in render(evaluation(), width=100)


def test_a_trend_joins_only_numbers_of_one_protocol(history):
    other = with_protocol(extractor_hash="another")
    mixed = [*history, evaluation(fcd=1.0, step=4000, protocol=other)]
    trend = trends_of(evaluation(), mixed)["fcd_10k_test_mnistcnn-3f2a"]
    assert [(step, n.value) for step, n in trend.items()] == [(1000, 30), (3000, 5), (5000, 6.3127)]


def test_of_a_step_evaluated_twice_the_last_counts():
    again = [evaluation(fcd=9.0), evaluation(fcd=8.0, step=2000)]
    trend = trends_of(evaluation(fcd=7.0), again)["fcd_10k_test_mnistcnn-3f2a"]
    assert [(step, n.value) for step, n in trend.items()] == [(2000, 8.0), (5000, 7.0)]


def test_the_first_of_equal_bests_is_best():
    assert best_step({s: number("recall", v) for s, v in [(1, 0.1), (2, 0.5), (3, 0.5)]}) == 2
    assert best_step({s: number("fcd", v) for s, v in [(1, 0.1), (2, 0.5)]}) == 1


def test_captured_output_is_plain_and_fits_80_columns(history, monkeypatch):
    text = render(evaluation(), history, width=80)
    assert "\x1b" not in text and max(map(len, text.splitlines())) <= 80
    assert "fcd_10k_test_mnistcnn-3f2a" in text and "6.31" in text
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in render(evaluation(), width=80)


def test_an_evaluation_without_numbers_is_told():
    text = render(replace(evaluation(step=None), numbers=(), recipe="", config_hash=""))
    assert text.startswith("runs/a\n") and "not measured: prdc" in text


def test_markup_in_a_reason_is_shown_as_it_is():
    made = replace(evaluation(), warnings=("[red]:smile: not a colour[/red]",))
    assert "[red]:smile: not a colour[/red]" in render(made)
