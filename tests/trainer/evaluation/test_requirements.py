import dataclasses

import pytest

from tests.trainer.evaluation.examples import evaluation, number
from trainer.errors import ConfigError
from trainer.evaluation.requirements import Requirement, check, parse


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("fcd_10k<8", Requirement("fcd_10k", "<", 8.0)),
        (" recall >= .5 ", Requirement("recall", ">=", 0.5)),
        ("fcd_10k_test_mnistcnn-3f2a<=1e1", Requirement("fcd_10k_test_mnistcnn-3f2a", "<=", 10.0)),
        ("kcd>-0.25", Requirement("kcd", ">", -0.25)),
    ],
)
def test_requirements_are_read(text, requirement):
    assert parse(text) == requirement


@pytest.mark.parametrize(
    "text",
    [
        *("", "fcd", "fcd<", "<8", "fcd=8", "fcd==8", "fcd<8<9", "fcd<<8", "fcd 10k<8"),
        *("fcd<nan", "fcd<inf", "fcd<1e999", "fcd<1_000", "fcd<0x8", "fcd<8.0.0", "fcd<٨", "8<fcd"),
    ],
)
def test_malformed_requirements_are_refused_with_an_example(text):
    with pytest.raises(ConfigError, match=r"--require: received .*; write NAME.*\"fcd_10k<8\""):
        parse(text)


@pytest.mark.parametrize(
    ("text", "met"),
    [
        *(("fcd<6.3127", False), ("fcd<=6.3127", True), ("fcd>6.3127", False)),
        *(("fcd>=6.3127", True), ("fcd_10k<8", True), ("recall>0.7", False)),
    ],
)
def test_a_bound_is_kept_or_not(text, met):
    (result,) = check([parse(text)], evaluation())
    assert result.met is met
    assert result.as_dict()["met"] is met and result.as_dict()["value"] == result.number.value


def test_a_result_is_a_sentence():
    met, unmet, close = check(map(parse, ["fcd_10k<8", "recall>0.7", "fcd<6.3"]), evaluation())
    assert met.sentence == "fcd_10k < 8: met; fcd_10k_test_mnistcnn-3f2a is 6.31 ± 0.08."
    assert unmet.sentence.startswith("recall > 0.7: not met; recall_10k_test_mnistcnn-3f2a is 0.6")
    # What rounds to the bound is told with the digits that decide, and as close as it is.
    assert "is 6.3127 ± 0.083, within two standard errors of the bound" in close.sentence


def test_a_number_without_error_that_nearly_equals_the_bound_shows_its_digits():
    made = dataclasses.replace(evaluation(), numbers=(number("swd", 7.99996),))
    (result,) = check([parse("swd<7.9999")], made)
    assert result.sentence.endswith("is 7.99996.")


def test_a_metric_that_was_not_measured_is_unmet_with_its_reason():
    for text in ("precision>0.5", "coverage_10k>0.5", "duality_gap<1"):
        (result,) = check([parse(text)], evaluation())
        assert not result.met and result.number is None
        assert "not met, for it was not measured: " in result.sentence
    assert result.sentence.endswith("no discriminator")


def test_unknown_and_ambiguous_names_are_refused_with_those_there_are():
    with pytest.raises(ConfigError, match=r"'fcd_50k' fits no number.*fcd_10k_test_mnistcnn-3f2a"):
        check([parse("fcd_50k<8")], evaluation())
    twice = (number("precision", 0.5, k=3), number("precision", 0.6, k=5))
    made = dataclasses.replace(evaluation(), numbers=twice)
    with pytest.raises(
        ConfigError, match=r"--require: 'precision' fits several numbers.*_k3_.*_k5_"
    ):
        check([parse("precision>0.1")], made)
