"""Two pictures of one class side by side."""

import numpy as np
import pytest

from trainer.config.experiment import Data
from trainer.data import loading
from trainer.errors import ConfigError


def _load(of="digits", count=300):
    return loading.load(Data(source={"name": "twins", "of": of, "count": count}))


def test_both_halves_are_pictures_of_the_class_that_the_label_says():
    twins, digits = _load(), loading.load(Data(source="digits"))
    assert twins.train["sample"].shape == (300, 8, 16, 1) and twins.spec.count == 300
    assert sum(twins.spec.marginal) == pytest.approx(1.0)
    for part, whole in ((twins.train, digits.train), (twins.held_out, digits.held_out)):
        pairs = zip(whole["sample"], whole.labels, strict=True)
        known = {(picture.tobytes(), int(label)) for picture, label in pairs}
        for pair, label in zip(part["sample"], part.labels, strict=True):
            halves = (np.ascontiguousarray(pair[:, cut]) for cut in (np.s_[:8], np.s_[8:]))
            assert {(half.tobytes(), int(label)) for half in halves} <= known
    assert len(twins.held_out) == len(digits.held_out)


def test_the_same_pairs_for_ever_and_others_of_another_count():
    first, again = _load(), _load()
    np.testing.assert_array_equal(first.train["sample"], again.train["sample"])
    assert first.spec.fingerprint == again.spec.fingerprint != _load(count=301).spec.fingerprint
    halves = first.train["sample"][:, :, :8], first.train["sample"][:, :, 8:]
    assert (halves[0] != halves[1]).any(axis=(1, 2, 3)).mean() > 0.9


def test_what_has_no_classes_is_refused(tmp_path):
    np.savez(tmp_path / "grey.npz", images=np.zeros((20, 8, 8, 1), np.uint8))
    for of in ("ring", f"npz:{tmp_path / 'grey.npz'}"):
        with pytest.raises(ConfigError, match="give a source of labelled pictures"):
            _load(of, 10)
