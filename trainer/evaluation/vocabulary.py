"""What each number means: its title, which direction is better, and two lines for a reader.

The direction belongs to the number, so that "the best" needs no flag.
"""

from typing import Literal, NamedTuple

Direction = Literal["lower", "higher"]


class Meaning(NamedTuple):
    """What a reader needs to judge a number.

    Attributes:
        title: in words.
        better: which direction is better; None where neither is (a number to know, not to win).
        explanation: what it measures and how it misleads.
    """

    title: str
    better: Direction | None
    explanation: str


_FRECHET = (
    "Distance between Gaussians fitted to the features of real and of generated samples. It sees "
    "quality and variety at once, and grows as fewer samples are drawn."
)
_KERNEL = (
    "Squared distance of the mean features under a cubic kernel, without bias in the number of "
    "samples: it may fall below zero. Near zero the two sets cannot be told apart."
)
_SCORE = (
    "How surely a classifier names each sample, and how many classes it names in all. It never "
    "looks at real samples, so neither realism nor variety within a class counts."
)

MEANINGS: dict[str, Meaning] = {
    "fid": Meaning("Fréchet Inception distance", "lower", _FRECHET),
    "fcd": Meaning("Fréchet classifier distance", "lower", _FRECHET),
    "fd": Meaning("Fréchet distance", "lower", _FRECHET),
    "kid": Meaning("Kernel Inception distance", "lower", _KERNEL),
    "kcd": Meaning("Kernel classifier distance", "lower", _KERNEL),
    "kd": Meaning("Kernel distance", "lower", _KERNEL),
    "is": Meaning("Inception score", "higher", _SCORE),
    "cs": Meaning("Classifier score", "higher", _SCORE),
    "precision": Meaning(
        "Improved precision",
        "higher",
        "Share of generated samples that lie among real ones. A generator that repeats a few "
        "good samples scores high: read it together with recall.",
    ),
    "recall": Meaning(
        "Improved recall",
        "higher",
        "Share of real samples that lie among generated ones: how much of the data is reached. "
        "Outliers among the generated samples can raise it.",
    ),
    "density": Meaning(
        "Density",
        "higher",
        "How many real neighbourhoods contain a generated sample, on average; about 1 for the "
        "data itself, and above 1 where samples crowd. Less moved by outliers than precision.",
    ),
    "coverage": Meaning(
        "Coverage",
        "higher",
        "Share of real samples with a generated one in their neighbourhood. Less moved by "
        "outliers than recall; about .97 for the data itself with k = 5.",
    ),
    "ms_ssim": Meaning(
        "MS-SSIM of pairs",
        "lower",
        "Mean structural similarity of two generated images of one class: near 1 they are all "
        "alike. Compare it with the same number on real images; noise lowers it too.",
    ),
    "ms_ssim_real": Meaning(
        "MS-SSIM of real pairs",
        None,
        "The same similarity between real images of one class: what a generator as varied as the "
        "data would have.",
    ),
    "swd": Meaning(
        "Sliced Wasserstein distance",
        "lower",
        "Mean distance of the two distributions along random directions of the raw samples. It "
        "sees shifts of the whole more than details.",
    ),
    "lap_swd": Meaning(
        "Laplacian sliced Wasserstein distance",
        "lower",
        "Distance between small patches of real and generated images, averaged over scales "
        "(times 1000). It sees texture and structure, not whether a whole image makes sense.",
    ),
    "memorisation": Meaning(
        "Memorisation",
        "lower",
        "Share of samples nearer to so many training examples than to as many held-out ones: one "
        "half is ideal. The fewer are held out, the less a copying generator rises above it.",
    ),
    "authenticity": Meaning(
        "Authenticity",
        "higher",
        "Share of samples that are not closer to a training example than that one's own nearest "
        "neighbour. Low values say that the generator copies; noise raises it.",
    ),
    "support": Meaning(
        "Support size (birthday)",
        "higher",
        "How many different samples the generator seems to have, from how often two of them "
        "nearly coincide. Without a coincidence it is as likely more as less.",
    ),
    "modes": Meaning(
        "Modes found",
        "higher",
        "Classes or mixture components of which at least one sample was seen.",
    ),
    "mode_kl": Meaning(
        "KL of modes",
        "lower",
        "Kullback–Leibler divergence in nats of the shares of the modes from the data's. Finite "
        "samples of the data itself score about (modes − 1) / (2 n).",
    ),
    "on_modes": Meaning(
        "Samples on a mode",
        "higher",
        "Share of generated points within three standard deviations of a mode's centre.",
    ),
    "gan_test": Meaning(
        "GAN-test accuracy",
        "higher",
        "How often a classifier trained on real examples reads a generated sample as the class "
        "asked for. A generator that repeats one good sample a class scores high.",
    ),
    "gan_train": Meaning(
        "GAN-train accuracy",
        "higher",
        "Accuracy on real examples of a classifier trained on generated ones only: it needs both "
        "quality and variety. Compare it with training on as many real ones.",
    ),
    "gan_train_real": Meaning(
        "Accuracy when trained on real",
        None,
        "The same classifier trained on as many real examples: the ceiling of GAN-train.",
    ),
    "ppl": Meaning(
        "Perceptual path length",
        "lower",
        "How far features move per small step in the latent space. Small means even change; a "
        "generator that ignores its latent has zero.",
    ),
    "parzen": Meaning(
        "Parzen log-likelihood",
        "higher",
        "Log-likelihood in nats of held-out examples under Gaussians around samples. Kept for "
        "comparison with the papers of 2014: in many dimensions it says little of either.",
    ),
    "duality_gap": Meaning(
        "Duality gap",
        "lower",
        "What the discriminator and the generator could each still gain against the frozen other "
        "on held-out data: zero at an equilibrium. It depends on how long each may try.",
    ),
    "mig": Meaning(
        "Mutual information gap",
        "higher",
        "How much more the best latent code tells of the class than the second best: 1 when one "
        "code carries it alone.",
    ),
    "w1": Meaning(
        "Wasserstein-1 distance",
        "lower",
        "Least mean distance over which generated points must be moved to become real ones. "
        "Finite samples of the data itself do not reach zero.",
    ),
    "mmd": Meaning(
        "Squared MMD",
        "lower",
        "Squared distance of mean embeddings under a Gaussian kernel as wide as the median "
        "distance of real points; unbiased, so it may fall below zero.",
    ),
    "ks": Meaning(
        "Kolmogorov–Smirnov, mean of columns",
        "lower",
        "Largest difference of the two cumulative distributions, averaged over columns. It sees "
        "each column by itself.",
    ),
    "correlations": Meaning(
        "Largest difference of correlations",
        "lower",
        "Largest absolute difference between a correlation of two columns among real and among "
        "generated rows.",
    ),
}
