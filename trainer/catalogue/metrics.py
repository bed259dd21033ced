"""Metrics: what each takes, the numbers it gives, and how these are read; no TensorFlow.

A new metric is a class here and its name in the union at the end; a pure function in
`trainer.metrics`; and the function that `target` names, in a file of `trainer.evaluation.measures`,
which hands the one what the other asks for.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field

from trainer.catalogue.choice import BY_NAME, Component, members

Direction = Literal["lower", "higher", "nearest"]
_Names = tuple[str, ...]


class MetricInfo(NamedTuple):
    """How a number is read.

    Attributes:
        label: what it is called, in words.
        direction: whether a lower or a higher number is better, or one nearest to `target`; None
            where none is (a number to know, not to win).
        explanation: what it measures and how it misleads, in two lines.
        target: the best value, where the direction is "nearest".
    """

    label: str
    direction: Direction | None
    explanation: str
    target: float = 0.0

    def loss(self, value: float) -> float:
        """What is smaller where a value of this number is better."""
        if self.direction == "nearest":
            return abs(value - self.target)
        return -value if self.direction == "higher" else value


_Values = Mapping[str, MetricInfo]


class Metric(Component):
    """What every metric has beside its options.

    Its `target` is a function of the options and the context of an evaluation
    (`trainer.evaluation.context`), which returns a result for keys of `values`.
    """

    # What it may give; the name of a number begins with its key.
    values: ClassVar[_Values] = {}
    # Kinds of samples that it is for: kinds of fields.
    kinds: ClassVar[_Names] = ("image", "clip", "vector")
    # Preconditions, see NEEDS; without one it is measured only when it is asked for by name, and
    # then says what is missing.
    needs: ClassVar[_Names] = ()
    # Whether its numbers depend on the feature extractor, which their names then carry.
    uses_features: ClassVar[bool] = False
    # Whether it takes minutes: then it is measured only when it is asked for.
    expensive: ClassVar[bool] = False
    name: str = ""


# What a metric may need beyond real and generated samples, and how to have it. Any other need is
# the name of a signature that the target must answer, such as "decode".
NEEDS: Mapping[str, str] = {
    "labels": "labels that the generated samples were asked to have; give a generator that is "
    "conditional on a label, or samples with labels",
    "classes": "classes that can be read in a sample; give labelled data, and of images "
    "evaluate.extractor=classifier",
    "logits": "class predictions; take an extractor that classifies, such as "
    "evaluate.extractor=classifier",
    "codes": "codes beside the noise of a latent; give a model whose prior has some",
    "pairs": "what each sample should be; give a model that makes samples of pictures that lie "
    "beside them, or a folder of samples and --reference-pairs",
    "odd": "examples that are known to be odd; give data.source={name: odd, of: …, classes: […]}",
    "predicted": "a column to be predicted; set data.source.predicted",
    "held_out": "examples held out of training; give data that has some (data.holdout_share)",
    "game": "all networks of the game; give a run, not an export or samples",
}

_FRECHET_DISTANCE = (
    "Distance between Gaussians fitted to the features of real and of generated samples. It sees "
    "quality and variety at once, and grows as fewer samples are drawn."
)
_KERNEL_DISTANCE = (
    "Squared distance of the mean features under a cubic kernel, without bias in the number of "
    "samples: it may fall below zero. Near zero the two sets cannot be told apart."
)
_SCORE = (
    "How surely a classifier names each sample, and how many classes it names in all. It never "
    "looks at real samples, so neither realism nor variety within a class counts."
)


class FrechetDistance(Metric):
    """Fréchet distance of Gaussians fitted to the features (Heusel et al. 2017)."""

    target: ClassVar[str] = "trainer.evaluation.measures.features:frechet"
    uses_features: ClassVar[bool] = True
    values: ClassVar[_Values] = {
        "fid": MetricInfo("Fréchet Inception distance", "lower", _FRECHET_DISTANCE),
        "fcd": MetricInfo("Fréchet classifier distance", "lower", _FRECHET_DISTANCE),
        "fd": MetricInfo("Fréchet distance", "lower", _FRECHET_DISTANCE),
    }
    name: Literal["frechet"] = "frechet"


class KernelDistance(Metric):
    """Squared maximum mean discrepancy under a cubic kernel (Bińkowski et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.features:kernel_distance"
    uses_features: ClassVar[bool] = True
    values: ClassVar[_Values] = {
        "kid": MetricInfo("Kernel Inception distance", "lower", _KERNEL_DISTANCE),
        "kcd": MetricInfo("Kernel classifier distance", "lower", _KERNEL_DISTANCE),
        "kd": MetricInfo("Kernel distance", "lower", _KERNEL_DISTANCE),
    }
    name: Literal["kernel_distance"] = "kernel_distance"


class InceptionScore(Metric):
    """Confident and varied class predictions (Salimans et al. 2016)."""

    target: ClassVar[str] = "trainer.evaluation.measures.features:inception_score"
    uses_features: ClassVar[bool] = True
    needs: ClassVar[_Names] = ("logits",)
    values: ClassVar[_Values] = {
        "is": MetricInfo("Inception score", "higher", _SCORE),
        "cs": MetricInfo("Classifier score", "higher", _SCORE),
    }
    name: Literal["inception_score"] = "inception_score"
    # Parts over which the score is averaged; one, as in TF-GAN, is unbiased by their size.
    splits: int = Field(1, ge=1)


class Prdc(Metric):
    """Precision, recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020)."""

    target: ClassVar[str] = "trainer.evaluation.measures.features:prdc"
    uses_features: ClassVar[bool] = True
    values: ClassVar[_Values] = {
        "precision": MetricInfo(
            "Improved precision",
            "higher",
            "Share of generated samples that lie among real ones. A generator that repeats a few "
            "good samples scores high: read it together with recall.",
        ),
        "recall": MetricInfo(
            "Improved recall",
            "higher",
            "Share of real samples that lie among generated ones: how much of the data is "
            "reached. Outliers among the generated samples can raise it.",
        ),
        "density": MetricInfo(
            "Density",
            "higher",
            "How many real neighbourhoods contain a generated sample, on average; about 1 for the "
            "data itself, and above 1 where samples crowd. Less moved by outliers than precision.",
        ),
        "coverage": MetricInfo(
            "Coverage",
            "higher",
            "Share of real samples with a generated one in their neighbourhood. Less moved by "
            "outliers than recall; about .97 for the data itself with k = 5.",
        ),
    }
    name: Literal["prdc"] = "prdc"
    # The neighbour that a ball around a sample reaches, the sample itself not counted.
    k: int = Field(5, ge=1)


class SlicedWasserstein(Metric):
    """Mean Wasserstein-1 distance along random directions of the samples (Rabin et al. 2011)."""

    target: ClassVar[str] = "trainer.evaluation.measures.samples:sliced_wasserstein"
    values: ClassVar[_Values] = {
        "swd": MetricInfo(
            "Sliced Wasserstein distance",
            "lower",
            "Mean distance of the two distributions along random directions of the raw samples. "
            "It sees shifts of the whole more than details.",
        ),
    }
    name: Literal["sliced_wasserstein"] = "sliced_wasserstein"
    # Random directions.
    directions: int = Field(512, ge=1)


class LaplacianSwd(Metric):
    """Sliced Wasserstein distance of patches, a scale at a time (Karras et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.samples:laplacian_swd"
    expensive: ClassVar[bool] = True
    kinds: ClassVar[_Names] = ("image",)
    values: ClassVar[_Values] = {
        "lap_swd": MetricInfo(
            "Laplacian sliced Wasserstein distance",
            "lower",
            "Distance between small patches of real and generated images, averaged over scales "
            "(times 1000). It sees texture and structure, not whether a whole image makes sense.",
        ),
    }
    name: Literal["laplacian_swd"] = "laplacian_swd"


class MsSsim(Metric):
    """Similarity of random pairs of fakes, within a class if there are any (Odena et al. 2017)."""

    target: ClassVar[str] = "trainer.evaluation.measures.diversity:ms_ssim"
    kinds: ClassVar[_Names] = ("image",)
    values: ClassVar[_Values] = {
        "ms_ssim": MetricInfo(
            "MS-SSIM of pairs",
            "lower",
            "Mean structural similarity of two generated images of one class: near 1 they are all "
            "alike. Compare it with the same number on real images; noise lowers it too.",
        ),
        "ms_ssim_real": MetricInfo(
            "MS-SSIM of real pairs",
            None,
            "The same similarity between real images of one class: what a generator as varied as "
            "the data would have.",
        ),
    }
    name: Literal["ms_ssim"] = "ms_ssim"
    # Pairs compared.
    pairs: int = Field(1000, ge=2)


class ConditionalDiversity(Metric):
    """What the latent changes under one condition, and the condition under one latent."""

    target: ClassVar[str] = "trainer.evaluation.measures.conditions:conditional_diversity"
    needs: ClassVar[_Names] = ("generate", "generate_conditional")
    values: ClassVar[_Values] = {
        "conditional_diversity": MetricInfo(
            "Diversity under one condition",
            None,
            "Mean distance of two samples of one condition, in units of that of any two real "
            "samples: 0 for a generator that ignores its latent. Compare it with real ones.",
        ),
        "conditional_diversity_real": MetricInfo(
            "Diversity of real samples of one label",
            None,
            "The same distance between real samples of one label: what a generator as varied as "
            "the data would have.",
        ),
        "condition_effect": MetricInfo(
            "Effect of the condition",
            None,
            "Mean distance of two samples of one seed under two conditions, in the same units: 0 "
            "for a generator that ignores what it is told. It does not say that it obeys.",
        ),
    }
    name: Literal["conditional_diversity"] = "conditional_diversity"
    # Pairs compared.
    pairs: int = Field(500, ge=2)


class Memorisation(Metric):
    """Whether fakes lie nearer to training examples than held-out ones do (Alaa et al. 2022)."""

    target: ClassVar[str] = "trainer.evaluation.measures.copying:memorisation"
    uses_features: ClassVar[bool] = True
    needs: ClassVar[_Names] = ("held_out",)
    values: ClassVar[_Values] = {
        "memorisation": MetricInfo(
            "Memorisation",
            "nearest",
            "Share of samples nearer to so many training examples than to as many held-out ones: "
            "one half is ideal. The fewer are held out, the less a copying generator rises above "
            "it.",
            target=0.5,
        ),
        "authenticity": MetricInfo(
            "Authenticity",
            "higher",
            "Share of samples that are not closer to a training example than that one's own "
            "nearest neighbour. Low values say that the generator copies; noise raises it.",
        ),
    }
    name: Literal["memorisation"] = "memorisation"


class BirthdayTest(Metric):
    """How many different samples there are, from how often two coincide (Arora & Zhang 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.diversity:birthday"
    uses_features: ClassVar[bool] = True
    values: ClassVar[_Values] = {
        "support": MetricInfo(
            "Support size (birthday)",
            "higher",
            "How many different samples the generator seems to have, from how often two of them "
            "nearly coincide. Without a coincidence it is as likely more as less.",
        ),
    }
    name: Literal["birthday"] = "birthday"


class Modes(Metric):
    """Classes that occur among the fakes, and how evenly (Che et al. 2017, Metz et al. 2017)."""

    target: ClassVar[str] = "trainer.evaluation.measures.diversity:modes"
    uses_features: ClassVar[bool] = True
    needs: ClassVar[_Names] = ("classes",)
    values: ClassVar[_Values] = {
        "modes": MetricInfo(
            "Modes found",
            "higher",
            "Classes or mixture components of which at least one sample was seen.",
        ),
        "mode_kl": MetricInfo(
            "KL of modes",
            "lower",
            "Kullback–Leibler divergence in nats of the shares of the modes from the data's. "
            "Finite samples of the data itself score about (modes − 1) / (2 n).",
        ),
        "on_modes": MetricInfo(
            "Samples on a mode",
            "higher",
            "Share of generated points within three standard deviations of a mode's centre.",
        ),
    }
    name: Literal["modes"] = "modes"


class GanTest(Metric):
    """A classifier trained on real examples reads the fakes' labels (Shmelkov et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.labels:gan_test"
    uses_features: ClassVar[bool] = True
    needs: ClassVar[_Names] = ("labels", "classes")
    values: ClassVar[_Values] = {
        "gan_test": MetricInfo(
            "GAN-test accuracy",
            "higher",
            "How often a classifier trained on real examples reads a generated sample as the "
            "class asked for. A generator that repeats one good sample a class scores high.",
        ),
    }
    name: Literal["gan_test"] = "gan_test"


class GanTrain(Metric):
    """A classifier trained on fakes reads real labels (Shmelkov et al. 2018, Ravuri & Vinyals)."""

    target: ClassVar[str] = "trainer.evaluation.measures.labels:gan_train"
    expensive: ClassVar[bool] = True
    needs: ClassVar[_Names] = ("labels", "classes")
    values: ClassVar[_Values] = {
        "gan_train": MetricInfo(
            "GAN-train accuracy",
            "higher",
            "Accuracy on real examples of a classifier trained on generated ones only: it needs "
            "both quality and variety. Compare it with training on as many real ones.",
        ),
        "gan_train_real": MetricInfo(
            "Accuracy when trained on real",
            None,
            "The same classifier trained on as many real examples: the ceiling of GAN-train.",
        ),
    }
    name: Literal["gan_train"] = "gan_train"


class PathLength(Metric):
    """How evenly samples change with their latents (Karras et al. 2019)."""

    target: ClassVar[str] = "trainer.evaluation.measures.latents:path_length"
    uses_features: ClassVar[bool] = True
    expensive: ClassVar[bool] = True
    needs: ClassVar[_Names] = ("latents", "decode")
    values: ClassVar[_Values] = {
        "ppl": MetricInfo(
            "Perceptual path length",
            "lower",
            "How far features move per small step in the latent space. Small means even change; a "
            "generator that ignores its latent has zero.",
        ),
    }
    name: Literal["path_length"] = "path_length"
    # Latents visited.
    paths: int = Field(5000, ge=100)
    # Length of a step along a path of length one.
    epsilon: float = Field(1e-3, gt=0.0, lt=0.1)


class Parzen(Metric):
    """Log-likelihood of held-out examples under a Parzen window on fakes, as in the 2014 papers."""

    target: ClassVar[str] = "trainer.evaluation.measures.samples:parzen"
    expensive: ClassVar[bool] = True
    values: ClassVar[_Values] = {
        "parzen": MetricInfo(
            "Parzen log-likelihood",
            "higher",
            "Log-likelihood in nats of held-out examples under Gaussians around samples. Kept for "
            "comparison with the papers of 2014: in many dimensions it says little of either.",
        ),
    }
    name: Literal["parzen"] = "parzen"


class DualityGap(Metric):
    """How much each player would gain by playing on against a frozen other (Grnarova et al.)."""

    target: ClassVar[str] = "trainer.evaluation.measures.equilibrium:duality_gap"
    expensive: ClassVar[bool] = True
    needs: ClassVar[_Names] = ("game",)
    values: ClassVar[_Values] = {
        "duality_gap": MetricInfo(
            "Duality gap",
            "lower",
            "What the discriminator and the generator could each still gain against the frozen "
            "other on held-out data: zero at an equilibrium. It depends on how long each may try.",
        ),
    }
    name: Literal["duality_gap"] = "duality_gap"
    # Steps that each player is trained against the frozen other.
    steps: int = Field(200, ge=1)


class Disentanglement(Metric):
    """Mutual information gap between the codes of a latent and the classes (Chen et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.latents:disentanglement"
    uses_features: ClassVar[bool] = True
    expensive: ClassVar[bool] = True
    needs: ClassVar[_Names] = ("latents", "codes", "classes")
    values: ClassVar[_Values] = {
        "mig": MetricInfo(
            "Mutual information gap",
            "higher",
            "How much more the best latent code tells of the class than the second best: 1 when "
            "one code carries it alone.",
        ),
    }
    name: Literal["disentanglement"] = "disentanglement"


class Detection(Metric):
    """How well oddness tells odd examples from usual ones, both held out (Zenati et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.oddness:detection"
    needs: ClassVar[_Names] = ("odd", "anomaly_score")
    values: ClassVar[_Values] = {
        "odd_auprc": MetricInfo(
            "Detection of odd examples, AUPRC",
            "higher",
            "Area under precision over recall, odd examples being what is to be found. A random "
            "score gives the base rate, which the note names: compare at equal base rates only.",
        ),
        "odd_auroc": MetricInfo(
            "Detection of odd examples, AUROC",
            "higher",
            "How often an odd example scores higher than a usual one. A random score gives one "
            "half, whatever the base rate.",
        ),
        "odd_f1": MetricInfo(
            "Detection of odd examples, F1",
            "higher",
            "Precision, and recall, of flagging as many examples as are odd: one has to know how "
            "many there are.",
        ),
        "odd_recall": MetricInfo(
            "Odd examples found",
            "higher",
            "Share of the odd examples above the threshold that a stated share of the usual ones "
            "exceeds. The note has the threshold.",
        ),
    }
    name: Literal["detection"] = "detection"
    # Share of the usual examples that may be flagged by mistake.
    false_alarms: float = Field(0.05, gt=0.0, lt=1.0)


class Likelihood(Metric):
    """Evidence lower bound and importance-sampled log-likelihood (Burda et al. 2016)."""

    target: ClassVar[str] = "trainer.evaluation.measures.likelihood:log_likelihood"
    expensive: ClassVar[bool] = True
    needs: ClassVar[_Names] = ("log_weight",)
    values: ClassVar[_Values] = {
        "elbo": MetricInfo(
            "Evidence lower bound",
            "higher",
            "Nats of a held-out example under an autoencoder, by a sampled bound. A Gaussian "
            "decoder gives a density on the scale of [-1, 1]; of grey levels as probabilities it "
            "is no likelihood.",
        ),
        "log_likelihood": MetricInfo(
            "Log-likelihood by importance sampling",
            "higher",
            "The same by the logarithm of a mean of importance weights: a bound too, which rises "
            "to the log-likelihood with the samples. Compare at equal numbers of them.",
        ),
    }
    name: Literal["likelihood"] = "likelihood"
    # Latents drawn for each example; the published numbers are of 5000.
    samples: int = Field(100, ge=1)


class WassersteinDistance(Metric):
    """Exact Wasserstein-1 distance between subsets of points."""

    target: ClassVar[str] = "trainer.evaluation.measures.vectors:wasserstein"
    kinds: ClassVar[_Names] = ("vector",)
    values: ClassVar[_Values] = {
        "w1": MetricInfo(
            "Wasserstein-1 distance",
            "lower",
            "Least mean distance over which generated points must be moved to become real ones. "
            "Finite samples of the data itself do not reach zero.",
        ),
    }
    name: Literal["wasserstein"] = "wasserstein"
    # Points of each side; the cost grows with the third power.
    points: int = Field(2000, ge=2)


class MaximumMeanDiscrepancy(Metric):
    """Squared maximum mean discrepancy under a Gaussian kernel (Gretton et al. 2012)."""

    target: ClassVar[str] = "trainer.evaluation.measures.vectors:mmd"
    kinds: ClassVar[_Names] = ("vector",)
    values: ClassVar[_Values] = {
        "mmd": MetricInfo(
            "Squared MMD",
            "lower",
            "Squared distance of mean embeddings under a Gaussian kernel as wide as the median "
            "distance of real points; unbiased, so it may fall below zero.",
        ),
    }
    name: Literal["mmd"] = "mmd"


class Columns(Metric):
    """Means, deviations, distributions and correlations of columns, fake against real."""

    target: ClassVar[str] = "trainer.evaluation.measures.vectors:columns"
    kinds: ClassVar[_Names] = ("vector",)
    values: ClassVar[_Values] = {
        "ks": MetricInfo(
            "Kolmogorov–Smirnov, mean of columns",
            "lower",
            "Largest difference of the two cumulative distributions, averaged over columns. It "
            "sees each column by itself.",
        ),
        "correlations": MetricInfo(
            "Largest difference of correlations",
            "lower",
            "Largest absolute difference between a correlation of two columns among real and "
            "among generated rows.",
        ),
    }
    name: Literal["columns"] = "columns"


_COUNTERPART = "the picture that a sample was made of, enlarged where it is smaller (bicubic)"


class AbsoluteError(Metric):
    """Mean absolute and squared difference from what a picture should be."""

    target: ClassVar[str] = "trainer.evaluation.measures.pairs:absolute_error"
    kinds: ClassVar[_Names] = ("image",)
    needs: ClassVar[_Names] = ("pairs",)
    values: ClassVar[_Values] = {
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
    kinds: ClassVar[_Names] = ("image",)
    needs: ClassVar[_Names] = ("pairs",)
    values: ClassVar[_Values] = {
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
    kinds: ClassVar[_Names] = ("image",)
    needs: ClassVar[_Names] = ("pairs",)
    values: ClassVar[_Values] = {
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
    needs: ClassVar[_Names] = ("pairs",)
    values: ClassVar[_Values] = {
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


_STILL = "Of clips that were given before those that are made: what no motion at all predicts."


class FrameErrors(Metric):
    """Errors of clips against what they should be, frame by frame (Mathieu et al. 2016)."""

    target: ClassVar[str] = "trainer.evaluation.measures.clips:frame_errors"
    kinds: ClassVar[_Names] = ("clip",)
    needs: ClassVar[_Names] = ("pairs",)
    values: ClassVar[_Values] = {
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
    }
    name: Literal["frame_errors"] = "frame_errors"


class Utility(Metric):
    """Train on synthetic, test on real: what models learn from generated rows (Xu et al. 2019)."""

    target: ClassVar[str] = "trainer.evaluation.measures.tables:utility"
    kinds: ClassVar[_Names] = ("table",)
    needs: ClassVar[_Names] = ("predicted",)
    values: ClassVar[_Values] = {
        "utility_f1": MetricInfo(
            "F1 of classifiers of generated rows",
            "higher",
            "Classifiers that are trained on generated rows predict a column of real ones: F1 of "
            "the rarer of two classes, or the mean over more; the mean over classifiers.",
        ),
        "utility_f1_real": MetricInfo(
            "F1 of classifiers of real rows",
            None,
            "The same, trained on as many real rows: what the generated ones can hope for.",
        ),
        "utility_accuracy": MetricInfo(
            "Accuracy of classifiers of generated rows",
            "higher",
            "Share of real rows that the same classifiers name right. Where one class is most of "
            "the rows, naming nothing else scores high.",
        ),
        "utility_accuracy_real": MetricInfo(
            "Accuracy of classifiers of real rows",
            None,
            "The same, trained on as many real rows.",
        ),
        "utility_r2": MetricInfo(
            "R² of regressions of generated rows",
            "higher",
            "A linear regression and a tree that are trained on generated rows predict a number of "
            "real ones; the mean of both. 1 is all of its variance, 0 or less none.",
        ),
        "utility_r2_real": MetricInfo(
            "R² of regressions of real rows",
            None,
            "The same, trained on as many real rows.",
        ),
    }
    name: Literal["utility"] = "utility"
    # The classifiers, over which the mean is taken.
    models: Annotated[
        tuple[Literal["tree", "boosting", "logistic", "mlp"], ...],
        Field(strict=False, min_length=1),
    ] = ("tree", "boosting", "logistic", "mlp")


class MixedColumns(Metric):
    """Distances of columns one by one, and differences of their associations in pairs."""

    target: ClassVar[str] = "trainer.evaluation.measures.tables:mixed_columns"
    kinds: ClassVar[_Names] = ("table",)
    values: ClassVar[_Values] = {
        "column_w1": MetricInfo(
            "Wasserstein distance, mean of number columns",
            "lower",
            "Least mean distance over which a column's numbers must be moved to become real ones, "
            "in its standard deviations. It sees each column by itself.",
        ),
        "column_js": MetricInfo(
            "Jensen-Shannon distance, mean of category columns",
            "lower",
            "How far a column's categories, or its gaps, are as frequent as among real rows: 0 "
            "when they are, 1 when both share none. It sees each column by itself.",
        ),
        "association": MetricInfo(
            "Difference of associations, mean of pairs",
            "lower",
            "How far pairs of columns tell each other as they do among real rows: correlation, "
            "Cramér's V or correlation ratio. Few rows make all of them look larger.",
        ),
    }
    name: Literal["mixed_columns"] = "mixed_columns"


class ClosestRecord(Metric):
    """Whether generated rows lie nearer to training rows than held-out ones do."""

    target: ClassVar[str] = "trainer.evaluation.measures.tables:closest_record"
    kinds: ClassVar[_Names] = ("table",)
    needs: ClassVar[_Names] = ("held_out",)
    values: ClassVar[_Values] = {
        "closest_record": MetricInfo(
            "Nearer to training rows than held-out ones",
            "nearest",
            "How often a generated row lies nearer to its closest training row than a held-out row "
            "does. One half is as good as new rows; above it training rows are told of.",
            target=0.5,
        ),
        "copied_rows": MetricInfo(
            "Generated rows that are training rows",
            None,
            "Share of generated rows that equal a training row in all columns. Tables of few "
            "categories have such rows anyway: compare with held-out ones, in the note.",
        ),
    }
    name: Literal["closest_record"] = "closest_record"


AnyMetric = Annotated[
    FrechetDistance
    | KernelDistance
    | InceptionScore
    | Prdc
    | SlicedWasserstein
    | LaplacianSwd
    | MsSsim
    | ConditionalDiversity
    | Memorisation
    | BirthdayTest
    | Modes
    | GanTest
    | GanTrain
    | PathLength
    | Parzen
    | DualityGap
    | Disentanglement
    | Detection
    | Likelihood
    | AbsoluteError
    | Psnr
    | Ssim
    | PairedDistance
    | FrameErrors
    | WassersteinDistance
    | MaximumMeanDiscrepancy
    | Columns
    | Utility
    | MixedColumns
    | ClosestRecord,
    BY_NAME,
]

METRICS: tuple[type[Metric], ...] = tuple(
    metric for metric in members(AnyMetric) if issubclass(metric, Metric)
)
# How each number is read, by its key.
METRIC_INFO: _Values = {key: info for metric in METRICS for key, info in metric.values.items()}
