import argparse
import json

import numpy as np
import pytest

from benchmarks import emoji_captions


def test_fits_count_the_captions_that_fit_worse():
    """Of eleven captions the first picture's own beats all, the second's nine, others' none."""
    scores = np.ones((11, 11))
    scores[0, 0] = 2.0
    scores[1] = [0.0] * 11
    scores[1, 1], scores[1, 2] = 1.0, 3.0
    found = emoji_captions.fits(scores)
    assert found["matched"] == pytest.approx((10 + 9) / 10 / 11)
    # Nine of ten others leave out the one that fits better once in ten times.
    assert found["R-precision"] == pytest.approx((1.0 + 0.1) / 11)


def test_scores_of_every_pair_alike_win_nothing():
    assert emoji_captions.fits(np.zeros((20, 20))) == {"matched": 0.0, "R-precision": 0.0}


def test_captions_are_read_back_from_their_words():
    words = np.array([[2, 1, 0], [3, 0, 0]])
    assert emoji_captions.captions_of(words, ("", "cat", "red", "dog")) == ["red cat", "dog"]


@pytest.mark.slow
def test_a_quick_run_stands_beside_real_pictures_and_chance(tmp_path):
    random = np.random.RandomState(0)
    np.savez(tmp_path / "x.npz", images=random.randint(0, 256, (200, 32, 32, 3)).astype(np.uint8))
    lines = [json.dumps({"name": f"{a} {b}"}) for a in range(10) for b in range(20)]
    (tmp_path / "captions.jsonl").write_text("\n".join(lines))
    parser = argparse.ArgumentParser()
    emoji_captions.add_arguments(parser)
    places = ["--pictures", f"{tmp_path}/x.npz", "--captions", f"{tmp_path}/captions.jsonl"]
    asked = parser.parse_args([*places, "--games", "GAN-CLS", "--work", str(tmp_path / "runs")])
    result = emoji_captions.run(argparse.Namespace(**vars(asked), quick=True, threads=1))
    assert result["details"]["problems"] == []
    assert [row["pictures"] for row in result["rows"]] == ["GAN-CLS", "real pictures", "chance"]
