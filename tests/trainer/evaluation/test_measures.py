"""Every metric of the catalogue, on targets that it is for."""

import shutil

import numpy as np
import pytest

from tests.conftest import tiny
from trainer import catalogue
from trainer.errors import MetricError
from trainer.evaluation import reference, targets
from trainer.evaluation.context import EvaluationContext
from trainer.evaluation.evaluating import chosen, evaluate
from trainer.evaluation.measures.latents import codes_of
from trainer.evaluation.samples import SampleSet
from trainer.evaluation.workflow import evaluate_path
from trainer.exporting import export_run
from trainer.training import train


@pytest.mark.integration
def test_every_expensive_and_cheap_number_of_images(trained_run, tmp_path, classifier_cache):
    shutil.copytree(trained_run, tmp_path / "run")
    small = "gan_train, {name: path_length, paths: 100}, {name: duality_gap, steps: 3}"
    named = "birthday, ms_ssim, laplacian_swd, modes, gan_test, inception_score, parzen"
    named += ", conditional_diversity"
    outcome = evaluate_path(
        str(tmp_path / "run"),
        [
            "evaluate.num_samples=600",
            f"evaluate.cache_dir={classifier_cache}",
            f"evaluate.metrics=[{small}, {named}]",
        ],
    )
    evaluation = outcome.evaluations[0]
    found = {number.key: number for number in evaluation.numbers}
    assert evaluation.skipped == ()
    assert found.keys() == {
        *("gan_train", "gan_train_real", "ppl", "duality_gap", "support", "ms_ssim"),
        *("ms_ssim_real", "lap_swd", "modes", "mode_kl", "gan_test", "cs", "parzen"),
        *("conditional_diversity", "conditional_diversity_real", "condition_effect"),
    }
    assert 0.5 < found["conditional_diversity_real"].value < 1.0
    assert found.keys() <= catalogue.METRIC_INFO.keys()
    assert found["gan_train_real"].value > 0.8 > found["gan_train"].value
    # Four steps in, no digit can be read: about a tenth of them are right.
    assert 0.0 <= found["gan_test"].value < 0.3
    assert found["ms_ssim"].value > found["ms_ssim_real"].value
    assert found["ppl"].name.startswith("ppl_paths100_600_test_digitscnn-")
    assert found["modes"].value <= 10 and found["modes"].note == "of 10"


@pytest.mark.integration
def test_points_have_metrics_of_their_own(ring_run, tmp_path):
    shutil.copytree(ring_run, tmp_path / "run")
    outcome = evaluate_path(str(tmp_path / "run"), ["evaluate.num_samples=500"])
    keys = {number.key for number in outcome.evaluations[0].numbers}
    assert {"w1", "mmd", "ks", "correlations", "swd", "fd", "precision"} <= keys
    assert not keys & {"ms_ssim", "lap_swd", "gan_train", "ppl"}


def test_modes_of_the_ring_itself(tmp_path):
    data = reference.load(tiny("mlp-ring")).dataset.held_out
    np.savez(tmp_path / "ring.npz", x=data["sample"][:2500])
    np.savez(tmp_path / "five.npz", x=data["sample"][data.labels < 5][:2500])
    for name, modes, on_modes in (("ring", 8, 0.989), ("five", 5, 0.989)):
        outcome = evaluate_path(
            str(tmp_path / f"{name}.npz"), ["evaluate.metrics=[modes]"], reference="ring"
        )
        found = {n.key: n.value for n in outcome.evaluations[0].numbers}
        assert found["modes"] == modes
        # Within three deviations lie 98.9 % of a round Gaussian in the plane.
        assert found["on_modes"] == pytest.approx(on_modes, abs=4 * np.sqrt(0.011 / 2500))
    assert found["mode_kl"] == pytest.approx(np.log(8 / 5), abs=0.02)


@pytest.fixture
def unconditional_run(tmp_path):
    train(tiny("dcgan-digits", "train.steps=1"), tmp_path / "run", progress=False)
    return tmp_path / "run"


@pytest.mark.integration
@pytest.mark.parametrize(
    ("run", "expensive", "has", "has_not"),
    [
        ("trained_run", False, {"gan_test", "conditional_diversity"}, {"wasserstein", "parzen"}),
        ("trained_run", True, {"duality_gap", "path_length", "parzen"}, {"disentanglement"}),
        ("unconditional_run", False, {"frechet", "prdc"}, {"conditional_diversity"}),
        ("ring_run", False, {"wasserstein", "columns"}, {"ms_ssim", "inception_score"}),
    ],
)
def test_what_is_measured_without_being_asked(
    request, classifier_cache, run, expensive, has, has_not
):
    overrides = [
        f"evaluate.expensive={str(expensive).lower()}",
        "evaluate.num_samples=64",
        f"evaluate.cache_dir={classifier_cache}",
    ]
    target = targets.open_target(str(request.getfixturevalue(run)), overrides)
    context = EvaluationContext(target, reference.load(target.experiment))
    names = {metric.name for metric in chosen(target.experiment.evaluate, context)}
    assert has <= names and not has_not & names


def test_numbers_carry_their_protocol(tmp_path, trained_run):
    target = targets.open_target(
        str(trained_run),
        [
            "evaluate.num_samples=90",
            "evaluate.metrics=[{name: prdc, k: 3}]",
            "evaluate.extractor={name: random_projection, size: 8}",
        ],
    )
    target = targets.at_step(target, targets.checkpoints_of(target), "last")
    real = reference.load(target.experiment)
    evaluation, _ = evaluate(target, real)
    protocol = evaluation.protocol
    assert (protocol.num_fake, protocol.num_real, protocol.split) == (90, 90, "test")
    assert protocol.reference_fingerprint == real.fingerprint != real.dataset.spec.fingerprint
    assert protocol.extractor_hash.startswith(protocol.extractor.rpartition("-")[2])
    names = {number.name for number in evaluation.numbers}
    assert f"precision_k3_90_test_{protocol.extractor}" in names


def test_codes_are_categories_where_all_are_one_hot():
    layout = [
        {"name": "noise", "kind": "noise", "start": 0, "size": 1},
        {"name": "category", "kind": "one_hot", "start": 1, "size": 3},
        {"name": "codes", "kind": "continuous", "start": 4, "size": 2},
    ]
    latents = np.array([[9.0, 0, 1, 0, 0.5, 7], [9.0, 0, 0, 1, -0.5, 8]], np.float32)
    np.testing.assert_array_equal(codes_of(latents, layout), [[1, 0.5, 7], [2, -0.5, 8]])
    categories = codes_of(latents, layout[:2])
    assert np.issubdtype(categories.dtype, np.integer)
    np.testing.assert_array_equal(categories, [[1], [2]])


def test_sets_that_do_not_fit_into_memory_are_refused_not_loaded():
    huge = SampleSet(100_000, lambda positions: np.zeros((len(positions), 128, 128, 3), np.uint8))
    with pytest.raises(MetricError, match=r"too many to hold at once; set evaluate\.num_samples="):
        huge.all()


@pytest.mark.integration
def test_what_is_odd_is_detected_with_its_base_rate(tmp_path):
    train(tiny("egbad-digits", "train.steps=1"), tmp_path / "run", progress=False)
    wanted = "evaluate.metrics=[{name: detection, false_alarms: 0.1}]"
    (evaluation,) = evaluate_path(str(tmp_path / "run"), [wanted]).evaluations
    found = {number.key: number for number in evaluation.numbers}
    assert found.keys() == {"odd_auprc", "odd_auroc", "odd_f1", "odd_recall"}
    held_out = reference.load(tiny("egbad-digits")).dataset.held_out
    odd, usual = len(held_out["odd_sample"]), len(held_out)
    assert f"{odd} odd of {odd + usual}: a random score" in found["odd_auprc"].note
    assert "as 10.0% of the usual ones" in found["odd_recall"].note
    assert all(0.0 <= number.value <= 1.0 for number in evaluation.numbers)


@pytest.mark.integration
def test_an_autoencoder_has_likelihoods_and_its_export_none(tmp_path):
    train(tiny("vae-digits", "train.steps=1"), tmp_path / "run", progress=False)
    wanted = "evaluate.metrics=[{name: likelihood, samples: 3}]"
    (evaluation,) = evaluate_path(str(tmp_path / "run"), [wanted]).evaluations
    found = {number.key: number.value for number in evaluation.numbers}
    # Sixty-four pixels that nothing is known of cost log 2 each.
    assert -80 < found["elbo"] <= found["log_likelihood"] < -20
    assert "3 latents" in evaluation.numbers[0].note
    path = export_run(tmp_path / "run", tmp_path / "models").path
    (evaluation,) = evaluate_path(path, [wanted]).evaluations
    assert "'log_weight'" in evaluation.skipped[0].reason
