"""How different generated samples are from each other: similarity, support, modes."""

from typing import ClassVar, Literal

from pydantic import Field

from trainer.catalogue.metrics.metric import Metric, MetricInfo, Names, Values


class MsSsim(Metric):
    """Similarity of random pairs of fakes, within a class if there are any (Odena et al. 2017)."""

    target: ClassVar[str] = "trainer.evaluation.measures.diversity:ms_ssim"
    kinds: ClassVar[Names] = ("image",)
    values: ClassVar[Values] = {
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


class BirthdayTest(Metric):
    """How many different samples there are, from how often two coincide (Arora & Zhang 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures.diversity:birthday"
    uses_features: ClassVar[bool] = True
    values: ClassVar[Values] = {
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
    needs: ClassVar[Names] = ("classes",)
    values: ClassVar[Values] = {
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
