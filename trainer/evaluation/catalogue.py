"""Names of metrics and feature extractors: their options, and where their code lives.

As `trainer.catalogue` does for the parts of a game. A metric's `target` measures it on the context
of an evaluation (`trainer.evaluation.context`); an extractor's `target` makes the function from
samples to features (`trainer.evaluation.extractors`).
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from trainer.catalogue import Component

# ---- Metrics -------------------------------------------------------------------------------------


# What a metric may need beyond real and generated samples: class predictions; the data's classes;
# the labels that the generated samples were asked to be; a generator; one whose latents have codes;
# a whole game; examples held out of training.
Need = Literal["logits", "classes", "labels", "generator", "codes", "game", "held_out"]


class Metric(Component):
    """What every metric has: `expensive` ones are measured only when they are asked for."""

    expensive: ClassVar[bool] = False
    # Without these it is measured only when it is asked for by name, and then says what is missing.
    needs: ClassVar[frozenset[Need]] = frozenset()
    # Kinds of samples that the metric is for.
    kinds: ClassVar[tuple[str, ...]] = ("images", "points")
    # Whether its numbers depend on the feature extractor, which their names then carry.
    extracted: ClassVar[bool] = False
    # The numbers that it may give (`trainer.evaluation.vocabulary`).
    keys: ClassVar[tuple[str, ...]] = ()
    name: str = ""


class Frechet(Metric):
    """Fréchet distance of Gaussians fitted to the features (Heusel et al. 2017)."""

    target: ClassVar[str] = "trainer.evaluation.measures:frechet"
    extracted: ClassVar[bool] = True
    keys: ClassVar[tuple[str, ...]] = ("fid", "fcd", "fd")
    name: Literal["frechet"] = "frechet"


class KernelDistance(Metric):
    """Squared maximum mean discrepancy under a cubic kernel (Bińkowski et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures:kernel_distance"
    extracted: ClassVar[bool] = True
    keys: ClassVar[tuple[str, ...]] = ("kid", "kcd", "kd")
    name: Literal["kernel_distance"] = "kernel_distance"


class InceptionScore(Metric):
    """Confident and varied class predictions (Salimans et al. 2016)."""

    target: ClassVar[str] = "trainer.evaluation.measures:inception_score"
    extracted: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({"logits"})
    keys: ClassVar[tuple[str, ...]] = ("is", "cs")
    name: Literal["inception_score"] = "inception_score"
    # Parts over which the score is averaged; one, as in TF-GAN, is unbiased by their size.
    splits: int = Field(1, ge=1)


class Prdc(Metric):
    """Precision, recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020)."""

    target: ClassVar[str] = "trainer.evaluation.measures:prdc"
    extracted: ClassVar[bool] = True
    keys: ClassVar[tuple[str, ...]] = ("precision", "recall", "density", "coverage")
    name: Literal["prdc"] = "prdc"
    # The neighbour that a ball around a sample reaches, the sample itself not counted.
    k: int = Field(5, ge=1)


class MsSsim(Metric):
    """Similarity of random pairs of fakes, within a class if there are any (Odena et al. 2017)."""

    target: ClassVar[str] = "trainer.evaluation.measures:ms_ssim"
    kinds: ClassVar[tuple[str, ...]] = ("images",)
    keys: ClassVar[tuple[str, ...]] = ("ms_ssim", "ms_ssim_real")
    name: Literal["ms_ssim"] = "ms_ssim"
    # Pairs compared.
    pairs: int = Field(1000, ge=2)


class SlicedWasserstein(Metric):
    """Mean Wasserstein-1 distance along random directions of the samples (Rabin et al. 2011)."""

    target: ClassVar[str] = "trainer.evaluation.measures:sliced_wasserstein"
    keys: ClassVar[tuple[str, ...]] = ("swd",)
    name: Literal["sliced_wasserstein"] = "sliced_wasserstein"
    # Random directions.
    directions: int = Field(512, ge=1)


class LaplacianSwd(Metric):
    """Sliced Wasserstein distance of patches, a scale at a time (Karras et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures:laplacian_swd"
    expensive: ClassVar[bool] = True
    kinds: ClassVar[tuple[str, ...]] = ("images",)
    keys: ClassVar[tuple[str, ...]] = ("lap_swd",)
    name: Literal["laplacian_swd"] = "laplacian_swd"


class Memorisation(Metric):
    """Whether fakes lie nearer to training examples than held-out ones do (Alaa et al. 2022)."""

    target: ClassVar[str] = "trainer.evaluation.measures:memorisation"
    extracted: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({"held_out"})
    keys: ClassVar[tuple[str, ...]] = ("memorisation", "authenticity")
    name: Literal["memorisation"] = "memorisation"


class Birthday(Metric):
    """How many different samples there are, from how often two coincide (Arora & Zhang 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures:birthday"
    extracted: ClassVar[bool] = True
    keys: ClassVar[tuple[str, ...]] = ("support",)
    name: Literal["birthday"] = "birthday"


class Modes(Metric):
    """Classes that occur among the fakes, and how evenly (Che et al. 2017, Metz et al. 2017)."""

    target: ClassVar[str] = "trainer.evaluation.measures:modes"
    extracted: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({"classes"})
    keys: ClassVar[tuple[str, ...]] = ("modes", "mode_kl", "on_modes")
    name: Literal["modes"] = "modes"


class GanTest(Metric):
    """A classifier trained on real examples reads the fakes' labels (Shmelkov et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures:gan_test"
    extracted: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({"labels", "classes"})
    keys: ClassVar[tuple[str, ...]] = ("gan_test",)
    name: Literal["gan_test"] = "gan_test"


class GanTrain(Metric):
    """A classifier trained on fakes reads real labels (Shmelkov et al. 2018, Ravuri & Vinyals)."""

    target: ClassVar[str] = "trainer.evaluation.measures:gan_train"
    expensive: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({"labels", "classes"})
    keys: ClassVar[tuple[str, ...]] = ("gan_train", "gan_train_real")
    name: Literal["gan_train"] = "gan_train"


class PathLength(Metric):
    """How evenly samples change with their latents (Karras et al. 2019)."""

    target: ClassVar[str] = "trainer.evaluation.measures:path_length"
    extracted: ClassVar[bool] = True
    expensive: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({"generator"})
    keys: ClassVar[tuple[str, ...]] = ("ppl",)
    name: Literal["path_length"] = "path_length"
    # Latents visited.
    paths: int = Field(5000, ge=100)
    # Length of a step along a path of length one.
    epsilon: float = Field(1e-3, gt=0.0, lt=0.1)


class Parzen(Metric):
    """Log-likelihood of held-out examples under a Parzen window on fakes, as in the 2014 papers."""

    target: ClassVar[str] = "trainer.evaluation.measures:parzen"
    expensive: ClassVar[bool] = True
    keys: ClassVar[tuple[str, ...]] = ("parzen",)
    name: Literal["parzen"] = "parzen"


class DualityGap(Metric):
    """How much each player would gain by playing on against a frozen other (Grnarova et al.)."""

    target: ClassVar[str] = "trainer.evaluation.measures:duality_gap"
    expensive: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({"game"})
    keys: ClassVar[tuple[str, ...]] = ("duality_gap",)
    name: Literal["duality_gap"] = "duality_gap"
    # Steps that each player is trained against the frozen other.
    steps: int = Field(200, ge=1)


class Disentanglement(Metric):
    """Mutual information gap between the codes of a latent and the classes (Chen et al. 2018)."""

    target: ClassVar[str] = "trainer.evaluation.measures:disentanglement"
    extracted: ClassVar[bool] = True
    expensive: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({"codes", "classes"})
    keys: ClassVar[tuple[str, ...]] = ("mig",)
    name: Literal["disentanglement"] = "disentanglement"


class Wasserstein(Metric):
    """Exact Wasserstein-1 distance between subsets of points."""

    target: ClassVar[str] = "trainer.evaluation.measures:wasserstein"
    kinds: ClassVar[tuple[str, ...]] = ("points",)
    keys: ClassVar[tuple[str, ...]] = ("w1",)
    name: Literal["wasserstein"] = "wasserstein"
    # Points of each side; the cost grows with the third power.
    points: int = Field(2000, ge=2)


class Mmd(Metric):
    """Squared maximum mean discrepancy under a Gaussian kernel (Gretton et al. 2012)."""

    target: ClassVar[str] = "trainer.evaluation.measures:mmd"
    kinds: ClassVar[tuple[str, ...]] = ("points",)
    keys: ClassVar[tuple[str, ...]] = ("mmd",)
    name: Literal["mmd"] = "mmd"


class Columns(Metric):
    """Means, deviations, distributions and correlations of columns, fake against real."""

    target: ClassVar[str] = "trainer.evaluation.measures:columns"
    kinds: ClassVar[tuple[str, ...]] = ("points",)
    keys: ClassVar[tuple[str, ...]] = ("ks", "correlations")
    name: Literal["columns"] = "columns"


# ---- Feature extractors --------------------------------------------------------------------------


class AutoExtractor(Component):
    """The classifier where the data has labels; else random projections of images, raw points."""

    target: ClassVar[str] = "trainer.evaluation.extractors:auto"
    name: Literal["auto"] = "auto"


class ClassifierExtractor(Component):
    """A classifier that is trained once on the data set at hand, and kept with its accuracy."""

    target: ClassVar[str] = "trainer.evaluation.extractors.classifier:make"
    name: Literal["classifier"] = "classifier"
    # A folder that an earlier evaluation kept a classifier in (it says where); null finds or trains
    # one of this data.
    path: str | None = None


class InceptionExtractor(Component):
    """Inception: with the weights of 2015, and with no others, a Fréchet distance is the FID."""

    target: ClassVar[str] = "trainer.evaluation.extractors.inception:make"
    name: Literal["inception"] = "inception"
    # The frozen graph of 2015 (classify_image_graph_def.pb) or Keras' InceptionV3 weights (.h5,
    # .keras); null needs download.
    path: str | None = None
    # Whether Keras may download its weights (these are not those of 2015, and the name says so).
    download: bool = False
    # How images come to 299×299: the bilinear way of 2015 and TF-GAN, or clean-fid's antialiased
    # bicubic one.
    resize: Literal["tfgan", "clean"] = "tfgan"


class RawExtractor(Component):
    """The samples themselves on [-1, 1], flattened."""

    target: ClassVar[str] = "trainer.evaluation.extractors.raw:raw"
    name: Literal["raw"] = "raw"


class RandomProjectionExtractor(Component):
    """Random Gaussian projections of the flattened samples on [-1, 1]."""

    target: ClassVar[str] = "trainer.evaluation.extractors.raw:random_projection"
    name: Literal["random_projection"] = "random_projection"
    # Numbers that are left of a sample, never more than it has.
    size: int = Field(256, ge=1)
    # Of the projection.
    seed: int = Field(0, ge=0)


class SavedModelExtractor(Component):
    """Any SavedModel that turns a batch of samples into vectors."""

    target: ClassVar[str] = "trainer.evaluation.extractors.saved_model:make"
    name: Literal["saved_model"] = "saved_model"
    # Folder of the SavedModel.
    path: str
    # Signature to call.
    signature: str = "serving_default"
    # Output with the features; null takes the only one.
    output: str | None = None
    # Output with class logits, which makes it a classifier; null has none.
    logits: str | None = None
    # What the model's input expects: the stored values (as its type, where nothing is lost),
    # [0, 1], or [-1, 1].
    scale: Literal["stored", "unit", "symmetric"] = "stored"


# ---- The closed lists ----------------------------------------------------------------------------


def _named(value: Any) -> Any:
    """A bare name stands for the component with its defaults."""
    return {"name": value} if isinstance(value, str) else value


AnyMetric = Annotated[
    Frechet
    | KernelDistance
    | InceptionScore
    | Prdc
    | MsSsim
    | SlicedWasserstein
    | LaplacianSwd
    | Memorisation
    | Birthday
    | Modes
    | GanTest
    | GanTrain
    | PathLength
    | Parzen
    | DualityGap
    | Disentanglement
    | Wasserstein
    | Mmd
    | Columns,
    Field(discriminator="name"),
    BeforeValidator(_named),
]
Extractor = Annotated[
    AutoExtractor
    | ClassifierExtractor
    | InceptionExtractor
    | RawExtractor
    | RandomProjectionExtractor
    | SavedModelExtractor,
    Field(discriminator="name"),
]

METRICS: tuple[type[Metric], ...] = (
    *(Frechet, KernelDistance, InceptionScore, Prdc, SlicedWasserstein, LaplacianSwd, MsSsim),
    *(Memorisation, Birthday, Modes, GanTest, GanTrain, PathLength, Parzen, DualityGap),
    *(Disentanglement, Wasserstein, Mmd, Columns),
)
EXTRACTORS: tuple[type[Component], ...] = (
    *(AutoExtractor, ClassifierExtractor, InceptionExtractor),
    *(RawExtractor, RandomProjectionExtractor, SavedModelExtractor),
)
