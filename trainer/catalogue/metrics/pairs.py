"""How far samples are from what they should be, one by one, and their inputs beside them."""

from typing import ClassVar, Literal

from pydantic import Field

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values

_COUNTERPART = "the picture that a sample was made of, enlarged where it is smaller (bicubic)"


class AbsoluteError(Metric):
    """Mean absolute and squared difference from what a picture should be."""

    target: ClassVar[str] = "trainer.evaluation.measures.pairs:absolute_error"
    kinds: ClassVar[Names] = ("image",)
    needs: ClassVar[Names] = ("pairs",)
    values: ClassVar[Values] = {
        "l1": MetricInfo(
            "Mean absolute error",
            "lower",
            "Of pixels, on a scale from 0 to 1, to what they should be. A blurred average of all "
            "that is possible is best at it: read it beside a distance that sees sharpness.",
        ),
        "mse": MetricInfo(
            "Mean squared error",
            "lower",
            "As the absolute error, larger differences weighing more.",
        ),
        "l1_input": MetricInfo("L1 of the input", None, f"The same error of {_COUNTERPART}."),
    }
    name: Literal["absolute_error"] = "absolute_error"
    # Pixels left out along each side.
    crop: int = Field(0, ge=0)


class Psnr(Metric):
    """Peak signal-to-noise ratio to what a picture should be, in decibels."""

    target: ClassVar[str] = "trainer.evaluation.measures.pairs:psnr"
    kinds: ClassVar[Names] = ("image",)
    needs: ClassVar[Names] = ("pairs",)
    values: ClassVar[Values] = {
        "psnr": MetricInfo(
            "PSNR",
            "higher",
            "Mean over pictures of the squared error in decibels, over all channels. Averages of "
            "what is possible score high: a sharp guess loses against a blurred one.",
        ),
        "psnr_y": MetricInfo(
            "PSNR of luminance",
            "higher",
            "The same of Y (BT.601, 8 bits), as super-resolution is published: about 2 dB above "
            "that of RGB. Papers leave out as many pixels along each side as the factor is.",
        ),
        "psnr_input": MetricInfo("PSNR of the input", None, f"The same of {_COUNTERPART}."),
        "psnr_y_input": MetricInfo(
            "PSNR of the input's luminance", None, f"The same of {_COUNTERPART}."
        ),
    }
    name: Literal["psnr"] = "psnr"
    # Pixels left out along each side; super-resolution is published with the factor.
    crop: int = Field(0, ge=0)


class Ssim(Metric):
    """Structural similarity to what a picture should be (Wang et al. 2004)."""

    target: ClassVar[str] = "trainer.evaluation.measures.pairs:ssim"
    kinds: ClassVar[Names] = ("image",)
    needs: ClassVar[Names] = ("pairs",)
    values: ClassVar[Values] = {
        "ssim": MetricInfo(
            "SSIM",
            "higher",
            "Likeness of means, contrasts and structure under a small window, 1 where pictures "
            "are equal. It sees lost texture more than the squared error does, and shifts as much.",
        ),
        "ssim_y": MetricInfo(
            "SSIM of luminance", "higher", "The same of Y, as super-resolution is published."
        ),
        "ssim_input": MetricInfo("SSIM of the input", None, f"The same of {_COUNTERPART}."),
        "ssim_y_input": MetricInfo(
            "SSIM of the input's luminance", None, f"The same of {_COUNTERPART}."
        ),
    }
    name: Literal["ssim"] = "ssim"
    # Pixels left out along each side; super-resolution is published with the factor.
    crop: int = Field(0, ge=0)


class PairedDistance(Metric):
    """Distance of features from those of what a sample should be."""

    target: ClassVar[str] = "trainer.evaluation.measures.pairs:distance_of_features"
    uses_features: ClassVar[bool] = True
    needs: ClassVar[Names] = ("pairs",)
    values: ClassVar[Values] = {
        "paired_distance": MetricInfo(
            "Distance of paired features",
            "lower",
            "Mean distance of a sample's features from those of what it should be, in units of "
            "the mean distance of two real samples. What it sees, the extractor decides.",
        ),
        "paired_distance_input": MetricInfo(
            "Distance of the input's features", None, f"The same of {_COUNTERPART}."
        ),
    }
    name: Literal["paired_distance"] = "paired_distance"
