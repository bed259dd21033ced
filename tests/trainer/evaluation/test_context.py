"""What metrics may look at, and whether it is there."""

import re

import numpy as np
import pytest

from tests.conftest import tiny
from trainer.catalogue import METRICS, NEEDS
from trainer.evaluation import reference, targets
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.workflow import evaluate_path
from trainer.game.assembly import assemble

QUICK = ("evaluate.num_samples=64", "evaluate.extractor=raw")


def context_of(path, *overrides, **options):
    target = targets.open_target(str(path), [*QUICK, *overrides], **options)
    return EvaluationContext(target, reference.load(target.experiment))


@pytest.fixture
def points(tmp_path):
    """Unlabelled samples of some other program."""
    random = np.random.RandomState(0)
    np.savez(tmp_path / "points.npz", x=random.standard_normal((64, 2)).astype(np.float32))
    return tmp_path / "points.npz"


# What other games offer: writers of symbols, classifiers, planners, designers of molecules.
_ASKED = {"log_probability", "classify", "classify_b", "plan", "design"}


def test_every_need_is_known(trained_run, digits):
    context = context_of(trained_run)
    assert {need for need in NEEDS if context.has(need)} == {
        *("labels", "labelled", "held_out", "game")
    }
    named = {need for metric in METRICS for need in metric.needs}
    others = (assemble(tiny(recipe), digits.spec) for recipe in ("bigan-digits", "vae-digits"))
    offered = context.signatures.union(*(game.live.signatures for game in others))
    assert named <= NEEDS.keys() | offered | _ASKED


def test_a_need_that_is_no_other_is_a_signature(trained_run, points):
    assert context_of(trained_run).has("decode")
    assert not context_of(trained_run).has("translate")
    assert not context_of(points, reference="ring").has("decode")


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        ("ms_ssim", "it is for image samples, and these are vector ones."),
        ("path_length", "it needs the signature 'latents'; give a run or an export that has it."),
        ("duality_gap", "it needs all networks of the game; give a run, not an export or samples."),
        ("gan_test", "it needs labels that the generated samples were asked to have; give a .*"),
        ("inception_score", "it needs class predictions; take an extractor that classifies, .*"),
    ],
)
def test_a_metric_that_does_not_suit_says_what_it_needs(points, metric, reason, caplog):
    overrides = (*QUICK, f"evaluate.metrics=[{metric}]")
    (evaluation,) = evaluate_path(str(points), overrides, reference="ring").evaluations
    (skipped,) = evaluation.skipped
    assert skipped.metric == metric
    assert re.fullmatch(reason, skipped.reason)
    assert "failed" not in caplog.text
