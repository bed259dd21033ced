"""BLEU by hand, self-BLEU as BLEU against all others, and published tables of COCO sentences."""

import math
from pathlib import Path

import numpy as np
import pytest

from trainer.data.symbols import parted
from trainer.errors import MetricError
from trainer.metrics.bleu_scores import bleu, self_bleu

COCO = Path(__file__).parents[4] / "shared" / "data" / "coco_sentences"


def test_a_sentence_among_its_references_scores_one():
    scores = bleu(["abcde"], ["xyz", "abcde"])
    assert {order: values.tolist() for order, values in scores.items()} == {
        order: [pytest.approx(1.0)] for order in (2, 3, 4, 5)
    }


def test_matches_are_clipped_by_the_reference_that_has_most():
    # "aaab": a stands twice in one reference, so 3 of 4 symbols match; of aa, aa, ab two do.
    scores = bleu(["aaab"], ["aab", "cabd", "axbx"])
    p = (3 / 4, 2 / 3, 1 / 2, 0.1 / 1)
    for order in (2, 3, 4):
        assert scores[order][0] == pytest.approx(math.prod(p[:order]) ** (1 / order))
    # No run of five is there: a tenth of a match among at least one.
    assert scores[5][0] == pytest.approx((math.prod(p) * 0.1) ** 0.2)


def test_short_sentences_are_penalised_by_the_nearest_length():
    # Of the lengths 3 and 5 both are nearest to 4, and the shorter one counts.
    assert bleu(["abcd"], ["abc", "abcde"])[2][0] == pytest.approx(1.0)
    assert bleu(["ab"], ["abcd", "abcdef"])[2][0] == pytest.approx(math.exp(1 - 4 / 2))


def test_what_matches_nothing_scores_zero():
    scores = bleu(["xyz", "", "ab"], ["ab"])
    np.testing.assert_allclose(scores[2], [0.0, 0.0, 1.0])
    for no in ((["ab"], []), ([], ["ab"])):
        with pytest.raises(MetricError, match="no texts of one side"):
            bleu(*no)


def test_self_bleu_is_bleu_against_all_others():
    random = np.random.RandomState(0)
    texts = [list(random.randint(4, size=random.randint(1, 9))) for _ in range(40)]
    texts.append(texts[0])
    found = self_bleu(texts)
    for place, text in enumerate(texts):
        expected = bleu([text], texts[:place] + texts[place + 1 :])
        for order in (2, 3, 4, 5):
            assert found[order][place] == pytest.approx(expected[order][0])
    with pytest.raises(MetricError, match="less than two texts"):
        self_bleu(["ab"])


@pytest.mark.slow
@pytest.mark.skipif(not COCO.is_dir(), reason="the published samples are not here")
@pytest.mark.parametrize(
    ("file", "against_test", "against_one_another"),
    [
        ("seq.txt", (0.745, 0.498, 0.294, 0.180), (0.951, 0.841, 0.670, 0.490)),
        ("mle.txt", (0.731, 0.497, 0.305, 0.189), (0.916, 0.769, 0.583, 0.409)),
        ("image_coco.txt", (0.740, 0.520, 0.337, 0.218), (0.892, 0.747, 0.574, 0.416)),
    ],
)
def test_published_samples_score_what_was_published(file, against_test, against_one_another):
    """Zhu et al. 2018, tables 2 and 3, to a thousandth; the last row is real text."""
    references, texts = (
        [parted(line, "word") for line in (COCO / name).read_text("utf-8").split("\n")[:-1]]
        for name in ("test_coco.txt", file)
    )
    for scores, published in (
        (bleu(texts, references), against_test),
        (self_bleu(texts), against_one_another),
    ):
        means = [values.mean() for values in scores.values()]
        np.testing.assert_allclose(means, published, atol=1e-3)
