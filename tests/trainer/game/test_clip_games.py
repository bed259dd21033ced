"""Games of clips, from the data to evaluations, exports and files."""

import numpy as np
import pytest
from PIL import Image

from serving import batch
from serving.bulk import formats
from serving.bulk.job import Job
from serving.bulk.output import Output
from serving.clips import encode_clips
from tests.conftest import tiny
from tests.recipes import small
from trainer.config.experiment import Data
from trainer.data import loading
from trainer.evaluation.workflow import evaluate_path
from trainer.exporting import export_run
from trainer.opening import open_run
from trainer.run import pictures
from trainer.training import train

CLIPS = (
    "data.source={name: moving_digits, clips: 200, frames: 3}",
    "network={name: mlp, units: [8]}",
    "evaluate.num_samples=40",
    "run.grid=[2,3]",
)
HERE = batch.ExecutionOptions(workers=0, progress=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny conditional game of clips, played for four steps and exported."""
    folder = tmp_path_factory.mktemp("clips")
    train(tiny("cgan-digits", *CLIPS), folder / "run", progress=False)
    export_run(folder / "run", folder / "models")
    return folder


def test_a_clip_has_its_own_name_and_kind(folder):
    run = open_run(folder / "run")
    made = run.ask("generate_conditional", seed=[1, 2], label=[3, 4])
    assert made["clip"].shape == (2, 3, 16, 16, 1) and made["clip"].dtype == np.uint8
    document = run.description.document
    assert document["sample"]["output"] == "clip"
    assert document["fields"]["score"]["inputs"]["clip"]["kind"] == "clip"
    assert not any(name.endswith("_png") for name in document["signatures"])
    card = (folder / "models" / "1" / "assets.extra" / "model_card.md").read_text()
    assert "clips of 3 frames, 16×16 grey" in card


def test_a_preview_has_a_row_of_frames_for_each_clip(folder):
    with Image.open(folder / "run" / "samples" / "step-00000004.png") as picture:
        # Two clips of three frames, each enlarged to 64 pixels, with two pixels between them.
        assert picture.size == (3 * 66 - 2, 2 * 66 - 2)


@pytest.mark.parametrize("format", ["npz", "tfrecord", "png"])
def test_they_are_made_in_bulk_and_measured_as_others_are(folder, format):
    out = str(folder / format)
    batch.generate(f"{folder}/models", out, count=40, format=format, execution=HERE)
    job = Job.of(Output(out).manifest())
    assert (job.content.output, job.content.shape) == ("clip", (3, 16, 16, 1))
    assert formats.default(job.content) == "png"
    data = Data(source={"name": "generated", "path": out}, holdout_share=0.0)
    read = loading.load(data)
    assert read.spec.sample.kind == "clip"
    made = open_run(folder / "run").ask("generate", seed=range(40))["clip"]
    np.testing.assert_array_equal(read.train["sample"], made)


def test_they_are_measured_by_projections_and_shown_as_strips(folder):
    outcome = evaluate_path(str(folder / "models"), CLIPS[2:3])
    (evaluation,) = outcome.evaluations
    assert {"kd", "swd", "precision"} <= {number.key for number in evaluation.numbers}
    assert not any("failed" in skipped.reason for skipped in evaluation.skipped)


def test_metrics_of_pictures_are_left_out_with_a_sentence(folder):
    asked = [*CLIPS[2:3], "evaluate.metrics=[laplacian_swd, sliced_wasserstein]"]
    (evaluation,) = evaluate_path(str(folder / "run"), asked).evaluations
    assert [number.key for number in evaluation.numbers] == ["swd"]
    assert evaluation.skipped[0].reason == "it is for image samples, and these are clip ones."


@pytest.mark.integration
def test_predictions_are_measured_frame_by_frame_and_made_in_bulk(tmp_path):
    experiment = small("predict-digits", tmp_path, "train.steps=2", "evaluate.extractor=raw")
    train(experiment, tmp_path / "run", progress=False)
    held_out, run = loading.load(experiment.data).held_out, open_run(tmp_path / "run")
    made = run.ask("translate_clip", clip=held_out["clip"])["clip"]
    truth, given = held_out["sample"] / 255.0, held_out["clip"] / 255.0
    squares = np.square(made / 255.0 - truth).sum(axis=(2, 3, 4))
    asked = ["evaluate.metrics=[frame_errors]"]
    (evaluation,) = evaluate_path(str(tmp_path / "run"), asked).evaluations
    assert evaluation.skipped == ()
    found = {number.key: number for number in evaluation.numbers}
    assert found["frame_error"].value == pytest.approx(squares.mean(), rel=1e-4)
    assert found["frame_error"].note == "by frame " + ", ".join(
        f"{value:.3g}" for value in squares.mean(axis=0)
    )
    still = np.square(given[:, -1:] - truth).sum(axis=(2, 3, 4)).mean()
    assert found["frame_error_last"].value == pytest.approx(still, rel=1e-4)
    others = {"frame_error_mean", "frame_error_black", "frame_ssim", "motion_error"}
    assert {*others, "frame_sharpness"} <= found.keys()

    export_run(tmp_path / "run", tmp_path / "models")
    (tmp_path / "in").mkdir()
    for number, file in enumerate(encode_clips(held_out["clip"][:2])):
        (tmp_path / "in" / f"{number}.png").write_bytes(file)
    out = str(tmp_path / "out")
    batch.generate(f"{tmp_path}/models", out, files=f"{tmp_path}/in", execution=HERE)
    read = loading.load(Data(source={"name": "generated", "path": out}, holdout_share=0.0))
    assert np.abs(read.train["sample"].astype(int) - made[:2]).max() <= 1


def test_strips_leave_out_frames_between_the_first_and_the_last():
    clips = np.arange(5, dtype=np.uint8).reshape(1, 5, 1, 1, 1) * np.ones((2, 1, 56, 56, 1), "u1")
    strip = pictures.strips(clips, 3)
    assert strip.shape == (2 * 58 - 2, 3 * 58 - 2, 3)
    assert strip[0, [0, 58, 116], 0].tolist() == [0, 2, 4]
    both = pictures.strips_in_turns(clips, clips[:, :2], 4)
    assert both.shape == (4 * 58 - 2, 4 * 58 - 2, 3)
    assert both[58, [0, 58, 116, 174], 0].tolist() == [0, 1, 255, 255]
