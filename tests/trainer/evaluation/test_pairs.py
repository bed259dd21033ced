"""Samples that are measured against what they should be: of a run, and of any program's files."""

import numpy as np
import pytest
from PIL import Image

from tests.conftest import tiny
from trainer.data import loading
from trainer.errors import ConfigError
from trainer.evaluation.workflow import evaluate_path
from trainer.metrics import fidelity
from trainer.metrics.structural_similarity import ssim
from trainer.training import train

METRICS = "evaluate.metrics=[absolute_error, psnr, ssim, paired_distance]"
ALSO = ("evaluate.extractor=raw", "evaluate.seed=3")


def _numbers(evaluation):
    assert evaluation.skipped == ()
    return {number.key: number.value for number in evaluation.numbers}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Digits of 8x8 from 4x4, after four steps."""
    folder = tmp_path_factory.mktemp("pairs") / "run"
    degraded = "condition={name: derived, factor: 2}"
    train(tiny("pix2pix-digits", "data.source=digits", degraded), folder, progress=False)
    return str(folder)


def _write(folder, images):
    folder.mkdir()
    for i, image in enumerate(images):
        Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(folder / f"{i}.png")
    return str(folder)


@pytest.mark.integration
def test_a_run_and_a_folder_of_what_it_made_measure_alike(run, tmp_path):
    (of_run,) = evaluate_path(run, (METRICS, *ALSO)).evaluations
    found = _numbers(of_run)
    assert found.keys() == {
        *("l1", "mse", "l1_input", "psnr", "psnr_input", "ssim", "ssim_input"),
        *("paired_distance", "paired_distance_input"),
    }
    # Four steps in, the picture that it was given, enlarged, is much nearer.
    assert found["l1_input"] < found["l1"] and found["ssim_input"] > found["ssim"]
    assert found["paired_distance_input"] < 1.0 < found["paired_distance"]
    samples = _samples(run)
    made, truth = (_write(tmp_path / n, s.all()) for n, s in samples.items())
    (of_files,) = evaluate_path(made, (METRICS, *ALSO), truths=truth).evaluations
    again = _numbers(of_files)
    assert again.keys() == {key for key in found if not key.endswith("_input")}
    for key in ("l1", "mse", "psnr", "ssim"):
        assert again[key] == pytest.approx(found[key], rel=1e-6)
    assert of_files.protocol.split == "all" and of_files.protocol.num_fake == 179


def _samples(run):
    from trainer.evaluation import reference, targets

    target = targets.open_target(run, ALSO)
    target = targets.at_step(target, targets.checkpoints_of(target), "last")
    samples = target.samples(reference.load(target.experiment))
    return {"made": samples, "truth": samples.truth}


def test_colours_are_measured_by_their_luminance_too(tmp_path):
    random = np.random.RandomState(0)
    true = random.randint(0, 256, (4, 16, 16, 3)).astype(np.uint8)
    made = np.clip(true + random.randint(-9, 10, true.shape), 0, 255).astype(np.uint8)
    made[0] = true[0]
    wanted = "evaluate.metrics=[{name: psnr, crop: 2}, ssim]"
    (evaluation,) = evaluate_path(
        _write(tmp_path / "made", made), (wanted,), truths=_write(tmp_path / "true", true)
    ).evaluations
    found = {number.name: number for number in evaluation.numbers}
    y = [fidelity.luminance(images, (0, 255)) for images in (made, true)]
    expected = fidelity.psnr(fidelity.errors(*y, (0, 255), 2).squared)[0]
    number = found["psnr_y_crop2_4_all"]
    assert (number.value, number.error) == pytest.approx(expected)
    assert number.note == "1 of 4 equal what they should be and are left out"
    assert {"psnr_crop2_4_all", "ssim_4_all", "ssim_y_4_all"} <= found.keys()


def _grey_and_colours(tmp_path):
    """Three pairs of three sizes, the last one grey; made ones differ by up to nine levels."""
    random, pairs = np.random.RandomState(0), []
    for height, width, channels in ((16, 20, 3), (24, 16, 3), (13, 17, 1)):
        true = random.randint(0, 256, (height, width, channels)).astype(np.uint8)
        noise = random.randint(-9, 10, true.shape)
        pairs.append((np.clip(true + noise, 0, 255).astype(np.uint8), true))
    made, true = (
        _write(tmp_path / n, side) for n, side in zip("mt", zip(*pairs, strict=True), strict=True)
    )
    return pairs, made, true


def test_pairs_of_several_sizes_are_measured_at_their_own(tmp_path):
    pairs, made, true = _grey_and_colours(tmp_path)
    metrics = "evaluate.metrics=[absolute_error, {name: psnr, crop: 2}, ssim, paired_distance]"
    report = str(tmp_path / "page.html")
    outcome = evaluate_path(made, (metrics,), truths=true, report=report)
    assert outcome.report == report
    (evaluation,) = outcome.evaluations
    found = {number.key: number for number in evaluation.numbers}
    (skipped,) = evaluation.skipped
    assert skipped.metric == "paired_distance" and "set data.size" in skipped.reason
    errors = [fidelity.errors(a[None], b[None], (0, 255)) for a, b in pairs]
    assert found["l1"].value == pytest.approx(np.mean([e.absolute[0] for e in errors]))
    lights = [[fidelity.luminance(x[None], (0, 255)) for x in pair] for pair in pairs]
    squared = np.concatenate([fidelity.errors(*y, (0, 255), 2).squared for y in lights])
    expected = fidelity.psnr(squared)[0]
    assert found["psnr_y"].name == "psnr_y_crop2_3_all"
    assert (found["psnr_y"].value, found["psnr_y"].error) == pytest.approx(expected)
    similar = [ssim(*y, (0, 255))[0] for y in lights]
    assert found["ssim_y"].value == pytest.approx(np.mean(similar))
    (by_default,) = evaluate_path(made, truths=true).evaluations
    assert {number.key for number in by_default.numbers} == {
        *("l1", "mse", "psnr", "psnr_y", "ssim", "ssim_y")
    }


def test_originals_lose_the_lines_by_which_they_are_no_multiple_of_the_factor(tmp_path, caplog):
    true = np.random.RandomState(0).randint(0, 256, (2, 18, 17, 1)).astype(np.uint8)
    made = _write(tmp_path / "m", true[:, :16, :16] // 2)
    (evaluation,) = evaluate_path(
        made, ("evaluate.metrics=[absolute_error]",), truths=_write(tmp_path / "t", true)
    ).evaluations
    found = fidelity.errors(true[:, :16, :16] // 2, true[:, :16, :16], (0, 255)).absolute
    assert _numbers(evaluation)["l1"] == pytest.approx(found.mean())
    assert "2 pictures are a few lines larger than what was made of them" in caplog.text


def test_pairs_of_several_sizes_that_do_not_fit_are_refused(tmp_path):
    pairs, made, true = _grey_and_colours(tmp_path)
    Image.fromarray(pairs[0][0][:8]).save(tmp_path / "m" / "0.png")
    with pytest.raises(ConfigError, match=r"m/0.png is 8x20x3 uint8 and .*t/0.png, .* 16x20x3"):
        evaluate_path(made, truths=true)
    Image.new("RGBA", (9, 9)).save(tmp_path / "m" / "0.png")
    Image.new("RGBA", (9, 9)).save(tmp_path / "t" / "0.png")
    with pytest.raises(ConfigError, match=r"are grey or RGB.* with \[1, 3, 4\] channels"):
        evaluate_path(made, truths=true)
    (tmp_path / "t" / "0.png").write_bytes(b"none")
    with pytest.raises(ConfigError, match=r"reference-pairs: .*0.png: the file cannot be read"):
        evaluate_path(made, truths=true)


def test_pairs_of_two_forms_and_questions_to_files_are_refused(tmp_path):
    images = np.random.RandomState(0).randint(0, 256, (3, 8, 8, 1)).astype(np.uint8)
    made, true = _write(tmp_path / "made", images), _write(tmp_path / "true", images[:, :4])
    with pytest.raises(ConfigError, match=r"reference-pairs: the samples are 8x8x1 .* is 4x8x1"):
        evaluate_path(made, truths=true)
    with pytest.raises(ConfigError, match=r"evaluate.signature: received 'translate' with samples"):
        evaluate_path(made, ["evaluate.signature=translate"], truths=made)
    with pytest.raises(ConfigError, match="no partner"):
        evaluate_path(made, truths=_write(tmp_path / "two", images[:2]))


@pytest.mark.integration
def test_games_without_pairs_say_so(tmp_path):
    train(tiny("dcgan-digits", "train.steps=1"), tmp_path / "run", progress=False)
    (evaluation,) = evaluate_path(str(tmp_path / "run"), [METRICS, *ALSO]).evaluations
    assert evaluation.numbers == ()
    assert all("--reference-pairs" in skipped.reason for skipped in evaluation.skipped)


@pytest.mark.integration
def test_an_input_that_needs_no_enlarging_is_a_baseline_as_it_is(tmp_path):
    train(tiny("pix2pix-digits", "train.steps=1"), tmp_path / "run", progress=False)
    (evaluation,) = evaluate_path(str(tmp_path / "run"), [METRICS, *ALSO]).evaluations
    held_out = loading.load(tiny("pix2pix-digits").data).held_out
    found = fidelity.errors(held_out["image"], held_out["sample"], (0, 255))
    assert _numbers(evaluation)["l1_input"] == pytest.approx(found.absolute.mean())
