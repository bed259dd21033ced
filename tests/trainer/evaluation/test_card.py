import json
import re
import subprocess
import sys
from dataclasses import replace

from tests.conftest import tiny
from tests.specs import spec_of
from tests.trainer.evaluation.examples import evaluation, number, with_protocol
from trainer.evaluation.card import markdown, model_card, training_seconds
from trainer.evaluation.results import Evaluation

SPEC = spec_of(
    (28, 28, 1),
    label_names=("zero", "<script>|*one*", "rare"),
    marginal=(0.6, 0.395, 0.005),
    fingerprint="ab12",
    count=60_000,
)


def make_card(*overrides, spec=SPEC, **arguments):
    experiment = tiny("cgan-digits", *overrides)
    made = arguments.pop("evaluation", None)
    if made is not None and made.config_hash == "0f1e2d3c4b5a":
        made = replace(made, config_hash=experiment.hash)
    values = {"step": 5000, "reason": "the last one", "signatures": ["generate", "decode"]}
    return model_card(experiment, spec, **(values | arguments), evaluation=made)


def limits(card):
    return " ".join(card["limits"])


def test_the_card_says_what_the_model_is_and_was_made_of():
    card = make_card(training_seconds=12.5)
    json.dumps(card, allow_nan=False)
    assert card["name"] == "cgan-digits" and card["recipe"]["config_hash"] == tiny().hash
    assert card["checkpoint"] == {"step": 5000, "reason": "the last one"}
    assert card["training"]["examples_seen"] == 5000 * 16 and card["training"]["seconds"] == 12.5
    assert card["data"]["count"] == 60_000
    assert card["data"]["classes"][2] == {"name": "rare", "share": 0.005}
    assert card["signatures"] == ["decode", "generate"]
    assert card["versions"]["saddlepoint"]
    assert card["intended_use"][0].startswith("Generates 28×28 grey images made to resemble")


def test_an_evaluation_counts_only_for_exactly_this_checkpoint():
    assert make_card()["evaluation"] is None
    assert make_card(evaluation=evaluation(step=4000))["evaluation"] is None
    assert make_card(evaluation=evaluation(config_hash="another"))["evaluation"] is None
    assert "was not evaluated" in limits(make_card(evaluation=evaluation(step=4000)))
    card = make_card(evaluation=evaluation())
    assert Evaluation.from_dict(card["evaluation"]).find("fcd").value == 6.3127
    assert "was not evaluated" not in limits(card)


def test_limits_follow_from_the_data():
    card = make_card()
    assert "Trained on 60000 examples of digits" in limits(card)
    assert "less than 1 % of the training examples: rare." in limits(card)
    assert "by heart" not in limits(card)
    assert "1797 training examples are few" in limits(make_card(spec=replace(SPEC, count=1797)))
    assert "The labels of the data were not used" in limits(make_card("condition=none"))
    assert "The labels of the data were not used" not in limits(card)
    assert "started from the weights of runs/b" in limits(make_card("train.warm_start=runs/b"))


def test_points_and_unlabelled_data_have_cards():
    spec = spec_of((2,), "float32", (-1.0, 1.0), count=60_000)
    card = make_card("condition=none", spec=spec)
    assert card["intended_use"][0].startswith("Generates points of 2 numbers")
    assert "## Classes" not in markdown(card) and "labels" not in limits(card)


def test_copying_is_told_as_the_evaluation_tells_it():
    unmeasured = replace(evaluation(), numbers=(number("fcd", 3.0, 0.1),))
    assert "reproduces training examples was not measured" in limits(
        make_card(evaluation=unmeasured)
    )
    measured = (number("authenticity", 0.0, 0.001),)
    warned = replace(evaluation(), numbers=measured, warnings=("The generator memorises.",))
    text = limits(make_card(evaluation=warned))
    assert "The generator memorises." in text and "was not measured" not in text


def test_limits_follow_from_the_protocol():
    small = with_protocol(num_fake=500, split="train")
    text = limits(make_card(evaluation=evaluation(protocol=small)))
    assert "The numbers come of 500 samples" in text
    assert "memorising them would look like success" in text
    assert "Whether it reproduces training examples was not measured." in text
    assert text.endswith("All samples are the same.")
    raw = replace(evaluation(protocol=small), numbers=(number("swd", 0.1, protocol=small),))
    assert "500 samples" not in limits(make_card(evaluation=raw))
    assert "500 samples" not in limits(make_card(evaluation=evaluation()))


def test_the_markdown_has_whole_tables_and_hostile_names_as_text():
    text = markdown(make_card(evaluation=evaluation()))
    assert "<script" not in text
    assert r"| &lt;script>\|\*one\* | 39.5% |" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    widths = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
    assert widths == {3, 5}
    assert rows[0] == "| Number | Name | Value | Note |" and rows[1] == "| --- | --- | --- | --- |"
    assert rows[2].startswith(
        "| Fréchet classifier distance | fcd_10k_test_mnistcnn-3f2a | ↓ 6.31 ±"
    )
    assert "| 1200000 | a lower bound |" in text.replace("↑ ", "")
    assert "- prdc was not measured: only 3 samples" in text
    assert "| checkpoint | step 5000: the last one |" in text


def test_the_markdown_of_what_was_not_evaluated_says_so():
    text = markdown(make_card())
    assert "## Quality\n\nNot evaluated.\n" in text and "| seconds |" not in text
    headings = re.findall("^#+ (.*)$", text, re.MULTILINE)
    assert headings[:4] == ["cgan-digits", "Intended use", "Limits", "Quality"]


def test_the_seconds_of_training_are_those_of_its_rows():
    rows = [{"step": step, "images_per_second": 160.0} for step in (100, 200, 300)]
    # 16 examples a step: 200 steps are 3 200 examples. Rows that come twice count once.
    assert training_seconds(tiny(), [*rows[:2], *rows], 200) == 20.0
    assert training_seconds(tiny(), [], 200) is None
    # The first row, and one that was all compilation, know no speed.
    assert training_seconds(tiny(), [{"step": 0}, {"step": 100}, *rows[1:]], 200) == 20.0


def test_what_is_shown_needs_no_tensorflow():
    names = ("card", "charts", "comparison", "report", "requirements", "table", "formatting")
    imports = "; ".join(f"import trainer.evaluation.{name}" for name in names)
    program = f"import sys; {imports}; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
