"""How far clips are from what they should be, frame by frame, and what standing still would be."""

from typing import ClassVar, Literal

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values

_STILL = "Of clips that were given before those that are made: what no motion at all predicts."


class FrameErrors(Metric):
    """Errors of clips against what they should be, frame by frame (Mathieu et al. 2016)."""

    target: ClassVar[str] = "trainer.evaluation.measures.clips:frame_errors"
    kinds: ClassVar[Names] = ("clip",)
    needs: ClassVar[Names] = ("pairs",)
    values: ClassVar[Values] = {
        "frame_error": MetricInfo(
            "Squared error of a frame",
            "lower",
            "Summed over the pixels of a frame, on a scale from 0 to 1, as Moving MNIST is "
            "published. A blur over all that may come is best at it: read sharpness beside it.",
        ),
        "frame_ssim": MetricInfo(
            "SSIM of frames",
            "higher",
            "Structural likeness of each frame to what it should be, 1 where they are equal. Empty "
            "places are alike, so compare models of the same data only.",
        ),
        "motion_error": MetricInfo(
            "Squared error of motion",
            "lower",
            "Of the change from a frame to the next, against the change that should be: flickering "
            "counts, and what is wrong in all frames alike does not.",
        ),
        "frame_sharpness": MetricInfo(
            "Sharpness",
            "nearest",
            "Gradients of the frames over those of what they should be: one is as sharp, less is "
            "blurred, more is noisy. It does not ask where the gradients are.",
            target=1.0,
        ),
        "frame_error_last": MetricInfo("Squared error of the last frame", None, _STILL),
        "frame_error_mean": MetricInfo("Squared error of the mean frame", None, _STILL),
        "frame_error_black": MetricInfo(
            "Squared error of black frames",
            None,
            "What no light at all scores: where little is bright it beats standing still, and a "
            "model that is no better has predicted nothing.",
        ),
    }
    name: Literal["frame_errors"] = "frame_errors"
