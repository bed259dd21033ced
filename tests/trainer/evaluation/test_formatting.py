import pytest

from tests.trainer.evaluation.examples import evaluation, with_protocol
from trainer.evaluation import formatting
from trainer.evaluation.results import MetricValue


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (6.3127, 0.0831, "6.31 ± 0.08"),
        (0.9620, 0.0019, "0.9620 ± 0.0019"),
        (0.91234, 0.0123, "0.912 ± 0.012"),
        (12345.6, 230.0, "12300 ± 200"),
        (333167.0, 136015.0, "330000 ± 140000"),
        (45.6, 12.3, "46 ± 12"),
        (-0.000021, 0.0003, "0.0000 ± 0.0003"),
        (0.5, 0.0, "0.5000 ± 0"),
        (1.25e-9, 3.1e-10, "1.25e-09 ± 3.1e-10"),
        (0.996, 0.0996, "1.00 ± 0.10"),
        (6.3127, None, "6.313"),
        (1200000.0, None, "1200000"),
        (0.00043219, None, "0.0004322"),
        (0.0, None, "0"),
    ],
)
def test_digits_are_those_that_the_error_lets_stand(value, error, text):
    assert formatting.estimate_text(MetricValue("fcd", "fcd_10k_test", value, error)) == text


def test_a_sparkline_begins_and_ends_with_the_first_and_last_values():
    assert formatting.sparkline([1, 2, 3, 8], 10) == "▁▂▃█"
    assert formatting.sparkline([5, 5], 10) == "▅▅"
    assert formatting.sparkline([], 10) == ""
    many = formatting.sparkline(list(range(1000)), 8)
    assert len(many) == 8 and many[-1] == "█" and list(many) == sorted(many)


def test_the_protocol_line_says_counts_data_split_and_extractor():
    assert formatting.protocol_text(evaluation()) == (
        "10000 samples against 10000 of tfds:mnist:test, features of mnistcnn-3f2a "
        "(hash 3f2a99c0ffee, 99.3% accurate)"
    )
    raw = with_protocol(extractor="raw", extractor_hash="", extractor_accuracy=None)
    assert formatting.protocol_text(evaluation(protocol=raw)).endswith(", features of raw")
